"""派单目录 on its page: looked at, loaded, listed, taken away, and gone back from."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from dispatch.domain.errors import InvalidInput
from portal.tables import read_table, write_csv
from tests.portal.town import Town

HEAD = "事项编码,属地,主办单位,协办单位,依据\n"
GOOD = HEAD + "0101,*,城管局,住建局,城市市容条例\n"


def look(browser: TestClient, content: bytes) -> Response:
    """Upload a file for a preview."""
    files = {"file": ("catalogue.csv", content)}
    return browser.post("/admin/catalogue/preview", files=files)


def hidden_rows(page: str) -> str:
    """What the preview sends along with its button."""
    found = re.search(r'<textarea name="rows" hidden>(.*?)</textarea>', page, re.DOTALL)
    assert found is not None, page[:500]
    return found[1].replace("&#39;", "'").replace("&#34;", '"')


def load(browser: TestClient, content: bytes, label: str = "十二月版", **more: str) -> Response:
    """Upload, look, and put in force."""
    rows = hidden_rows(look(browser, content).text)
    return browser.post("/admin/catalogue/load", data={"rows": rows, "label": label, **more})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_catalogue_is_looked_at_loaded_listed_and_gone_back_from(
    town: Town, encoding: str
) -> None:
    root = town.browser("root")
    seen = look(root, GOOD.encode(encoding)).text
    assert 'data-testid="added">1<' in seen
    answer = load(root, GOOD.encode(encoding))
    assert answer.headers["location"] == "/admin/catalogue?done=loaded"
    page = root.get("/admin/catalogue?q=占道").text
    assert "城管局" in page
    assert "住建局" in page
    assert "现行" in page
    sure = town.browser("li").get("/desk?tab=sure")
    assert sure.status_code == 200
    version = re.search(r'data-testid="version-(\d+)"', page)
    assert version is not None
    root.post(f"/admin/catalogue/{version[1]}/withdraw")
    after = root.get("/admin/catalogue").text
    assert "已撤回" in after
    assert "还没有派单目录" in after
    again = root.post(f"/admin/catalogue/{version[1]}/withdraw")
    assert again.status_code == 409
    assert "已经撤回" in again.text


def test_bad_lines_are_named_and_good_ones_are_not_lost(town: Town) -> None:
    root = town.browser("root")
    page = look(root, (GOOD + "9999,*,城管局,,\n0101,XX,城管局,,\n").encode()).text
    assert "第 3 行" in page
    assert "第 4 行" in page
    assert "只用这 1 行" in page
    assert hidden_rows(page).count("\n") == 2


def test_what_was_typed_stays_when_a_version_is_refused(town: Town) -> None:
    root = town.browser("root")
    answer = load(root, GOOD.encode(), label=" ", note="按新三定修订")
    assert answer.status_code == 422
    assert "名字" in answer.text
    assert "按新三定修订" in answer.text
    assert "城市市容条例" in hidden_rows(answer.text)


def test_the_export_can_be_loaded_again(town: Town) -> None:
    zhong = town.browser("zhong")
    load(zhong, GOOD.encode())
    taken = zhong.get("/admin/catalogue/export.csv")
    assert taken.content.startswith(b"\xef\xbb\xbf")
    page = look(zhong, taken.content).text
    for change in ("added", "changed", "removed"):
        assert f'data-testid="{change}">0<' in page


def workbook(rows: list[list[str]]) -> bytes:
    """The smallest XLSX with these cells as inline text."""
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in row) + "</row>"
        for row in rows
    )
    space = "http://schemas.openxmlformats.org"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{space}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{space}/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}/spreadsheetml/2006/main" '
        f'xmlns:r="{space}/officeDocument/2006/relationships"><sheets>'
        '<sheet name="目录" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{space}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{space}/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}/spreadsheetml/2006/main">'
        f"<sheetData>{cells}</sheetData></worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return out.getvalue()


def test_a_workbook_is_read_like_a_csv() -> None:
    rows = [["事项编码", "主办单位"], ["0101", "城管局"]]
    assert list(read_table(workbook(rows))) == [(1, rows[0]), (2, rows[1])]


@pytest.mark.parametrize(
    "content",
    [b"", b"   ", b"PK\x03\x04 no workbook", b"\x00\x01\x02", b'a,"b\nc', b"x" * 4_000_000],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        list(read_table(content))
    assert refused.value.field == "file"


def test_no_cell_becomes_a_formula() -> None:
    assert b"'=1+1" in write_csv([["=1+1", "plain"]])
