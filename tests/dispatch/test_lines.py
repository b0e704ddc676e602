"""The register of lines: what may stand in it, whom it is changed by, and what its report says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.call_terms import LineStanding
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import InvalidInput, LineChangedMeanwhile, NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Line
from dispatch.models.tickets import TicketEvent
from dispatch.service import intake, line_files, line_reports, lines
from dispatch.service.line_forms import LineForm

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
CENTER = Actor(name="中心", role=Role.CENTER)
UNIT = Actor(name="城管局", role=Role.DEPARTMENT)
AGENT = Actor(name="小王", role=Role.AGENT, staff_id=1, extension="8001")
TOURISM = LineForm(number="12301", name="旅游服务热线", state="cancelled_merged")


def test_a_line_is_added_changed_and_each_change_is_a_fact(
    database: Database, rules: Rules
) -> None:
    with database.work() as s:
        first = lines.save(s, CENTER, TOURISM, rules, now=NOW)
        assert first.version == 1
    with database.work() as s:
        again = lines.save(
            s, CENTER, replace(TOURISM, queue="enterprise"), rules, version=1, now=NOW
        )
        assert (again.queue, again.version) == ("enterprise", 2)
    with database.work() as s:
        same = lines.save(
            s, CENTER, replace(TOURISM, queue="enterprise"), rules, version=2, now=NOW
        )
        assert same.version == 2
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "LineChanged")).all()
        assert [event.details["number"] for event in told] == ["12301", "12301"]


def test_who_read_an_older_version_does_not_overwrite_the_newer(
    database: Database, rules: Rules
) -> None:
    with database.work() as s:
        lines.save(s, CENTER, TOURISM, rules, now=NOW)
        lines.save(s, CENTER, replace(TOURISM, note="甲"), rules, version=1, now=NOW)
    with database.work() as s, pytest.raises(LineChangedMeanwhile):
        lines.save(s, CENTER, replace(TOURISM, note="乙"), rules, version=1, now=NOW)
    with database.read() as s:
        assert s.get_one(Line, "12301").note == "甲"


def test_a_number_is_registered_once_and_only_a_known_one_is_changed(
    database: Database, rules: Rules
) -> None:
    with database.work() as s:
        lines.save(s, CENTER, TOURISM, rules, now=NOW)
        with pytest.raises(InvalidInput, match="已经登记") as told:
            lines.save(s, CENTER, TOURISM, rules, now=NOW)
        assert told.value.field == "number"
        with pytest.raises(NotFound):
            lines.save(s, CENTER, replace(TOURISM, number="12399"), rules, version=1, now=NOW)


def test_only_the_centre_and_the_administrator_change_the_register(
    database: Database, rules: Rules
) -> None:
    with database.work() as s, pytest.raises(RoleNotAllowed):
        lines.save(s, AGENT, TOURISM, rules, now=NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "12a"),
        ("number", "１２３４５"),
        ("name", "  "),
        ("name", "热" * 61),
        ("name", "热线\n[from-trunk]"),
        ("state", "gone"),
        ("kind", "vip"),
        ("queue", "nowhere"),
        ("greeting", "../secret"),
        ("greeting", "a;b"),
        ("department", "XX"),
        ("transfer_number", "12345"),
    ],
)
def test_a_value_that_cannot_be_is_named_at_its_field(
    database: Database, rules: Rules, field: str, value: str
) -> None:
    form = replace(TOURISM, **{field: value})  # type: ignore[arg-type]
    with database.work() as s, pytest.raises(InvalidInput) as told:
        lines.save(s, CENTER, form, rules, now=NOW)
    assert told.value.field == field


def test_a_line_ends_after_it_begins(database: Database, rules: Rules) -> None:
    day = date(2026, 12, 1)
    form = replace(TOURISM, effective_from=day, effective_to=day)
    with database.work() as s, pytest.raises(InvalidInput, match="晚于"):
        lines.save(s, CENTER, form, rules, now=NOW)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-30 23:59", LineStanding.COMING),
        ("2026-12-01 00:00", LineStanding.IN_FORCE),
        ("2026-12-31 23:59", LineStanding.IN_FORCE),
        ("2027-01-01 00:00", LineStanding.OVER),
    ],
)
def test_a_line_stands_by_the_citys_day(
    database: Database, rules: Rules, moment: str, expected: LineStanding
) -> None:
    form = replace(TOURISM, effective_from=date(2026, 12, 1), effective_to=date(2027, 1, 1))
    now = datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)
    with database.work() as s:
        lines.save(s, CENTER, form, rules, now=NOW)
        assert lines.one(s, rules, "12301", now=now).standing is expected


def test_the_main_number_stands_first_and_a_lost_queue_shows(
    database: Database, rules: Rules
) -> None:
    with database.work() as s:
        lines.save(s, CENTER, TOURISM, rules, now=NOW)
        main = replace(TOURISM, number="12345", name="政务服务便民热线", state="main")
        lines.save(s, CENTER, main, rules, now=NOW)
        s.get_one(Line, "12301").queue = "gone"
        s.flush()
        listed = lines.listed(s, rules, now=NOW)
    assert [(one.number, one.queue_missing) for one in listed] == [
        ("12345", False),
        ("12301", True),
    ]


def table(*rows: str) -> list[tuple[int, list[str]]]:
    return [(place, row.split(",")) for place, row in enumerate(rows, start=1)]


def test_what_was_exported_is_imported_without_a_change(database: Database, rules: Rules) -> None:
    full = LineForm(
        number="12366",
        name="纳税缴费服务热线",
        state="sub_centre",
        kind="enterprise",
        queue="enterprise",
        effective_from=date(2026, 1, 1),
        transfer_number="0999-8012366",
        language="普通话",
        own_report=True,
        note="税务部门自有坐席",
    )
    with database.work() as s:
        lines.save(s, CENTER, TOURISM, rules, now=NOW)
        lines.save(s, CENTER, full, rules, now=NOW)
        written = line_files.table(lines.listed(s, rules, now=NOW))
        loaded = line_files.load(s, CENTER, enumerate(written, start=1), rules, now=NOW)
    assert loaded == line_files.Loaded((), (), 2)


def test_an_import_adds_and_changes_and_leaves_the_rest(database: Database, rules: Rules) -> None:
    with database.work() as s:
        lines.save(s, CENTER, replace(TOURISM, note="老"), rules, now=NOW)
    rows = table(
        "号码,名称,归并方式,生效日期", "12301,文旅热线,整体并入,", "12319,城建,merged,2026/12/01"
    )
    with database.work() as s:
        loaded = line_files.load(s, CENTER, rows, rules, now=NOW)
        assert (loaded.added, loaded.changed) == (("12319",), ("12301",))
        kept = s.get_one(Line, "12301")
        assert (kept.name, kept.state, kept.note) == ("文旅热线", "merged", "老")
        assert s.get_one(Line, "12319").effective_from == date(2026, 12, 1)


def test_one_wrong_row_and_nothing_is_imported(database: Database, rules: Rules) -> None:
    rows = table("号码,名称,归并方式", "12319,城建,merged", "12x,坏,merged", "12319,又,merged")
    with pytest.raises(InvalidInput, match=r"第 3 行.*第 4 行.*两次"), database.work() as s:
        line_files.load(s, CENTER, rows, rules, now=NOW)
    with database.read() as s:
        assert s.scalars(select(Line)).all() == []


def call(number: str, minutes: float, wait_s: float | None, talk_s: float = 60) -> CallRecord:
    """A call that began so many minutes ago, answered after `wait_s` unless None."""
    start = NOW - timedelta(minutes=minutes)
    answered = None if wait_s is None else start + timedelta(seconds=wait_s)
    end = start + timedelta(seconds=40) if answered is None else answered
    return CallRecord(
        call_id=f"hot1-{number}-{minutes}",
        direction=Direction.INBOUND,
        caller="13900000000",
        line=number,
        queue="hotline",
        agent="8001" if answered else None,
        started_at=start,
        queued_at=start,
        left_queue_at=end,
        answered_at=answered,
        talk_ended_at=answered and answered + timedelta(seconds=talk_s),
        ended_at=end + timedelta(seconds=talk_s),
        outcome=CallOutcome.ANSWERED if answered else CallOutcome.ABANDONED_IN_QUEUE,
    )


def test_a_lines_report_counts_its_own_calls_by_the_citys_days(
    database: Database, rules: Rules
) -> None:
    day = 24 * 60
    service = rules.profile.service
    with database.work() as s:
        for one in (
            call("12315", 30, 5),
            call("12315", 60, 15, talk_s=120),
            call("12315", 90, 16),
            call("12315", 120, None),
            call("12315", 11 * 60, 3),  # yesterday 23:00
            call("12315", 8 * day, 3),
            call("12315", 40 * day, 3),
            call("12301", 20, 3),
        ):
            intake.record_call(s, one, now=NOW)
        today, week, month = line_reports.figures(s, CENTER, "12315", service, now=NOW)
        patient = replace(service, answer_within_seconds=30)
        soon = line_reports.figures(s, CENTER, "12315", patient, now=NOW)[0].soon
        listed = line_reports.calls(s, CENTER, "12315", now=NOW, days=7, offset=1, limit=2)
        counted = line_reports.calls_by_line(s, CENTER, now=NOW, days=7)
        hidden = line_reports.figures(
            s, Actor(name="城管局", role=Role.DEPARTMENT), "12315", service, now=NOW
        )
    assert soon == 3
    assert (today.calls, today.queued, today.answered, today.soon) == (4, 4, 3, 2)
    assert today.soon_percent == 50
    assert today.talk_s == pytest.approx(80)
    assert (week.calls, month.calls) == (5, 6)
    assert [one.wait_s for one in listed] == [15, 16]
    assert counted == {"12315": 5, "12301": 1}
    assert [one.calls for one in hidden] == [0, 0, 0]


@pytest.mark.parametrize(
    ("form", "note"),
    [
        (replace(TOURISM, state="main"), ""),
        (TOURISM, "撤销并入"),
        (
            replace(TOURISM, state="parallel", transfer_number="0999-8012301", language="英语"),
            "双号并行 · 英语 · 原单位 0999-8012301",
        ),
        (replace(TOURISM, effective_to=date(2026, 11, 23)), "撤销并入 · 已撤并"),
        (replace(TOURISM, effective_from=date(2026, 11, 24)), "撤销并入 · 未生效"),
    ],
)
def test_who_answers_is_told_what_the_line_is(
    database: Database, rules: Rules, form: LineForm, note: str
) -> None:
    with database.work() as s:
        assert lines.note_for_agent(lines.save(s, CENTER, form, rules, now=NOW), NOW) == note
