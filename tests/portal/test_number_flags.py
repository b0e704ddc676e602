"""The pages of number flags: two persons, evidence that can be heard, a sheet for the police."""

from __future__ import annotations

from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy import select

from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.vocabulary import Disposition
from dispatch.models.telephone import NumberFlag
from dispatch.service import intake, outcomes
from tests.portal.town import MONDAY, Town

CITIZEN = "13812345678"


def calls(town: Town, count: int = 4, caller: str = CITIZEN) -> list[int]:
    """So many answered calls of one number, written up as harassment by wang."""
    made = []
    wang = town.actor("wang")
    for n in range(count):
        began = MONDAY - timedelta(minutes=30 * (n + 1))
        record = CallRecord(
            call_id=f"{caller}-{n}",
            direction=Direction.INBOUND,
            started_at=began,
            caller=caller,
            line="12345",
            agent="8001",
            answered_at=began + timedelta(seconds=5),
            talk_ended_at=began + timedelta(seconds=65),
            ended_at=began + timedelta(seconds=65),
            recording=f"20261123/{n}.wav",
        )
        with town.database.work() as session:
            made.append(intake.record_call(session, record, now=MONDAY))
            outcomes.dispose(
                session, wang, made[-1], Disposition.HARASSMENT, note="只骂人", now=MONDAY
            )
    return made


def propose(browser: TestClient, evidence: list[int], **change: str) -> str:
    """Send the form; return where it leads."""
    data: dict[str, object] = {
        "number": CITIZEN,
        "kind": "harassment",
        "days": "30",
        "reason": "一天四次来电只辱骂，两次劝阻无效",
        **change,
        "evidence": [str(one) for one in evidence],
    }
    answer = browser.post("/number-flags", data=data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def flag(town: Town) -> NumberFlag:
    with town.database.read() as session:
        return session.scalars(select(NumberFlag)).one()


def test_an_agent_proposes_from_the_caller_and_another_person_approves(town: Town) -> None:
    made = calls(town)
    wang = town.browser("wang")
    card = wang.get(f"/agent/contact/{made[0]}").text
    assert f"/number-flags/new?contact={made[0]}" in card
    form = wang.get(f"/number-flags/new?contact={made[0]}").text
    assert CITIZEN in form
    # Calls written up as harassment are chosen beforehand; each can be heard.
    assert form.count(" checked") == 4
    assert f"/recordings/{made[0]}" in form
    where = propose(wang, made)
    assert wang.post(f"{where}/decide", data={"verdict": "yes"}).status_code == 403
    zhong = town.browser("zhong")
    assert 'data-testid="approve"' in zhong.get(where).text
    assert zhong.post(f"{where}/decide", data={"verdict": "yes"}).status_code == 303
    assert flag(town).state == "active"
    warned = wang.get(f"/agent/contact/{made[0]}").text
    assert "已标记：骚扰" in warned
    assert "请先问清是否紧急情况" in warned


def test_the_author_does_not_approve_his_own_proposal(town: Town) -> None:
    where = propose(town.browser("zhong"), calls(town))
    zhong = town.browser("zhong")
    assert 'data-testid="approve"' not in zhong.get(where).text
    assert zhong.post(f"{where}/decide", data={"verdict": "yes"}).status_code == 403
    assert flag(town).state == "proposed"


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(town: Town) -> None:
    made = calls(town)
    answer = town.browser("wang").post(
        "/number-flags",
        data={
            "number": CITIZEN,
            "days": "30",
            "reason": "反复辱骂",
            "evidence": [str(made[0]), str(made[1])],
        },
    )
    assert answer.status_code == 422
    assert 'data-testid="wrong-evidence"' in answer.text
    assert "反复辱骂" in answer.text
    assert answer.text.count(" checked") == 2


def test_an_appeal_is_ruled_on_by_a_third_person(town: Town) -> None:
    where = propose(town.browser("wang"), calls(town))
    town.browser("zhong").post(f"{where}/decide", data={"verdict": "yes"})
    wang = town.browser("wang")
    assert wang.post(f"{where}/appeal", data={"words": "号码刚过户"}).status_code == 303
    zhong, zhuren = town.browser("zhong"), town.browser("zhuren")
    assert 'data-testid="overturn"' not in zhong.get(where).text
    ruling = {"verdict": "no", "words": "经核实为新机主"}
    assert zhong.post(f"{where}/rule", data=ruling).status_code == 403
    assert zhuren.post(f"{where}/rule", data=ruling).status_code == 303
    assert flag(town).state == "lifted"
    assert "经核实为新机主" in zhuren.get(where).text


def test_the_list_shows_every_state_with_its_count(town: Town) -> None:
    where = propose(town.browser("wang"), calls(town))
    ban = town.browser("ban")
    assert f'href="{where}"' in ban.get("/number-flags").text
    assert "没有生效的号码标记" in ban.get("/number-flags?show=active").text
    assert town.browser("wang").post(f"{where}/withdraw").status_code == 303
    assert f'href="{where}"' in ban.get("/number-flags?show=withdrawn").text


def test_a_place_is_answered_first_and_the_agent_sees_why(town: Town) -> None:
    hospital = "09998888888"
    (made,) = calls(town, 1, hospital)
    where = propose(
        town.browser("ban"), [], number=hospital, kind="urgent_place", reason="市第一人民医院总机"
    )
    town.browser("zhong").post(f"{where}/decide", data={"verdict": "yes"})
    card = town.browser("wang").get(f"/agent/contact/{made}").text
    assert "已标记：重点场所" in card
    assert "请先问清" not in card


def test_the_sheet_for_the_police_lists_every_call(town: Town) -> None:
    where = propose(town.browser("wang"), calls(town))
    answer = town.browser("zhong").get(f"{where}/print.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_somebody_elses_call_does_not_give_away_its_number(town: Town) -> None:
    (made,) = calls(town, 1)
    assert town.browser("zhao").get(f"/number-flags/new?contact={made}").status_code == 404
