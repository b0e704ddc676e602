"""What only some requests have: filed with the request, completed later, shown to few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain import particulars as fields
from dispatch.domain.errors import (
    AccusedUnit,
    ActionNotAllowed,
    ChangedMeanwhile,
    InvalidInput,
    NotFound,
    RoleNotAllowed,
)
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.catalog import Category
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.models.ties import AvoidedUnit, Particulars
from dispatch.service import assignment
from dispatch.service.intake import RequestForm, answer_on_call, open_ticket
from dispatch.service.particulars import (
    complete_particulars,
    confidential_for,
    particulars_of,
)
from dispatch.service.queries_search import search
from dispatch.service.queries_ticket import ticket_view

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
AGENT = Actor(name="王员", role=Role.AGENT)
DISPATCHER = Actor(name="李员", role=Role.DISPATCHER)
CENTER = Actor(name="钟员", role=Role.CENTER)
LEADER = Actor(name="张市长", role=Role.LEADER)
CODE = "91361000MA0DEM012W"
"""Nobody's, with the check character that GB 32100-2015 computes."""

FULL: dict[str, object] = {
    "anonymous": True,
    "difficult": True,
    "source_level": "provincial",
    "source_system": "省 12345 平台",
    "external_no": "S-2026-000123",
    "requester_kind": "enterprise",
    "enterprise_name": "临川某某食品有限公司",
    "enterprise_code": CODE,
    "contact_phone": "0794-821 2345",
    "gender": "female",
    "language": "临川话",
    "reported_party": "好再来烧烤店",
    "reported_phone": "139 0000 0000",
    "reported_code": CODE.lower(),
    "occurred_at": "2026-11-22T20:30",
    "longitude": "116.3582",
    "latitude": "27.9489",
    "grid": "城东 12 网格",
    "spot": "水岸花园南门",
    "tags": "噪声，油烟 夜间",
    "stated_limit": "10 working_day",
    "statutory_limit": "30 natural_day",
    "statutory_basis": "《信访工作条例》第三十四条",
}


def opened(database: Database, **more: object) -> str:
    """Open a ticket; return its number."""
    form = RequestForm(
        content="烧烤店夜里油烟很大，影响休息",
        kind=RequestKind.COMPLAINT,
        phone="13812345678",
        requester_name="陈晓梅",
        **more,  # type: ignore[arg-type]
    )
    with database.work() as s:
        return open_ticket(s, AGENT, form, now=NOW).number


def row_of(s: Session, number: str) -> Particulars | None:
    """The ticket's row of particulars."""
    return s.scalar(
        select(Particulars)
        .join(Ticket, Ticket.id == Particulars.ticket_id)
        .where(Ticket.number == number)
    )


def ticket_of(s: Session, number: str) -> Ticket:
    """The ticket."""
    return s.scalars(select(Ticket).where(Ticket.number == number)).one()


def test_everything_said_at_filing_is_kept(database: Database) -> None:
    number = opened(database, **FULL)
    with database.read() as s:
        ticket, row = ticket_of(s, number), row_of(s, number)
        assert row is not None
        assert (ticket.anonymous, ticket.difficult, ticket.source_level) == (
            True,
            True,
            "provincial",
        )
        assert (ticket.stated_limit, ticket.statutory_limit) == ("10 working_day", "30 natural_day")
        assert ticket.statutory_basis == "《信访工作条例》第三十四条"
        assert (row.contact_phone, row.reported_phone) == ("07948212345", "13900000000")
        assert row.reported_code == row.enterprise_code == CODE
        assert row.occurred_at == datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
        assert (row.longitude, row.latitude) == (116.3582, 27.9489)
        assert row.tags == ["噪声", "油烟", "夜间"]
        assert row.external_no == "S-2026-000123"


def test_nothing_said_leaves_no_row(database: Database) -> None:
    number = opened(database)
    with database.read() as s:
        assert row_of(s, number) is None
        assert particulars_of(s, CENTER, number).requester_kind.value == "person"


