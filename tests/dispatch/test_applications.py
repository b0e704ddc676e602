"""申请 and 裁定 on the services alone: what a unit may ask for, until when, and who rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import (
    AccusedUnit,
    ActionNotAllowed,
    ApplicationPending,
    ChangedMeanwhile,
    HigherApproverNeeded,
    HotlineError,
    InvalidInput,
    NotByPolicy,
    OwnRequest,
    ReturnForbidden,
    ReturnWindowClosed,
    RoleNotAllowed,
    TooManyTimes,
    WindowClosed,
)
from dispatch.domain.terms import ApplicationKind, AvoidReason
from dispatch.domain.worktime import local
from dispatch.models.handling import Application
from dispatch.models.people import Department
from dispatch.models.ties import AvoidedUnit
from dispatch.service import (
    applications,
    assignment,
    handling,
    resident,
    rulings,
)
from dispatch.service.rulings import GrantTerms
from tests.dispatch.asking_story import DAY, NOW, Story, founded, rules_of


@pytest.fixture
def city(database: Database) -> Database:
    """A city of two units on each engine."""
    return founded(database)


@pytest.fixture
def story(city: Database) -> Story:
    """A ticket that 老李 dispatched to 城管局."""
    return Story(city, rules_of())


def test_a_granted_return_waits_for_another_unit_and_the_clock_goes_on(story: Story) -> None:
    promised = story.ticket.due_at
    which = story.ask(ApplicationKind.RETURN)
    assert story.ticket.status == "dispatched"
    story.now += timedelta(hours=3)
    story.grant(which, by="qian", ruling="同意")
    ticket = story.ticket
    assert (ticket.status, ticket.department_id, ticket.returns) == ("open", None, 1)
    assert (story.share.ended_how, story.share.ended_at) == ("returned", story.now)
    story.now += 2 * DAY
    story.dispatch("ZJ", by="qian")
    assert story.ticket.due_at == promised
    assert story.facts()[-4:] == [
        "TicketDispatched",
        "Applied",
        "ApplicationGranted",
        "TicketDispatched",
    ]


def test_a_new_unit_gets_at_least_the_floor_but_the_promise_stays(story: Story) -> None:
    due = story.ticket.due_at
    which = story.ask(ApplicationKind.RETURN)
    assert due is not None
    story.now = due - timedelta(hours=1)
    story.grant(which, by="qian")
    story.dispatch("ZJ", by="qian")
    assert story.share.due_at is not None
    assert story.share.due_at > due
    assert story.ticket.promised_at == due


def test_a_return_is_ruled_on_by_another_person_than_who_dispatched(story: Story) -> None:
    which = story.ask(ApplicationKind.RETURN)
    with pytest.raises(OwnRequest, match="由另一位同事裁定"):
        story.grant(which, by="li")
    with pytest.raises(OwnRequest, match="由另一位同事裁定"):
        story.deny(which, by="li")
    with pytest.raises(RoleNotAllowed):
        story.grant(which, by="cg")
    assert story.grant(which, by="qian").state == "granted"


def test_nobody_rules_on_a_request_of_his_own(story: Story) -> None:
    which = story.sign().ask(ApplicationKind.EXTENSION, limit="2 working_day")
    turncoat = replace(story.cast["zhong"], staff_id=story.cast["cg"].staff_id)
    with pytest.raises(OwnRequest, match="自己提出"), story.database.work() as s:
        rulings.grant(s, turncoat, story.number, which, story.rules, GrantTerms(), now=story.now)


def test_the_window_for_returning_closes_to_the_minute(story: Story) -> None:
    until = story.share.return_by
    assert until is not None
    story.now = until + timedelta(minutes=1)
    words = f"已于 {local(until):%Y-%m-%d %H:%M} 截止.*申请延期.*请热线中心协调"
    with pytest.raises(ReturnWindowClosed, match=words):
        story.ask(ApplicationKind.RETURN)
    story.now = until
    assert story.ask(ApplicationKind.RETURN)


def test_a_denied_return_is_denied_for_good(story: Story) -> None:
    story.deny(story.ask(ApplicationKind.RETURN), by="qian")
    assert story.ticket.status == "dispatched"
    assert story.share.designated
    assert not story.ticket.designated
    with pytest.raises(ReturnForbidden, match=r"被驳回，不得再次退回.*潍坊"):
        story.ask(ApplicationKind.RETURN)
    # Neither does another share of the same unit bring the right back.
    with story.database.work() as s:
        assignment.reassign(
            s, story.cast["li"], story.number, "ZJ", story.rules, reason="改", now=story.now
        )
    with story.database.work() as s:
        assignment.reassign(
            s, story.cast["li"], story.number, "CG", story.rules, reason="改回", now=story.now
        )
    with pytest.raises(ReturnForbidden, match="被驳回"):
        story.ask(ApplicationKind.RETURN)


def test_a_denial_that_designates_binds_every_later_share(story: Story) -> None:
    story.deny(story.ask(ApplicationKind.RETURN), by="qian", designate=True)
    assert story.ticket.designated


def test_a_unit_returns_no_more_often_than_the_policy_says(story: Story) -> None:
    for _ in range(story.rules.profile.returning.max_times):
        story.grant(story.ask(ApplicationKind.RETURN), by="qian")
        story.dispatch("CG", by="li")
    with pytest.raises(TooManyTimes, match="已申请退单 2 次，至多 2 次"):
        story.ask(ApplicationKind.RETURN)
    assert story.ticket.returns == 2


def test_golden_06_a_designated_unit_may_not_return(city: Database) -> None:
    for profile in ("default", "weifang_2021"):
        story = Story(city, rules_of(profile))
        story.grant(story.ask(ApplicationKind.RETURN), by="qian")
        story.dispatch("ZJ", by="zhong", designate=True)
        assert story.ticket.designated
        with pytest.raises(ReturnForbidden, match=r"指定本单位承办，不得退回.*第二十二条"):
            story.ask(ApplicationKind.RETURN, by="zj")
        assert not story.options("zj")[ApplicationKind.RETURN].allowed
        assert story.ticket.status == "dispatched"


def test_after_so_many_dispatches_the_centre_designates(story: Story) -> None:
    units = ["CG", "ZJ", "CG"]
    for unit, by in zip(units[1:], ["cg", "zj"], strict=True):
        story.grant(story.ask(ApplicationKind.RETURN, by=by), by="qian")
        story.dispatch(unit)
    story.grant(story.ask(ApplicationKind.RETURN), by="qian")
    with pytest.raises(HotlineError, match="指定"):
        story.dispatch("ZJ")
    story.dispatch("ZJ", by="zhong", designate=True)
    with pytest.raises(ReturnForbidden):
        story.ask(ApplicationKind.RETURN, by="zj")


def test_a_return_names_its_reason_its_basis_and_another_unit(story: Story) -> None:
    refusals: list[tuple[dict[str, Any], str, str]] = [
        ({"reason_code": "complex"}, "请从原因目录中选择退单的原因", "reason_code"),
        ({"reason": " "}, "请写明具体情况", "reason"),
        ({"basis": ""}, "须写明法律或职责依据", "basis"),
        ({"suggested": None}, "建议由哪个单位承办", "suggested"),
        ({"suggested": "CG"}, "不能是本单位", "suggested"),
    ]
    for typed, words, field in refusals:
        with pytest.raises(InvalidInput, match=words) as caught:
            story.ask(ApplicationKind.RETURN, **typed)
        assert caught.value.field == field
    with story.database.work() as s:
        unit = s.scalars(select(Department.id).where(Department.code == "ZJ")).one()
        s.add(
            AvoidedUnit(
                ticket_id=story.ticket.id,
                department_id=unit,
                why=AvoidReason.REPORTED.value,
                added_at=NOW,
            )
        )
    with pytest.raises(AccusedUnit):
        story.ask(ApplicationKind.RETURN)


def test_an_extension_moves_the_due_time_and_tells_the_resident(story: Story) -> None:
    story.sign()
    old = story.ticket.due_at
    story.now += DAY
    which = story.ask(ApplicationKind.EXTENSION, limit="3 working_day")
    assert story.ticket.due_at == old
    ruled = story.grant(which, by="li", ruling="同意")
    new = story.ticket.due_at
    assert old is not None
    assert new is not None
    assert local(old) == datetime(2026, 11, 30, 17, 30, tzinfo=local(old).tzinfo)
    assert local(new) == datetime(2026, 12, 3, 17, 30, tzinfo=local(old).tzinfo)
    assert (ruled.old_due_at, ruled.new_due_at, ruled.granted_until) == (old, new, new)
    assert story.ticket.promised_at == old
    with story.database.read() as s:
        seen = resident.progress(s, story.number, story.code, now=story.now)
    assert seen is not None
    (told,) = [m for m in seen.milestones if m.kind == "ClockMoved"]
    assert (told.old_due_at, told.new_due_at) == (old, new)
    assert "情况复杂" in told.words
    assert "经核实" not in told.words


def test_golden_14_an_extension_after_due_is_refused_and_a_second_needs_the_higher_approver(
    city: Database,
) -> None:
    story = Story(city, rules_of("shandong_prov_complaint_2017")).sign()
    first = story.ask(ApplicationKind.EXTENSION, limit="3 working_day")
    story.grant(first, by="li")
    second = story.ask(ApplicationKind.EXTENSION, limit="2 working_day")
    for person in ("li", "zhong"):
        with pytest.raises(HigherApproverNeeded, match="负责人审批"):
            story.grant(second, by=person)
    due = story.ticket.due_at
    assert due is not None
    assert story.grant(second, by="wei").state == "granted"
    assert story.ticket.due_at is not None
    assert story.ticket.due_at > due
    with pytest.raises(TooManyTimes, match="已延期 2 次"):
        story.ask(ApplicationKind.EXTENSION, limit="1 working_day")
    late = Story(city, rules_of("shandong_prov_complaint_2017")).sign()
    assert late.ticket.due_at is not None
    late.now = late.ticket.due_at + timedelta(minutes=1)
    with pytest.raises(WindowClosed, match="截止"):
        late.ask(ApplicationKind.EXTENSION, limit="1 working_day")


def test_an_extension_is_asked_early_enough_and_for_no_longer_than_allowed(story: Story) -> None:
    story.sign()
    until = story.options()[ApplicationKind.EXTENSION].until
    assert until is not None
    for limit, words in (
        ("6 working_day", "每次延期不超过 5 个工作日"),
        ("", "需要延期多久"),
        ("0 working_day", "应是正整数"),
        ("3 weeks", "应是正整数"),
    ):
        with pytest.raises(InvalidInput, match=words):
            story.ask(ApplicationKind.EXTENSION, limit=limit)
    story.now = until + timedelta(minutes=1)
    with pytest.raises(WindowClosed, match=f"已于 {local(until):%Y-%m-%d %H:%M} 截止"):
        story.ask(ApplicationKind.EXTENSION, limit="1 working_day")
    story.now = until
    assert story.ask(ApplicationKind.EXTENSION, limit="5 working_day")


def test_the_centre_may_grant_less_than_was_asked_for(story: Story) -> None:
    which = story.sign().ask(ApplicationKind.EXTENSION, limit="5 working_day")
    asked = story.ticket.due_at
    assert asked is not None
    ruled = story.grant(which, limit="1 working_day")
    assert ruled.new_due_at is not None
    assert (local(ruled.new_due_at) - local(asked)).days == 1


def test_a_hold_stops_the_clock_until_it_is_resumed(story: Story) -> None:
    story.sign()
    old = story.ticket.due_at
    which = story.ask(ApplicationKind.HOLD, until=date(2026, 12, 4))
    story.grant(which)
    held = story.ticket
    assert old is not None
    assert held.due_at is not None
    assert held.due_at > old + 7 * DAY
    assert held.held_until is not None
    with pytest.raises(ActionNotAllowed, match="已经挂起"):
        story.ask(ApplicationKind.HOLD, until=date(2026, 12, 7))
    story.now += 2 * DAY
    with story.database.work() as s:
        rulings.resume(s, story.cast["cg"], story.number, story.rules, now=story.now)
    resumed = story.ticket
    assert resumed.due_at is not None
    assert old < resumed.due_at < held.due_at
    assert resumed.held_until is None
    with pytest.raises(ActionNotAllowed, match="没有挂起"), story.database.work() as s:
        rulings.resume(s, story.cast["cg"], story.number, story.rules, now=story.now)
    with pytest.raises(TooManyTimes, match="已挂起 1 次"):
        story.ask(ApplicationKind.HOLD, until=date(2026, 12, 7))


def test_a_hold_ends_within_the_longest_the_policy_allows(story: Story) -> None:
    story.sign()
    with pytest.raises(InvalidInput, match="最晚到 2026-12-21 17:30"):
        story.ask(ApplicationKind.HOLD, until=date(2026, 12, 22))
    with pytest.raises(InvalidInput, match="日期应晚于"):
        story.ask(ApplicationKind.HOLD, until=date(2026, 11, 20))
    with pytest.raises(InvalidInput, match="请选择挂起到哪一天"):
        story.ask(ApplicationKind.HOLD)


def test_a_promise_is_possible_only_where_the_policy_knows_it(city: Database) -> None:
    story = Story(city, rules_of()).sign()
    with pytest.raises(NotByPolicy, match="“默认方案”没有承诺办理"):
        story.ask(ApplicationKind.COMMITMENT, until=date(2027, 3, 1))
    anhui = Story(city, rules_of("anhui_2025")).sign()
    with pytest.raises(InvalidInput, match="最晚到 2027-08-23"):
        anhui.ask(ApplicationKind.COMMITMENT, until=date(2027, 8, 24))
    which = anhui.ask(ApplicationKind.COMMITMENT, until=date(2027, 3, 1))
    with pytest.raises(RoleNotAllowed):
        anhui.grant(which, by="qian")
    anhui.grant(which, ruling="同意承诺")
    ticket = anhui.ticket
    assert ticket.due_at == ticket.committed_until
    assert ticket.due_at is not None
    assert local(ticket.due_at).date() == date(2027, 3, 1)


def test_a_termination_is_ruled_on_by_the_centre_and_explained(story: Story) -> None:
    which = story.sign().ask(ApplicationKind.TERMINATION)
    with pytest.raises(RoleNotAllowed):
        story.grant(which, by="qian", ruling="同意")
    with pytest.raises(RoleNotAllowed, match="只能由热线中心裁定"):
        story.deny(which, by="qian")
    with pytest.raises(InvalidInput, match="须向诉求人说明理由"):
        story.grant(which)
    said = "您两次未能到场配合查验，依照规定终止办理；有新情况请再来电"
    story.grant(which, ruling=said)
    ticket = story.ticket
    assert (ticket.status, ticket.closed_at) == ("terminated", story.now)
    assert (story.share.ended_how, story.share.next_at) == ("terminated", None)
    with story.database.read() as s:
        seen = resident.progress(s, story.number, story.code, now=story.now)
    assert seen is not None
    assert [m.words for m in seen.milestones if m.kind == "TicketTerminated"] == [said]


def test_what_comes_too_late_is_refused_with_the_moment(story: Story) -> None:
    story.sign()
    due = story.ticket.due_at
    assert due is not None
    story.now = due + timedelta(minutes=1)
    refused: list[tuple[ApplicationKind, dict[str, Any]]] = [
        (ApplicationKind.HOLD, {"until": date(2026, 12, 10)}),
        (ApplicationKind.TERMINATION, {}),
    ]
    for kind, more in refused:
        with pytest.raises(WindowClosed, match=f"已于 {local(due):%Y-%m-%d %H:%M} 截止"):
            story.ask(kind, **more)


def test_one_question_at_a_time_and_it_may_be_taken_back(story: Story) -> None:
    story.sign()
    which = story.ask(ApplicationKind.EXTENSION, limit="1 working_day")
    with pytest.raises(ApplicationPending, match="延期申请还在等待"):
        story.ask(ApplicationKind.HOLD, until=date(2026, 12, 1))
    with story.database.work() as s:
        applications.withdraw(s, story.cast["cg"], story.number, which, now=story.now)
    assert story.ask(ApplicationKind.HOLD, until=date(2026, 12, 1))
    with pytest.raises(ChangedMeanwhile, match="已撤回"):
        story.grant(which)


def test_two_people_ruling_at_once_the_second_is_told(story: Story) -> None:
    which = story.sign().ask(ApplicationKind.EXTENSION, limit="1 working_day")
    seen = story.ticket.version
    with story.database.work() as s:
        rulings.deny(
            s, story.cast["zhong"], story.number, which, ruling="不同意", expected=seen, now=NOW
        )
    with pytest.raises(ChangedMeanwhile, match="已驳回"):
        story.grant(which, by="wei")
    with pytest.raises(ChangedMeanwhile), story.database.work() as s:
        rulings.grant(
            s,
            story.cast["wei"],
            story.number,
            which,
            story.rules,
            GrantTerms(),
            expected=seen,
            now=NOW,
        )


def test_what_was_asked_lapses_when_the_ticket_goes_on(story: Story) -> None:
    story.sign()
    story.ask(ApplicationKind.EXTENSION, limit="1 working_day")
    with story.database.work() as s:
        handling.complete(
            s,
            story.cast["cg"],
            story.number,
            story.rules,
            public_reply="经核实，鼓楼街烧烤占道属实，已责令商户撤摊并清洗路面。",
            now=story.now,
        )
    with story.database.read() as s:
        (left,) = s.scalars(select(Application)).all()
    assert (left.state, left.ruled_by_id) == ("withdrawn", None)
    assert "办结" in left.ruling


def test_a_reassignment_lets_the_old_units_question_lapse(story: Story) -> None:
    story.ask(ApplicationKind.RETURN)
    with story.database.work() as s:
        assignment.reassign(
            s, story.cast["li"], story.number, "ZJ", story.rules, reason="直接改派", now=story.now
        )
    with story.database.read() as s:
        assert s.scalars(select(Application.state)).all() == ["withdrawn"]
    assert story.ask(ApplicationKind.RETURN, by="zj")


def test_dispatchers_hear_of_the_question_and_the_unit_of_the_ruling(story: Story) -> None:
    which = story.sign().ask(ApplicationKind.EXTENSION, limit="3 working_day")
    (asked,) = [n for n in story.notices() if n.kind == "applied"]
    assert asked.role == "dispatcher"
    story.grant(which, by="li", ruling="抓紧办理")
    (ruled,) = [n for n in story.notices() if n.kind == "ruling"]
    assert ruled.department_id == story.cast["cg"].department_id
    assert "2026-11-30 17:30 改为 2026-12-03 17:30" in ruled.words
    assert "抓紧办理" in ruled.words


def test_another_unit_asks_for_nothing(story: Story) -> None:
    with pytest.raises(HotlineError):
        story.ask(ApplicationKind.RETURN, by="zj")
    with pytest.raises(RoleNotAllowed):
        story.ask(ApplicationKind.RETURN, by="li")


def test_the_rules_box_says_of_every_kind_whether_and_until_when(story: Story) -> None:
    before = story.options()
    assert before[ApplicationKind.RETURN].allowed
    assert before[ApplicationKind.RETURN].left == 2
    assert before[ApplicationKind.RETURN].until == story.share.return_by
    assert not before[ApplicationKind.EXTENSION].allowed  # not signed yet
    story.sign()
    after = story.options()
    assert [kind for kind, option in after.items() if option.allowed] == [
        ApplicationKind.RETURN,
        ApplicationKind.EXTENSION,
        ApplicationKind.HOLD,
        ApplicationKind.TERMINATION,
    ]
    assert all(option.why for option in after.values())
    assert "依据：" in after[ApplicationKind.EXTENSION].rule
