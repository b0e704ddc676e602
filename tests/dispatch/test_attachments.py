"""Files on a ticket: told by their content, kept outside, shown to few, removed without a loss."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import FileRefused, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.ports import NoScanner, ScanResult, ScanVerdict
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AttachmentKind, AttachmentPart
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.files.content import content_of
from dispatch.files.scan import ClamdScanner
from dispatch.files.store import FolderStore
from dispatch.models.people import Department
from dispatch.models.tickets import TicketEvent
from dispatch.models.ties import Attachment
from dispatch.service import assignment, attachments
from dispatch.service.attachments import Sent, Taken
from dispatch.service.intake import RequestForm, open_ticket
from tests.dispatch.samples import BAD, GOOD, JPG, PNG

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
AGENT = Actor(name="王员", role=Role.AGENT)
CENTER = Actor(name="钟员", role=Role.CENTER)
LEADER = Actor(name="张市长", role=Role.LEADER)
REQUEST, EVIDENCE, REPLY = AttachmentPart.REQUEST, AttachmentPart.EVIDENCE, AttachmentPart.REPLY


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store in a folder of its own."""
    return FolderStore(tmp_path / "attachments")


def sent(name: str, content: bytes) -> Sent:
    """A file as a browser sends it."""
    return Sent(name, io.BytesIO(content))


def taken(store: FolderStore, rules: Rules, *files: Sent) -> list[Taken]:
    """Files that were put away; none may be refused."""
    kept, refused = attachments.take(files, store, NoScanner(), rules)
    assert not refused
    return kept


def opened(database: Database, rules: Rules, *, confidential: bool = False) -> str:
    """A ticket in the hands of 城管局."""
    form = RequestForm(
        content="烧烤店夜里油烟很大", kind=RequestKind.COMPLAINT, confidential=confidential
    )
    with database.work() as s:
        number = open_ticket(s, AGENT, form, now=NOW).number
        assignment.dispatch(s, CENTER, number, "CG", rules, now=NOW)
    return number


def added(
    database: Database, rules: Rules, number: str, actor: Actor, part: AttachmentPart, file: Taken
) -> int:
    """Add one file; return its id."""
    with database.work() as s:
        return attachments.add(s, actor, number, part, [file], rules, now=NOW)[0]


@pytest.mark.parametrize("name", GOOD)
def test_what_we_take_is_known_by_its_content(name: str) -> None:
    content, media_type = GOOD[name]
    assert content_of(io.BytesIO(content), name).media_type == media_type


@pytest.mark.parametrize("name", BAD)
def test_what_we_do_not_take_is_refused_in_words(name: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        content_of(io.BytesIO(BAD[name]), name)
    assert len(str(refusal.value)) > 10


@given(st.binary(max_size=400), st.text(max_size=20))
def test_any_bytes_are_taken_or_refused(content: bytes, name: str) -> None:
    try:
        content_of(io.BytesIO(content), name)
    except FileRefused:
        return


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("照片 (1).jpg", "照片 (1).jpg"),
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\boot.jpg", "boot.jpg"),
        ("/etc/passwd", "passwd"),
        ("a\0b\r\nc.jpg", "abc.jpg"),
        ("假\u202egpj.exe", "假gpj.exe"),
        ("...", "未命名"),
        ("", "未命名"),
        ('a";filename="b.jpg', "a__filename=_b.jpg"),
        ("长" * 300 + ".jpg", "长" * 120 + ".jpg"),
    ],
)
def test_a_name_keeps_its_words_and_loses_its_tricks(typed: str, kept: str) -> None:
    assert attachments.safe_name(typed) == kept


@given(st.text(max_size=400))
def test_every_name_fits_its_column_and_is_no_path(typed: str) -> None:
    name = attachments.safe_name(typed)
    assert 0 < len(name) <= 200
    assert not set(name) & set('/\\\0\r\n"')


def test_a_file_is_kept_once_by_its_content_for_this_program_alone(
    store: FolderStore, rules: Rules
) -> None:
    one, two = taken(store, rules, sent("a.jpg", JPG), sent("b.jpg", JPG))
    assert one.stored == two.stored
    file = store.find(one.stored.path)
    assert file.read_bytes() == JPG
    assert file.stat().st_mode & 0o777 == 0o600
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert [f for f in store.folder.rglob("*") if f.is_file()] == [file]


@pytest.mark.parametrize("path", ["", "../x", "/etc/passwd", "ab/../../x", "ab/" + "a" * 64])
def test_the_store_gives_nothing_but_its_own(store: FolderStore, path: str) -> None:
    with pytest.raises(NotFound):
        store.find(path)


