"""质检 through its pages: sheet, sound or reply, nobody sees the other's points, own results."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.call_terms import RecordingState
from dispatch.models.contacts import Contact
from dispatch.models.judging import QualityCheck
from dispatch.models.people import Staff, ViewLog
from dispatch.models.telephone import Recording
from dispatch.service import quality_lot
from tests.portal.steps import REPLY, Walker
from tests.portal.town import MONDAY, Town

FULL = {"p-call_manner": "25", "p-call_listening": "25", "p-call_answer": "25"}


@pytest.fixture
def drawn(town: Town) -> Town:
    """A town whose last week, six calls of wang, has been drawn."""
    with town.database.work() as session:
        wang = session.scalars(select(Staff.id).where(Staff.login == "wang")).one()
        for n in range(6):
            at = MONDAY - timedelta(days=4, minutes=n)
            path = f"20261119/{n}.wav"
            contact = Contact(
                call_id=path,
                direction="inbound",
                started_at=at,
                answered_at=at,
                talk_s=95,
                agent_id=wang,
                recording=path,
            )
            session.add(contact)
            session.flush()
            stored = RecordingState.STORED.value
            session.add(Recording(call_uuid=path, contact_id=contact.id, path=path, state=stored))
    draw(town)
    return town


def draw(town: Town) -> None:
    week = quality_lot.week_before(town.clock.now)
    with town.database.work() as session:
        quality_lot.draw(session, week, town.app.state.context.rules, now=town.clock.now)


def check_of(town: Town, *, twice: bool) -> str:
    """The page of a check that is scored once or twice."""
    with town.database.read() as session:
        query = select(QualityCheck.id).where(QualityCheck.twice.is_(twice))
        return f"/evaluation/quality/{session.scalars(query.order_by(QualityCheck.id)).first()}"


def test_a_call_is_heard_scored_and_shown_to_its_agent(drawn: Town) -> None:
    where = check_of(drawn, twice=False)
    ban, wang = drawn.browser("ban"), drawn.browser("wang")
    listed = ban.get("/evaluation/quality").text
    assert '<span class="count" data-testid="count-open">6</span>' in listed
    page = ban.get(where).text
    assert 'data-testid="recording"' in page
    assert page.count('type="number"') == 4
    assert wang.get(where).status_code == 404
    short = ban.post(f"{where}/score", data={**FULL, "p-call_record": "26", "note": "结尾仓促"})
    assert short.status_code == 422
    assert 'data-testid="wrong-call_record"' in short.text
    assert 'value="26"' in short.text
    assert "结尾仓促" in short.text
    done = ban.post(f"{where}/score", data={**FULL, "p-call_record": "20", "note": "结尾仓促"})
    assert done.status_code == 303
    # On to the next one.
    assert done.headers["location"] not in (where, "/evaluation/quality")
    mine = wang.get("/evaluation/quality/mine").text
    assert "<b>95</b> / 100" in mine
    assert "结尾仓促" in mine
    shown = wang.get(where).text
    assert 'data-testid="final">95<' in shown
    assert "ban员" not in shown.split("</header>", 1)[1]
    assert drawn.browser("zhao").get(where).status_code == 404


def test_two_who_differ_are_ruled_on_by_a_third(drawn: Town) -> None:
    where = check_of(drawn, twice=True)
    ban, zhong, zhuren = (drawn.browser(login) for login in ("ban", "zhong", "zhuren"))
    before = zhong.get(where).text
    ban.post(f"{where}/score", data={**FULL, "p-call_record": "25"})
    # The second scorer's page and list say nothing of the first sheet.
    blind = zhong.get(where).text
    assert 'data-testid="sheets"' not in blind
    assert blind.count("待评分") == before.count("待评分")
    assert 'data-testid="sheets"' in ban.get(where).text
    assert 'data-testid="score"' not in ban.get(where).text
    assert ban.post(f"{where}/score", data={**FULL, "p-call_record": "0"}).status_code == 403
    zhong.post(f"{where}/score", data={**FULL, "p-call_record": "0"})
    assert 'data-testid="rule"' not in zhong.get(where).text
    assert zhong.post(f"{where}/rule", data={"final": "90", "ruling": "x"}).status_code == 403
    page = zhuren.get(where).text
    assert "ban员" in page
    assert "zhong员" in page
    assert 'data-testid="rule"' in page
    refused = zhuren.post(f"{where}/rule", data={"final": "101", "ruling": "第一份较准"})
    assert refused.status_code == 422
    assert "第一份较准" in refused.text
    ruling = {"final": "90", "ruling": "登记有漏项，不至于零分"}
    assert zhuren.post(f"{where}/rule", data=ruling).status_code == 303
    assert 'data-testid="final">90<' in zhong.get(where).text
    listed = ban.get("/evaluation/quality?show=done").text
    assert "<b>90</b> / 100" in listed
    assert 'data-testid="pairs">1<' in listed
    # One pair proves nothing.
    assert 'data-testid="kappa">—<' in listed


def test_a_reply_is_read_with_its_request_and_the_look_is_written_down(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("completed")
    town.clock.advance(days=7)
    draw(town)
    where = check_of(town, twice=False)
    page = town.browser("ban").get(where).text
    assert REPLY in page
    assert "油烟很大" in page
    with town.database.read() as session:
        assert "quality" in session.scalars(select(ViewLog.what)).all()
    points = {"p-reply_facts": "35", "p-reply_basis": "10", "p-reply_result": "30"}
    data = {**points, "p-reply_words": "10"}
    assert town.browser("ban").post(f"{where}/score", data=data).status_code == 303
    three = town.browser("zhang").get("/evaluation").text
    assert 'data-testid="unit-CG"' in three
    assert "<b>85.0</b>" in three
    period = "from=2026-11-01&to=2026-11-30"
    rows = town.browser("ban").get(f"/evaluation/rows?view=quality&unit=CG&{period}").text
    assert f'data-href="{where}"' in rows
    assert "这段时间没有" in town.browser("ban").get(f"/evaluation/rows?view=quality&{period}").text
    assert walker.status() == "completed"


def test_without_checks_every_tab_says_what_will_come(town: Town) -> None:
    ban = town.browser("ban")
    for tab, words in (
        ("open", "没有等您评分的质检件"),
        ("disputed", "没有待裁定的分歧"),
        ("done", "还没有完成的质检"),
    ):
        assert words in ban.get(f"/evaluation/quality?show={tab}").text
    assert "还没有您的质检结果" in town.browser("wang").get("/evaluation/quality/mine").text
