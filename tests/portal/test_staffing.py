"""The staffing page: what is expected, who is rostered, where people are missing; its forms."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from dispatch.models.contacts import Contact
from dispatch.models.reporting import DayNote, RosterShift
from portal.navigation import PLACES
from tests.portal.town import MONDAY, Town

DAY = "2026-11-24"


def put_calls(town: Town, *, days: int = 21, a_half_hour: int = 6) -> None:
    """So many calls each half-hour from nine to noon, on the days before today."""
    midnight = MONDAY - timedelta(hours=10)  # 00:00 in the city
    with town.database.work() as session:
        session.add_all(
            Contact(
                call_id=f"s{day}-{half}-{n}",
                direction="inbound",
                queue="hotline",
                started_at=at,
                queued_at=at,
                talk_s=240.0,
            )
            for day in range(1, days + 1)
            for half in range(18, 24)
            for n in range(a_half_hour)
            for at in [midnight - timedelta(days=day) + timedelta(minutes=30 * half + n)]
        )


def post(town: Town, path: str, login: str = "ban", **form: str) -> str:
    """The page after a form was sent."""
    answer = town.browser(login).post(path, data=form, follow_redirects=True)
    assert answer.status_code in {200, 422}, answer.text[:300]
    return answer.text


def rostered(town: Town) -> list[tuple[datetime, datetime, str]]:
    with town.database.read() as session:
        rows = session.query(RosterShift).order_by(RosterShift.starts_at, RosterShift.id)
        return [(row.starts_at, row.ends_at, row.queue) for row in rows]


def test_without_calls_it_says_what_is_missing_and_still_takes_shifts(town: Town) -> None:
    page = town.browser("ban").get("/staffing").text
    assert "还不能预测来电" in page
    assert "至少 14 天" in page
    page = post(town, "/staffing/shifts", day=DAY, who="wang", starts="08:00", ends="16:00")
    assert "班次已加入" in page
    assert "wang员" in page.split('data-testid="shifts"')[1]


def test_the_gap_is_what_is_needed_less_who_is_there(town: Town) -> None:
    put_calls(town)
    page = town.browser("ban").get(f"/staffing?day={DAY}").text
    most = re.search(r"最多需要 (\d+) 人", page)
    assert most is not None
    needed = int(most[1])
    assert needed >= 3
    assert f'<b class="text-over">缺 {needed}</b>' in page
    post(town, "/staffing/shifts", day=DAY, who="wang", starts="09:00", ends="12:00")
    page = town.browser("ban").get(f"/staffing?day={DAY}").text
    row = page.split('<td class="num-left nowrap">09:30</td>')[1].split("</tr>")[0]
    assert f"缺 {needed - 1}" in row
    assert re.search(r"\d+\.\d%", row)


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(town: Town) -> None:
    wrong = {"day": DAY, "who": "wang", "starts": "08:00", "ends": "07:00"}
    page = post(town, "/staffing/shifts", **wrong)
    assert "不应超过 16 小时" in page.split('data-testid="wrong-ends"')[1][:300]
    assert 'name="ends" value="07:00"' in page
    assert rostered(town) == []


def test_nobody_stands_twice_on_the_roster_at_a_time(town: Town) -> None:
    post(town, "/staffing/shifts", day=DAY, who="wang", starts="08:00", ends="16:00")
    page = post(town, "/staffing/shifts", day=DAY, who="8001", starts="15:00", ends="20:00")
    assert "wang员在 11月24日 08:00 已有班次" in page
    assert len(rostered(town)) == 1
    post(town, "/staffing/shifts", day=DAY, who="wang", starts="16:00", ends="20:00")
    assert len(rostered(town)) == 2


def test_a_night_shift_ends_the_next_day_and_is_shown_on_both(town: Town) -> None:
    post(town, "/staffing/shifts", day=DAY, who="zhao", starts="22:00", ends="06:00")
    ((starts, ends, _),) = rostered(town)
    assert ends - starts == timedelta(hours=8)
    for day in (DAY, "2026-11-25"):
        page = town.browser("ban").get(f"/staffing?day={day}").text
        assert "11-24 22:00 至 11-25 06:00" in page


def test_a_file_gives_its_good_rows_and_names_the_others(town: Town) -> None:
    text = (
        "账号,日期,上班,下班,队列\r\n"
        "wang,2026-11-24,08:00,16:00,\r\n"
        "8002,2026/11/24,22:00,6:00,hotline\r\n"
        "nobody,2026-11-24,08:00,16:00,\r\n"
        "wang,2026-11-24,15:00,17:00,\r\n"
        "zhao,昨天,08:00,16:00,\r\n"
        "zhao,2026-11-25,08:00,16:00,moon\r\n"
    )
    page = town.browser("ban").post(
        "/staffing/import", files={"file": ("班表.csv", text.encode("gb18030"), "text/csv")}
    )
    assert "已导入 2 个班次，4 行有误没有导入" in page.text
    wrong = page.text.split('data-testid="wrong"')[1].split("</table>")[0]
    assert re.findall(r"第 (\d+) 行", wrong) == ["4", "5", "6", "7"]
    assert len(rostered(town)) == 2


def test_a_file_without_the_columns_is_refused_by_name(town: Town) -> None:
    page = town.browser("ban").post(
        "/staffing/import", files={"file": ("a.csv", "账号,日期\nwang,2026-11-24\n".encode())}
    )
    assert page.status_code == 422
    assert "缺少：上班、下班" in page.text


def test_what_is_taken_away_can_be_loaded_again(town: Town) -> None:
    post(town, "/staffing/shifts", day=DAY, who="wang", starts="08:00", ends="16:00")
    kept = rostered(town)
    file = town.browser("ban").get(f"/staffing/roster.csv?day={DAY}")
    assert file.content.startswith("\ufeff分机".encode())
    with town.database.work() as session:
        session.query(RosterShift).delete()
    town.browser("ban").post("/staffing/import", files={"file": ("a.csv", file.content)})
    assert rostered(town) == kept


def test_last_week_is_repeated_but_nobody_is_put_on_twice(town: Town) -> None:
    post(town, "/staffing/shifts", day="2026-11-17", who="wang", starts="08:00", ends="16:00")
    post(town, "/staffing/shifts", day="2026-11-17", who="zhao", starts="08:00", ends="16:00")
    post(town, "/staffing/shifts", day=DAY, who="zhao", starts="10:00", ends="12:00")
    assert "已照搬" in post(town, "/staffing/copy-week", day=DAY)
    week = timedelta(weeks=1)
    starts = [row[0] for row in rostered(town)]
    assert len(starts) == 4
    assert starts[0] + week in starts
    assert "没有可以照搬的班次" in post(town, "/staffing/copy-week", day=DAY)


def test_a_shift_is_taken_off_and_a_second_time_it_is_gone(town: Town) -> None:
    post(town, "/staffing/shifts", day=DAY, who="wang", starts="08:00", ends="16:00")
    page = town.browser("ban").get(f"/staffing?day={DAY}").text
    found = re.search(r"/staffing/shifts/\d+/remove", page)
    assert found is not None
    assert "班次已删除" in post(town, found[0])
    assert town.browser("ban").post(found[0]).status_code == 404


def test_weather_is_kept_and_an_empty_note_takes_it_away(town: Town) -> None:
    page = post(town, "/staffing/notes", day=DAY, weather="storm", note="  橙色预警  ")
    assert "橙色预警" in page.split(f'data-testid="day-{DAY}"')[1].split("</tr>")[0]
    with town.database.read() as session:
        assert [row.weather for row in session.query(DayNote)] == ["storm"]
    assert "请从列出的天气中选择" in post(town, "/staffing/notes", day=DAY, weather="frogs")
    post(town, "/staffing/notes", day=DAY)
    with town.database.read() as session:
        assert session.query(DayNote).count() == 0


def test_who_only_reads_sees_no_forms(town: Town) -> None:
    page = town.browser("root").get("/staffing").text
    assert "/staffing/shifts" not in page
    assert 'data-testid="week"' in page


def test_a_day_out_of_reach_is_today(town: Town) -> None:
    browser = town.browser("ban")
    for day in ("garbage", "1990-01-01", "9999-12-31"):
        assert 'data-testid="day-2026-11-23"' in browser.get(f"/staffing?day={day}").text


def test_every_place_of_the_rail_has_a_key_of_its_own() -> None:
    keys = [place.key for place in PLACES]
    assert len(keys) == len(set(keys))
