"""The plan of a moment: hours on the calendar, lines by their dates, trunks with their secrets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.bus import Database
from dispatch.domain.call_rules import OpeningRules
from dispatch.domain.call_terms import OverflowTo, TrunkKind
from dispatch.domain.errors import EmergencyNotSet, InvalidInput, RoleNotAllowed, SealBroken
from dispatch.domain.opening import is_open
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.vault import Keyring
from dispatch.models.catalog import Line
from dispatch.models.telephone import Trunk
from dispatch.service import lines, switch_plans, trunks
from dispatch.service.line_forms import LineForm
from dispatch.service.trunk_forms import TrunkForm

ROOT = Actor(name="管理员", role=Role.ADMIN)
CENTER = Actor(name="中心", role=Role.CENTER)
KEYS = Keyring("k1", {"k1": bytes(32)})
OFFICE = OpeningRules(
    always=False,
    hours=((time(8, 30), time(12)), (time(14), time(18))),
    on_days_off=False,
    closed_to=OverflowTo.VOICEMAIL,
)
CARRIER = TrunkForm(
    code="telecom",
    label="电信主中继",
    kind="carrier",
    host="sip.example.cn",
    peers="203.0.113.5, 198.51.100.0/24",
    register=True,
    username="12345@example",
    password="correct-horse",
)
EMERGENCY = TrunkForm(
    code="linkage", label="联动中继", kind="emergency", host="203.0.113.9", confirmed=True
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


NOW = at("2026-11-23 10:00")


def opening(rules: Rules, hours: OpeningRules) -> Rules:
    return replace(rules, profile=replace(rules.profile, opening=hours))


@pytest.mark.parametrize(
    ("moment", "answers"),
    [
        ("2025-09-30 08:29:59", False),
        ("2025-09-30 08:30:00", True),
        ("2025-09-30 11:59:59", True),
        ("2025-09-30 12:00:00", False),
        ("2025-09-30 13:59:59", False),
        ("2025-09-30 14:00:00", True),
        ("2025-09-30 17:59:59", True),
        ("2025-09-30 18:00:00", False),
        ("2025-09-28 10:00:00", True),  # a Sunday worked for the holiday
        ("2025-10-01 10:00:00", False),  # a Wednesday of the national holiday
        ("2025-10-08 10:00:00", False),  # its last day
        ("2025-10-09 10:00:00", True),
        ("2025-10-11 10:00:00", True),  # a Saturday worked for it
        ("2025-10-12 10:00:00", False),
    ],
)
def test_people_answer_to_the_second_over_holidays_and_make_up_days(
    database: Database, rules: Rules, moment: str, answers: bool
) -> None:
    with database.read() as s:
        plan = switch_plans.plan_of(s, opening(rules, OFFICE), KEYS, now=at(moment))
    assert (plan.open, plan.closed_to) == (answers, OverflowTo.VOICEMAIL)


def test_on_days_off_only_the_hours_count_and_always_means_always(rules: Rules) -> None:
    free = replace(OFFICE, on_days_off=True)
    assert is_open(free, rules.calendar, at("2025-10-01 10:00"))
    assert not is_open(free, rules.calendar, at("2025-10-01 20:00"))
    assert is_open(replace(OFFICE, always=True), rules.calendar, at("2025-10-01 03:00"))


def test_a_day_beyond_the_calendar_loses_no_caller(rules: Rules) -> None:
    beyond = datetime.combine(rules.calendar.last_day + timedelta(days=3), time(3), tzinfo=SHANGHAI)
    assert is_open(OFFICE, rules.calendar, beyond)


@given(st.dates(date(2025, 1, 1), date(2025, 12, 31)), st.times())
def test_open_is_what_the_clocks_calendar_calls_working_time(day: date, clock: time) -> None:
    calendar = load_calendar()
    hours = replace(OFFICE, hours=calendar.hours)
    here = datetime.combine(day, clock, SHANGHAI)
    closing = here.time() in {end for _, end in calendar.hours}
    assert is_open(hours, calendar, here) == (calendar.is_working_moment(here) and not closing)


def test_a_line_without_effect_answers_at_the_usual_queue_and_says_so(
    database: Database, rules: Rules
) -> None:
    form = LineForm(number="96119", name="火灾隐患热线", state="merged", queue="enterprise")
    with database.work() as s:
        lines.save(s, ROOT, replace(form, effective_from=date(2026, 12, 1)), rules, now=NOW)
        coming = switch_plans.plan_of(s, rules, KEYS, now=NOW).lines
        there = switch_plans.plan_of(s, rules, KEYS, now=at("2026-12-01 00:00")).lines
        s.get_one(Line, "96119").effective_to = date(2026, 12, 5)
        s.flush()
        gone = switch_plans.plan_of(s, rules, KEYS, now=at("2026-12-05 00:00")).lines
    assert [(line.name, line.queue) for line in (*coming, *there, *gone)] == [
        ("火灾隐患热线（未生效）", "hotline"),
        ("火灾隐患热线", "enterprise"),
        ("火灾隐患热线（已撤并）", "hotline"),
    ]


def test_a_queue_that_the_policy_lost_is_the_usual_one(database: Database, rules: Rules) -> None:
    with database.work() as s:
        lines.save(s, ROOT, LineForm(number="12301", name="旅游", state="merged"), rules, now=NOW)
        s.get_one(Line, "12301").queue = "gone"
        s.flush()
        assert switch_plans.plan_of(s, rules, KEYS, now=NOW).lines[0].queue == "hotline"


def test_the_menu_is_there_only_where_the_policy_says_so(database: Database) -> None:
    rules = Rules(load_profile("default"), load_calendar())
    with database.read() as s:
        assert switch_plans.plan_of(s, rules, KEYS, now=NOW).menu == ()


def test_nothing_changed_is_the_same_digest_and_every_change_another(
    database: Database, rules: Rules
) -> None:
    seen = []
    with database.work() as s:

        def look(policy: Rules = rules, now: datetime = NOW) -> None:
            seen.append(switch_plans.plan_of(s, policy, KEYS, now=now).digest)

        look()
        assert switch_plans.plan_of(s, rules, KEYS, now=NOW + timedelta(1)).digest == seen[0]
        lines.save(s, ROOT, LineForm(number="12301", name="旅游", state="merged"), rules, now=NOW)
        look()
        trunks.save(s, ROOT, CARRIER, KEYS, now=NOW)
        look()
        # Another password of the same trunk must be applied too, though no digest holds it.
        changed = replace(CARRIER, password="battery-staple")
        trunks.save(s, ROOT, changed, KEYS, now=NOW + timedelta(seconds=1))
        look()
        look(opening(rules, OFFICE), at("2026-11-23 20:00"))
    assert len(set(seen)) == 5


def test_a_trunks_password_is_sealed_and_in_the_clear_only_in_the_plan(
    database: Database, rules: Rules
) -> None:
    with database.work() as s:
        trunks.save(s, ROOT, CARRIER, KEYS, now=NOW)
        stored = s.get_one(Trunk, "telecom")
        assert "correct-horse" not in stored.secret
        assert "correct-horse" not in repr(trunks.listed(s, ROOT))
        assert "correct-horse" not in repr(CARRIER)
        plan = switch_plans.plan_of(s, rules, KEYS, now=NOW)
        assert "correct-horse" not in repr(plan)
    assert plan.trunks[0].password == "correct-horse"
    assert plan.trunks[0].peers == ("203.0.113.5", "198.51.100.0/24")


def test_a_password_left_empty_is_kept(database: Database, rules: Rules) -> None:
    with database.work() as s:
        trunks.save(s, ROOT, CARRIER, KEYS, now=NOW)
        trunks.save(s, ROOT, replace(CARRIER, password="", port=5061), KEYS, now=NOW)
        plan = switch_plans.plan_of(s, rules, KEYS, now=NOW)
    assert (plan.trunks[0].password, plan.trunks[0].port) == ("correct-horse", 5061)


def test_a_secret_of_another_machine_names_the_trunk(database: Database, rules: Rules) -> None:
    with database.work() as s:
        trunks.save(s, ROOT, CARRIER, KEYS, now=NOW)
        elsewhere = Keyring("k1", {"k1": bytes(range(32))})
        with pytest.raises(SealBroken, match="电信主中继"):
            switch_plans.plan_of(s, rules, elsewhere, now=NOW)


def test_no_emergency_line_rings_before_an_administrator_has_set_and_confirmed_its_trunk(
    database: Database, rules: Rules
) -> None:
    with database.work() as s:
        assert switch_plans.plan_of(s, rules, KEYS, now=NOW).emergency == ()
        with pytest.raises(EmergencyNotSet):
            trunks.emergency(s)
        with pytest.raises(InvalidInput, match="110、119、120、122") as told:
            trunks.save(s, ROOT, replace(EMERGENCY, confirmed=False), KEYS, now=NOW)
        assert told.value.field == "confirmed"
        with pytest.raises(RoleNotAllowed):
            trunks.save(s, CENTER, EMERGENCY, KEYS, now=NOW)
        trunks.save(s, ROOT, EMERGENCY, KEYS, now=NOW)
        plan = switch_plans.plan_of(s, rules, KEYS, now=NOW)
        assert {rule.code for rule in plan.emergency} == {"110", "119", "120", "122"}
        assert trunks.emergency(s).code == "linkage"
        trunks.set_active(s, ROOT, "linkage", False, now=NOW)
        assert switch_plans.plan_of(s, rules, KEYS, now=NOW).emergency == ()
        with pytest.raises(EmergencyNotSet):
            trunks.emergency(s)


def test_a_trunk_of_one_node_is_no_other_nodes_and_goes_before_the_common_one(
    database: Database, rules: Rules
) -> None:
    own = replace(CARRIER, code="mobile", node="hot2")
    with database.work() as s:
        trunks.save(s, ROOT, CARRIER, KEYS, nodes=("hot1", "hot2"), now=NOW)
        trunks.save(s, ROOT, own, KEYS, nodes=("hot1", "hot2"), now=NOW)
        codes = {
            node: [t.code for t in switch_plans.plan_of(s, rules, KEYS, node=node, now=NOW).trunks]
            for node in ("hot1", "hot2")
        }
        found = [trunks.carrier(s, node) for node in ("hot1", "hot2")]
        assert [one and one.code for one in found] == ["telecom", "mobile"]
        wrong = replace(CARRIER, node="hot9")
        with pytest.raises(InvalidInput, match="hot9"):
            trunks.save(s, ROOT, wrong, KEYS, nodes=("hot1", "hot2"), now=NOW)
    assert codes == {"hot1": ["telecom"], "hot2": ["mobile", "telecom"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "Tele com"),
        ("label", ""),
        ("kind", "sms"),
        ("security", "rot13"),
        ("host", "sip.example.cn;x"),
        ("host", "a b"),
        ("port", 0),
        ("peers", "0.0.0.0/0"),
        ("peers", "anyone"),
        ("username", "a\nb"),
        ("password", "with space"),
        ("password", "semi;colon"),
        ("password", "密码"),
        ("caller_id", "12 345"),
    ],
)
def test_a_trunk_that_cannot_be_is_named_at_its_field(
    database: Database, field: str, value: object
) -> None:
    form = replace(CARRIER, **{field: value})  # type: ignore[arg-type]
    with database.work() as s, pytest.raises(InvalidInput) as told:
        trunks.save(s, ROOT, form, KEYS, now=NOW)
    assert told.value.field == field


def test_the_newest_application_of_each_node_is_told(database: Database) -> None:
    with database.work() as s:
        assert switch_plans.last_application(s, "hot1") is None
        switch_plans.record_application(s, "hot1", "a", problem="坏了", now=NOW)
        switch_plans.record_application(s, "hot1", "b", now=NOW + timedelta(minutes=1))
        switch_plans.record_application(s, "hot2", "a", problem="坏了", now=NOW)
        told = switch_plans.applications(s, ("hot1", "hot2", "hot3"))
    assert [(one.node, one.digest, one.problem) for one in told] == [
        ("hot1", "b", ""),
        ("hot2", "a", "坏了"),
    ]


def test_an_emergency_trunk_takes_no_calls_in(database: Database) -> None:
    with database.work() as s, pytest.raises(InvalidInput, match="只用于呼出"):
        trunks.save(s, ROOT, replace(EMERGENCY, peers="203.0.113.9"), KEYS, now=NOW)
    assert TrunkKind.EMERGENCY.label == "紧急联动中继"
