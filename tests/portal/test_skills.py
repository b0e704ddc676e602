"""The grid of agents by skills: what is chosen, which queues come of it, who may choose."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from dispatch.domain.calls import AgentSeen
from dispatch.domain.ports import AgentState, Membership, SilentSeats
from dispatch.models.telephone import StaffSkill
from dispatch.models.tickets import TicketEvent
from dispatch.service import seats, seats_reached, seats_seen
from tests.portal.town import Town


def row(page: str, test_id: str) -> str:
    """The table row with this id."""
    return page.split(f'data-testid="{test_id}"')[1].split("</tr>")[0]


def staff_id(town: Town, login: str) -> int:
    found = town.actor(login).staff_id
    assert found is not None
    return found


def orders(town: Town) -> list[tuple[str, tuple[Membership, ...]]]:
    control = town.app.state.context.seats
    assert isinstance(control, SilentSeats)
    return [(seat.extension, seat.queues) for seat in control.applied]


def sign_in(town: Town, login: str) -> None:
    rules = town.app.state.context.rules
    with town.database.work() as session:
        seats.set_seat(session, town.actor(login), AgentState.READY, rules, now=town.clock.now)


def test_a_queue_nobody_can_serve_is_warned_of(town: Town) -> None:
    page = town.browser("ban").get("/admin/skills").text
    assert "没有话务员具备所需技能" in row(page, "queue-enterprise")
    assert "现在没有人签入" in row(page, "queue-hotline")
    sign_in(town, "wang")
    page = town.browser("ban").get("/admin/skills").text
    assert "有人接听" in row(page, "queue-hotline")


def test_a_skill_gives_the_agent_its_queue_at_once(town: Town) -> None:
    sign_in(town, "wang")
    wang = staff_id(town, "wang")
    browser = town.browser("ban")
    form = {"skill_english": "2", "skill_enterprise": "0", "skill_dialect": ""}
    saved = browser.post(f"/admin/skills/{wang}", data=form)
    assert (saved.status_code, saved.headers["location"]) == (
        303,
        f"/admin/skills?done={wang}#agent-{wang}",
    )
    assert orders(town)[-1] == (
        "8001",
        (Membership("hotline"), Membership("enterprise"), Membership("foreign", 2)),
    )
    page = browser.get("/admin/skills").text
    assert "外语队列 · 2" in row(page, "agent-8001")
    assert "1 人" in row(page, "queue-foreign")
    with town.database.read() as session:
        facts = session.scalars(select(TicketEvent).where(TicketEvent.kind == "SkillsChanged"))
        [fact] = facts
    assert fact.details == {"extension": "8001", "skills": "企业服务(0)、英语(2)"}
    assert fact.actor_name == "ban员"


def test_the_same_choice_again_writes_nothing_and_an_empty_one_takes_the_skill_away(
    town: Town,
) -> None:
    wang, browser = staff_id(town, "wang"), town.browser("root")
    for _ in range(2):
        browser.post(f"/admin/skills/{wang}", data={"skill_english": "1"})
    with town.database.read() as session:
        kinds = session.scalars(select(TicketEvent.kind)).all()
        assert kinds.count("SkillsChanged") == 1
    town.clock.advance(minutes=1)
    browser.post(f"/admin/skills/{wang}", data={"skill_english": ""})
    with town.database.read() as session:
        assert session.scalars(select(StaffSkill)).all() == []


def test_what_cannot_be_chosen_is_refused_in_words(town: Town) -> None:
    wang, browser = staff_id(town, "wang"), town.browser("ban")
    for form in ({"skill_russian": "1"}, {"skill_english": "12"}, {"skill_english": "x"}):
        answer = browser.post(f"/admin/skills/{wang}", data=form)
        assert answer.status_code == 422
        assert "notice" in answer.text
    li = staff_id(town, "li")
    assert browser.post(f"/admin/skills/{li}", data={"skill_english": "1"}).status_code == 404
    with town.database.read() as session:
        assert session.scalars(select(StaffSkill)).all() == []


def test_agents_choose_neither_their_own_skills_nor_others(town: Town) -> None:
    wang = staff_id(town, "wang")
    answer = town.browser("wang").post(f"/admin/skills/{wang}", data={"skill_english": "0"})
    assert answer.status_code == 403


def test_an_agent_hears_of_a_missed_call_on_his_page(town: Town) -> None:

    sign_in(town, "wang")
    rules, now = town.app.state.context.rules, town.clock.now
    rung = now + timedelta(seconds=5)
    with town.database.work() as session:
        for state, since, missed in (
            (AgentState.RINGING, rung, False),
            (AgentState.READY, rung + timedelta(seconds=20), True),
        ):
            news = AgentSeen(extension="8001", state=state, since=since, call_id="c", missed=missed)
            seats_seen.record_seen(session, news, rules, rung + timedelta(seconds=20))
    shown = town.browser("wang").get("/agent/seat").json()
    assert (shown["state"], shown["label"]) == ("paused", "振铃未接")
    assert "漏接了一个来电" in shown["message"]


def test_monitoring_counts_seats_by_state_and_those_that_cannot_be_rung(town: Town) -> None:
    sign_in(town, "wang")
    sign_in(town, "zhao")
    with town.database.work() as session:
        seats_reached.mark_unreachable(session, {"8002"}, at=town.clock.now)
    text = town.monitor().get("/metrics").text
    assert 'hotline_seats{state="ready"} 2.0' in text
    assert "hotline_seats_unreachable 1.0" in text


def test_an_agents_page_shows_how_his_day_went(town: Town) -> None:
    rules, wang = town.app.state.context.rules, town.actor("wang")
    browser = town.browser("wang")
    assert "今日状态" not in browser.get("/agent/recent").text
    sign_in(town, "wang")
    town.clock.advance(minutes=10)
    with town.database.work() as session:
        seats.set_seat(session, wang, AgentState.PAUSED, rules, "用餐", now=town.clock.now)
    town.clock.advance(minutes=5)
    page = browser.get("/agent/recent").text
    assert "就绪 10 分 0 秒 · 小休 5 分 0 秒" in page
    assert "10:10:00–现在</span> 用餐" in page


def test_the_supervisor_reads_how_long_each_agent_was_in_each_state(town: Town) -> None:
    rules, wang = town.app.state.context.rules, town.actor("wang")
    browser = town.browser("ban")
    assert "这一天没有人签入" in browser.get("/admin/agents").text
    sign_in(town, "wang")
    town.clock.advance(minutes=10)
    with town.database.work() as session:
        seats.set_seat(session, wang, AgentState.PAUSED, rules, "用餐", now=town.clock.now)
    town.clock.advance(hours=15)
    browser = town.browser("ban")
    shown = row(browser.get("/admin/agents?day=2026-11-23").text, "hours-8001")
    assert "14 小时 0 分" in shown
    assert "10 分 0 秒" in shown
    assert "1 小时 10 分" in row(browser.get("/admin/agents").text, "hours-8001")
    assert browser.get("/admin/agents?day=nonsense").status_code == 200
