"""漏接回拨 on both databases: who called in vain is rung back exactly once."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.call_ports import CallBackOrder
from dispatch.domain.call_terms import CallBackKind, CallBackState
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.models.contacts import Contact
from dispatch.models.telephone import CallBack
from dispatch.service import call_back_placing as placing
from tests.dispatch.call_story import CITIZEN, at, call, seat, tell
from tests.dispatch.test_contention import at_once

OTHER = "13900001111"


def rows(database: Database) -> list[CallBack]:
    with database.read() as session:
        return list(session.scalars(select(CallBack).order_by(CallBack.id)))


def only(database: Database) -> CallBack:
    (row,) = rows(database)
    return row


def due(database: Database, rules: Rules, seconds: float) -> list[CallBackOrder]:
    with database.work() as session:
        return placing.claim_due(session, rules, now=at(seconds))


def placed(order: CallBackOrder, start: float, end: float | None, **more: object) -> CallRecord:
    return call(
        order.channel_id,
        start,
        end,
        caller="12345",
        line=order.number,
        direction=Direction.OUTBOUND,
        **more,  # type: ignore[arg-type]
    )


def test_who_calls_three_times_in_vain_is_owed_one_call(database: Database, rules: Rules) -> None:
    tell(database, rules, *(call(f"c{n}", n * 60, n * 60 + 20) for n in range(3)))
    row = only(database)
    assert (row.kind, row.state) == (CallBackKind.MISSED, CallBackState.WAITING)
    assert (row.number, row.missed_calls, row.last_missed_at) == (CITIZEN, 3, at(140))


def test_news_told_again_counts_no_call_twice(database: Database, rules: Rules) -> None:
    missed = call("c1", 0, 20)
    tell(database, rules, missed, missed, missed)
    assert only(database).missed_calls == 1


@pytest.mark.parametrize(
    ("outcome", "seconds", "kind"),
    [
        (CallOutcome.ABANDONED_IN_QUEUE, 4, None),
        (CallOutcome.ABANDONED_IN_QUEUE, 5, CallBackKind.MISSED),
        (CallOutcome.ABANDONED_IN_IVR, 6, CallBackKind.MISSED),
        (CallOutcome.OVERFLOWED, 1, CallBackKind.MISSED),
        (CallOutcome.CLOSED, 1, CallBackKind.MISSED),
        (CallOutcome.FAILED, 1, CallBackKind.MISSED),
        (CallOutcome.REFUSED, 30, None),
        (CallOutcome.CALL_BACK, 30, CallBackKind.REQUESTED),
        (CallOutcome.VOICEMAIL, 30, CallBackKind.VOICEMAIL),
    ],
)
def test_what_a_call_is_owed_follows_from_how_it_ended(
    database: Database,
    rules: Rules,
    outcome: CallOutcome,
    seconds: float,
    kind: CallBackKind | None,
) -> None:
    tell(database, rules, call("c1", 0, seconds, outcome=outcome))
    assert [row.kind for row in rows(database)] == ([kind.value] if kind else [])


def test_who_gets_through_by_himself_is_not_rung(database: Database, rules: Rules) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20), call("c2", 60, 200, answered=70))
    row = only(database)
    assert (row.state, row.ended_at) == (CallBackState.GOT_THROUGH, at(70))
    assert due(database, rules, 300) == []


def test_the_order_in_which_calls_are_told_makes_no_difference(
    database: Database, rules: Rules
) -> None:
    story = [
        call("c1", 0, 20),
        call("c2", 30, 50),
        call("c3", 60, 200, answered=70),
        call("d1", 100, 130, caller=OTHER),
    ]
    chance = random.Random(20261123)
    told = [*story, *story]
    chance.shuffle(told)
    tell(database, rules, *told)
    state = {row.number: (row.state, row.missed_calls) for row in rows(database)}
    assert state == {CITIZEN: ("got_through", 2), OTHER: ("waiting", 1)}


def test_every_order_of_telling_rings_nobody_who_was_talked_with(
    sqlite_url: str, rules: Rules
) -> None:
    database = Database(sqlite_url)
    seat(database, "8001")
    chance = random.Random(4)
    for turn in range(40):
        number = f"138{turn:08d}"
        story = [
            call(f"{turn}-a", 0, 20, caller=number),
            call(f"{turn}-b", 30, 50, caller=number, outcome=CallOutcome.OVERFLOWED),
            call(f"{turn}-c", 60, None, caller=number, answered=70),
            call(f"{turn}-c", 60, 90, caller=number, answered=70),
        ]
        chance.shuffle(story)
        tell(database, rules, *story, chance.choice(story))
    assert due(database, rules, 600) == []
    assert {row.state for row in rows(database)} == {"got_through"}
    database.dispose()


def test_a_call_missed_after_the_talk_is_a_new_one(database: Database, rules: Rules) -> None:
    tell(
        database,
        rules,
        call("c1", 0, 20),
        call("c2", 60, 200, answered=70),
        call("c3", 300, 330),
    )
    assert [row.state for row in rows(database)] == ["got_through", "waiting"]


def test_a_call_that_the_files_show_answered_is_not_missed_any_more(
    database: Database, rules: Rules
) -> None:
    tell(database, rules, call("c1", 0, 20), call("c1", 0, 20, answered=8))
    assert only(database).state == CallBackState.GOT_THROUGH


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        (None, "没有显示号码"),
        ("anonymous", "没有显示号码"),
        ("+85221234567", "外呼规则不允许"),
        ("110", "外呼规则不允许"),
        ("8002", "外呼规则不允许"),
    ],
)
def test_who_cannot_be_rung_is_listed_with_the_reason(
    database: Database, rules: Rules, caller: str | None, why: str
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20, caller=caller))
    row = only(database)
    assert row.state == CallBackState.IMPOSSIBLE
    assert why in row.note
    assert due(database, rules, 60) == []


def test_nobody_is_rung_while_no_agent_is_free(database: Database, rules: Rules) -> None:
    tell(database, rules, call("c1", 0, 20))
    assert due(database, rules, 30) == []
    seat(database, "8001", seen=AgentState.TALKING)
    assert due(database, rules, 40) == []
    seat(database, "8001", state=AgentState.PAUSED)
    assert due(database, rules, 50) == []
    seat(database, "8001")
    assert [order.number for order in due(database, rules, 60)] == [CITIZEN]


def test_a_free_agent_is_promised_to_one_citizen_only(database: Database, rules: Rules) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20), call("d1", 0, 10, caller=OTHER))
    assert [order.number for order in due(database, rules, 30)] == [OTHER]
    assert due(database, rules, 40) == []


def test_who_asked_to_be_rung_keeps_his_place_among_those_who_wait(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001", seen=AgentState.TALKING)
    asked = call("c2", 10, 40, outcome=CallOutcome.CALL_BACK)
    earlier = call("w1", 0, None, caller="13700000001")
    later = call("w3", 20, None, caller="13700000003")
    tell(database, rules, earlier, asked, later)
    assert due(database, rules, 50) == []
    tell(database, rules, call("w1", 0, None, caller="13700000001", answered=55))
    (order,) = due(database, rules, 60)
    assert (order.number, order.waited_s) == (CITIZEN, 50)


def test_a_missed_caller_does_not_go_before_those_on_the_line(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20), call("w1", 30, None, caller=OTHER))
    assert due(database, rules, 40) == []


def test_nobody_is_rung_while_he_is_on_the_line(database: Database, rules: Rules) -> None:
    seat(database, "8001")
    seat(database, "8002")
    tell(database, rules, call("c1", 0, 20), call("c2", 30, None))
    assert due(database, rules, 40) == []
    tell(database, rules, call("c2", 30, 50))
    (order,) = due(database, rules, 60)
    assert only(database).missed_calls == 2
    assert order.number == CITIZEN


def test_missed_callers_are_rung_at_decent_hours_only(database: Database, rules: Rules) -> None:
    night = 12 * 3600  # 22:00 in the city
    seat(database, "8001")
    tell(database, rules, call("c1", night, night + 20))
    assert due(database, rules, night + 60) == []
    assert [order.number for order in due(database, rules, 22 * 3600)] == [CITIZEN]


def test_who_asked_at_night_is_rung_at_night(database: Database, rules: Rules) -> None:
    night = 12 * 3600
    seat(database, "8001")
    tell(database, rules, call("c1", night, night + 20, outcome=CallOutcome.CALL_BACK))
    assert len(due(database, rules, night + 60)) == 1


def test_a_talk_ends_the_call_back_and_is_linked_to_it(database: Database, rules: Rules) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (order,) = due(database, rules, 30)
    tell(database, rules, placed(order, 31, 90, answered=40))
    row = only(database)
    assert (row.state, row.ended_at) == (CallBackState.DONE, at(40))
    with database.read() as session:
        linked = session.scalars(select(Contact.call_id).where(Contact.call_back_id == row.id))
        assert set(linked) == {"c1", order.channel_id}


def test_a_call_back_shows_the_citizen_as_the_caller_of_his_line(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (order,) = due(database, rules, 30)
    tell(database, rules, placed(order, 31, None, queued=False), placed(order, 31, 90, answered=40))
    with database.read() as session:
        contact = session.scalars(select(Contact).where(Contact.call_id == order.channel_id)).one()
    assert (contact.caller, contact.line, contact.direction) == (CITIZEN, "12345", "outbound")


def test_an_agents_own_call_to_the_citizen_pays_for_the_missed_one(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    own = call(
        "dial-1",
        30,
        90,
        answered=40,
        caller="8001",
        line=CITIZEN,
        direction=Direction.OUTBOUND,
        queued=False,
    )
    tell(database, rules, own)
    assert only(database).state == CallBackState.DONE
    assert due(database, rules, 100) == []


def test_attempts_come_with_a_gap_and_have_an_end(database: Database, rules: Rules) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    moment = 30.0
    for _attempt in range(rules.profile.call_back.attempts):
        (order,) = due(database, rules, moment)
        failed = placed(order, moment, moment + 35, outcome=CallOutcome.FAILED, queued=False)
        tell(database, rules, failed, failed)
        assert due(database, rules, moment + 60) == []
        moment += 36 + 600
    row = only(database)
    assert (row.state, row.attempts) == (CallBackState.UNREACHED, 3)


def test_whom_no_agent_took_although_he_answered_loses_no_attempt(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (order,) = due(database, rules, 30)
    tell(database, rules, placed(order, 31, 90, outcome=CallOutcome.OVERFLOWED))
    row = only(database)
    assert (row.state, row.attempts) == (CallBackState.WAITING, 0)


def test_after_a_day_it_is_given_up_and_said_so(database: Database, rules: Rules) -> None:
    tell(database, rules, call("c1", 0, 20))
    with database.work() as session:
        assert placing.expire(session, now=at(86_500)) == 1
    row = only(database)
    assert (row.state, row.note) == (CallBackState.UNREACHED, "过期前没有空闲话务员")


def test_what_was_claimed_and_never_rung_is_offered_again(database: Database, rules: Rules) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (lost,) = due(database, rules, 30)
    with database.work() as session:
        assert placing.offer_lost_again(session, before=at(20), now=at(100)) == []
        assert placing.offer_lost_again(session, before=at(60), now=at(100)) == [lost.call_back_id]
    (again,) = due(database, rules, 110)
    assert again.channel_id != lost.channel_id
    assert only(database).attempts == 1


def test_what_was_rung_is_not_offered_again_for_want_of_an_end(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (order,) = due(database, rules, 30)
    tell(database, rules, placed(order, 31, None, queued=False))
    with database.work() as session:
        assert placing.offer_lost_again(session, before=at(600), now=at(700)) == []
    assert due(database, rules, 700) == []


def test_the_late_news_of_a_talk_ends_what_was_offered_again(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (lost,) = due(database, rules, 30)
    with database.work() as session:
        placing.offer_lost_again(session, before=at(60), now=at(100))
    tell(database, rules, placed(lost, 31, 90, answered=40))
    assert only(database).state == CallBackState.DONE
    assert due(database, rules, 700) == []


def test_our_call_is_dropped_when_he_calls_in_again_meanwhile(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (order,) = due(database, rules, 30)
    tell(database, rules, call("c2", 32, None))
    with database.work() as session:
        assert placing.wanted_no_more(session, now=at(33)) == [order.channel_id]
    assert due(database, rules, 34) == []
    tell(database, rules, placed(order, 31, 34, outcome=CallOutcome.FAILED, queued=False))
    tell(database, rules, call("c2", 32, 100, answered=36))
    row = only(database)
    assert (row.state, row.attempts) == (CallBackState.GOT_THROUGH, 0)


def test_our_call_is_hung_up_when_he_got_through_while_it_rang(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    tell(database, rules, call("c1", 0, 20))
    (order,) = due(database, rules, 30)
    tell(database, rules, call("c2", 32, None, answered=33))
    with database.work() as session:
        assert placing.wanted_no_more(session, now=at(34)) == [order.channel_id]
    tell(database, rules, placed(order, 31, 35, outcome=CallOutcome.FAILED, queued=False))
    with database.work() as session:
        assert placing.wanted_no_more(session, now=at(36)) == []


@pytest.mark.parametrize("workers", [2, 6])
def test_workers_who_look_at_once_ring_each_number_once(
    database: Database, rules: Rules, workers: int
) -> None:
    for n in range(4):
        seat(database, f"80{n:02d}")
    numbers = [f"1380000{n:04d}" for n in range(12)]
    tell(database, rules, *(call(f"c{n}", 0, 20, caller=n) for n in numbers))

    def look(_: int) -> list[CallBackOrder]:
        found = []
        for turn in range(6):
            with database.work() as session:
                found += placing.claim_due(session, rules, now=at(30 + turn))
        return found

    orders = [order for mine in at_once(workers, look) for order in mine]
    # Four agents are free, so four citizens are rung and no more, whoever looked.
    assert len(orders) == len({order.number for order in orders}) == 4
    assert len({order.channel_id for order in orders}) == 4


def test_calls_of_one_number_told_at_once_make_one_call_back(
    database: Database, rules: Rules
) -> None:
    at_once(6, lambda n: tell(database, rules, call(f"c{n}", n, n + 30)))
    assert only(database).missed_calls == 6


def test_a_talk_told_at_the_same_moment_is_seen_before_anybody_rings(
    database: Database, rules: Rules
) -> None:
    seat(database, "8001")
    stories = [
        [call(f"m{n}", 0, 20, caller=f"1370000{n:04d}") for n in range(8)],
        [call(f"t{n}", 30, 90, answered=40, caller=f"1370000{n:04d}") for n in range(8)],
    ]
    at_once(2, lambda one: tell(database, rules, *stories[one]))
    assert due(database, rules, 100) == []


def test_a_call_back_is_open_for_a_day_from_the_last_call(database: Database, rules: Rules) -> None:
    tell(database, rules, call("c1", 0, 20), call("c2", 3600, 3620))
    assert only(database).expires_at == at(3620) + timedelta(days=1)
