"""附件: files that belong to a ticket; who may add, read and remove them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import FileRefused, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.events import AttachmentAdded, AttachmentRemoved
from dispatch.domain.people import Actor
from dispatch.domain.ports import AttachmentStore, FileScanner, ScanVerdict, StoredFile
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AttachmentKind, AttachmentPart
from dispatch.domain.vocabulary import Action, Role
from dispatch.files.content import Content, content_of
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket
from dispatch.models.ties import Attachment
from dispatch.service.access import sees_requester, ticket_for, visible_to
from dispatch.service.change import begin

NAME_LENGTH = 120
_CENTRE_PARTS = (AttachmentPart.REQUEST, AttachmentPart.EVIDENCE)
_UNIT_PARTS = (AttachmentPart.REPLY, AttachmentPart.EVIDENCE, AttachmentPart.BASIS)
_REQUESTERS = frozenset({AttachmentPart.REQUEST, AttachmentPart.SURVEY})
"""What the requester sent, and what may show who they are."""
_OWN_PARTS = frozenset({AttachmentPart.EVIDENCE, AttachmentPart.BASIS, AttachmentPart.APPEAL})


@dataclass(frozen=True)
class Sent:
    """A file as it came from outside; nothing of it is believed yet."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True)
class Taken:
    """A file that was looked at, scanned and put away, and belongs to no ticket yet."""

    name: str
    content: Content
    stored: StoredFile
    scanned: ScanVerdict


@dataclass(frozen=True)
class Refused:
    """A file that was not taken, and why."""

    name: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class AttachmentView:
    """One file of a ticket, as a reader may see it; `mine` when this reader may remove it."""

    id: int
    part: AttachmentPart
    kind: AttachmentKind
    name: str
    media_type: str
    size: int
    scanned: ScanVerdict
    added_at: datetime
    added_by: str
    mine: bool


@dataclass(frozen=True)
class Shelf:
    """A ticket's files for one reader, how many are kept from them, and the parts they may add."""

    files: tuple[AttachmentView, ...]
    hidden: int
    parts: tuple[AttachmentPart, ...]

    def of(self, part: AttachmentPart) -> tuple[AttachmentView, ...]:
        """The files of one part."""
        return tuple(file for file in self.files if file.part is part)


def parts_for(role: Role) -> tuple[AttachmentPart, ...]:
    """What somebody of this role may add to, the usual one first."""
    return _UNIT_PARTS if role is Role.DEPARTMENT else _CENTRE_PARTS


def take(
    sent: Iterable[Sent], store: AttachmentStore, scanner: FileScanner, rules: Rules
) -> tuple[list[Taken], list[Refused]]:
    """Look at each file, scan it and put it away; one bad file does not lose the good ones.

    Reads and writes files, so it is called before the transaction that adds them begins.
    """
    taken: list[Taken] = []
    refused: list[Refused] = []
    for file in sent:
        name = safe_name(file.name)
        try:
            taken.append(_take(name, file.stream, store, scanner, rules))
        except FileRefused as problem:
            refused.append(Refused(name, f"“{name}”没有收下：{problem}"))
    return taken, refused


def _take(
    name: str, stream: BinaryIO, store: AttachmentStore, scanner: FileScanner, rules: Rules
) -> Taken:
    content = content_of(stream, name)
    most = rules.profile.attachments.most_bytes(content.kind)
    size = stream.seek(0, 2)
    if size > most:
        raise FileRefused(
            f"{content.kind.label}最大 {most // 1024**2} MB，这个文件有 {size / 1024**2:.1f} MB；"
            "请压缩后再上传，或分成几个文件"
        )
    stream.seek(0)
    result = scanner.scan(stream)
    if result.verdict is ScanVerdict.INFECTED:
        raise FileRefused(f"查出病毒（{result.note}），请勿打开，并检查您的设备")
    stream.seek(0)
    return Taken(name, content, store.put(stream, most=most), result.verdict)


def add(
    session: Session,
    actor: Actor,
    number: str,
    part: AttachmentPart,
    files: Sequence[Taken],
    rules: Rules,
    *,
    expected: int | None = None,
    now: datetime,
) -> list[int]:
    """Add files to a ticket; one that is there already is not added again. Return their ids.

    Raises:
        InvalidInput: nothing to add.
        RoleNotAllowed: the part is not the actor's, or the unit has no share of the ticket.
        FileRefused: the ticket would have more files than the policy allows.
    """
    if not files:
        raise InvalidInput("请选择要上传的文件", field="files")
    ticket, target = begin(session, actor, number, Action.ATTACH, expected)
    if part not in parts_for(actor.role) and actor.role is not Role.SYSTEM:
        names = "、".join(p.label for p in parts_for(actor.role))
        raise RoleNotAllowed(f"您的岗位不能上传“{part.label}”，可以上传：{names}")
    _check_holds(session, actor, ticket)
    made = put(session, actor, ticket, part, files, rules, now=now)
    ticket.status = target.value
    return made


def put(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    part: AttachmentPart,
    files: Sequence[Taken],
    rules: Rules,
    *,
    now: datetime,
) -> list[int]:
    """Put files to a ticket that the caller has locked, and whose part the caller vouches for.

    Raises:
        FileRefused: the ticket would have more files than the policy allows.
    """
    there = session.execute(
        select(Attachment.part, Attachment.sha256).where(
            Attachment.ticket_id == ticket.id, Attachment.removed_at.is_(None)
        )
    ).all()
    known = {sha256 for its_part, sha256 in there if its_part == part.value}
    fresh = {f.stored.sha256: f for f in files if f.stored.sha256 not in known}
    most, count = rules.profile.attachments.per_ticket, len(there)
    if count + len(fresh) > most:
        raise FileRefused(
            f"一张工单最多 {most} 个附件，已有 {count} 个；请移除不需要的，或把几张合成一个 PDF",
            field="files",
        )
    return [_add(session, actor, ticket, part, file, now) for file in fresh.values()]


