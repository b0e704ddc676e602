"""Open data: k of each combination, no person in it, public without signing in, withdrawable."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from analytics.open_data import QUASI, Anonymised, OpenRow, anonymise, smallest_class
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Channel, RequestKind, Status
from dispatch.models.reporting import OpenRelease
from dispatch.models.tickets import Ticket
from dispatch.service import history, open_releases
from dispatch.service.history import PastTicket
from hotline.open_data import publish_due
from tests.portal.town import Town

OCTOBER = date(2026, 10, 1)
HEADINGS = ("受理日期", "渠道", "诉求类型", "事项大类", "事项小类", "承办单位", "区县")

rows_made = st.lists(
    st.builds(
        OpenRow,
        period=st.dates(OCTOBER, date(2026, 10, 31)).map(str),
        channel=st.sampled_from(["电话", "微信"]),
        kind=st.sampled_from(["投诉", "咨询"]),
        subject=st.sampled_from(["城市管理", "教育"]),
        matter=st.sampled_from(["占道经营", "入学", ""]),
        unit=st.sampled_from(["城管局", "教育局", "公安局"]),
        district=st.sampled_from(["东区", "西区"]),
        status=st.just("已办结"),
        duration=st.sampled_from(["1 天内", "3 天内"]),
        on_time=st.just("是"),
        solved=st.just(""),
    ),
    max_size=80,
)


def rarest(found: Anonymised) -> int:
    counts = Counter(tuple(getattr(row, code) for code in QUASI) for row in found.rows)
    return min(counts.values(), default=0)


@settings(max_examples=60, deadline=None)
@given(rows=rows_made, k=st.integers(1, 12))
def test_every_combination_stands_for_at_least_k_requests(rows: list[OpenRow], k: int) -> None:
    found = anonymise(rows, OCTOBER, k)
    assert not found.rows or rarest(found) >= k
    assert len(found.rows) + found.suppressed == len(rows), "left out is counted"
    told = Counter((row.kind, row.duration) for row in rows)
    kept = Counter((row.kind, row.duration) for row in found.rows)
    assert kept <= told, "details go, nothing is invented"
    mixed = rows[:]
    random.Random(k).shuffle(mixed)
    assert anonymise(mixed, OCTOBER, k) == found, "the order of the file tells nothing"


def test_common_requests_keep_their_day_and_rare_ones_lose_detail() -> None:
    usual = OpenRow("2026-10-05", "电话", "投诉", "城管", "占道", "甲局", "东区", "", "", "", "")
    later = [replace(usual, period=f"2026-10-{day:02d}") for day in (13, 14, 15, 16, 17)]
    alone = replace(usual, kind="咨询", subject="教育")
    found = anonymise([usual] * 5 + later + [alone], OCTOBER, 5)
    assert [row.period for row in found.rows] == ["2026-10-05"] * 5 + ["2026-W42"] * 5
    assert found.suppressed == 1
    assert found.coarsened["week"] == 6


def test_the_check_counts_what_is_written() -> None:
    assert smallest_class([("1", "a"), ("2", "a"), ("3", "b")], [1]) == 1
    assert smallest_class([], [0]) == 0


def fill(town: Town) -> None:
    """October: a common matter, a rare one, a confidential one, a report, and 30 September."""
    at = datetime(2026, 10, 9, 2, tzinfo=UTC)
    common = [
        PastTicket(
            number=f"K{n}",
            created_at=at + timedelta(minutes=n),
            status=Status.CLOSED,
            category="占道经营",
            department="城市管理局",
            kind=RequestKind.COMPLAINT,
            content=f"=cmd 住在南门外 {n} 号的陈晓梅说",
            phone="13812345678",
            requester_name="陈晓梅",
            place="南门外 3 号",
            dispatched_at=at + timedelta(hours=1),
            due_at=at + timedelta(days=5),
            completed_at=at + timedelta(days=2),
            closed_at=at + timedelta(days=3),
        )
        for n in range(6)
    ]
    rare = replace(common[0], number="R1", channel=Channel.LETTER, kind=RequestKind.PRAISE)
    hidden = replace(common[0], number="H1", confidential=True)
    reported = replace(common[0], number="J1", kind=RequestKind.REPORT)
    september = replace(common[0], number="S1", created_at=datetime(2026, 9, 30, 15, tzinfo=UTC))
    with town.database.work() as session:
        history.add_tickets(session, [*common, rare, hidden, reported, september])


def table(client: TestClient) -> list[dict[str, str]]:
    answer = client.get("/open-data/2026-10.csv")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_month_goes_from_button_to_the_public_and_back(town: Town) -> None:
    fill(town)
    keeper, anyone = town.browser("zhong"), town.anyone()
    assert 'data-testid="none"' in anyone.get("/open-data").text
    assert keeper.post("/admin/open-data", data={"month": "2026-10"}).status_code == 303

    page = anyone.get("/open-data").text
    assert 'data-testid="month-2026-10"' in page
    assert town.app.state.context.rules.profile.open_data.licence in page
    assert "数据字典" in page
    found = table(anyone)
    assert len(found) == 6
    assert min(Counter(tuple(row[h] for h in HEADINGS) for row in found).values()) >= 5
    assert {row["受理日期"] for row in found} == {"2026-10-09"}
    assert {row["承办单位"] for row in found} == {"城市管理局"}
    assert {(row["办理用时"], row["是否按时"]) for row in found} == {("3 天内", "是")}
    told = json.loads(anyone.get("/open-data/2026-10.json").content)
    assert [row["row_id"] for row in told["rows"]] == [row["序号"] for row in found]
    assert told["suppressed"] == 1
    for kind in ("csv", "json"):
        text = anyone.get(f"/open-data/2026-10.{kind}").text
        for person in ("陈晓梅", "1381234", "南门外", "K1", "H1", "表扬", "cmd"):
            assert person not in text.replace("咨询、求助、投诉、建议、表扬", ""), person

    same = keeper.post("/admin/open-data", data={"month": "2026-10"})
    assert same.status_code == 409
    assert "没有变化" in same.text

    with town.database.read() as session:
        first = session.scalars(select(OpenRelease)).one()
    bare = keeper.post(f"/admin/open-data/{first.id}/withdraw", data={"why": " "})
    assert bare.status_code == 422
    assert "请写明撤回的原因" in bare.text
    said = {"why": "发现一处单位名称有误"}
    assert keeper.post(f"/admin/open-data/{first.id}/withdraw", data=said).status_code == 303
    assert anyone.get("/open-data/2026-10.csv").status_code == 404
    assert "发现一处单位名称有误" in keeper.get("/admin/open-data").text


def test_a_later_revision_replaces_the_one_before(town: Town) -> None:
    fill(town)
    keeper, anyone = town.browser("root"), town.anyone()
    keeper.post("/admin/open-data", data={"month": "2026-10"})
    with town.database.work() as session:
        session.execute(
            update(Ticket)
            .where(Ticket.number == "K1")
            .values(completed_at=None, closed_at=town.clock.now)
        )
    assert keeper.post("/admin/open-data", data={"month": "2026-10"}).status_code == 303
    assert "第 2 版" in anyone.get("/open-data").text
    assert Counter(row["是否按时"] for row in table(anyone)) == {"是": 5, "": 1}
    with town.database.read() as session:
        newest = open_releases.public_month(session, "2026-10")
    keeper.post(f"/admin/open-data/{newest.id}/withdraw", data={"why": "有误"})
    assert anyone.get("/open-data/2026-10.csv").status_code == 404, "the older one stays replaced"


def test_a_month_that_is_not_over_or_empty_is_refused(town: Town) -> None:
    keeper = town.browser("zhong")
    for month, why in (("2026-11", "还没有过完"), ("2026-08", "没有可以公布"), ("x", "请选择")):
        answer = keeper.post("/admin/open-data", data={"month": month})
        assert answer.status_code == 422
        assert why in answer.text
    assert town.anyone().get("/open-data/..%2Ftown.db").status_code == 404


def test_a_month_is_published_by_the_clock_once(town: Town) -> None:
    fill(town)
    ctx = town.app.state.context
    off = ctx.rules
    on = Rules(
        replace(off.profile, open_data=replace(off.profile.open_data, by_schedule=True)),
        off.calendar,
    )
    early = datetime(2026, 11, 9, 2, tzinfo=UTC)
    assert not publish_due(town.database, ctx.open_data, off, town.clock.now)
    assert not publish_due(town.database, ctx.open_data, on, early)
    assert publish_due(town.database, ctx.open_data, on, town.clock.now)
    assert not publish_due(town.database, ctx.open_data, on, town.clock.now), "once"
    assert len(table(town.anyone())) == 6
    with town.database.read() as session:
        made = session.scalars(select(OpenRelease)).one()
        assert made.published_by_id is None
    town.browser("zhong").post(f"/admin/open-data/{made.id}/withdraw", data={"why": "有误"})
    assert not publish_due(town.database, ctx.open_data, on, town.clock.now), "withdrawn stays"
