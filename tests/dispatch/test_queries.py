"""What desks read, on both databases: order, pages, counts, masks, and each reader's own rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.bus import Database
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, RequestKind, Role, Status, Urgency, Verdict
from dispatch.service import assignment, catalogue, followup, handling, intake
from dispatch.service.desk_tabs import TABS, TODO, Tab, tabs_for
from dispatch.service.queries import TicketCard, desk_counts, desk_page
from dispatch.service.queries_search import search, unit_code
from dispatch.service.queries_ticket import ticket_view
from dispatch.service.queries_watch import unit_loads

RULES = Rules(load_profile("default"), load_calendar())
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
REPLY = "经现场核实，占道烧烤情况属实，已责令清离。"
AGENT = Actor(name="小王", role=Role.AGENT)
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
CENTER = Actor(name="中心", role=Role.CENTER)
CALLER = Actor(name="小回", role=Role.FOLLOW_UP)
LEADER = Actor(name="市长", role=Role.LEADER)


@pytest.fixture
def rules() -> Rules:
    """The default policy."""
    return Rules(load_profile("default"), load_calendar())


@pytest.fixture
def units(database: Database) -> dict[str, Actor]:
    """A district with a street under it, and a bureau that must see nothing."""
    plain = {"kind": "bureau", "division": None, "phone": None}
    with database.work() as session:
        ids = catalogue.put_departments(
            session,
            [
                {"code": "QU", "name": "鼓楼区政府", "short_name": "鼓楼区", "tier": 1, **plain},
                {
                    "code": "JD",
                    "name": "中山街道办事处",
                    "short_name": "中山街道",
                    "tier": 2,
                    "parent": "QU",
                    **plain,
                },
                {"code": "ZJ", "name": "住建局", "short_name": "住建局", "tier": 1, **plain},
            ],
        )
    return {code: Actor(name=code, role=Role.DEPARTMENT, department_id=ids[code]) for code in ids}


def opened(database: Database, at: datetime, **more: object) -> str:
    """Open a ticket; return its number."""
    form = intake.RequestForm(
        **{"content": "夜市烧烤占道，油烟很大", "kind": RequestKind.COMPLAINT, **more}  # type: ignore[arg-type]
    )
    with database.work() as session:
        return intake.open_ticket(session, AGENT, form, now=at).number


def sent(database: Database, rules: Rules, unit: str, at: datetime, **more: object) -> str:
    """Open a ticket and send it to a unit."""
    number = opened(database, at, **more)
    with database.work() as session:
        assignment.dispatch(session, DISPATCHER, number, unit, rules, now=at)
    return number


def tab(role: Role, key: str) -> Tab:
    """A tab of a role's desk."""
    return next(t for t in TABS[role] if t.key == key)


def listed(database: Database, reader: Actor, key: str, now: datetime = NOW) -> list[str]:
    """Numbers on a tab of this reader's desk."""
    with database.read() as session:
        page = desk_page(session, reader, tab(reader.role, key), rules=RULES, now=now)
    return [card.number for card in page.cards]


