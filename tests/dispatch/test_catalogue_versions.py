"""派单目录: rows by date and place, versions gone back from exactly, batches, wanderers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.catalogue_rows import Row, rows_of
from dispatch.domain.errors import CannotUndo, InvalidInput, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AvoidReason
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import assignment, avoidance, batch, catalogue, intake, routing, wandering
from dispatch.service.catalogue_versions import (
    listed,
    load_version,
    preview,
    versions,
    withdraw_version,
)
from dispatch.service.routing import Directory, Route

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
TODAY = date(2026, 11, 23)
ROOT = Actor(name="管理员", role=Role.ADMIN)
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
CENTER = Actor(name="中心", role=Role.CENTER)


@pytest.fixture
def city(database: Database) -> Database:
    """A city of two districts, four units and a first catalogue."""
    with database.work() as s:
        places = (("C", "临川市", None, 1), ("D1", "鼓楼区", "C", 2), ("T1", "湖东街道", "D1", 3))
        catalogue.put_divisions(
            s,
            [dict(zip(("code", "name", "parent", "level"), one, strict=True)) for one in places],
        )
        catalogue.put_departments(
            s,
            [
                {"code": c, "name": f"{c}管理局", "short_name": f"{c}局", "tier": 2}
                | {"kind": "bureau", "division": d, "backstop": b}
                for c, d, b in (
                    ("CG", None, False),
                    ("ZJ", None, False),
                    ("GL", "D1", True),
                    ("DD", "C", True),
                )
            ],
        )
        catalogue.put_categories(
            s,
            [
                {"code": code, "name": name, "parent": None, "level": 1}
                for code, name in (("01", "占道经营"), ("02", "路灯"), ("03", "噪声"))
            ],
        )
        catalogue.found_responsibilities(
            s,
            [
                {"category": "01", "division": "*", "lead": "CG", "supporting": ["ZJ"]}
                | {"legal_basis": "城市市容条例"},
                {"category": "01", "division": "D1", "lead": "GL", "supporting": []}
                | {"legal_basis": "三定规定"},
            ],
            since=date(2020, 1, 1),
        )
    return database


def lead(database: Database, category: str, place: str | None, on: date = TODAY) -> str | None:
    """The unit that leads on this day."""
    with database.read() as s:
        return routing.directory(s, today=on).lead(category, place)


def test_the_nearest_row_wins_then_what_it_lies_in_then_the_whole_city(city: Database) -> None:
    assert lead(city, "01", "T1") == lead(city, "01", "D1") == "GL"
    assert lead(city, "01", "C") == lead(city, "01", None) == lead(city, "01", "unknown") == "CG"
    assert lead(city, "02", "T1") is None
    with city.read() as s:
        route = routing.route_for(s, "01", None, today=TODAY)
        assert route is not None
        assert (route.supporting, route.legal_basis) == (("ZJ",), "城市市容条例")
        ways = routing.directory(s, today=TODAY)
        assert ways.backstop("T1") == "GL"
        assert ways.backstop(None) == ways.backstop("C") == "DD"


def test_a_future_version_takes_effect_by_its_date_and_is_gone_back_from_exactly(
    city: Database,
) -> None:
    before = {day: lead(city, "01", "T1", day) for day in (TODAY, date(2026, 12, 1))}
    rows = [Row(line=2, category="01", lead="ZJ管理局", legal_basis="新条例")]
    with city.work() as s:
        version = load_version(
            s, ROOT, rows, label="12 月版", effective_from=date(2026, 12, 1), now=NOW
        ).id
    assert lead(city, "01", "T1", date(2026, 11, 30)) == "GL"
    assert lead(city, "01", "T1", date(2026, 12, 1)) == "ZJ"
    with city.read() as s:
        assert [one.in_force for one in versions(s, today=date(2026, 12, 2))] == [True]
    with city.work() as s:
        withdraw_version(s, ROOT, version, now=NOW + timedelta(days=10))
    assert {day: lead(city, "01", "T1", day) for day in before} == before
    with pytest.raises(CannotUndo, match="已经撤回"), city.work() as s:
        withdraw_version(s, ROOT, version, now=NOW)


def test_only_the_version_in_force_or_a_coming_one_is_withdrawn(city: Database) -> None:
    with city.work() as s:
        first, second = (
            load_version(
                s,
                ROOT,
                [Row(line=2, category="01", lead=unit)],
                label=unit,
                effective_from=TODAY,
                now=NOW,
            ).id
            for unit in ("CG", "ZJ")
        )
    assert lead(city, "01", None) == "ZJ"
    with pytest.raises(CannotUndo, match="取代"), city.work() as s:
        withdraw_version(s, ROOT, first, now=NOW)
    with city.work() as s:
        withdraw_version(s, ROOT, second, now=NOW)
    assert lead(city, "01", None) == "CG"


def test_a_preview_names_bad_lines_keeps_good_rows_and_shows_what_changes(city: Database) -> None:
    table = [
        (1, ("主办单位", "事项编码", "属地", "协办单位", "依据")),
        (2, ("CG", "01", "全市", "ZJ、GL", "城市市容条例")),
        (3, ("ZJ局", "02", "", "", "")),
        (4, ("ZJ", "99", "", "", "")),
        (5, ("没有的局", "03", "", "", "")),
        (6, ("CG", "02", "*", "", "")),
        (7, ("CG", "03", "XX", "", "")),
        (8, ("CG", "03", "", "CG管理局", "")),
        (9, ("", "03", "", "", "")),
        (10, ("", "", "", "", "")),
    ]
    rows, problems = rows_of(table)
    with city.read() as s:
        seen = preview(s, rows, problems, on=TODAY)
    assert [row.line for row in seen.good] == [2, 3]
    assert [problem.line for problem in seen.problems] == [4, 5, 6, 7, 8, 9]
    assert "第 3 行" in seen.problems[2].sentence
    assert (seen.count("added"), seen.count("removed"), seen.count("changed")) == (1, 1, 1)
    changed = next(one for one in seen.differences if one.change == "changed")
    assert (changed.before, changed.after) == (
        "CG局；协办 ZJ局；城市市容条例",
        "CG局；协办 ZJ局、GL局；城市市容条例",
    )


def test_a_version_needs_a_name_a_coming_day_good_rows_and_the_right_person(
    city: Database,
) -> None:
    good = [Row(line=2, category="01", lead="CG")]
    with city.work() as s:
        for label, day, rows, said in (
            (" ", TODAY, good, "名字"),
            ("新", TODAY - timedelta(days=1), good, "早于今天"),
            ("新", TODAY, [Row(line=7, category="99", lead="CG")], "第 7 行"),
            ("新", TODAY, [], "一行也没有"),
        ):
            with pytest.raises(InvalidInput, match=said):
                load_version(s, ROOT, rows, label=label, effective_from=day, now=NOW)
        with pytest.raises(RoleNotAllowed):
            load_version(s, DISPATCHER, good, label="新", effective_from=TODAY, now=NOW)
    with pytest.raises(InvalidInput, match="事项编码"):
        rows_of([(1, ("单位", "属地"))])


def test_what_is_listed_can_be_loaded_again_and_changes_nothing(city: Database) -> None:
    with city.read() as s:
        same = [
            Row(
                line=i,
                category=one.category,
                division=one.division,
                lead=one.lead,
                supporting=one.supporting,
                legal_basis=one.legal_basis,
            )
            for i, one in enumerate(listed(s, on=TODAY), start=2)
        ]
        seen = preview(s, same, on=TODAY)
        assert (len(seen.good), seen.problems, seen.differences) == (2, (), ())
        assert [one.lead for one in listed(s, on=TODAY, search="鼓楼 三定")] == ["GL"]


def test_a_city_that_has_a_catalogue_is_not_founded_again(city: Database) -> None:
    row = {"category": "01", "division": "*", "lead": "DD", "supporting": [], "legal_basis": ""}
    with city.work() as s:
        assert catalogue.found_responsibilities(s, [row], since=TODAY) == 0
    assert lead(city, "01", None) == "CG"


codes = st.sampled_from(["a", "b", "c", "d", "e"])


@settings(max_examples=60, deadline=None)
@given(
    parents=st.dictionaries(codes, codes | st.none()),
    owned=st.sets(codes | st.just("*")),
    asked=codes | st.none(),
)
def test_a_place_is_answered_by_itself_or_by_something_it_lies_in(
    parents: dict[str, str | None], owned: set[str], asked: str | None
) -> None:
    rows = [route(p) for p in owned]
    path = routing.upwards(parents, asked)
    expected = next((place for place in path if place in owned), None)
    assert Directory(rows, parents).lead("x", asked) == expected
    assert len(path) == len(set(path))


def route(place: str) -> Route:
    """A row whose lead is named after its place."""
    return Route(
        row_id=1,
        category="x",
        category_name="x",
        place=place,
        place_name="",
        lead=place,
        lead_name=place,
        supporting=(),
        legal_basis="",
        version="",
    )


def opened(database: Database, **more: object) -> str:
    """A ticket that waits; return its number."""
    form = intake.RequestForm(
        **{"content": "烧烤摊占道", "kind": RequestKind.COMPLAINT, **more}  # type: ignore[arg-type]
    )
    with database.work() as s:
        return intake.open_ticket(s, CENTER, form, now=NOW).number


def test_a_batch_sends_what_the_catalogue_is_sure_of_and_says_why_not_of_the_rest(
    city: Database, rules: Rules
) -> None:
    by_person = opened(city, category="01", division="T1")
    by_model = opened(city, suggestion={"categories": [["01", 0.97]], "departments": []})
    doubtful = opened(city, suggestion={"categories": [["01", 0.6]], "departments": []})
    unowned = opened(city, category="02")
    accused = opened(city, category="01")
    with city.work() as s:
        avoidance.avoid(s, CENTER, accused, "CG", AvoidReason.REPORTED, now=NOW)
    numbers = [by_person, by_model, doubtful, unowned, accused, by_person]
    with pytest.raises(RoleNotAllowed), city.work() as s:
        batch.batch_dispatch(s, Actor(name="话务", role=Role.AGENT), numbers, rules, now=NOW)
    with city.work() as s:
        sent = batch.batch_dispatch(
            s, DISPATCHER, numbers, rules, expected={by_person: 1, by_model: 1}, now=NOW
        )
    assert [(one.number, one.unit) for one in sent if not one.code] == [
        (by_person, "GL局"),
        (by_model, "CG局"),
    ]
    assert {one.number for one in sent if one.code == "not-sure"} == {doubtful, unowned, accused}
    with city.read() as s:
        led = s.scalars(select(Assignment).where(Assignment.part == "lead")).all()
        assert "鼓楼区，三定规定" in led[0].basis
        assert all(one.responsibility_id for one in led)
        helped = s.scalars(select(Assignment).where(Assignment.part == "supporting")).all()
        assert [one.parent_id for one in helped] == [led[1].id]


def test_a_ticket_that_changed_meanwhile_holds_up_nobody_elses(
    city: Database, rules: Rules
) -> None:
    first, second = opened(city, category="01"), opened(city, category="01")
    with city.work() as s:
        sent = batch.batch_dispatch(
            s, DISPATCHER, [first, second], rules, expected={first: 7, second: 1}, now=NOW
        )
    assert [one.code for one in sent] == ["changed-meanwhile", ""]
    with city.read() as s:
        assert s.scalars(select(Ticket.status).order_by(Ticket.id)).all() == ["open", "dispatched"]


def test_a_ticket_wanders_by_its_units_by_waiting_and_by_an_avoided_holder(
    city: Database, rules: Rules
) -> None:
    tossed, waiting, accused = (opened(city, category="01") for _ in range(3))
    with city.work() as s:
        assignment.dispatch(s, DISPATCHER, tossed, "CG", rules, now=NOW)
        assignment.reassign(s, DISPATCHER, tossed, "ZJ", rules, reason="不属城管", now=NOW)
        assignment.dispatch(s, DISPATCHER, accused, "CG", rules, now=NOW)

    def wanderers(now: datetime) -> list[tuple[str, int]]:
        with city.read() as s:
            return [(w.number, w.units) for w in wandering.find(s, CENTER, rules, now=now)]

    assert wanderers(NOW) == []
    with city.work() as s:
        assignment.reassign(s, DISPATCHER, tossed, "GL", rules, reason="属地不符", now=NOW)
        avoidance.avoid(s, CENTER, accused, "CG", AvoidReason.INTERESTED, now=NOW)
    assert wanderers(NOW) == [(tossed, 3), (accused, 1)]
    # 4 working hours of Monday 10:00 are over at 16:00.
    assert (waiting, 0) not in wanderers(NOW + timedelta(hours=5, minutes=59))
    assert (waiting, 0) in wanderers(NOW + timedelta(hours=6))


def test_after_so_many_dispatches_the_next_unit_must_be_designated(
    city: Database, rules: Rules
) -> None:
    number = opened(city, category="01")
    with city.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=NOW)
        assignment.reassign(s, DISPATCHER, number, "ZJ", rules, reason="不属城管", now=NOW)
        assignment.reassign(s, DISPATCHER, number, "GL", rules, reason="属地不符", now=NOW)
    with pytest.raises(InvalidInput, match="指定承办"), city.work() as s:
        assignment.reassign(s, DISPATCHER, number, "DD", rules, reason="再派", now=NOW)
    with city.work() as s:
        ticket = assignment.reassign(
            s, DISPATCHER, number, "DD", rules, reason="裁定", designate=True, now=NOW
        )
        assert ticket.designated
    fresh, agent = opened(city), Actor(name="话务", role=Role.AGENT)
    with pytest.raises(RoleNotAllowed), city.work() as s:
        assignment.dispatch(s, agent, fresh, "CG", rules, designate=True, now=NOW)


def test_a_limit_written_at_dispatch_is_the_tickets_own(city: Database, rules: Rules) -> None:
    number = opened(city, category="01")
    with city.work() as s:
        for terms, field in (
            (assignment.LimitTerms(stated="很快"), "stated_limit"),
            (assignment.LimitTerms(statutory="30 working_day"), "statutory_basis"),
        ):
            with pytest.raises(InvalidInput) as refused:
                assignment.dispatch(s, DISPATCHER, number, "CG", rules, terms=terms, now=NOW)
            assert refused.value.field == field
    terms = assignment.LimitTerms(
        stated="2 working_day", statutory="30 working_day", statutory_basis="土地管理法第六十四条"
    )
    with city.work() as s:
        ticket = assignment.dispatch(s, DISPATCHER, number, "CG", rules, terms=terms, now=NOW)
        assert ticket.interim_by == datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
        assert "法定时限 30 个工作日" in ticket.clock_rule
