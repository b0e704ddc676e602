"""The follow-up caller's desk: one person each, three keys, the next by itself, and taking back."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient
from sqlalchemy import select

from dispatch.domain.call_ports import OutboundCall, SilentTelephones
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.people import Staff
from dispatch.models.telephone import DialAttempt
from dispatch.models.tickets import Ticket
from tests.portal.follow_up_story import attempts, audited, ticket
from tests.portal.town import Town

PLEASED = {"reached": "yes", "told": "both", "solved": "resolved", "rating": "satisfied"}
CROSS = {"reached": "yes", "told": "neither", "solved": "unresolved", "rating": "dissatisfied"}


def waiting(town: Town, many: int = 1) -> list[str]:
    """So many requesters whom only people may ask, due by now."""
    numbers = audited(town, many)
    town.clock.advance(hours=6)
    return numbers


def attempt_of(town: Town, number: str) -> int:
    return attempts(town, number)[-1].id


def start(browser: TestClient) -> int:
    answer = browser.post("/follow-up/next")
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/follow-up/(\d+)", answer.headers["location"])
    assert found, answer.headers["location"]
    return int(found[1])


def counts(page: str) -> dict[str, int]:
    return {name: int(n) for name, n in re.findall(r'data-testid="count-(\w+)">(\d+)', page)}


def test_an_empty_desk_says_what_will_appear(town: Town) -> None:
    page = town.browser("hui").get("/follow-up").text
    assert "没有等待人工回访的诉求人" in page
    assert town.browser("hui").get("/").headers["location"] == "/follow-up"


def test_every_count_opens_exactly_its_rows(town: Town) -> None:
    numbers = waiting(town, 3)
    hui = town.browser("hui")
    hui.post(f"/follow-up/{attempt_of(town, numbers[0])}/take")
    hui.post(f"/follow-up/{attempt_of(town, numbers[0])}/record", data={**PLEASED, "then": "pause"})
    hui.post(f"/follow-up/{attempt_of(town, numbers[1])}/take")
    said = counts(hui.get("/follow-up").text)
    assert said == {"due": 1, "later": 0, "in_hand": 1, "done": 1}
    for tab, many in said.items():
        page = hui.get(f"/follow-up?show={tab}").text
        assert len(re.findall(r'<tr id="row-\d+"', page)) == many, tab


def test_one_screen_has_the_request_the_reply_the_story_and_the_script(town: Town) -> None:
    (number,) = waiting(town)
    hui = town.browser("hui")
    page = hui.get(f"/follow-up/{start(hui)}").text
    for said in ("烧烤摊", "占道烧烤情况属实", "审核通过", "13812345670", "陈晓梅", "城管局"):
        assert said in page, said
    assert "这里是临川市12345热线回访" in page
    assert f"/tickets/{number}" in page
    assert "自述" in page  # the unit's own word on having been in touch


def test_three_answers_close_the_ticket_and_the_next_one_opens_by_itself(town: Town) -> None:
    first, second = waiting(town, 2)
    hui = town.browser("hui")
    one = start(hui)
    answer = hui.post(f"/follow-up/{one}/record", data={**PLEASED, "comment": "谢谢"})
    assert answer.headers["location"] == f"/follow-up/{attempt_of(town, second)}"
    row, done = attempts(town, first)[-1], ticket(town, first)
    assert (row.state, row.solved, row.rating) == ("done", "resolved", "satisfied")
    assert (row.contacted, row.reply_true, row.comment) == (True, True, "谢谢")
    assert (done.status, done.rating, done.first_rating) == ("closed", "satisfied", "satisfied")
    assert "已登记" in hui.get(answer.headers["location"]).text


def test_an_unhappy_answer_goes_to_the_centre_with_all_five_answers(town: Town) -> None:
    (number,) = waiting(town)
    hui = town.browser("hui")
    hui.post(f"/follow-up/{start(hui)}/record", data={**CROSS, "redo": "yes"})
    row = attempts(town, number)[-1]
    assert (row.reached, row.contacted, row.reply_true) == (True, False, False)
    assert row.redo_wanted
    assert ticket(town, number).status == "review"


def test_nobody_is_given_to_two_callers(town: Town) -> None:
    numbers = waiting(town, 2)
    hui, zhong = town.browser("hui"), town.browser("zhong")
    one, two = start(hui), start(zhong)
    assert {one, two} == {attempt_of(town, number) for number in numbers}
    assert start(hui) == one  # what is in hand comes first
    assert zhong.post(f"/follow-up/{one}/take").status_code == 409
    assert zhong.post(f"/follow-up/{one}/record", data=PLEASED).status_code == 409
    assert "hui员 正在回访" in zhong.get(f"/follow-up/{one}").text
    hui.post(f"/follow-up/{one}/release")
    assert zhong.post(f"/follow-up/{one}/take").status_code == 303


def test_unreached_needs_its_reason_and_is_tried_again_then_closed_unrated(town: Town) -> None:
    (number,) = waiting(town)
    hui = town.browser("hui")
    one = start(hui)
    refused = hui.post(f"/follow-up/{one}/record", data={"reached": "no", "comment": "在开会"})
    assert refused.status_code == 422
    assert "请选择没有接通的原因" in refused.text
    assert "在开会" in refused.text
    hui.post(f"/follow-up/{one}/record", data={"reached": "no", "result": "busy"})
    town.clock.advance(days=2)
    again = attempt_of(town, number)
    assert again != one
    hui = town.browser("hui")
    assert "本轮已试 1 次" in hui.get(f"/follow-up/{again}").text
    assert start(hui) == again
    hui.post(f"/follow-up/{again}/record", data={"reached": "no", "result": "no_answer"})
    done = ticket(town, number)
    assert (done.status, done.solved, done.rating) == ("closed", None, None)


def test_a_question_left_out_is_named_and_what_was_chosen_stays(town: Town) -> None:
    waiting(town)
    hui = town.browser("hui")
    one = start(hui)
    answer = hui.post(
        f"/follow-up/{one}/record", data={"reached": "yes", "told": "both", "solved": "resolved"}
    )
    assert answer.status_code == 422
    assert "请选择是否满意" in answer.text
    assert re.search(r'value="resolved" checked', answer.text)


def test_a_wrong_key_is_taken_back_within_a_minute(town: Town) -> None:
    first, second = waiting(town, 2)
    hui = town.browser("hui")
    one = start(hui)
    hui.post(f"/follow-up/{one}/record", data=CROSS)
    assert ticket(town, first).status == "review"
    town.clock.advance(seconds=20)
    page = hui.get("/follow-up").text
    assert 'data-testid="undoable"' in page
    assert "不满意" in page
    answer = hui.post(f"/follow-up/{one}/undo")
    assert answer.headers["location"] == f"/follow-up/{one}?said=undone"
    back = ticket(town, first)
    assert (back.status, back.rating, back.first_rating) == ("follow_up", None, None)
    assert attempts(town, first)[-1].state == "calling"
    assert attempts(town, second)[-1].state == "pending"  # opened by itself, and given back
    hui.post(f"/follow-up/{one}/record", data={**PLEASED, "then": "pause"})
    assert ticket(town, first).first_rating == "satisfied"
    assert "撤回回访登记" in town.browser("zhong").get(f"/tickets/{first}").text


def test_nothing_is_taken_back_after_a_minute_or_by_another(town: Town) -> None:
    (number,) = waiting(town)
    hui = town.browser("hui")
    one = start(hui)
    hui.post(f"/follow-up/{one}/record", data=PLEASED)
    assert town.browser("zhong").post(f"/follow-up/{one}/undo").status_code == 409
    town.clock.advance(seconds=61)
    assert 'data-testid="undoable"' not in hui.get("/follow-up").text
    assert hui.post(f"/follow-up/{one}/undo").status_code == 409
    assert ticket(town, number).status == "closed"


def test_an_unreached_try_taken_back_leaves_one_attempt(town: Town) -> None:
    (number,) = waiting(town)
    hui = town.browser("hui")
    one = start(hui)
    hui.post(f"/follow-up/{one}/record", data={"reached": "no", "result": "busy"})
    town.clock.advance(seconds=5)
    assert hui.post(f"/follow-up/{one}/undo").status_code == 303
    with town.database.read() as session:
        left = session.scalars(select(FollowUp.id).join(Ticket).where(Ticket.number == number))
        assert list(left) == [one]


def test_dialling_rings_the_caller_first_and_ties_the_call_to_the_ticket(town: Town) -> None:
    (number,) = waiting(town)
    zhong = town.browser("zhong")
    one = start(zhong)
    assert zhong.post(f"/follow-up/{one}/dial").status_code == 422  # no telephone of his own
    with town.database.work() as session:
        session.add(
            DialAttempt(
                staff_id=town.actor("zhong").staff_id,
                number="13812345670",
                scope="mobile",
                allowed=True,
                at=town.clock.now,
                call_id="dial-1",
                way="follow_up",
            )
        )
        session.add(
            Contact(call_id="dial-1", direction="outbound", started_at=town.clock.now, talk_s=31.0)
        )
    assert "通话 31 秒" in zhong.get(f"/follow-up/{one}").text
    with town.database.read() as session:
        tied = session.scalars(select(Contact.ticket_id)).one()
    assert tied == ticket(town, number).id


def test_a_follow_up_caller_with_a_telephone_dials_with_one_key(town: Town) -> None:
    (number,) = waiting(town)
    with town.database.work() as session:
        session.scalars(select(Staff).where(Staff.login == "hui")).one().extension = "8201"
    hui = town.browser("hui")
    one = start(hui)
    assert 'data-testid="dial"' in hui.get(f"/follow-up/{one}").text
    answer = hui.post(f"/follow-up/{one}/dial")
    assert answer.json() == {"number": "13812345670"}, number
    desk = town.app.state.context.telephones.desk
    assert isinstance(desk, SilentTelephones)
    (call,) = [order for order in desk.asked if isinstance(order, OutboundCall)]
    assert (call.extension, call.number) == ("8201", "13812345670")


def test_a_supervisor_looks_on_and_asks_nobody(town: Town) -> None:
    waiting(town)
    ban = town.browser("ban")
    assert 'data-testid="next"' not in ban.get("/follow-up").text
    assert ban.post("/follow-up/next").status_code == 403