def test_a_link_in_the_folder_leads_nowhere(store: FolderStore, rules: Rules) -> None:
    (one,) = taken(store, rules, sent("a.jpg", JPG))
    file = store.find(one.stored.path)
    file.unlink()
    file.symlink_to("/etc/passwd")
    with pytest.raises(NotFound):
        store.find(one.stored.path)


def test_too_big_leaves_nothing_behind_and_the_good_ones_stay(
    store: FolderStore, rules: Rules
) -> None:
    big = PNG + b"\0" * (rules.profile.attachments.most_bytes(AttachmentKind.PICTURE) + 1)
    kept, refused = attachments.take(
        [sent("大.png", big), sent("好.jpg", JPG), sent("网页.html", b"<html>")],
        store,
        NoScanner(),
        rules,
    )
    assert [f.name for f in kept] == ["好.jpg"]
    assert [f.name for f in refused] == ["大.png", "网页.html"]
    assert "最大 20 MB" in refused[0].sentence
    assert len([f for f in store.folder.rglob("*") if f.is_file()]) == 1
    with pytest.raises(FileRefused):
        store.put(io.BytesIO(b"x" * 11), most=10)
    assert len([f for f in store.folder.rglob("*") if f.is_file()]) == 1


class Suspicious:
    """Finds malware in everything."""

    def scan(self, stream: object) -> ScanResult:
        """The verdict."""
        return ScanResult(ScanVerdict.INFECTED, "Win.Test.EICAR")


def test_what_the_scanner_finds_is_not_kept(store: FolderStore, rules: Rules) -> None:
    kept, refused = attachments.take([sent("a.jpg", JPG)], store, Suspicious(), rules)
    assert not kept
    assert "Win.Test.EICAR" in refused[0].sentence
    assert not store.folder.exists()


def test_a_batch_is_added_with_one_fact_each_and_the_same_file_only_once(
    database: Database, store: FolderStore, unit: Actor, rules: Rules
) -> None:
    number = opened(database, rules)
    files = taken(store, rules, sent("a.jpg", JPG), sent("b.png", PNG), sent("c.jpg", JPG))
    with database.work() as s:
        first = attachments.add(s, CENTER, number, REQUEST, files, rules, now=NOW)
    with database.work() as s:
        assert attachments.add(s, CENTER, number, REQUEST, files, rules, now=NOW) == []
    assert len(first) == 2
    with database.read() as s:
        facts = s.scalars(select(TicketEvent).where(TicketEvent.kind == "AttachmentAdded")).all()
        shelf = attachments.shelf(s, unit, number)
    assert [f.details for f in facts] == [{"attachment_id": i, "part": "request"} for i in first]
    assert [f.name for f in shelf.files] == ["c.jpg", "b.png"]
    assert {f.scanned for f in shelf.files} == {ScanVerdict.UNSCANNED}


def test_a_ticket_holds_no_more_files_than_the_policy_says(
    database: Database, store: FolderStore, unit: Actor, rules: Rules
) -> None:
    number = opened(database, rules)
    most = rules.profile.attachments.per_ticket
    files = taken(store, rules, *(sent(f"{n}.jpg", JPG + bytes([n])) for n in range(most + 1)))
    with pytest.raises(FileRefused, match=f"最多 {most} 个附件"), database.work() as s:
        attachments.add(s, CENTER, number, REQUEST, files, rules, now=NOW)
    with database.work() as s:
        kept = attachments.add(s, CENTER, number, REQUEST, files[:most], rules, now=NOW)
        assert len(kept) == most


def test_what_a_confidential_requester_sent_is_not_for_units_and_leaders(
    database: Database, store: FolderStore, unit: Actor, rules: Rules
) -> None:
    number = opened(database, rules, confidential=True)
    one, two = taken(store, rules, sent("身份证.jpg", JPG), sent("现场.png", PNG))
    identity = added(database, rules, number, CENTER, REQUEST, one)
    scene = added(database, rules, number, CENTER, EVIDENCE, two)
    with database.read() as s:
        for reader in (unit, LEADER):
            seen = attachments.shelf(s, reader, number)
            assert ([f.id for f in seen.files], seen.hidden) == ([scene], 1)
            with pytest.raises(NotFound):
                attachments.file_for(s, reader, identity, store)
        assert attachments.shelf(s, CENTER, number).hidden == 0
        view, path, its = attachments.file_for(s, CENTER, identity, store)
    assert (view.name, path.read_bytes(), its) == ("身份证.jpg", JPG, number)


