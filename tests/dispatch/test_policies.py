"""Policy versions: in force from a date, previewed, applied to open clocks, and taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import CannotUndo, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ClockChangeKind, NoticeKind, PolicyPart
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.handling import ClockChange
from dispatch.models.oversight import Notice, PolicyVersion
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import assignment, handling, intake, policies
from dispatch.service.clock_changes import add_change
from dispatch.service.policies import VersionState, load_version, withdraw
from dispatch.service.policy_preview import DryRun, dry_run
from dispatch.service.policy_recount import apply_next
from dispatch.service.rulebook import RuleBook

ROOT = Actor(name="管理员", role=Role.ADMIN)
CENTER = Actor(name="中心", role=Role.CENTER)
THREE_DAYS = """
name = "linchuan"
label = "临川市办法"
evidence = "P"
source = "临川市 2026 年第 3 号文"
inherits = "default"

[[limit]]
limit = "3 working_day"
"""
FLOOD = """
year = 2026
source = "临时放假通知"

[[holiday]]
name = "临时放假"
first = 2026-11-25
last = 2026-11-26
makeup = [2026-11-28]
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


NOW = at("2026-11-23 10:00")  # Monday
DUE = at("2026-11-30 17:30")  # five working days
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def book(database: Database, rules: Rules) -> RuleBook:
    """The rules of one process."""
    return RuleBook(database, rules)


def sent(database: Database, rules: Rules, *, signed: Actor | None = None) -> str:
    """A ticket dispatched on Monday at ten."""
    form = intake.RequestForm(
        content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
    )
    with database.work() as s:
        number = intake.open_ticket(s, CENTER, form, now=NOW).number
        assignment.dispatch(s, CENTER, number, "CG", rules, now=NOW)
        if signed is not None:
            assignment.acknowledge(s, signed, number, now=NOW)
    return number


def load(
    database: Database,
    document: str = THREE_DAYS,
    part: PolicyPart = PolicyPart.PROFILE,
    *,
    since: datetime | None = None,
    open_too: bool = False,
    now: datetime = NOW,
) -> int:
    with database.work() as s:
        return load_version(
            s,
            ROOT,
            part,
            document,
            effective_from=since,
            note="市政府第 3 号文",
            open_too=open_too,
            now=now,
        ).id


def recount(database: Database, book: RuleBook, now: datetime, batch: int = 2) -> int:
    """Run the job to its end; return how many batches it took."""
    book.forget()
    for done in range(50):
        with database.work() as s:
            if not apply_next(s, book.at(now), now=now, batch=batch):
                return done
    raise AssertionError("the job never ends")


def due_of(database: Database, number: str) -> datetime | None:
    with database.read() as s:
        return s.scalars(select(Ticket.due_at).where(Ticket.number == number)).one()


def looked_ahead(database: Database, rules: Rules, document: str, part: PolicyPart) -> DryRun:
    with database.read() as s:
        return dry_run(s, rules, part, document, now=NOW)


# --- which version is in force -------------------------------------------------------------------


def test_the_newest_effective_version_is_in_force_and_no_other(
    database: Database, book: RuleBook, unit: Actor
) -> None:
    assert book.at(NOW).profile.name == "default"
    load(database, since=NOW + timedelta(days=1))
    load(database, THREE_DAYS.replace("3 working", "4 working"), since=NOW + timedelta(days=2))
    book.forget()
    assert book.at(NOW).profile.name == "default"
    rule = book.at(NOW + timedelta(days=1)).profile.rules[0]
    assert rule.limit == Limit.parse("3 working_day")
    assert book.at(NOW + timedelta(days=2)).profile.rules[0].limit == Limit.parse("4 working_day")


def test_another_process_sees_a_version_within_seconds_without_being_told(
    database: Database, book: RuleBook
) -> None:
    assert book.at(NOW).profile.name == "default"
    load(database)
    assert book.at(NOW + timedelta(seconds=4)).profile.name == "default"
    assert book.at(NOW + timedelta(seconds=5)).profile.name == "linchuan"


def test_rules_are_built_once_and_not_for_every_question(
    database: Database, book: RuleBook
) -> None:
    load(database)
    assert book.at(LATER) is book.at(LATER + timedelta(seconds=30))


def test_a_loaded_year_takes_the_place_of_the_shipped_one_and_of_no_other(
    database: Database, book: RuleBook
) -> None:
    old = book.at(NOW).calendar
    load(database, FLOOD, PolicyPart.CALENDAR)
    book.forget()
    new = book.at(NOW).calendar
    assert new.version != old.version
    assert not new.is_working_day(at("2026-11-25 00:00").date())
    assert new.is_working_day(at("2026-11-28 00:00").date())
    assert new.is_working_day(at("2025-10-11 00:00").date())


def test_a_version_that_cannot_be_read_any_more_stops_nothing(
    database: Database, book: RuleBook, caplog: pytest.LogCaptureFixture
) -> None:
    with database.work() as s:
        s.add(
            PolicyVersion(
                part="profile",
                name="x",
                label="x",
                document="name =",
                digest="",
                note="",
                effective_from=NOW,
                loaded_at=NOW,
            )
        )
    assert book.at(NOW).profile.name == "default"
    assert "cannot be read" in caplog.text


