"""知识库: an entry's life, from its unit's draft to its publication by the centre and its end.

Units update and vouch for what they write (济南条例 34, 潍坊条例 31); the steps of maintenance
follow GB/T 44191-2024. The text on display stays until the next version takes its place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, EntryChangedMeanwhile, InvalidInput, NotFound
from dispatch.domain.events import KnowledgeChanged
from dispatch.domain.knowledge_steps import WRITERS, next_knowledge_status
from dispatch.domain.knowledge_terms import (
    KnowledgeAct,
    KnowledgeLevel,
    KnowledgeStatus,
)
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Category
from dispatch.models.knowledge import (
    KnowledgeEntry,
    KnowledgeStep,
)
from dispatch.models.people import Department
from dispatch.service import notices
from dispatch.service.access import require_role
from dispatch.service.knowledge_publishing import publish, take_down

LONGEST = {"title": 120, "answer": 4000, "basis": 1000, "keywords": 200}
NAMES = {"title": "标题", "answer": "答复口径", "basis": "依据", "keywords": "关键词"}
WORDS = 1_000


@dataclass(frozen=True, kw_only=True)
class EntryForm:
    """What is typed of an entry; `category` is a code of the tree, days are the city's."""

    title: str
    answer: str
    basis: str = ""
    category: str | None = None
    keywords: str = ""
    level: KnowledgeLevel = KnowledgeLevel.PUBLIC
    valid_from: date | None = None
    valid_until: date | None = None
    review_on: date | None = None


def write(
    session: Session,
    actor: Actor,
    form: EntryForm,
    *,
    unit: str | None = None,
    due_at: datetime | None = None,
    now: datetime,
) -> KnowledgeEntry:
    """Start an entry as a draft: a unit its own, the centre for the unit of this code.

    Raises:
        InvalidInput: a field cannot be so, or there is no such unit.
        RoleNotAllowed: neither a unit nor the centre.
    """
    require_role(actor, *WRITERS)
    entry = KnowledgeEntry(
        **_checked(session, form, whole=due_at is None),
        department_id=_owner(session, actor, unit),
        status=KnowledgeStatus.DRAFT.value,
        due_at=due_at,
        changed_at=now,
    )
    session.add(entry)
    session.flush()
    _note(session, actor, entry, KnowledgeAct.EDIT, "", now)
    return entry


def edit(
    session: Session, actor: Actor, entry_id: int, form: EntryForm, *, revision: int, now: datetime
) -> KnowledgeEntry:
    """Change the text in work; what is on display stays until the next publication.

    Raises:
        EntryChangedMeanwhile: somebody changed it after `revision` was read.
        InvalidInput: a field cannot be so.
        NotFound: there is none, or it is another unit's.
    """
    entry = held(session, actor, entry_id)
    target = next_knowledge_status(KnowledgeStatus(entry.status), KnowledgeAct.EDIT, actor)
    if entry.revision != revision:
        raise EntryChangedMeanwhile
    for name, value in _checked(session, form).items():
        setattr(entry, name, value)
    _step(session, actor, entry, KnowledgeAct.EDIT, target, "", now)
    return entry