def test_the_category_is_kept_as_it_was_called_at_filing(database: Database) -> None:
    with database.work() as s:
        top = Category(code="01", name="城市管理", level=1)
        s.add(top)
        s.flush()
        s.add(Category(code="0101", name="占道经营", level=2, parent_id=top.id))
    number = opened(database, category="0101")
    with database.work() as s:
        s.scalars(select(Category).where(Category.code == "0101")).one().name = "店外经营"
    with database.read() as s:
        filed = particulars_of(s, CENTER, number).category_as_filed
        assert filed == "01 城市管理 / 0101 占道经营"


def test_an_enterprise_s_request_belongs_to_the_business_environment(database: Database) -> None:
    number = opened(database, requester_kind="enterprise", enterprise_name="某厂")
    with database.read() as s:
        assert ticket_of(s, number).business_environment


def test_an_answer_on_the_call_keeps_them_too(database: Database) -> None:
    form = RequestForm(content="问公积金", kind=RequestKind.INQUIRY, external_no="X1")
    with database.work() as s:
        number = answer_on_call(s, AGENT, form, "到市民中心二楼办理。", now=NOW).number
        assert particulars_of(s, CENTER, number).external_no == "X1"


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("enterprise_code", {"enterprise_code": CODE[:-1] + "0"}),
        ("enterprise_code", {"enterprise_code": "12345"}),
        ("reported_code", {"reported_code": "O" * 18}),
        ("contact_phone", {"contact_phone": "打我侄子电话"}),
        ("contact_phone", {"contact_phone": "١٢٣٤٥٦٧"}),
        ("longitude", {"longitude": "27.9", "latitude": "116.3"}),
        ("latitude", {"longitude": "116.3"}),
        ("longitude", {"longitude": "nan", "latitude": "27"}),
        ("longitude", {"longitude": "1e999", "latitude": "27"}),
        ("occurred_at", {"occurred_at": "昨天"}),
        ("occurred_at", {"occurred_at": NOW + timedelta(hours=1)}),
        ("occurred_at", {"occurred_at": "0001-01-01T00:00"}),
        ("source_level", {"source_level": "galactic"}),
        ("gender", {"gender": "x"}),
        ("requester_kind", {"requester_kind": "robot"}),
        ("stated_limit", {"stated_limit": "soon"}),
        ("statutory_limit", {"statutory_limit": "0 working_day", "statutory_basis": "法"}),
        ("statutory_basis", {"statutory_limit": "30 natural_day"}),
        ("tags", {"tags": "、".join(str(n) for n in range(11))}),
        ("tags", {"tags": "长" * 21}),
        ("reported_party", {"reported_party": "店" * 121}),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(
    database: Database, field: str, more: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        opened(database, **more)
    assert refusal.value.field == field
    with database.read() as s:
        assert s.scalar(select(Ticket.id)) is None


def test_a_unit_to_avoid_is_kept_away_from_the_start(
    database: Database, unit: Actor, rules: Rules
) -> None:
    number = opened(database, avoid=("CG",), reported_party="城市管理局")
    with database.read() as s:
        assert s.scalar(select(AvoidedUnit.why)) == "reported"
    with pytest.raises(AccusedUnit), database.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=NOW)
    with pytest.raises(NotFound), database.read() as s:
        particulars_of(s, unit, number)
    with pytest.raises(NotFound):
        opened(database, avoid=("没有",))


def test_reports_are_confidential_by_default_and_may_be_said_otherwise(rules: Rules) -> None:
    assert confidential_for(rules, RequestKind.REPORT, None)
    assert not confidential_for(rules, RequestKind.REPORT, said=False)
    assert not confidential_for(rules, RequestKind.COMPLAINT, None)
    assert confidential_for(rules, RequestKind.COMPLAINT, said=True)


def dispatched(database: Database, rules: Rules, **more: object) -> str:
    """A ticket in the hands of 城管局."""
    number = opened(database, **more)
    with database.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=NOW)
    return number


def test_a_unit_learns_nothing_of_an_anonymous_requester(
    database: Database, unit: Actor, rules: Rules
) -> None:
    number = dispatched(database, rules, **FULL)
    with database.read() as s:
        shown = particulars_of(s, unit, number)
        requester = ticket_view(s, unit, number).requester
    assert shown.hidden
    assert (shown.enterprise_name, shown.enterprise_code, shown.contact_phone) == ("", "", "")
    assert (shown.gender, shown.language) == ("", "")
    assert (requester.name, requester.phone) == ("", None)
    # Whom the complaint is about, the unit must know to handle it.
    assert (shown.reported_party, shown.spot) == ("好再来烧烤店", "水岸花园南门")