# --- loading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (("3 working_day", "3 workingday"), "第 9 行：limit[1].limit"),
        (('evidence = "P"', 'evidence = "X"'), "第 4 行：evidence"),
        (("[[limit]]", '[return]\nwindow = "soon"\n\n[[limit]]'), "第 9 行：return.window"),
        (("[[limit]]", "[retrun]\n\n[[limit]]"), "第 8 行：不认识的键 retrun"),
        (('label = "临川市办法"', "label ="), "第 3 行第 8 列"),
        (('inherits = "default"', 'inherits = "defualt"'), "没有规则方案“defualt”"),
        (('source = "临川市 2026 年第 3 号文"\n', ""), "缺少 source"),
    ],
)
def test_a_mistake_is_told_by_key_and_line(
    database: Database, broken: tuple[str, str], told: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        load(database, THREE_DAYS.replace(*broken))
    assert told in str(refused.value)
    assert refused.value.field == "document"


def test_rules_are_not_backdated_and_not_loaded_without_a_reason(database: Database) -> None:
    with pytest.raises(InvalidInput, match="不能倒签"):
        load(database, since=NOW - timedelta(minutes=1))
    with pytest.raises(InvalidInput, match="为什么"), database.work() as s:
        load_version(s, ROOT, PolicyPart.PROFILE, THREE_DAYS, note=" ", now=NOW)
    with pytest.raises(RoleNotAllowed), database.work() as s:
        load_version(s, CENTER, PolicyPart.PROFILE, THREE_DAYS, note="x", now=NOW)
    load(database)
    with pytest.raises(InvalidInput, match="完全相同"):
        load(database)
    with pytest.raises(InvalidInput, match="按顺序"):
        load(database, 'year = 2040\nsource = "x"', PolicyPart.CALENDAR)


# --- the dry run --------------------------------------------------------------------------------


def test_a_dry_run_tells_which_open_tickets_change_and_writes_nothing(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = sent(database, rules)
    found = looked_ahead(database, rules, THREE_DAYS, PolicyPart.PROFILE)
    assert (found.total, found.earlier, found.later, found.looked_at) == (1, 1, 0, 1)
    (move,) = found.moved
    assert (move.number, move.unit) == (number, "城管局")
    assert (move.old_due_at, move.new_due_at) == (DUE, at("2026-11-26 17:30"))
    assert move.by == -timedelta(hours=14)  # two working days of seven hours
    assert due_of(database, number) == DUE
    calendar = looked_ahead(database, rules, FLOOD, PolicyPart.CALENDAR)
    assert [move.new_due_at for move in calendar.moved] == [at("2026-12-01 17:30")]


def test_a_dry_run_tells_the_same_as_applying_does(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    numbers = [sent(database, rules) for _ in range(5)]
    expected = {
        move.number: move.new_due_at
        for move in looked_ahead(database, rules, FLOOD, PolicyPart.CALENDAR).moved
    }
    load(database, FLOOD, PolicyPart.CALENDAR)
    recount(database, book, LATER)
    assert {number: due_of(database, number) for number in numbers} == expected


# --- applying and going back --------------------------------------------------------------------


def test_a_version_for_new_tickets_moves_no_running_clock(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    number = sent(database, rules)
    load(database)
    recount(database, book, LATER)
    assert due_of(database, number) == DUE
    assert due_of(database, sent(database, book.at(LATER))) == at("2026-11-26 17:30")
    with database.work() as s:  # an extension goes on counting from the ticket's own limit
        ticket = s.scalars(select(Ticket).where(Ticket.number == number)).one()
        share = assignment.running_assignment(s, ticket)
        assert share is not None
        add_change(
            s,
            ticket,
            share,
            kind=ClockChangeKind.EXTENSION,
            limit=Limit.parse("2 working_day"),
            why="情况复杂",
            rules=book.at(LATER),
            actor=CENTER,
            now=LATER,
        )
    assert due_of(database, number) == at("2026-12-02 17:30")


def test_a_version_for_open_tickets_too_recounts_them_tells_and_says_so_on_the_ticket(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    numbers = [sent(database, rules) for _ in range(5)]
    version = load(database, open_too=True)
    assert recount(database, book, LATER) == 4  # three batches, and one that finds the end
    assert {due_of(database, n) for n in numbers} == {at("2026-11-26 17:30")}
    with database.read() as s:
        rows = s.scalars(select(ClockChange)).all()
        assert {(r.kind, r.version_id, r.old_due_at) for r in rows} == {("policy", version, DUE)}
        notices = s.scalars(select(Notice).where(Notice.kind == NoticeKind.RECLOCKED.value)).all()
        assert len(notices) == 5
        assert "由 2026-11-30 17:30 改为 2026-11-26 17:30" in notices[0].words
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "ClockMoved")).all()
        assert len(told) == 5
        assert "临川市办法" in told[0].details["reason"]
        assert {t.promised_at for t in s.scalars(select(Ticket))} == {DUE}
        row = policies.versions(s, now=LATER)[0]
    assert (row.state, row.recounted, row.moved, row.busy) == (VersionState.IN_FORCE, 5, 5, False)
    assert recount(database, book, LATER + timedelta(hours=1)) == 0


def test_a_changed_calendar_names_the_old_and_the_new_one_on_the_ticket(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    number = sent(database, rules)
    load(database, FLOOD, PolicyPart.CALENDAR)
    recount(database, book, LATER)
    assert due_of(database, number) == at("2026-12-01 17:30")
    old, new = rules.calendar.version, book.at(LATER).calendar.version
    with database.read() as s:
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "ClockMoved")).one()
        share = s.scalars(select(Assignment)).one()
    assert f"工作日历 {old} 改为 {new}" in told.details["reason"]
    assert share.calendar_version == new


def test_closed_answered_and_held_tickets_are_left_alone(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    done, held = sent(database, rules, signed=unit), sent(database, rules, signed=unit)
    with database.work() as s:
        handling.contact_requester(s, unit, done, note="已电话联系", now=NOW)
        handling.complete(s, unit, done, rules, public_reply="已责令商户撤摊并清洗路面。", now=NOW)
        ticket = s.scalars(select(Ticket).where(Ticket.number == held)).one()
        share = assignment.running_assignment(s, ticket)
        assert share is not None
        add_change(
            s,
            ticket,
            share,
            kind=ClockChangeKind.HOLD,
            held_from=NOW,
            held_to=NOW + timedelta(days=7),
            why="等待检测结果",
            rules=rules,
            actor=CENTER,
            now=NOW,
        )
    before = due_of(database, done), due_of(database, held)
    load(database, open_too=True)
    recount(database, book, LATER)
    assert (due_of(database, done), due_of(database, held)) == before


def clocks_of(database: Database) -> list[dict[str, object]]:
    """Every share as it stands, its clock and its marks."""
    with database.read() as s:
        rows = s.scalars(select(Assignment).order_by(Assignment.id)).all()
        return [{c.key: getattr(row, c.key) for c in Assignment.__table__.columns} for row in rows]


def test_going_back_restores_every_clock_exactly(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    for _ in range(3):
        sent(database, rules)
    first = load(database, FLOOD, PolicyPart.CALENDAR)
    recount(database, book, LATER)
    flooded = clocks_of(database)
    second = load(database, open_too=True, now=LATER)
    recount(database, book, LATER + timedelta(minutes=1))
    assert clocks_of(database) != flooded
    with database.work() as s:
        withdraw(s, ROOT, second, now=LATER + timedelta(minutes=2))
    recount(database, book, LATER + timedelta(minutes=3))
    assert clocks_of(database) == flooded
    with database.work() as s:
        withdraw(s, ROOT, first, now=LATER + timedelta(minutes=4))
    recount(database, book, LATER + timedelta(minutes=5))
    assert {row["due_at"] for row in clocks_of(database)} == {DUE}
    assert {row["calendar_version"] for row in clocks_of(database)} == {rules.calendar.version}
    with pytest.raises(CannotUndo, match="已在"), database.work() as s:
        withdraw(s, ROOT, first, now=LATER + timedelta(hours=1))
    with pytest.raises(NotFound), database.work() as s:
        withdraw(s, ROOT, 999, now=LATER)


def test_a_recount_that_was_interrupted_goes_on_where_it_stopped(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    for _ in range(5):
        sent(database, rules)
    load(database, open_too=True)
    book.forget()
    with database.work() as s:
        assert apply_next(s, book.at(LATER), now=LATER, batch=2)
    with database.read() as s:
        (row,) = policies.versions(s, now=LATER)
        assert (row.recounted, row.busy) == (2, True)
    another = RuleBook(database, rules)  # the process that was started anew
    recount(database, another, LATER + timedelta(minutes=1))
    with database.read() as s:
        (row,) = policies.versions(s, now=LATER)
        assert (row.recounted, row.moved, row.busy) == (5, 5, False)
        assert len(s.scalars(select(ClockChange)).all()) == 5


def test_a_ticket_that_changed_hands_keeps_the_time_the_first_unit_had(
    database: Database, rules: Rules, book: RuleBook, unit: Actor
) -> None:
    """Three days from Monday, with another unit since Tuesday: Thursday, not Friday."""
    number = sent(database, rules)
    with database.work() as s:
        from dispatch.models.people import Department

        s.add(Department(code="ZJ", name="住建局", short_name="住建局", tier=2, kind="bureau"))
    moved_at = at("2026-11-24 10:00")
    with database.work() as s:
        assignment.reassign(s, CENTER, number, "ZJ", rules, reason="职责变更", now=moved_at)
    assert due_of(database, number) == DUE
    load(database, open_too=True, now=moved_at)
    recount(database, book, moved_at + timedelta(minutes=1))
    assert due_of(database, number) == at("2026-11-26 17:30")
