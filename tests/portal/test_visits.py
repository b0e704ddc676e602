"""Visits and outside surveys: by a form, from a CSV and from a workbook, with the same meaning."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime
from xml.sax.saxutils import escape

from httpx2 import Response

from dispatch.domain.worktime import SHANGHAI
from tests.portal.follow_up_story import attempts, audited, ticket
from tests.portal.town import Town

HEADINGS = ["工单编号", "回访时间", "是否联系", "答复是否属实", "是否解决", "满意度", "意见"]
FIELDS = {
    "method": "visit",
    "asked_by": "市统计局调查队",
    "at": "2026-11-23T15:30",
    "reached": "是",
}


def table(*rows: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADINGS, *rows])
    return out.getvalue().encode("utf-8-sig")


def workbook(*rows: list[str]) -> bytes:
    """The smallest XLSX with these rows."""
    lines = "".join(
        "<row>"
        + "".join(f'<c t="inlineStr"><is><t>{escape(c)}</t></is></c>' for c in row)
        + "</row>"
        for row in (HEADINGS, *rows)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/s1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="s1.xml"/></Relationships>',
        "xl/s1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, text in parts.items():
            file.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return made.getvalue()


def bring(town: Town, content: bytes, name: str = "调查.csv", **fields: str) -> Response:
    data = {"method": "outside", "asked_by": "某某调查公司", **fields}
    return town.browser("hui").post("/visits/imports", data=data, files={"file": (name, content)})


def test_a_visit_closes_a_waiting_ticket_like_a_call(town: Town) -> None:
    (number,) = audited(town)
    town.clock.advance(hours=6)
    typed = {**FIELDS, "number": number, "contacted": "是", "reply_true": "是"}
    answer = town.browser("hui").post(
        "/visits", data={**typed, "solved": "resolved", "rating": "satisfied", "comment": "满意"}
    )
    assert answer.status_code == 303, answer.text
    done = ticket(town, number)
    assert (done.status, done.solved, done.rating) == ("closed", "resolved", "satisfied")
    (row,) = attempts(town, number)
    assert (row.method, row.asked_by, row.comment) == ("visit", "市统计局调查队", "满意")
    assert row.ended_at == datetime(2026, 11, 23, 15, 30, tzinfo=SHANGHAI)


def test_what_is_wrong_with_a_visit_is_said_at_its_field_and_stays(town: Town) -> None:
    (number,) = audited(town)
    hui = town.browser("hui")
    cases = {
        "没有找到工单": {
            **FIELDS,
            "number": "20990101",
            "solved": "resolved",
            "at": "2026-11-23T09:59",
        },
        "在将来": {**FIELDS, "number": number, "solved": "resolved", "at": "2026-11-24T09:00"},
        "早于受理时间": {
            **FIELDS,
            "number": number,
            "solved": "resolved",
            "at": "2026-11-20T09:00",
        },
        "没有一项答复": {**FIELDS, "number": number, "at": "2026-11-23T10:00"},
        "请写明是谁走访": {**FIELDS, "number": number, "asked_by": " ", "at": "2026-11-23T10:00"},
    }
    for said, typed in cases.items():
        answer = hui.post("/visits", data=typed)
        assert answer.status_code in {404, 422}, said
        assert said in answer.text
        assert f'value="{typed["number"]}"' in answer.text
    assert ticket(town, number).status == "follow_up"


def test_a_table_takes_good_rows_and_gives_the_bad_ones_back_with_why(town: Town) -> None:
    good, cross, twice = audited(town, 3)
    town.clock.advance(days=1)
    content = table(
        [good, "2026-11-23 15:30", "是", "是", "已解决", "非常满意", "很快"],
        [cross, "2026/11/24", "否", "否", "未解决", "不满意", "没人来过"],
        [twice, "2026-11-23", "是", "", "已解决", "还行", ""],
        ["20990101000001", "2026-11-23", "", "", "已解决", "满意", ""],
        ["", "", "", "", "", "", ""],
        [good, "2026-11-23 15:30", "是", "是", "已解决", "非常满意", "很快"],
    )
    assert bring(town, content).status_code == 303
    assert (ticket(town, good).status, ticket(town, good).rating) == ("closed", "very_satisfied")
    assert ticket(town, cross).status == "review"
    assert ticket(town, twice).status == "follow_up"
    page = town.browser("hui").get("/visits").text
    assert re.search(r'data-label="行数">5<.*?data-label="已导入">2<', page)
    assert "第 4 行：满意度“还行”不认识" in page
    bad = town.browser("hui").get("/visits/imports/1/refused.csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(bad)))
    assert rows[0] == [*HEADINGS, "未导入的原因"]
    assert [row[0] for row in rows[1:]] == [twice, "20990101000001", good]
    assert "已经登记过" in rows[3][-1]


def test_the_same_file_is_refused_and_the_same_row_of_another_file_too(town: Town) -> None:
    (number,) = audited(town)
    town.clock.advance(days=1)
    row = [number, "2026-11-23 15:30", "是", "是", "已解决", "满意", ""]
    assert bring(town, table(row)).status_code == 303
    again = bring(town, table(row))
    assert again.status_code == 422
    assert "已经导入过" in again.text
    assert "某某调查公司" in again.text  # what was typed stays
    assert bring(town, table(row, [*row[:1], "2026-11-24", *row[2:]])).status_code == 303
    # The second file's first row was known; asked again on another day it counts beside.
    assert [one.method for one in attempts(town, number)] == ["outside", "outside"]


def test_a_workbook_means_the_same_as_a_csv(town: Town) -> None:
    (number,) = audited(town)
    town.clock.advance(days=1)
    row = [number, "2026-11-23 15:30", "是", "否", "未解决", "不满意", "假的"]
    answer = bring(town, workbook(row), "调查.xlsx", method="visit")
    assert answer.status_code == 303, answer.text
    (attempt,) = attempts(town, number)
    assert (attempt.method, attempt.contacted, attempt.reply_true) == ("visit", True, False)
    assert ticket(town, number).status == "review"


def test_a_file_that_is_no_survey_is_refused_by_name(town: Town) -> None:
    for content, said in (
        (b"", "请选择一个有内容的文件"),
        ("姓名,年龄\n张三,3\n".encode(), "缺少：工单编号、回访时间、是否解决、满意度"),
        (table(), "只有表头"),
        (b"\x00\x01\x02" * 50, "不是 CSV"),
    ):
        answer = bring(town, content)
        assert answer.status_code == 422, said
        assert said in answer.text
    assert "请写明是谁" in bring(town, table(), asked_by="").text


def test_whom_a_visit_did_not_find_is_asked_as_planned(town: Town) -> None:
    (number,) = audited(town)
    town.clock.advance(hours=6)
    typed = {**FIELDS, "number": number, "reached": "否", "result": "no_answer"}
    assert town.browser("hui").post("/visits", data=typed).status_code == 303
    assert ticket(town, number).status == "follow_up"
    assert sorted(one.state for one in attempts(town, number)) == ["pending", "unreached"]


def test_the_empty_table_can_be_filled_in(town: Town) -> None:
    (number,) = audited(town)
    town.clock.advance(days=1)
    text = town.browser("hui").get("/visits/template.csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    filled = [number, "2026-11-23 15:30", *rows[1][2:]]
    out = io.StringIO()
    csv.writer(out).writerows([rows[0], filled])
    assert bring(town, out.getvalue().encode()).status_code == 303
    assert ticket(town, number).status == "closed"