def move(
    session: Session,
    actor: Actor,
    entry_id: int,
    act: KnowledgeAct,
    *,
    words: str = "",
    rules: Rules,
    now: datetime,
) -> KnowledgeEntry:
    """单位审核, 退回修改, 发布, 撤下.

    Publishing keeps the text as a version, makes it findable, answers open error reports of
    earlier versions as corrected and closes the gap the entry was written for.

    Raises:
        ActionNotAllowed, RoleNotAllowed: not in this state, or not by this person.
        InvalidInput: no reason for sending back or withdrawing, or nothing to publish.
        NotFound: there is none, or it is another unit's.
    """
    entry = held(session, actor, entry_id)
    target = next_knowledge_status(KnowledgeStatus(entry.status), act, actor)
    said = words.strip()[:WORDS]
    if act in {KnowledgeAct.SEND_BACK, KnowledgeAct.WITHDRAW} and not said:
        raise InvalidInput(f"请写明{act.label}的理由", field="words")
    if act is KnowledgeAct.APPROVE and not entry.answer.strip():
        raise InvalidInput("答复口径还是空的，请先写好再审核", field="answer")
    if act is KnowledgeAct.PUBLISH:
        publish(session, actor, entry, rules, now)
    if act is KnowledgeAct.WITHDRAW:
        take_down(session, entry)
    _step(session, actor, entry, act, target, said, now)
    if act is KnowledgeAct.SEND_BACK:
        told = f"知识条目“{entry.title}”被退回修改：{said}"
        notices.tell(
            session, NoticeKind.KNOWLEDGE, told, department_id=entry.department_id, now=now
        )
    if act is KnowledgeAct.APPROVE:
        told = f"知识条目“{entry.title}”已经单位审核，等待发布。"
        notices.tell(session, NoticeKind.KNOWLEDGE, told, role=Role.CENTER, now=now)
    return entry


def held(session: Session, actor: Actor, entry_id: int) -> KnowledgeEntry:
    """An entry the actor may change, locked.

    Raises:
        NotFound: there is none, or it is another unit's.
    """
    entry = session.get(KnowledgeEntry, entry_id, with_for_update=True, populate_existing=True)
    foreign = actor.role is Role.DEPARTMENT and (
        entry is None or entry.department_id != actor.department_id
    )
    if entry is None or foreign:
        raise NotFound("没有找到这个知识条目，或它不属于您的单位")
    require_role(actor, *WRITERS)
    return entry


def _step(
    session: Session,
    actor: Actor,
    entry: KnowledgeEntry,
    act: KnowledgeAct,
    target: KnowledgeStatus,
    words: str,
    now: datetime,
) -> None:
    entry.status, entry.changed_at = target.value, now
    entry.revision += 1
    _note(session, actor, entry, act, words, now)


def _note(
    session: Session,
    actor: Actor,
    entry: KnowledgeEntry,
    act: KnowledgeAct,
    words: str,
    now: datetime,
) -> None:
    published = entry.version if act is KnowledgeAct.PUBLISH else 0
    session.add(
        KnowledgeStep(
            entry_id=entry.id,
            act=act.value,
            at=now,
            staff_id=actor.staff_id,
            words=words,
            version=published,
        )
    )
    session.flush()
    fact = KnowledgeChanged(at=now, entry_id=entry.id, act=act.value, version=published)
    record(session, actor, fact)


def _owner(session: Session, actor: Actor, unit: str | None) -> int:
    if actor.role is Role.DEPARTMENT:
        if actor.department_id is None:
            raise ActionNotAllowed("您的账号没有所属单位，不能编写知识条目")
        return actor.department_id
    found = session.scalar(
        select(Department.id).where(Department.code == (unit or ""), Department.active.is_(True))
    )
    if found is None:
        raise InvalidInput("请选择由哪个单位负责这个条目", field="unit")
    return found


def _checked(session: Session, form: EntryForm, *, whole: bool = True) -> dict[str, object]:
    values = asdict(form)
    category = values.pop("category")
    for name, most in LONGEST.items():
        values[name] = str(values[name]).replace("\0", "").strip()
        if len(values[name]) > most:
            raise InvalidInput(f"{NAMES[name]}最多 {most} 个字，请删减后保存", field=name)
    for name in ("title", "answer") if whole else ("title",):
        if not values[name]:
            raise InvalidInput(f"请填写{NAMES[name]}", field=name)
    since, until = form.valid_from, form.valid_until
    if since is not None and until is not None and until < since:
        raise InvalidInput("有效期的最后一天早于第一天，请检查", field="valid_until")
    values["level"] = form.level.value
    values["category_id"] = _category(session, category)
    return values


def _category(session: Session, code: object) -> int | None:
    if not code:
        return None
    found = session.scalar(select(Category.id).where(Category.code == code))
    if found is None:
        raise InvalidInput("没有这个事项分类，请从列表中选择", field="category")
    return found
