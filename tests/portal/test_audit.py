"""The reply's rules on the pages: beside the editor, at the audit, and when it is sent back."""

from __future__ import annotations

import re

import pytest

from tests.portal.steps import REPLY, Walker
from tests.portal.town import Town


@pytest.fixture
def ticket(town: Town) -> Walker:
    """A ticket of the town."""
    return Walker(town, town.ticket())


def lint(walker: Walker, login: str, text: str) -> str:
    """What the page says beside the editor."""
    answer = walker.town.browser(login).post(
        f"/tickets/{walker.number}/lint", data={"public_reply": text}
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_rules_speak_while_the_reply_is_written(ticket: Walker) -> None:
    ticket.walk_to("in_progress")
    assert "data-lint=" in ticket.page("chengguan")
    said = lint(ticket, "chengguan", "已联系陈晓梅（13812345678），占道烧烤不归我们管。<b>")
    assert "必须修改" in said
    assert "请留意" in said
    assert "<q>陈晓梅</q>" in said
    assert "<b>" not in said
    assert lint(ticket, "chengguan", " ").strip() == ""
    assert "没有发现" in lint(
        ticket, "chengguan", f"{REPLY}依据《市容和环境卫生管理条例》第十四条。"
    )


def test_the_rules_do_not_tell_other_units_of_a_ticket(ticket: Walker) -> None:
    ticket.walk_to("in_progress")
    answer = ticket.town.browser("zhujian").post(
        f"/tickets/{ticket.number}/lint", data={"public_reply": "陈晓梅"}
    )
    assert answer.status_code == 404


def test_a_reply_that_names_the_requester_comes_back_with_every_word(ticket: Walker) -> None:
    ticket.walk_to("in_progress")
    bad = "已于今晚清理占道烧烤，并电话告知陈晓梅，电话 138 1234 5678。"
    answer = ticket.press("chengguan", "complete", public_reply=bad, internal_note="内部")
    assert answer.status_code == 422
    assert "诉求人的姓名或电话" in answer.text
    assert "手机号码" in answer.text
    assert f">\n{bad}</textarea>" in answer.text
    assert ticket.status() == "in_progress"
    good = bad.replace("陈晓梅，电话 138 1234 5678", "陈女士")
    assert ticket.press("chengguan", "complete", public_reply=good).status_code == 303


def test_the_auditor_sees_findings_marked_in_the_reply_and_earlier_returns(
    ticket: Walker,
) -> None:
    ticket.walk_to("in_progress")
    reply = "占道烧烤已清理，我们保证马上彻底解决油烟，绝对不会再有。"
    ticket.press("chengguan", "complete", public_reply=reply)
    page = ticket.page("zhong")
    assert "过头的承诺" in page
    assert re.search(r'<mark class="mark-warn"[^>]*>保证马上</mark>', page)
    assert "没有写明依据" in page
    ticket.press("zhong", "send-back", reason_code="no_basis", reason="请引用条款")
    ticket.press("chengguan", "complete", public_reply=reply)
    for page in (ticket.page("zhong"), ticket.town.browser("zhong").get("/desk?tab=audit").text):
        assert "此前退回补正 1 次" in page
        assert "没有写明政策依据：请引用条款" in page
        assert "占道烧烤已清理" in page
        assert re.search(r'<mark class="mark-warn"[^>]*>保证马上</mark>', page)


def test_a_reply_is_sent_back_only_with_a_reason_of_the_catalogue(ticket: Walker) -> None:
    ticket.walk_to("completed")
    for code in ("", "没有", "complex"):
        answer = ticket.press("zhong", "send-back", reason_code=code, reason="请补充")
        assert answer.status_code == 422
        assert "答非所问" in answer.text
        assert "请补充</textarea>" in answer.text
    assert ticket.press("zhong", "send-back", reason_code="not_answering").status_code == 303
    assert ticket.status() == "in_progress"


def test_the_public_reply_cannot_be_edited_by_the_centre(ticket: Walker) -> None:
    ticket.walk_to("completed")
    answer = ticket.press("zhong", "pass-audit", public_reply="换成中心的话，应当没有作用")
    assert answer.status_code == 303
    assert "换成中心的话" not in ticket.page("zhong")
    assert REPLY in ticket.page("zhong")


def test_no_unit_may_audit(ticket: Walker) -> None:
    ticket.walk_to("completed")
    for action in ("pass-audit", "send-back"):
        assert ticket.press("chengguan", action, reason_code="no_basis").status_code == 403
