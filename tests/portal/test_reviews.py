"""复核 on the pages: an unhappy answer waits for the centre, and is decided with its reasons."""

from __future__ import annotations

import pytest

from tests.portal.steps import Walker
from tests.portal.town import Town

DESK = "/desk?tab=review"


@pytest.fixture
def unhappy(town: Town) -> Walker:
    """A ticket whose requester says that it is not solved, and why."""
    walker = Walker(town, town.ticket())
    walker.walk_to("follow_up")
    told = walker.press(
        "hui",
        "follow-up",
        reached="yes",
        solved="unresolved",
        rating="dissatisfied",
        note="摊子晚上又摆出来了",
    )
    assert told.status_code == 303
    assert walker.status() == "review"
    return walker


def test_the_centre_finds_it_on_its_desk_with_what_was_said(unhappy: Walker) -> None:
    page = unhappy.town.browser("zhong").get(DESK).text
    assert f'data-testid="row-{unhappy.number}"' in page
    assert "未解决" in page
    assert "不满意" in page
    assert "摊子晚上又摆出来了" in page
    assert 'data-testid="open-review"' in page
    assert "已超期" not in page
    unhappy.town.clock.advance(days=3)
    assert "已超期" in unhappy.town.browser("zhong").get(DESK).text


def test_an_empty_desk_says_what_would_be_there(town: Town) -> None:
    assert "没有等待复核的评价" in town.browser("zhong").get(DESK).text


def test_only_the_centre_is_offered_the_decision(unhappy: Walker) -> None:
    assert f"/{unhappy.number}/review" in unhappy.page("zhong")
    for login in ("hui", "chengguan", "ban", "li"):
        assert f"/{unhappy.number}/review" not in unhappy.page(login)
    page = unhappy.page("zhong")
    assert f"/{unhappy.number}/reopen" not in page
    assert f"/{unhappy.number}/follow-up" not in page


def test_a_decision_without_a_reason_keeps_what_was_typed(unhappy: Walker) -> None:
    bare = unhappy.press("zhong", "review", redo="yes")
    assert bare.status_code == 422
    assert "请写明复核情况和理由" in bare.text
    undecided = unhappy.press("zhong", "review", words="现场看过了")
    assert "请选择退回重办还是维持办理结果" in undecided.text
    assert "现场看过了" in undecided.text
    assert unhappy.status() == "review"


def test_a_redo_begins_another_round_and_says_why(unhappy: Walker) -> None:
    done = unhappy.press("zhong", "review", redo="yes", words="现场仍在占道")
    assert done.status_code == 303
    assert unhappy.status() == "reopened"
    page = unhappy.page("zhong")
    assert "第 2 轮办理" in page
    assert "现场仍在占道" in page
    assert "没有等待复核的评价" in unhappy.town.browser("zhong").get(DESK).text


def test_an_upheld_result_closes_and_the_rating_stays(unhappy: Walker) -> None:
    done = unhappy.press("zhong", "review", redo="no", words="商户已搬离，属另一家")
    assert done.status_code == 303
    assert unhappy.status() == "closed"
    page = unhappy.page("chengguan")
    assert "维持办理结果" in page
    assert "不满意" in page
    again = unhappy.press("zhong", "review", redo="no", words="再来一次")
    assert again.status_code == 409


def test_another_system_decides_in_the_same_way(unhappy: Walker) -> None:
    centre = unhappy.town.system("zhong")
    address = f"/api/v1/tickets/{unhappy.number}/review"
    assert centre.post(address, json={"redo": True, "words": " "}).status_code == 422
    answer = centre.post(address, json={"redo": True, "words": "现场仍在占道"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "reopened"
    assert centre.post(address, json={"redo": True, "words": "再来"}).status_code == 409
