"""Supervision, instructions and notices through the portal's own forms."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.models.oversight import Instruction, Supervision
from dispatch.models.people import ViewLog
from dispatch.models.tickets import Ticket
from dispatch.service import sweep
from tests.portal.steps import REPLY, Walker
from tests.portal.town import Town


@pytest.fixture
def ticket(town: Town) -> Walker:
    """A ticket in 城管局's hands."""
    return Walker(town, town.ticket()).walk_to("acknowledged")


def order_of(town: Town) -> str:
    """The number of the only order."""
    with town.database.read() as session:
        return session.scalars(select(Supervision.number)).one()


def supervise(ticket: Walker, **typed: str) -> str:
    """下达督办; return the order's number."""
    said = {"level": "daily", "demand": "三日内清理到位并书面报告", **typed}
    answer = ticket.press("ban", "supervise", **said)
    assert answer.status_code == 303, answer.text
    return order_of(ticket.town)


def text_of(pdf: bytes) -> str:
    """The words of a PDF, without breaks."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))


def test_an_order_goes_its_whole_way_through_the_forms(ticket: Walker) -> None:
    order = supervise(ticket, copied_to="市政府办公室, 市政府督查室", level="listed")
    page = ticket.page("chengguan")
    assert order in page
    assert "市政府办公室、市政府督查室" in page
    assert 'data-testid="answer-supervision"' in page
    assert 'data-testid="accept-supervision"' not in page
    done = ticket.press("chengguan", "answer-supervision", order=order, answer="已清理，每晚巡查")
    assert done.status_code == 303
    back = ticket.press("ban", "send-back-supervision", order=order, reason="没有写责任人")
    assert back.status_code == 303
    ticket.press("chengguan", "answer-supervision", order=order, answer="责任人王某，每晚巡查")
    closed = ticket.press("zhong", "accept-supervision", order=order, ruling="同意")
    assert closed.status_code == 303
    page = ticket.page("chengguan")
    assert "责任人王某，每晚巡查" in page
    assert "督办认定" in page
    # The ticket itself stayed where it was.
    assert ticket.status() == "acknowledged"


def test_a_unit_may_press_no_button_of_the_ruling(ticket: Walker) -> None:
    order = supervise(ticket)
    for action in ("accept-supervision", "send-back-supervision", "cancel-supervision"):
        assert ticket.press("chengguan", action, order=order, reason="x").status_code == 403
    assert ticket.press("zhong", "answer-supervision", order=order, answer="x").status_code == 403


def test_a_refused_order_keeps_what_was_typed(ticket: Walker) -> None:
    answer = ticket.press("ban", "supervise", level="daily", demand="", copied_to="督查室")
    assert answer.status_code == 422
    assert "请写明督办要求" in answer.text
    assert 'value="督查室"' in answer.text
    supervise(ticket)
    again = ticket.press("ban", "supervise", level="daily", demand="再报一次进展")
    assert again.status_code == 409
    assert "请先等待答复" in again.text
    assert ">\n再报一次进展</textarea>" in again.text


def test_an_order_of_another_ticket_is_not_found(ticket: Walker) -> None:
    order = supervise(ticket)
    other = Walker(ticket.town, ticket.town.ticket()).walk_to("acknowledged")
    answer = other.press("chengguan", "answer-supervision", order=order, answer="x")
    assert answer.status_code == 404


def test_the_list_counts_what_it_shows(ticket: Walker) -> None:
    order = supervise(ticket)
    town = ticket.town
    page = town.browser("ban").get("/supervision").text
    assert re.search(r'data-testid="count-issued">1<', page)
    assert page.count('data-testid="order-') == 1
    assert order in town.browser("chengguan").get("/supervision").text
    assert order not in town.browser("zhujian").get("/supervision").text
    assert town.browser("zhujian").get(f"/supervision/{order}").status_code == 404
    town.clock.advance(days=10)
    page = town.browser("ban").get("/supervision?show=late").text
    assert re.search(r'data-testid="count-late">1<', page)
    assert order in page
    one = town.browser("ban").get(f"/supervision/{order}").text
    assert "三日内清理到位" in one
    assert "下达督办" in one


def test_an_instruction_goes_its_whole_way_through_the_forms(ticket: Walker) -> None:
    given = ticket.press("zhang", "instruct", words="请立即整治，举一反三", due="2026-11-27")
    assert given.status_code == 303
    with ticket.town.database.read() as session:
        row = str(session.scalars(select(Instruction.id)).one())
    assert "请立即整治" in ticket.page("chengguan")
    assert ticket.press("zhong", "receive-instruction", instruction=row).status_code == 303
    told = ticket.press("zhong", "report-instruction", instruction=row, feedback="已清理三处")
    assert told.status_code == 303
    week = ticket.town.browser("zhang").get("/leader").text
    assert "您批示的事项" in week
    assert "已清理三处" in week
    assert ticket.press("zhang", "close-instruction", instruction=row).status_code == 303
    assert "批示办结" in ticket.page("zhong")


def test_a_resident_and_an_agent_read_nothing_of_an_instruction(ticket: Walker) -> None:
    ticket.press("zhang", "instruct", words="请立即整治，举一反三")
    town = ticket.town
    assert 'data-testid="instruction"' not in ticket.page("wang")
    with town.database.read() as session:
        code = session.scalars(select(Ticket.query_code)).one()
    client = town.anyone()
    page = client.get("/resident").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    seen = client.post("/resident", data={"csrf": token[1], "number": ticket.number, "code": code})
    assert seen.status_code == 200, seen.text[:300]
    assert ticket.number in seen.text
    assert "批示" not in seen.text
    assert "举一反三" not in seen.text


def test_the_bell_counts_until_it_is_read(ticket: Walker) -> None:
    town = ticket.town
    supervise(ticket)
    ticket.press("ban", "urge-unit", words="请今日反馈")
    unit = town.browser("chengguan")
    assert 'data-testid="bell-count">2<' in unit.get("/notices/bell").text
    page = unit.get("/notices").text
    first = re.search(r'data-testid="notice-(\d+)"', page)
    assert first is not None
    opened = unit.post(f"/notices/{first[1]}/read")
    assert opened.headers["location"] == f"/tickets/{ticket.number}"
    assert 'data-testid="bell-count">1<' in unit.get("/notices/bell").text
    assert town.browser("zhujian").post(f"/notices/{first[1]}/read").status_code == 404
    unit.post("/notices/read", data={"up_to": first[1]})
    assert "bell-count" not in unit.get("/notices/bell").text


def test_cards_are_counted_for_each_unit_and_open_their_rows(ticket: Walker) -> None:
    town = ticket.town
    rules = Rules(load_profile("default"), load_calendar())
    town.clock.advance(days=20)
    for _ in range(6):
        with town.database.work() as session:
            sweep.sweep(session, rules, now=town.clock.now)
    page = town.browser("ban").get("/supervision/cards?month=2026-12&unit=CG").text
    assert 'data-testid="yellow-CG">1<' in page
    assert 'data-testid="red-CG">1<' in page
    assert page.count(f'href="/tickets/{ticket.number}"') == 2
    empty = town.browser("ban").get("/supervision/cards?month=2026-11").text
    assert "这个月没有黄牌和红牌" in empty
    assert town.browser("ban").get("/supervision/cards?month=x").status_code == 422


def test_a_printed_ticket_says_what_the_page_says_to_this_reader(ticket: Walker) -> None:
    ticket.press("chengguan", "complete", public_reply=REPLY)
    town = ticket.town
    answer = town.browser("zhong").get(f"/tickets/{ticket.number}/print.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    words = text_of(answer.content)
    for part in (ticket.number, "工单", "小区南门外烧烤摊占道经营", REPLY, "陈晓梅", "13812345678"):
        assert part in words
    assert "zhong员2026-11-23" in words  # the watermark
    leader = text_of(town.browser("zhang").get(f"/tickets/{ticket.number}/print.pdf").content)
    assert "13812345678" not in leader
    assert "陈晓梅" not in leader
    assert town.browser("zhujian").get(f"/tickets/{ticket.number}/print.pdf").status_code == 404


def test_every_print_is_written_down(ticket: Walker) -> None:
    for _ in range(2):
        ticket.town.browser("chengguan").get(f"/tickets/{ticket.number}/print.pdf")
    with ticket.town.database.read() as session:
        assert session.scalars(select(ViewLog.what)).all().count("print") == 2


def test_a_printed_notice_of_supervision_has_its_number_and_its_limit(ticket: Walker) -> None:
    order = supervise(ticket, copied_to="市政府办公室")
    ticket.press("chengguan", "answer-supervision", order=order, answer="已清理，每晚巡查")
    answer = ticket.town.browser("ban").get(f"/supervision/{order}/print.pdf")
    words = text_of(answer.content)
    for part in (
        "督办通知书",
        order,
        "城市管理局：",
        "日常督办",
        "2026年11月26日17:30",
        "三日内清理到位并书面报告",
        "已清理，每晚巡查",
        "抄送市政府办公室",
    ):
        assert part in words.replace("　", ""), part


def test_a_long_request_goes_on_over_several_pages(town: Town) -> None:
    number = town.ticket(content="夜间施工噪声扰民" * 240)
    answer = town.browser("zhong").get(f"/tickets/{number}/print.pdf")
    pages = PdfReader(io.BytesIO(answer.content)).pages
    assert len(pages) > 1
    assert text_of(answer.content).count("夜间施工噪声扰民") >= 235


def test_other_systems_supervise_and_instruct_through_rest(ticket: Walker) -> None:
    town, at = ticket.town, f"/api/v1/tickets/{ticket.number}"
    ban, unit, zhang = (town.system(login) for login in ("ban", "chengguan", "zhang"))
    made = ban.post(f"{at}/supervise", json={"level": "daily", "demand": "报告进展"})
    assert made.status_code == 200, made.text
    order = made.json()["number"]
    again = ban.post(f"{at}/supervise", json={"level": "daily", "demand": "报告进展"})
    assert again.status_code == 409
    assert again.json()["code"] == "already-supervised"
    path = f"/api/v1/supervision/{order}"
    assert unit.post(f"{path}/answer", json={"words": "已清理"}).json()["state"] == "answered"
    back = ban.post(f"{path}/send-back", json={"words": "请写责任人"}).json()
    assert (back["state"], back["ruling"]) == ("issued", "请写责任人")
    assert [row["number"] for row in unit.get("/api/v1/supervision").json()] == [order]
    assert ban.post(f"{path}/cancel", json={"words": "误下"}).json()["state"] == "cancelled"
    given = zhang.post(
        f"{at}/instruct", json={"words": "请督促", "due": "2026-11-30T17:30:00+08:00"}
    )
    assert given.json()["state"] == "given", given.text
    assert unit.get(f"{at}/instructions").json()[0]["words"] == "请督促"
    assert (
        ban.post(f"{at}/urge-unit", json={"words": "请今日反馈"}).json()["number"].startswith("CB-")
    )
    assert len(ban.get(f"{at}/supervision").json()) == 1


def test_the_watch_board_shows_each_units_orders_and_cards(ticket: Walker) -> None:
    supervise(ticket)
    page = ticket.town.browser("ban").get("/desk?tab=watch").text
    assert re.search(r'data-testid="owing-CG">1<', page)
    behind = ticket.town.browser("ban").get("/supervision?show=open&unit=CG").text
    assert behind.count('data-testid="order-') == 1
    assert "本月红牌" in page