def _add(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    part: AttachmentPart,
    file: Taken,
    now: datetime,
) -> int:
    row = Attachment(
        ticket_id=ticket.id,
        part=part.value,
        kind=file.content.kind.value,
        media_type=file.content.media_type,
        name=file.name,
        size=file.stored.size,
        sha256=file.stored.sha256,
        path=file.stored.path,
        scanned=file.scanned.value,
        added_at=now,
        added_by_id=actor.staff_id,
        department_id=actor.department_id,
    )
    session.add(row)
    session.flush()
    fact = AttachmentAdded(at=now, ticket_id=ticket.id, attachment_id=row.id, part=part.value)
    record(session, actor, fact, status=ticket.status)
    return row.id


def remove(
    session: Session,
    actor: Actor,
    number: str,
    attachment_id: int,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> None:
    """移除: take a file off the page; its row and its content stay, and so does the reason.

    Raises:
        NotFound: no such file on this ticket, or the actor may not see it.
        RoleNotAllowed: a unit removes only what it added itself.
    """
    if not reason.strip():
        raise InvalidInput("请写明移除的原因", field="reason")
    ticket, target = begin(session, actor, number, Action.DETACH, expected)
    row = session.get(Attachment, attachment_id)
    if row is None or row.ticket_id != ticket.id or row.removed_at or _hidden(actor, ticket, row):
        raise NotFound("没有找到这个附件，可能已被移除")
    if not _may_remove(actor, row):
        raise RoleNotAllowed("承办单位只能移除本单位上传的附件；其他附件请联系热线中心")
    row.removed_at = now
    ticket.status = target.value
    fact = AttachmentRemoved(
        at=now, ticket_id=ticket.id, attachment_id=row.id, reason=reason.strip()
    )
    record(session, actor, fact, status=ticket.status)


def shelf(session: Session, reader: Actor, number: str) -> Shelf:
    """The ticket's files as far as the reader may see them.

    What the requester sent may show who they are: a unit does not see it on a confidential
    ticket, nor do leaders. Evidence and bases of one unit are not for another.

    Raises:
        NotFound: there is no such ticket, or the reader may not see it.
    """
    ticket = ticket_for(session, reader, number)
    rows = session.execute(
        select(Attachment, Staff.name, Department.short_name)
        .outerjoin(Staff, Staff.id == Attachment.added_by_id)
        .outerjoin(Department, Department.id == Attachment.department_id)
        .where(Attachment.ticket_id == ticket.id, Attachment.removed_at.is_(None))
        .order_by(Attachment.id)
    ).all()
    shown = [row for row in rows if not _hidden(reader, ticket, row[0])]
    files = tuple(_view(reader, row, unit or person or "诉求人") for row, person, unit in shown)
    return Shelf(files, len(rows) - len(shown), parts_for(reader.role))


def file_for(
    session: Session, reader: Actor, attachment_id: int, store: AttachmentStore
) -> tuple[AttachmentView, Path, str]:
    """(the file's row, where it lies, its ticket's number).

    Raises:
        NotFound: no such file, or not for this reader; the two are not told apart.
    """
    wanted = (
        select(Attachment, Ticket)
        .join(Ticket, Ticket.id == Attachment.ticket_id)
        .where(Attachment.id == attachment_id, Attachment.removed_at.is_(None))
    )
    found = session.execute(visible_to(reader, wanted)).one_or_none()
    if found is None or _hidden(reader, found[1], found[0]):
        raise NotFound("没有找到这个附件，或您无权查看")
    return _view(reader, found[0], ""), store.find(found[0].path), found[1].number


def safe_name(typed: str) -> str:
    """A name as it is shown and saved under: no folders, no controls, no turned-round letters."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", typed))[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"})
    shown = re.sub(r'[<>:"|?*;]', "_", shown).strip(". ")
    stem, dot, ending = shown.rpartition(".")
    if not stem:
        stem, dot, ending = shown, "", ""
    return f"{(stem or '未命名')[:NAME_LENGTH]}{dot}{ending[:10]}"


def _view(reader: Actor, row: Attachment, by: str) -> AttachmentView:
    return AttachmentView(
        id=row.id,
        part=AttachmentPart(row.part),
        kind=AttachmentKind(row.kind),
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        scanned=ScanVerdict(row.scanned),
        added_at=row.added_at,
        added_by=by,
        mine=_may_remove(reader, row),
    )


def _hidden(reader: Actor, ticket: Ticket, row: Attachment) -> bool:
    if AttachmentPart(row.part) in _REQUESTERS:
        return not sees_requester(reader, confidential=ticket.confidential)
    if reader.role is not Role.DEPARTMENT or AttachmentPart(row.part) not in _OWN_PARTS:
        return False
    # What the centre added itself is for whoever has the ticket.
    return row.department_id not in {None, reader.department_id}


def _may_remove(actor: Actor, row: Attachment) -> bool:
    return actor.role is not Role.DEPARTMENT or row.department_id == actor.department_id


def _check_holds(session: Session, actor: Actor, ticket: Ticket) -> None:
    if actor.role is not Role.DEPARTMENT:
        return
    share = session.scalar(
        select(Assignment.id)
        .where(
            Assignment.ticket_id == ticket.id,
            Assignment.department_id == actor.department_id,
            Assignment.ended_at.is_(None),
        )
        .limit(1)
    )
    if share is None:
        raise RoleNotAllowed("这张工单不在您的单位手中，不能上传附件")