def test_a_unit_adds_to_its_own_share_only_and_takes_back_only_its_own(
    database: Database, store: FolderStore, unit: Actor, rules: Rules
) -> None:
    with database.work() as s:
        row = Department(code="ZJ", name="住建局", short_name="住建局", tier=2, kind="bureau")
        s.add(row)
        s.flush()
        other = Actor(name="住建局", role=Role.DEPARTMENT, department_id=row.id)
    number = opened(database, rules)
    one, two = taken(store, rules, sent("a.jpg", JPG), sent("b.png", PNG))
    theirs = added(database, rules, number, CENTER, REQUEST, one)
    mine = added(database, rules, number, unit, REPLY, two)
    with pytest.raises(RoleNotAllowed, match="诉求材料"):
        added(database, rules, number, unit, REQUEST, two)
    with pytest.raises(NotFound):
        added(database, rules, number, other, REPLY, two)
    with pytest.raises(RoleNotAllowed, match="本单位上传"), database.work() as s:
        attachments.remove(s, unit, number, theirs, reason="不要", now=NOW)
    with pytest.raises(InvalidInput), database.work() as s:
        attachments.remove(s, unit, number, mine, reason="", now=NOW)
    with database.work() as s:
        attachments.remove(s, unit, number, mine, reason="传错了", now=NOW)
    with pytest.raises(NotFound), database.work() as s:
        attachments.remove(s, unit, number, mine, reason="再移一次", now=NOW)
    with database.read() as s:
        gone = s.get_one(Attachment, mine)
        assert gone.removed_at == NOW
        assert store.find(gone.path).read_bytes() == PNG
        assert [f.id for f in attachments.shelf(s, unit, number).files] == [theirs]
        with pytest.raises(NotFound):
            attachments.file_for(s, unit, mine, store)
        fact = s.scalars(select(TicketEvent).where(TicketEvent.kind == "AttachmentRemoved")).one()
    assert fact.details == {"attachment_id": mine, "reason": "传错了"}


def test_evidence_of_one_unit_is_not_for_the_next(
    database: Database, store: FolderStore, unit: Actor, rules: Rules
) -> None:
    with database.work() as s:
        row = Department(code="ZJ", name="住建局", short_name="住建局", tier=2, kind="bureau")
        s.add(row)
        s.flush()
        other = Actor(name="住建局", role=Role.DEPARTMENT, department_id=row.id)
    number = opened(database, rules)
    one, two = taken(store, rules, sent("a.jpg", JPG), sent("b.png", PNG))
    added(database, rules, number, unit, EVIDENCE, one)
    reply = added(database, rules, number, unit, REPLY, two)
    with database.work() as s:
        assignment.reassign(s, CENTER, number, "ZJ", rules, reason="属住建局", now=NOW)
    with database.read() as s:
        seen = attachments.shelf(s, other, number)
    assert ([f.id for f in seen.files], seen.hidden) == ([reply], 1)


@pytest.fixture
def clamd() -> Iterator[tuple[str, list[bytes], list[bytes]]]:
    """A small clamd on a port: (address, what it was sent, what it will answer)."""
    heard: list[bytes] = []
    answers: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer:
                got = b""
                while not (got.endswith(b"\0\0\0\0") or got == b"zPING\0"):
                    part = peer.recv(65_536)
                    if not part:
                        break
                    got += part
                heard.append(got)
                peer.sendall(answers.pop(0))

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}", heard, answers
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def test_clamd_is_sent_the_whole_file_and_its_word_is_understood(
    clamd: tuple[str, list[bytes], list[bytes]],
) -> None:
    address, heard, answers = clamd
    scanner = ClamdScanner(address, timeout_s=5)
    answers += [b"stream: OK\0", b"stream: Eicar-Test-Signature FOUND\0", b"huh\0", b"", b"PONG\0"]
    assert scanner.scan(io.BytesIO(b"abc")) == ScanResult(ScanVerdict.CLEAN)
    assert heard[0] == b"zINSTREAM\0\0\0\0\x03abc\0\0\0\0"
    assert scanner.scan(io.BytesIO(b"x" * 600_000)) == ScanResult(
        ScanVerdict.INFECTED, "Eicar-Test-Signature"
    )
    assert scanner.scan(io.BytesIO(b"")).verdict is ScanVerdict.UNSCANNED
    assert scanner.scan(io.BytesIO(b"")).verdict is ScanVerdict.UNSCANNED
    assert scanner.ping() is None


def test_a_clamd_that_is_away_leaves_files_unscanned_and_says_why(tmp_path: Path) -> None:
    for address in (str(tmp_path / "clamd.ctl"), "127.0.0.1:1"):
        result = ClamdScanner(address, timeout_s=1).scan(io.BytesIO(JPG))
        assert result.verdict is ScanVerdict.UNSCANNED
        assert "没有回应" in result.note
        assert ClamdScanner(address, timeout_s=1).ping()
