"""History in the browser: columns said, rows looked at, taken, told of, and taken back whole."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from dispatch.domain.vocabulary import Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.spreadsheets import open_table
from dispatch.models.contacts import Contact
from dispatch.models.people import ViewLog
from dispatch.models.reporting import HistoryImport
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import history_imports, history_running, instructions
from dispatch.service.history_rows import SORTS, Layout
from hotline import history_reading
from tests.portal.town import Town

TICKETS = """工单编号,受理日期时间,诉求来源,类型,承办单位,派单时间,办结时间,结案时间,是否解决,备注
G1,2026-01-02 08:35,电话,投诉,城市管理局,2026-01-02 08:40,2026-01-04 16:00,2026-01-05 09:00,是,甲
G2,2026-01-03 08:35,微信,咨询,城管局,2026-01-03 09:00,2026-01-03 10:00,2026-01-05 09:00,否,乙
G3,昨天,微信,咨询,,,,,,丙
G1,2026-01-02 08:35,电话,投诉,,,,,,丁
"""
CALLS = """通话编号,开始时间,主叫号码,接听时间,结束时间,结果,工单编号
a1,2026-01-02 08:30,13812345678,2026-01-02 08:30:09,2026-01-02 08:33,生成工单,G1
"""


def hand_over(client: TestClient, text: str | bytes, name: str = "旧系统.csv") -> str:
    """Upload a file; return the address of its preview."""
    content = text.encode() if isinstance(text, str) else text
    answer = client.post("/admin/imports", files={"file": (name, content)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def chosen(page: str) -> dict[str, str]:
    """What the page would send: every column and what it is taken for."""
    found = {}
    for name, options in re.findall(r'<select[^>]*name="(c\d+)">(.*?)</select>', page, re.DOTALL):
        picked = re.search(r'value="(\w*)" selected', options)
        found[name] = picked[1] if picked else ""
    return found


def take(client: TestClient, address: str, subject: str = "tickets", **other: str) -> str:
    """Import what was handed over, with the columns as the page offers them."""
    page = client.get(f"{address}?subject={subject}").text
    answer = client.post(address, data={"subject": subject, **chosen(page), **other})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def numbers(town: Town) -> list[str]:
    with town.database.read() as session:
        return list(session.scalars(select(Ticket.number).order_by(Ticket.number)))


def count(page: str, name: str) -> int:
    found = re.search(rf'data-testid="{name}">([\d,]+)<', page)
    assert found, name
    return int(found[1].replace(",", ""))


def test_a_file_is_looked_at_taken_told_of_and_taken_back(town: Town) -> None:
    client = town.browser("zhong")
    address = hand_over(client, TICKETS)
    page = client.get(address).text
    codes = chosen(page)
    assert codes["c0"] == "number"
    assert codes["c1"] == "created_at", "a heading nobody knows is guessed by likeness and contents"
    assert "猜测，请核对" in page
    assert codes["c9"] == "", "what the file says beside is not read"
    assert "1 行有误" in page
    assert "“昨天”不是时间" in page
    assert "2026-01-02 08:35" in page
    assert numbers(town) == [], "looking writes nothing"

    done = take(client, address)
    page = client.get(done).text
    assert (count(page, "taken"), count(page, "doubled"), count(page, "refused")) == (2, 1, 1)
    assert "第 4 行：" in page
    assert numbers(town) == ["G1", "G2"]
    assert client.get(address).status_code == 404, "citizens' data does not lie about afterwards"

    answer = client.get(f"{done}/refused.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][-2:] == ["行号", "未导入的原因"]
    assert rows[0][:2] == ["number", "created_at"]
    assert [row[0] for row in rows[1:]] == ["G3", "G1"]
    assert "昨天" in rows[1][1]

    again = hand_over(client, TICKETS)
    assert "已经导入过" in client.get(again).text
    take(client, again)
    assert numbers(town) == ["G1", "G2"]

    answer = client.post(f"{done}/undo")
    assert answer.status_code == 303
    assert numbers(town) == []
    assert "已撤销" in client.get(answer.headers["location"]).text
    assert client.post(f"{done}/undo").status_code == 409, "only once"
    assert numbers(town) == []


def test_refused_rows_are_corrected_and_brought_again(town: Town) -> None:
    client = town.browser("zhong")
    done = take(client, hand_over(client, TICKETS))
    answer = client.get(f"{done}/refused.csv").content.decode("utf-8-sig")
    take(client, hand_over(client, answer.replace("昨天", "2026-01-04 08:00"), "改正.csv"))
    assert numbers(town) == ["G1", "G2", "G3"]


def test_columns_are_changed_by_hand_and_a_wrong_choice_keeps_the_rest(town: Town) -> None:
    client = town.browser("zhong")
    address = hand_over(client, "单号码,日子,备注\nG7,2026-01-02,x\n")
    page = client.get(f"{address}?subject=tickets")
    assert "缺少必需的列" in page.text
    assert 'data-testid="take"' not in page.text
    said = {"subject": "tickets", "c0": "number", "c1": "number", "c2": ""}
    wrong = client.post(address, data=said)
    assert wrong.status_code == 422
    assert "有两列都选作“工单编号”" in wrong.text
    assert chosen(wrong.text)["c0"] == "number"
    said["c1"] = "created_at"
    assert "2026-01-02 00:00" in client.get(address, params=said).text
    assert client.post(address, data=said).status_code == 303
    assert numbers(town) == ["G7"]


def test_a_workbook_is_read_like_a_csv(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(file), {"remove_timezone": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet()
        sheet.write_row(1, 0, ["工单编号", "创建时间", "状态"])
        sheet.write_number(2, 0, 20260102001)
        sheet.write_datetime(2, 1, datetime(2026, 1, 2, 8, 30, tzinfo=SHANGHAI), day)
        sheet.write_string(2, 2, "办理中")
        sheet.write_row(3, 0, ["G9", "不知道", "办理中"])
    client = town.browser("root")
    done = take(client, hand_over(client, file.read_bytes(), "旧系统.xlsx"))
    assert "第 4 行：创建时间：“不知道”不是时间" in client.get(done).text
    with town.database.read() as session:
        ticket = session.scalars(select(Ticket)).one()
        assert ticket.number == "20260102001"
        assert ticket.created_at.isoformat() == "2026-01-02T00:30:00+00:00"
        assert ticket.status == Status.IN_PROGRESS.value


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "是空的"), (b"PK\x03\x04nothing", "Excel 工作簿打不开"), (b"\x00" * 900, "不是 UTF-8")],
)
def test_what_is_no_table_is_refused_beside_the_field(town: Town, content: bytes, why: str) -> None:
    answer = town.browser("zhong").post("/admin/imports", files={"file": ("x.csv", content)})
    assert answer.status_code == 422
    assert why in answer.text
    assert 'id="e-file"' in answer.text


def test_undoing_names_what_was_worked_on_since(town: Town) -> None:
    client = town.browser("zhong")
    done = take(client, hand_over(client, TICKETS))
    leader, rules = town.actor("zhang"), town.app.state.context.rules
    with town.database.work() as session:
        id_ = session.scalars(select(Ticket.id).where(Ticket.number == "G2")).one()
        session.add(ViewLog(staff_id=1, ticket_id=id_, what="ticket", at=town.clock.now))
    with town.database.work() as session:
        instructions.give(session, leader, "G2", rules, words="请抓紧办理", now=town.clock.now)
    answer = client.post(f"{done}/undo")
    assert answer.status_code == 409
    assert "工单 G2导入后又有了" in answer.text
    assert numbers(town) == ["G1", "G2"], "all or nothing"


def test_looking_at_a_ticket_does_not_forbid_undoing_and_stays_written(town: Town) -> None:
    client = town.browser("zhong")
    calls = take(client, hand_over(client, CALLS, "来电.csv"), "contacts")
    done = take(client, hand_over(client, TICKETS))
    assert client.get("/tickets/G1").status_code == 200
    with town.database.read() as session:
        assert session.scalar(select(func.count(ViewLog.id))), "the look was written down"
        assert session.scalars(select(Contact.ticket_id)).one() is not None
    assert client.post(f"{done}/undo").status_code == 303
    with town.database.read() as session:
        call = session.scalars(select(Contact)).one()
        assert (call.ticket_id, call.ticket_ref) == (None, "G1"), "it waits for its ticket again"
        assert session.scalar(select(func.count(Assignment.id))) == 0
        undone = session.get_one(HistoryImport, int(done.rsplit("/", 1)[1]))
        assert [view[1] for view in undone.views] == ["G1"]
    assert client.post(f"{calls}/undo").status_code == 303
    with town.database.read() as session:
        assert session.scalar(select(func.count(Contact.id))) == 0


def test_a_long_file_goes_on_by_the_clock_and_is_stopped(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_running, "BESIDE_WORK", 2)
    rows = "".join(f"L{n},2026-01-02 08:{n:02d}\n" for n in range(9))
    client = town.browser("zhong")
    done = take(client, hand_over(client, "number,created_at\n" + rows))
    page = client.get(done).text
    assert 'data-state="running"' in page
    assert len(numbers(town)) == 2
    again = client.post(
        hand_over(client, "number,created_at\n" + rows), data={"c0": "number", "c1": "created_at"}
    )
    assert again.status_code == 409, "one file is not read twice at once"
    folder = town.app.state.context.imports
    jobs = {
        name: job
        for _, name, job in history_reading.timers(
            town.database, town.app.state.context.rulebook, folder
        )
    }
    jobs["history-imports"](town.clock.now)
    assert len(numbers(town)) == 9
    assert count(client.get(done).text, "taken") == 9
    assert client.post(f"{done}/stop").status_code == 409

    other = take(client, hand_over(client, "number,created_at\n" + rows.replace("L", "M")))
    assert client.post(f"{other}/undo").status_code == 409, "first it must stop"
    assert client.post(f"{other}/stop").status_code == 303
    jobs["history-imports"](town.clock.now)
    assert len(numbers(town)) == 11
    assert client.post(f"{other}/undo").status_code == 303
    assert len(numbers(town)) == 9


def test_two_readers_of_one_file_neither_lose_nor_double_a_row(town: Town) -> None:
    client = town.browser("zhong")
    address = hand_over(client, TICKETS)
    sha256 = address.rsplit("/", 1)[1]
    ctx = town.app.state.context
    staged = ctx.imports.staged(sha256)
    table = open_table(staged.path)
    sort = SORTS["tickets"]
    layout = Layout(sort, table.headings, {0: "number", 1: "created_at"})
    keeper = town.actor("zhong")
    with town.database.work() as session:
        first = history_imports.begin(
            session, keeper, sort, table, layout, sha256=sha256, now=town.clock.now
        )
    second = first.after(0)
    refused: list[str] = []
    for one in (first, second):
        history_running.bring_in(
            town.database,
            one,
            ctx.rules,
            lambda _first, rows: refused.extend(row.why for row in rows),
            now=town.clock.now,
        )
    assert numbers(town) == ["G1", "G2"]
    assert len(refused) == 2
    with town.database.read() as session:
        row = session.scalars(select(HistoryImport)).one()
        assert (row.rows, row.taken, row.doubled, row.refused) == (4, 2, 1, 1)
