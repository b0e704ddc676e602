"""The wallboard: what a supervisor sees, what he may do, and what is kept of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dispatch.bus import record
from dispatch.domain.call_ports import SilentTelephones
from dispatch.domain.call_terms import ListeningKind, ListenMode
from dispatch.domain.calls import AgentSeen, CallRecord, Direction
from dispatch.domain.errors import TelephonyUnavailable
from dispatch.domain.events import SeatCorrected
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import AgentState, SilentSeats
from dispatch.models.people import SeatRow
from dispatch.models.telephone import ListeningLog
from dispatch.models.tickets import TicketEvent
from dispatch.service import intake, listening, seats, seats_seen, wallboard_figures
from portal.deps import PortalContext
from portal.live import messages_for
from tests.portal.town import Town


def context(town: Town) -> PortalContext:
    found: PortalContext = town.app.state.context
    return found


@pytest.fixture
def telephones(town: Town) -> SilentTelephones:
    """A telephone system that does nothing and remembers what it was asked."""
    silent = SilentTelephones()
    bundle = replace(context(town).telephones, supervising=silent)
    town.app.state.context = replace(context(town), telephones=bundle)
    return silent


def call(town: Town, call_id: str, *, ago: float = 0, **known: object) -> int:
    """A call that came `ago` seconds before now, as known so far; its contact."""
    began = town.clock.now - timedelta(seconds=ago)
    base: dict[str, object] = {
        "call_id": call_id,
        "direction": Direction.INBOUND,
        "caller": "13912345678",
        "line": "12345",
        "queue": "hotline",
        "started_at": began,
        "queued_at": began,
    }
    told = CallRecord(**{**base, **known})  # type: ignore[arg-type]
    with town.database.work() as session:
        return intake.record_call(session, told, now=town.clock.now)


def sign_in(town: Town, *logins: str) -> None:
    for login in logins:
        actor = town.actor(login)
        with town.database.work() as session:
            seats.set_seat(
                session, actor, AgentState.READY, context(town).rules, now=town.clock.now
            )


def seen(town: Town, extension: str, state: AgentState, call_id: str) -> None:
    with town.database.work() as session:
        news = AgentSeen(extension=extension, state=state, since=town.clock.now, call_id=call_id)
        seats_seen.record_seen(session, news, context(town).rules, town.clock.now)


def talk(town: Town, call_id: str = "talks", extension: str = "8001") -> int:
    """The agent with a citizen."""
    contact = call(town, call_id, agent=extension, answered_at=town.clock.now)
    seen(town, extension, AgentState.TALKING, call_id)
    return contact


def card(page: str, extension: str) -> str:
    return page.split(f'data-testid="seat-{extension}"')[1].split("</li>")[0]


def log_rows(town: Town) -> list[ListeningLog]:
    with town.database.read() as session:
        return list(session.scalars(select(ListeningLog).order_by(ListeningLog.id)))


def test_callers_and_agents_are_shown_as_they_are(town: Town) -> None:
    sign_in(town, "wang", "zhao")
    waiting = call(town, "waits", ago=65)
    call(town, "over", ago=90, agent="8001", answered_at=town.clock.now, ended_at=town.clock.now)
    talk(town)
    town.clock.advance(minutes=2)
    page = town.browser("ban").get("/wallboard").text
    assert re.search(r'data-testid="waiting-hotline">1<', page)
    assert page.count('data-testid="caller-') == 1
    row = page.split(f'data-testid="caller-{waiting}"')[1].split("</li>")[0]
    assert "139****5678" in row
    assert "政务服务便民热线" in row
    assert ">3:05<" in row
    assert 'data-state="talking"' in card(page, "8001")
    assert "通话中" in card(page, "8001")
    assert ">2:00<" in card(page, "8001")
    assert "就绪" in card(page, "8002")
    assert "13912345678" not in page


def test_an_empty_board_says_what_will_appear(town: Town) -> None:
    page = town.browser("ban").get("/wallboard").text
    assert "没有人在排队" in page
    assert "未签入" in card(page, "8001")


def test_a_pause_past_its_limit_and_a_dead_telephone_are_marked(town: Town) -> None:
    sign_in(town, "wang", "zhao")
    with town.database.work() as session:
        rules = context(town).rules
        meal = next(p for p in rules.profile.calls.pauses if p.code == "meal")
        seats.set_seat(
            session, town.actor("wang"), AgentState.PAUSED, rules, meal.label, now=town.clock.now
        )
        row = session.scalar(select(SeatRow).where(SeatRow.extension == "8002"))
        assert row is not None
        row.unreachable_since = town.clock.now
    before = town.browser("ban").get("/wallboard").text
    assert "超时" not in card(before, "8001")
    town.clock.advance(seconds=meal.limit_s + 1)
    page = town.browser("ban").get("/wallboard").text
    assert "超时" in card(page, "8001")
    assert "电话未连上" in card(page, "8002")


def test_every_figure_opens_as_many_rows_as_it_says(town: Town) -> None:
    now = town.clock.now
    quick, slow = now - timedelta(seconds=195), now - timedelta(seconds=160)
    call(town, "quick", ago=200, agent="8001", answered_at=quick, ended_at=now)
    call(town, "slow", ago=200, agent="8001", answered_at=slow, ended_at=now)
    call(town, "lost", ago=120, left_queue_at=now, ended_at=now)
    call(town, "waits-long", ago=20)
    call(town, "waits-short", ago=5)
    call(
        town,
        "yesterday",
        ago=90_000,
        agent="8001",
        answered_at=now - timedelta(seconds=89_999),
        ended_at=now,
    )
    figures = town.system("ban").get("/api/v1/wallboard").json()
    assert (figures["service"]["hits"], figures["service"]["judged"]) == (1, 4)
    assert figures["service"]["percent"] == 25.0
    assert (figures["connection"]["hits"], figures["connection"]["judged"]) == (2, 3)
    (queue,) = [q for q in figures["queues"] if q["code"] == "hotline"]
    assert queue["waiting"] == 2
    browser = town.browser("ban")
    for code, expected in (("service", (1, 4)), ("connection", (2, 3))):
        for part, many in zip(("hits", "all"), expected, strict=True):
            page = browser.get(f"/wallboard/rows/{code}?part={part}&queue=hotline").text
            assert page.count('data-testid="row"') == many, (code, part)
        missed = browser.get(f"/wallboard/rows/{code}?part=missed").text
        assert missed.count('data-testid="row"') == expected[1] - expected[0]
        assert f">{expected[0]} ÷ {expected[1]}<" in missed
    assert browser.get("/wallboard/rows/waiting").text.count('data-testid="row"') == 2
    assert browser.get("/wallboard/rows/nothing").status_code == 404


def test_how_soon_is_soon_enough_is_the_citys_rule(town: Town) -> None:
    now = town.clock.now
    call(
        town, "slow", ago=200, agent="8001", answered_at=now - timedelta(seconds=160), ended_at=now
    )
    call(town, "waits", ago=20)
    service = context(town).rules.profile.service
    found = {}
    for seconds in (15, 60):
        rule = replace(service, answer_within_seconds=seconds)
        figure = wallboard_figures.service_figure(rule)
        assert figure.label.startswith(f"{seconds} 秒接通率")
        with town.database.read() as session:
            share = wallboard_figures.total(wallboard_figures.shares(session, figure, now=now))
        found[seconds] = (share.hits, share.judged)
    assert found == {15: (0, 2), 60: (1, 1)}


def test_a_listening_is_written_down_before_the_telephone_rings(
    town: Town, telephones: SilentTelephones
) -> None:
    sign_in(town, "wang")
    contact = talk(town)
    browser = town.browser("ban")
    answer = browser.post("/wallboard/listen", data={"extension": "8001", "reason": "日常质检"})
    assert answer.status_code == 200, answer.text
    (row,) = log_rows(town)
    assert telephones.asked == [("listen", "8301", "8001", ListenMode.LISTEN, f"listen-{row.id}")]
    assert (row.kind, row.contact_id, row.until, row.reason) == (
        "listen",
        contact,
        None,
        "日常质检",
    )
    assert 'data-listening="listen"' in browser.get("/wallboard").text


def test_each_mode_is_a_row_of_its_own_and_the_end_closes_the_last(
    town: Town, telephones: SilentTelephones
) -> None:
    sign_in(town, "wang")
    talk(town)
    browser = town.browser("ban")
    browser.post("/wallboard/listen", data={"extension": "8001", "reason": "新人辅导"})
    town.clock.advance(seconds=30)
    browser.post("/wallboard/mode", data={"mode": "barge"})
    first, second = log_rows(town)
    assert telephones.asked[-1] == ("mode", f"listen-{first.id}", ListenMode.BARGE)
    assert (first.until, second.kind, second.until) == (town.clock.now, "barge", None)
    town.clock.advance(seconds=10)
    with town.database.work() as session:
        assert listening.close(session, first.id, at=town.clock.now)
    with town.database.work() as session:
        assert not listening.close(session, first.id, at=town.clock.now)
    assert [row.until for row in log_rows(town)][1] == town.clock.now
    assert 'data-listening=""' in browser.get("/wallboard").text
    assert browser.post("/wallboard/mode", data={"mode": "listen"}).status_code == 409


class DeadTelephones(SilentTelephones):
    """Takes no order."""

    def listen(self, supervisor: str, agent: str, mode: ListenMode, channel_id: str) -> None:
        raise TelephonyUnavailable


def test_a_listening_that_never_began_is_closed_at_once(town: Town) -> None:
    bundle = replace(context(town).telephones, supervising=DeadTelephones())
    town.app.state.context = replace(context(town), telephones=bundle)
    sign_in(town, "wang")
    talk(town)
    answer = town.browser("ban").post(
        "/wallboard/listen", data={"extension": "8001", "reason": "日常质检"}
    )
    assert answer.status_code == 503
    assert [row.until for row in log_rows(town)] == [town.clock.now]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"extension": "8001", "reason": " "}, 422),
        ({"extension": "8002", "reason": "日常质检"}, 409),
        ({"extension": "8301", "reason": "日常质检"}, 422),
        ({"extension": "8999", "reason": "日常质检"}, 404),
        ({"extension": "80;01", "reason": "日常质检"}, 422),
        ({"extension": "8001", "reason": "日常质检", "mode": "record"}, 422),
    ],
)
def test_what_cannot_be_listened_to_is_refused_and_leaves_no_row(
    town: Town, telephones: SilentTelephones, form: dict[str, str], status: int
) -> None:
    sign_in(town, "wang", "zhao")
    talk(town)
    answer = town.browser("ban").post("/wallboard/listen", data=form)
    assert answer.status_code == status, answer.text
    assert log_rows(town) == []
    assert telephones.asked == []


@pytest.mark.parametrize("login", ["wang", "li", "hui", "chengguan", "zhang", "root"])
def test_nobody_but_supervisors_and_the_centre_may_listen(
    town: Town, telephones: SilentTelephones, login: str
) -> None:
    sign_in(town, "zhao")
    talk(town, extension="8002")
    browser = town.browser(login)
    for path in ("listen", "take-over", "release", "seat", "message"):
        answer = browser.post(
            f"/wallboard/{path}",
            data={"extension": "8002", "reason": "好奇", "words": "喂", "state": "paused"},
        )
        assert answer.status_code == 403, path
    assert telephones.asked == []
    assert log_rows(town) == []


def test_whoever_has_no_telephone_is_told_so(town: Town, telephones: SilentTelephones) -> None:
    sign_in(town, "wang")
    talk(town)
    answer = town.browser("zhong").post(
        "/wallboard/listen", data={"extension": "8001", "reason": "日常质检"}
    )
    assert answer.status_code == 403
    assert "没有分机号" in answer.text
    assert telephones.asked == []


def test_a_take_over_is_in_the_log_with_the_contact(
    town: Town, telephones: SilentTelephones
) -> None:
    sign_in(town, "wang")
    contact = talk(town)
    answer = town.browser("ban").post("/wallboard/take-over", data={"extension": "8001"})
    assert answer.status_code == 200, answer.text
    assert telephones.asked == [("take_over", "8301", "8001")]
    (row,) = log_rows(town)
    assert (row.kind, row.contact_id, row.until) == ("take_over", contact, row.at)


@pytest.mark.parametrize(("citizen", "kept"), [("queue", True), ("end", False)])
def test_a_released_agent_is_paused_first(
    town: Town, telephones: SilentTelephones, citizen: str, kept: bool
) -> None:
    silent = SilentSeats()
    town.app.state.context = replace(context(town), seats=silent)
    sign_in(town, "wang")
    contact = talk(town)
    answer = town.browser("ban").post(
        "/wallboard/release", data={"extension": "8001", "citizen": citizen}
    )
    assert answer.status_code == 200, answer.text
    assert telephones.asked == [("release", "8001", kept)]
    (ordered,) = silent.applied
    assert ordered.state in {AgentState.PAUSED, AgentState.WRAP_UP}
    with town.database.read() as session:
        facts = session.scalars(select(TicketEvent).where(TicketEvent.kind == "TalkReleased")).all()
    assert [(f.contact_id, f.actor_name, f.details["to"]) for f in facts] == [
        (contact, "ban员", citizen)
    ]


def test_a_supervisor_signs_an_agent_out_whose_page_is_closed(town: Town) -> None:
    sign_in(town, "wang")
    browser = town.browser("ban")
    paused = browser.post("/wallboard/seat", data={"extension": "8001", "state": "paused"})
    assert paused.status_code == 200
    assert "班长" in card(browser.get("/wallboard").text, "8001")
    browser.post("/wallboard/seat", data={"extension": "8001", "state": "signed_out"})
    with town.database.read() as session:
        events = session.scalars(
            select(TicketEvent).where(TicketEvent.kind == "SeatChanged").order_by(TicketEvent.id)
        ).all()
    assert [(e.actor_name, e.details["state"]) for e in events] == [
        ("wang员", "ready"),
        ("ban员", "paused"),
        ("ban员", "signed_out"),
    ]
    refused = browser.post("/wallboard/seat", data={"extension": "8001", "state": "talking"})
    assert refused.status_code == 422


def told(browser: TestClient) -> list[str]:
    return [m["words"] for m in browser.get("/agent/messages").json()["messages"]]


def test_a_message_waits_on_the_console_until_it_is_read(town: Town) -> None:
    ban, wang, zhao = (town.browser(login) for login in ("ban", "wang", "zhao"))
    sent = ban.post("/wallboard/message", data={"extension": "8001", "words": " 请放慢语速 "})
    assert sent.status_code == 200
    assert told(wang) == ["请放慢语速"]
    assert told(zhao) == []
    (message,) = wang.get("/agent/messages").json()["messages"]
    assert message["from"] == "ban员"
    assert zhao.post(f"/agent/messages/{message['id']}/read").status_code == 404
    assert wang.post(f"/agent/messages/{message['id']}/read").status_code == 200
    assert told(wang) == []


def test_a_message_to_all_reaches_whoever_is_signed_in(town: Town) -> None:
    ban = town.browser("ban")
    nobody = ban.post("/wallboard/message", data={"words": "暴雨预警"})
    assert nobody.status_code == 422
    sign_in(town, "wang")
    assert ban.post("/wallboard/message", data={"words": "暴雨预警"}).status_code == 200
    assert told(town.browser("wang")) == ["暴雨预警"]
    assert told(town.browser("zhao")) == []
    for words in ("", "长" * 301):
        assert ban.post("/wallboard/message", data={"words": words}).status_code == 422


def test_an_agent_never_hears_that_he_is_listened_to(
    town: Town, telephones: SilentTelephones
) -> None:
    sign_in(town, "wang")
    talk(town)
    last = town.app.state.live.newest()
    town.browser("ban").post("/wallboard/listen", data={"extension": "8001", "reason": "日常质检"})
    heard = {
        login: [m.event for m in town.app.state.live.missed(town.actor(login), last)]
        for login in ("wang", "ban")
    }
    assert heard == {"wang": [], "ban": ["listening"]}
    assert messages_for(town.actor("wang"), [], {}) == []


def test_the_log_shows_a_supervisor_his_own_rows_and_the_centre_all(
    town: Town, telephones: SilentTelephones
) -> None:
    sign_in(town, "wang")
    talk(town)
    town.browser("ban").post("/wallboard/listen", data={"extension": "8001", "reason": "=日常"})
    with town.database.work() as session:
        from_centre = listening.log(
            session, town.actor("zhong"), ListeningKind.PLAY, now=town.clock.now
        )
        other = from_centre.id
    mine, theirs = town.browser("ban"), town.browser("zhong")
    assert mine.get("/wallboard/log").text.count('data-testid="listening-') == 1
    assert theirs.get("/wallboard/log").text.count('data-testid="listening-') == 2
    assert f"listening-{other}" in theirs.get("/wallboard/log?who=zhong").text
    assert "还没有记录" in theirs.get("/wallboard/log?who=zhong&extension=8001").text
    assert "还没有记录" in theirs.get("/wallboard/log?day=2020-01-01").text
    assert theirs.get("/wallboard/log?day=yesterday").status_code == 422
    csv = theirs.get("/wallboard/log.csv")
    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert "'=日常" in csv.text
    assert "wang员" in csv.text
    for login in ("wang", "chengguan", "zhang"):
        assert town.browser(login).get("/wallboard/log").status_code == 403


def test_a_difference_that_was_healed_is_counted_and_opens(town: Town) -> None:
    browser = town.browser("ban")
    assert "没有发现差异" in browser.get("/wallboard/corrections").text
    for ago in (timedelta(hours=25), timedelta(hours=1)):
        healed = SeatCorrected(
            at=town.clock.now - ago, extension="8001", state="paused", found="ready"
        )
        with town.database.work() as session:
            record(session, SYSTEM, healed)
    assert 'data-testid="corrections">1<' in browser.get("/wallboard").text
    rows = browser.get("/wallboard/corrections").text
    assert rows.count('data-testid="row"') == 1
    assert "wang员" in rows
    assert "<td>就绪</td><td>小休</td>" in rows