@pytest.mark.parametrize("role", list(TABS))
def test_pages_of_every_order_join_without_gap_or_repetition(
    database: Database, rules: Rules, units: dict[str, Actor], role: Role
) -> None:
    for i in range(7):
        urgency = list(Urgency)[i % 3]
        at = NOW + timedelta(minutes=i // 2)
        number = sent(database, rules, "JD", at, urgency=urgency, phone="13800000000")
        if i % 2:
            with database.work() as session:
                assignment.acknowledge(session, units["JD"], number, now=at)
                handling.complete(session, units["JD"], number, rules, public_reply=REPLY, now=at)
                handling.pass_audit(session, CENTER, number, rules, now=at)
        opened(database, at, urgency=urgency)
    reader = units["JD"] if role is Role.DEPARTMENT else Actor(name="谁", role=role)
    later = NOW + timedelta(days=60)
    for one in tabs_for(role):
        with database.read() as session:
            whole = desk_page(session, reader, one, rules=RULES, now=later)
            read: list[TicketCard] = []
            cursor = ""
            while True:
                page = desk_page(
                    session, reader, one, cursor=cursor, limit=2, rules=RULES, now=later
                )
                read += page.cards
                if page.next_cursor is None:
                    break
                cursor = page.next_cursor
            counted = desk_counts(session, reader, [one], rules=RULES, now=later)
        assert [c.number for c in read] == [c.number for c in whole.cards]
        if one.counted:
            assert counted[one.key].count == len(read)


def test_a_unit_sees_its_own_and_one_tier_down_but_works_only_its_own(
    database: Database, rules: Rules, units: dict[str, Actor]
) -> None:
    number = sent(database, rules, "JD", NOW)
    assert listed(database, units["JD"], "sign") == [number]
    assert listed(database, units["QU"], "sign") == []
    assert listed(database, units["ZJ"], "sign") == []
    with database.read() as session:
        assert ticket_view(session, units["QU"], number).card.number == number
        with pytest.raises(NotFound):
            ticket_view(session, units["ZJ"], number)
        assert [c.number for c in search(session, units["QU"], "烧烤")] == [number]
        assert search(session, units["ZJ"], "烧烤") == []


def test_a_role_without_a_rule_sees_nothing(database: Database) -> None:
    opened(database, NOW)
    nobody = Actor(name="无", role=Role.DEPARTMENT, department_id=None)
    with database.read() as session:
        assert desk_page(session, nobody, TODO, rules=RULES, now=NOW).cards == ()
        assert desk_counts(session, nobody, [TODO], rules=RULES, now=NOW)["todo"].count == 0


def test_the_next_deadline_of_a_tab_is_the_first_of_its_rows(
    database: Database, rules: Rules, units: dict[str, Actor]
) -> None:
    sent(database, rules, "JD", NOW + timedelta(hours=1))
    first = sent(database, rules, "JD", NOW)
    sign = tab(Role.DEPARTMENT, "sign")
    with database.read() as session:
        page = desk_page(session, units["JD"], sign, rules=RULES, now=NOW)
        count = desk_counts(session, units["JD"], [sign], rules=RULES, now=NOW)["sign"]
    assert page.cards[0].number == first
    assert count.count == 2
    assert count.next_at == page.cards[0].acknowledge_by


def test_a_ticket_view_tells_the_whole_story(
    database: Database, rules: Rules, units: dict[str, Actor]
) -> None:
    number = sent(database, rules, "JD", NOW, phone="13812345678", requester_name="陈晓梅")
    unit = units["JD"]
    with database.work() as session:
        assignment.acknowledge(session, unit, number, now=NOW)
        handling.contact_requester(session, unit, number, note="已电话联系", now=NOW)
        handling.complete(
            session, unit, number, rules, public_reply=REPLY, internal_note="内部说明", now=NOW
        )
        handling.send_back(session, CENTER, number, rules, reason_code="no_basis", now=NOW)
    with database.read() as session:
        assert ticket_view(session, unit, number).card.returned
    with database.work() as session:
        handling.complete(session, unit, number, rules, public_reply=REPLY, now=NOW)
        handling.pass_audit(session, CENTER, number, rules, now=NOW)
    with database.work() as session:
        followup.record_by_person(
            session,
            CALLER,
            number,
            rules,
            reached=True,
            solved=Verdict.RESOLVED,
            rating=Rating.SATISFIED,
            now=NOW,
        )
    with database.read() as session:
        view = ticket_view(session, LEADER, number)
    assert view.card.status is Status.CLOSED
    assert not view.card.returned
    told = {entry.kind: entry.text for entry in view.timeline}
    assert told["SentBack"] == "没有写明政策依据"
    assert told["RequesterContacted"] == "已电话联系"
    assert told["TicketClosed"] == "已解决；满意"
    assert [f.rating for f in view.follow_ups] == [Rating.SATISFIED]
    assert view.requester.name == "陈**"
    assert view.requester.phone is None
    assert {share.internal_note for share in view.shares} == {""}


def test_units_are_counted_by_how_their_clocks_stand(
    database: Database, rules: Rules, units: dict[str, Actor]
) -> None:
    number = sent(database, rules, "JD", NOW)
    sent(database, rules, "ZJ", NOW + timedelta(days=17))
    with database.work() as session:
        assignment.acknowledge(session, units["JD"], number, now=NOW)
    later = NOW + timedelta(days=20)
    with database.read() as session:
        loads = {u.code: u for u in unit_loads(session, CENTER, now=later)}
    assert (loads["JD"].running, loads["JD"].over, loads["JD"].unsigned) == (1, 1, 0)
    assert (loads["ZJ"].running, loads["ZJ"].over, loads["ZJ"].unsigned) == (1, 0, 1)


def test_search_takes_percent_signs_for_what_they_are(database: Database) -> None:
    number = opened(database, NOW, content="涨价 100% 不合理")
    opened(database, NOW, content="涨价 100 元")
    with database.read() as session:
        assert [c.number for c in search(session, CENTER, "100%")] == [number]
        assert search(session, CENTER, "   ") == []
        assert search(session, CENTER, "\0") == []


@pytest.mark.usefixtures("units")
@pytest.mark.parametrize("typed", ["JD", "中山街道", "中山街道办事处", " JD "])
def test_a_unit_is_meant_by_code_or_name(database: Database, typed: str) -> None:
    with database.read() as session:
        assert unit_code(session, typed) == "JD"


def test_two_units_of_one_name_are_told_apart_by_code(database: Database) -> None:
    plain = {"tier": 2, "kind": "township", "division": None, "phone": None}
    with database.work() as session:
        catalogue.put_departments(
            session,
            [{"code": c, "name": f"{c}镇政府", "short_name": "城关镇", **plain} for c in "AB"],
        )
    with database.read() as session, pytest.raises(InvalidInput, match="A、B"):
        unit_code(session, "城关镇")