def test_a_leader_reads_the_matter_without_anybody_s_number(
    database: Database, unit: Actor, rules: Rules
) -> None:
    number = dispatched(database, rules, **FULL)
    with database.read() as s:
        shown = particulars_of(s, LEADER, number)
    assert shown.contact_phone == ""
    assert shown.reported_phone == "139****0000"


def test_the_centre_completes_fields_and_the_history_names_them_without_their_words(
    database: Database,
) -> None:
    number = opened(database)
    with database.work() as s:
        complete_particulars(
            s,
            DISPATCHER,
            number,
            {"reported_party": "好再来烧烤店", "place": "文澜路 3 号", "tags": ["油烟"]},
            reason="诉求人来电补充",
            expected=1,
            now=NOW,
        )
    with database.read() as s:
        shown = particulars_of(s, CENTER, number)
        ticket = ticket_of(s, number)
        event = s.scalars(select(TicketEvent).where(TicketEvent.kind == "ParticularsChanged")).one()
    assert (shown.reported_party, shown.tags) == ("好再来烧烤店", ("油烟",))
    assert (ticket.place, ticket.version) == ("文澜路 3 号", 2)
    assert event.details == {"fields": "被反映对象、标签、地点", "reason": "诉求人来电补充"}


def test_completing_needs_a_reason_a_change_the_right_role_and_the_page_s_version(
    database: Database, unit: Actor, rules: Rules
) -> None:
    number = dispatched(database, rules)

    def change(actor: Actor, changes: dict[str, object], reason: str = "补充", at: int = 2) -> None:
        with database.work() as s:
            complete_particulars(s, actor, number, changes, reason=reason, expected=at, now=NOW)

    with pytest.raises(InvalidInput, match="修改的原因"):
        change(CENTER, {"spot": "南门"}, reason=" ")
    with pytest.raises(InvalidInput, match="没有任何一项"):
        change(CENTER, {"spot": ""})
    with pytest.raises(InvalidInput, match="没有“content”"):
        change(CENTER, {"content": "改了诉求"})
    with pytest.raises(RoleNotAllowed):
        change(unit, {"spot": "南门"})
    with pytest.raises(ChangedMeanwhile):
        change(CENTER, {"spot": "南门"}, at=1)
    with pytest.raises(InvalidInput, match="经度和纬度"):
        change(CENTER, {"longitude": "116.3"})
    with pytest.raises(ActionNotAllowed, match="申请延期"):
        change(CENTER, {"stated_limit": "30 working_day"})
    change(CENTER, {"spot": "南门"})


def test_becoming_anonymous_hides_the_requester_at_once(
    database: Database, unit: Actor, rules: Rules
) -> None:
    number = dispatched(database, rules)
    with database.read() as s:
        assert ticket_view(s, unit, number).requester.name == "陈晓梅"
    with database.work() as s:
        complete_particulars(s, CENTER, number, {"anonymous": True}, reason="来电要求", now=NOW)
    with database.read() as s:
        assert ticket_view(s, unit, number).requester.name == ""


def test_the_centre_finds_a_ticket_by_its_outside_number_and_by_the_accused(
    database: Database, unit: Actor, rules: Rules
) -> None:
    number = dispatched(database, rules, **FULL)
    opened(database)
    with database.read() as s:
        for words in ("S-2026-000123", "好再来"):
            assert [c.number for c in search(s, DISPATCHER, words)] == [number]
            assert search(s, unit, words) == []


@given(
    st.dictionaries(
        st.sampled_from(tuple(fields.READERS)),
        st.one_of(
            st.none(), st.text(max_size=30), st.booleans(), st.integers(), st.floats(), st.just([])
        ),
        max_size=6,
    )
)
def test_any_values_are_read_or_refused_in_words_and_reading_again_changes_nothing(
    raw: dict[str, object],
) -> None:
    try:
        values = fields.read(raw, now=NOW)
    except InvalidInput:
        return
    assert fields.read(values, now=NOW) == values
