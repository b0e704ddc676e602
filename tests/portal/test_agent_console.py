"""The agent's console by its endpoints: caller, form, drafts, endings, seat, telephone account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from classifier.suggester import KeywordSuggester
from dispatch.bus import Database
from dispatch.db import Base, Session
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import TelephonyUnavailable
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.ports import AgentState, Seat, SilentDialer, SilentSeats
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.files.import_folder import ImportFolder
from dispatch.files.recordings import RecordingFolder
from dispatch.files.store import FolderStore
from dispatch.files.vault import Keyring
from dispatch.models.contacts import Contact
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service import accounts, catalogue, intake, seat_wishes
from dispatch.service.rulebook import RuleBook
from portal.app import create_app
from portal.auth import SESSION_COOKIE
from portal.deps import PortalContext, SoftphoneConfig

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
LIN, ZHOU = "13812345678", "13900001111"

RULES = Rules(load_profile("default"), load_calendar())


class DeafSeats:
    """A telephone system that is away."""

    def apply(self, seat: Seat) -> None:
        """Refuse every order."""
        raise TelephonyUnavailable


@dataclass
class Console:
    """A city with two agents and their browsers."""

    database: Database
    seats: SilentSeats
    app_client: TestClient

    def agent(self, login: str) -> Agent:
        """The agent, signed in."""
        with self.database.work() as session:
            found = accounts.password_hash_of(session, login)
            assert found is not None
            fresh = accounts.start_session(session, found[0], now=NOW)
        return Agent(self.app_client, fresh.token, fresh.csrf)

    def call(self, caller: str | None, extension: str, *, call_id: str = "", **more: object) -> int:
        """A call as the telephone side would record it; answered unless told otherwise."""
        moments = {"started_at": NOW, "queued_at": NOW, "answered_at": NOW + timedelta(seconds=5)}
        record = CallRecord(
            call_id=call_id or f"hot1-{caller}-{extension}",
            direction=Direction.INBOUND,
            caller=caller,
            line="12329",
            **{**moments, "agent": extension, **more},  # type: ignore[arg-type]
        )
        with self.database.work() as session:
            return intake.record_call(session, record, now=NOW)


@dataclass
class Agent:
    """One agent's browser."""

    client: TestClient
    token: str
    csrf: str

    def get(self, path: str, *, page: bool = False) -> Response:
        """Ask as htmx does, or for the whole page."""
        headers = {} if page else {"HX-Request": "true"}
        return self._clean().get(path, headers=headers)

    def post(self, path: str, **fields: str) -> Response:
        """Send a form."""
        headers = {"HX-Request": "true"} if path == "/agent/save" else {}
        return self._clean().post(path, data={"csrf": self.csrf, **fields}, headers=headers)

    def save(self, action: str, contact_id: int | None = None, **fields: str) -> Response:
        """Press a button of a filled form."""
        form = {
            "kind": "complaint",
            "urgency": "routine",
            "channel": "letter",
            "content": "小区南门外烧烤摊占道经营，油烟很大",
            "reply_wanted": "on",
            "dispatch_now": "on",
            **fields,
        }
        return self.post("/agent/save", action=action, contact_id=str(contact_id or ""), **form)

    def _clean(self) -> TestClient:
        self.client.cookies.clear()
        self.client.cookies.set(SESSION_COOKIE, self.token)
        return self.client


def found(database: Database) -> None:
    """Two districts' worth of catalogue, two agents, one unit."""
    with database.work() as session:
        catalogue.put_divisions(
            session,
            [
                {"code": "99", "name": "岚川市", "parent": None, "level": 1},
                {"code": "9901", "name": "鼓台区", "parent": "99", "level": 2},
                {"code": "990101", "name": "石埠街道", "parent": "9901", "level": 3},
            ],
        )
        catalogue.put_lines(
            session,
            [{"number": "12329", "name": "住房公积金热线", "state": "merged", "queue": "hotline"}],
        )
        catalogue.put_departments(
            session,
            [
                {
                    "code": "CG",
                    "name": "城市管理局",
                    "short_name": "市城管局",
                    "tier": 2,
                    "kind": "bureau",
                },
                {
                    "code": "GT",
                    "name": "鼓台区政府",
                    "short_name": "鼓台区",
                    "tier": 2,
                    "kind": "district",
                },
            ],
        )
        catalogue.put_categories(
            session,
            [
                {"code": "01", "name": "城市管理", "parent": None, "level": 1},
                {"code": "0101", "name": "占道经营", "parent": "01", "level": 2},
                {"code": "0102", "name": "油烟扰民", "parent": "01", "level": 2},
                {"code": "0103", "name": "市容美化", "parent": "01", "level": 2},
            ],
        )
        rows = (("0101", "*", "CG"), ("0101", "9901", "GT"), ("0102", "*", "CG"))
        catalogue.found_responsibilities(
            session,
            [
                {
                    "category": c,
                    "division": d,
                    "lead": u,
                    "supporting": "",
                    "legal_basis": "条例第二十条",
                }
                for c, d, u in rows
            ],
            since=date(2020, 1, 1),
        )
        for login, name, role, unit, extension in (
            ("lin", "林晓", Role.AGENT, None, "8001"),
            ("zhou", "周雨", Role.AGENT, None, "8002"),
            ("new", "新人", Role.AGENT, None, None),
            ("cg", "城管", Role.DEPARTMENT, "CG", None),
        ):
            accounts.create_staff(
                session,
                login=login,
                name=name,
                role=role,
                password_hash="x",
                department=unit,
                extension=extension,
            )


@lru_cache
def suggester() -> KeywordSuggester:
    """Counts words; one for all tests, because its dictionary takes a while to load."""
    return KeywordSuggester(
        route=lambda category, _division: "CG" if category in {"0101", "0102"} else None,
        categories={"0101": "占道经营", "0102": "油烟扰民", "0103": "市容美化"},
        departments={"CG": "市城管局"},
        keywords={"0101": {"烧烤", "占道"}, "0102": {"油烟"}},
    )


def context(database: Database, control: SilentSeats | DeafSeats) -> PortalContext:
    """The portal's context with the shipped stand-ins."""
    return PortalContext(
        db=database,
        rulebook=RuleBook(database, RULES),
        suggester=suggester(),
        seats=control,
        dialer=SilentDialer(),
        recordings=RecordingFolder(Path("/nonexistent"), Keyring("k1", {"k1": b"k" * 32})),
        attachments=FolderStore(Path("/nonexistent")),
        imports=ImportFolder(Path("/nonexistent")),
        open_data=Path("/nonexistent"),
        clock=lambda: NOW + timedelta(seconds=30),
        city_name="岚川市",
        softphone=SoftphoneConfig(
            "ws://127.0.0.1:8088/ws", "127.0.0.1", lambda extension: f"secret-{extension}"
        ),
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'hotline.db'}")
    Base.metadata.create_all(opened.engines.write)
    found(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def console(database: Database) -> Console:
    control = SilentSeats()
    return Console(database, control, TestClient(create_app(context(database, control))))


def checked(page: str, name: str, value: str) -> bool:
    """Whether the page shows this radio or checkbox as chosen."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*value="{value}"[^>]*>', page, re.DOTALL)
    return tag is not None and "checked" in tag[0]


def saved_number(response: Response) -> str:
    """The ticket's number that is read out to the caller."""
    assert response.status_code == 200, response.text
    match = re.search(r'id="saved-number"[^>]*>(\d+)<', response.text)
    assert match is not None, response.text
    return match[1]


def stored(session: Session, number: str) -> tuple[str, str | None, str | None]:
    """Status, unit and telephone of a ticket."""
    row = session.execute(
        select(Ticket.status, Department.code, Ticket.phone)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(Ticket.number == number)
    ).one()
    return row[0], row[1], row[2]


def count_tickets(session: Session) -> int:
    """How many tickets there are."""
    return session.scalar(select(func.count()).select_from(Ticket)) or 0


class TestScreenPop:
    def test_the_panel_shows_the_full_number_the_line_and_the_visit(self, console: Console) -> None:
        console.call(LIN, "8002", call_id="earlier", started_at=NOW - timedelta(days=2))
        contact = console.call(LIN, "8001", agent=None, answered_at=None, ringing="8001")
        page = console.agent("lin").get(f"/agent/contact/{contact}").text
        assert LIN in page
        assert "住房公积金热线" in page
        assert "第 2 次来电" in page
        assert "振铃中" in page
        assert 'id="request-form"' in page

    def test_a_call_is_nobody_elses(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        other = console.agent("zhou")
        assert other.get(f"/agent/contact/{contact}").status_code == 404
        refused = other.save("ticket", contact)
        assert refused.status_code == 404 or "没有找到这次来电" in refused.text
        assert LIN not in refused.text
        assert f"/agent/contact/{contact}" in console.agent("lin").get("/agent/recent").text

    def test_a_reloaded_page_comes_back_to_the_call_with_its_draft(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        lin = console.agent("lin")
        kept = lin.post("/agent/draft", contact_id=str(contact), content="写到一半", kind="report")
        assert kept.json() == {"saved_at": "10:00:30"}
        page = lin.get("/agent", page=True).text
        assert f'data-contact="{contact}"' in page
        assert "写到一半" in page
        assert checked(page, "kind", "report")
        assert "10:00:30" in page
        # What was switched off stays off: the draft has no "reply_wanted".
        assert not checked(page, "reply_wanted", "on")

    def test_two_agents_keep_their_own_drafts(self, console: Console) -> None:
        lin, zhou = console.agent("lin"), console.agent("zhou")
        lin.post("/agent/draft", content="林的来信")
        zhou.post("/agent/draft", content="周的来信")
        assert "林的来信" in lin.get("/agent/new").text
        assert "周的来信" not in lin.get("/agent/new").text
        assert "周的来信" in zhou.get("/agent/new").text

    def test_open_tickets_of_the_caller_stand_beside_the_form(self, console: Console) -> None:
        lin = console.agent("lin")
        first = console.call(LIN, "8001", call_id="one")
        number = saved_number(lin.save("ticket", first, category="0101"))
        second = console.call(LIN, "8001", call_id="two", started_at=NOW + timedelta(seconds=20))
        page = lin.get(f"/agent/contact/{second}").text
        assert number in page
        assert "在办 1 件" in page

    def test_a_confidential_ticket_of_another_agent_stays_hidden(self, console: Console) -> None:
        lin = console.agent("lin")
        first = console.call(LIN, "8001", call_id="one")
        number = saved_number(lin.save("ticket", first, confidential="on"))
        second = console.call(LIN, "8002", call_id="two", started_at=NOW + timedelta(seconds=20))
        assert number not in console.agent("zhou").get(f"/agent/contact/{second}").text

    def test_a_hidden_number_says_so(self, console: Console) -> None:
        contact = console.call(None, "8001")
        page = console.agent("lin").get(f"/agent/contact/{contact}").text
        assert "未显示号码" in page
        assert "第 1 次来电" in page

    def test_nothing_at_hand_says_what_will_come(self, console: Console) -> None:
        page = console.agent("lin").get("/agent", page=True).text
        assert "等待来电" in page
        assert "手工登记" in page

    def test_what_was_not_written_up_leads_the_list(self, console: Console) -> None:
        lin = console.agent("lin")
        done = console.call(LIN, "8001", call_id="one", ended_at=NOW + timedelta(seconds=9))
        left = console.call(ZHOU, "8001", call_id="two", ended_at=NOW + timedelta(seconds=9))
        lin.save("outcome", done, outcome="silent", note="没有声音")
        page = lin.get("/agent/recent").text
        assert page.index(f"/agent/contact/{left}") < page.index(f"/agent/contact/{done}")
        assert 'data-unregistered="1"' in page
        assert "待登记" in page


class TestEndings:
    def test_a_ticket_goes_to_the_unit_of_the_catalogue_at_once(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save("ticket", contact, category="城市管理 / 占道经营")
        number = saved_number(answer)
        assert "市城管局" in answer.text
        assert re.search(r'id="saved-code">\d{6}<', answer.text)
        assert "办理期限" in answer.text
        with console.database.read() as session:
            seen = stored(session, number)
        assert seen == ("dispatched", "CG", LIN)

    def test_the_place_decides_between_two_units(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save(
            "ticket", contact, category="0101", division="鼓台区 石埠街道"
        )
        assert "鼓台区" in answer.text
        with console.database.read() as session:
            assert stored(session, saved_number(answer))[1] == "GT"

    def test_the_agents_own_choice_of_unit_wins(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save(
            "ticket", contact, category="0101", unit="GT", unit_by="agent"
        )
        with console.database.read() as session:
            assert stored(session, saved_number(answer))[1] == "GT"

    def test_without_a_category_the_model_sends_nothing(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save("ticket", contact, unit="CG")
        with console.database.read() as session:
            assert stored(session, saved_number(answer))[0] == "open"

    def test_dispatch_may_be_left_to_the_dispatcher(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        lin = console.agent("lin")
        form = {"kind": "report", "urgency": "urgent", "content": "路灯不亮", "category": "0101"}
        answer = lin.post("/agent/save", action="ticket", contact_id=str(contact), **form)
        assert "等待派单" in answer.text
        with console.database.read() as session:
            assert stored(session, saved_number(answer))[0] == "open"

    def test_an_answer_on_the_call_needs_the_answer(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        lin = console.agent("lin")
        refused = lin.save("answer", contact, place="石埠街 12 号", expectation="清理摊位")
        assert refused.status_code == 422
        assert "请填写答复内容" in refused.text
        assert "is-invalid" in refused.text
        # Everything typed is still there.
        for typed in ("油烟很大", "石埠街 12 号", "清理摊位"):
            assert typed in refused.text
        assert checked(refused.text, "kind", "complaint")
        number = saved_number(lin.save("answer", contact, answer="每日 22 时后可拨打城管电话"))
        with console.database.read() as session:
            assert stored(session, number)[0] == "answered"

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("content", "   ", "请填写诉求内容"),
            ("content", "长" * 20_001, "20001 个字"),
            ("kind", "nonsense", "请选择诉求类型"),
            ("category", "没有的分类", "没有“没有的分类”这个事项分类"),
            ("division", "火星", "没有“火星”这个属地"),
            ("phone", "1381234abcd", "联系电话只能有数字"),
            ("phone", "1" * 30, "联系电话过长"),
        ],
    )
    def test_bad_input_is_named_beside_its_field_and_kept(
        self, console: Console, field: str, value: str, sentence: str
    ) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save("ticket", contact, **{field: value, "title": "标题在"})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert f'id="error-{field}"' in answer.text
        assert "标题在" in answer.text
        if value.strip() and field != "kind":
            assert value in answer.text
        with console.database.read() as session:
            assert count_tickets(session) == 0

    def test_markup_in_what_was_typed_is_only_text(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        nasty = "</textarea><script>alert(1)</script>"
        answer = console.agent("lin").save("answer", contact, content=nasty)
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;" in answer.text

    def test_a_refused_dispatch_leaves_no_ticket_behind(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save("ticket", contact, unit="GONE", unit_by="agent")
        assert answer.status_code == 409
        assert "没有编码为 GONE 的承办单位" in answer.text
        with console.database.read() as session:
            assert count_tickets(session) == 0

    def test_a_call_is_written_up_once(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        lin = console.agent("lin")
        saved_number(lin.save("ticket", contact))
        again = lin.save("ticket", contact)
        assert again.status_code == 409
        assert "已登记为“生成工单”" in again.text
        with console.database.read() as session:
            assert count_tickets(session) == 1

    def test_an_urge_joins_the_open_ticket(self, console: Console) -> None:
        lin = console.agent("lin")
        number = saved_number(lin.save("ticket", console.call(LIN, "8001", call_id="one")))
        second = console.call(LIN, "8001", call_id="two")
        assert "请先在右侧选择" in lin.save("urge", second).text
        answer = lin.save("urge", second, urged_number=number)
        assert "已催办（第 1 次）" in answer.text
        with console.database.read() as session:
            assert count_tickets(session) == 1

    @pytest.mark.parametrize(
        ("outcome", "reason"),
        [
            ("told_route", {"reason_code": "statutory_route", "basis": "民事诉讼法，市法院"}),
            ("declined", {"reason_code": "secret"}),
            ("transferred_out", {}),
            ("silent", {}),
        ],
    )
    def test_other_ends_need_a_word_of_why(
        self, console: Console, outcome: str, reason: dict[str, str]
    ) -> None:
        contact = console.call(LIN, "8001")
        lin = console.agent("lin")
        refused = lin.save("outcome", contact, outcome=outcome, **reason)
        assert refused.status_code == 422
        assert 'id="error-note"' in refused.text
        done = lin.save("outcome", contact, outcome=outcome, note="已告知向法院起诉", **reason)
        assert done.status_code == 200
        assert "已登记为" in done.text

    def test_a_refusal_needs_a_reason_of_the_citys_catalogue(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        lin = console.agent("lin")
        page = lin.get(f"/agent/contact/{contact}").text
        assert "必须说明不能答复的理由" in page
        refused = lin.save("outcome", contact, outcome="declined", note="不归我们管")
        assert refused.status_code == 422
        assert 'id="error-reason_code"' in refused.text

    @pytest.mark.parametrize("line", ["110", "119", "120", "122"])
    def test_an_emergency_takes_two_keys_and_no_typing(self, console: Console, line: str) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save(f"emergency-{line}", contact, content="")
        assert answer.status_code == 200
        assert f"号码 {line}" in answer.text
        with console.database.read() as session:
            row = session.get_one(Contact, contact)
        assert (row.disposition, row.disposition_reason) == ("transferred_out", line)

    def test_the_same_matter_again_offers_three_ways_and_keeps_the_text(
        self, console: Console
    ) -> None:
        lin = console.agent("lin")
        first = console.call(LIN, "8001", call_id="one")
        number = saved_number(lin.save("ticket", first, category="0101"))
        second = console.call(LIN, "8001", call_id="two", started_at=NOW + timedelta(minutes=20))
        again = {"category": "0101", "content": "南门外烧烤摊还在占道，油烟更大"}
        refused = lin.save("ticket", second, **again)
        assert refused.status_code == 409
        for words in ("催办这张工单", "告知办理情况", "有新情况，另立工单", again["content"]):
            assert words in refused.text
        assert f'name="repeat_number" value="{number}"' in refused.text
        empty = lin.save("inform", second, repeat_number=number, **again)
        assert 'id="error-told"' in empty.text
        urged = lin.save("urge-repeat", second, repeat_number=number, **again)
        assert "已催办（第 1 次）" in urged.text
        third = console.call(LIN, "8001", call_id="three", started_at=NOW + timedelta(minutes=30))
        told = lin.save("inform", third, repeat_number=number, told="城管局已派人", **again)
        assert "已告知办理情况" in told.text
        fourth = console.call(LIN, "8001", call_id="four", started_at=NOW + timedelta(minutes=40))
        fresh = lin.save("ticket", fourth, new_facts="昨晚又多了三个摊", **again)
        assert saved_number(fresh) != number
        with console.database.read() as session:
            ends = session.scalars(select(Contact.disposition).order_by(Contact.id)).all()
        assert ends == ["ticket", "urged", "informed", "ticket"]

    def test_another_caller_of_the_same_event_is_merged_and_gets_a_number(
        self, console: Console
    ) -> None:
        lin = console.agent("lin")
        first = console.call(LIN, "8001", call_id="one")
        number = saved_number(lin.save("ticket", first, category="0101", division="石埠街道"))
        second = console.call("13911112222", "8001", call_id="two")
        same = {"category": "城市管理 / 占道经营", "division": "石埠街道"}
        offered = lin.post("/agent/suggest", contact_id=str(second), **same)
        assert "似为同一事件" in offered.text
        assert number in offered.text
        assert "请先在" in lin.save("join", second, **same).text
        answer = lin.save("join", second, joined_number=number, **same)
        child = saved_number(answer)
        assert f"已并入 {number}" in answer.text
        with console.database.read() as session:
            assert stored(session, child) == ("merged", None, "13911112222")
            assert session.get_one(Contact, second).disposition == "merged"

    def test_a_caller_is_told_the_result_of_a_picked_ticket(self, console: Console) -> None:
        lin = console.agent("lin")
        first = console.call(LIN, "8001", call_id="one")
        number = saved_number(lin.save("ticket", first))
        second = console.call(LIN, "8001", call_id="two", started_at=NOW + timedelta(minutes=20))
        told = {"outcome": "informed", "note": "正在办理，周五前答复"}
        assert "请先在右侧选择" in lin.save("outcome", second, **told).text
        answer = lin.save("outcome", second, urged_number=number, **told)
        assert "已告知办理情况" in answer.text

    @pytest.mark.parametrize("outcome", ["", "ticket", "answered_on_call", "nonsense"])
    def test_no_other_end_passes_as_an_outcome(self, console: Console, outcome: str) -> None:
        contact = console.call(LIN, "8001")
        answer = console.agent("lin").save("outcome", contact, outcome=outcome, note="x")
        assert answer.status_code == 422

    def test_an_unknown_button_does_nothing(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        assert console.agent("lin").save("explode", contact).status_code == 422

    @pytest.mark.parametrize("again", ["", "1"])
    def test_saving_drops_the_draft(self, console: Console, again: str) -> None:
        lin = console.agent("lin")
        contact = str(console.call(LIN, "8001")) if again else ""
        fields = {"contact_id": contact, "again": again}
        fresh = f"/agent/new?again={contact}" if again else "/agent/new"
        lin.post("/agent/draft", content="草稿里的话", **fields)
        assert "草稿里的话" in lin.get(fresh).text
        saved_number(lin.save("ticket", int(contact) if contact else None, again=again))
        assert "草稿里的话" not in lin.get(fresh).text

    def test_one_call_may_bring_a_second_request(self, console: Console) -> None:
        contact = console.call(LIN, "8001")
        lin = console.agent("lin")
        first = lin.save("ticket", contact)
        assert "同一来电再登记一件" in first.text
        assert LIN in lin.get(f"/agent/new?again={contact}").text
        second = lin.save("ticket", contact, again="1", content="另外，路灯也坏了")
        with console.database.read() as session:
            assert stored(session, saved_number(second))[2] == LIN
            assert count_tickets(session) == 2


class TestByHand:
    def test_a_letter_becomes_a_ticket_without_a_call(self, console: Console) -> None:
        answer = console.agent("lin").save("ticket", phone="0650-5551234", channel="letter")
        with console.database.read() as session:
            assert stored(session, saved_number(answer))[2] == "06505551234"

    def test_a_key_pressed_twice_makes_one_ticket(self, console: Console) -> None:
        lin = console.agent("lin")
        number = saved_number(lin.save("ticket"))
        again = lin.save("ticket")
        assert again.status_code == 409
        assert number in again.text
        with console.database.read() as session:
            assert count_tickets(session) == 1

    def test_the_past_of_a_typed_number_is_shown(self, console: Console) -> None:
        lin = console.agent("lin")
        number = saved_number(lin.save("ticket", phone=LIN))
        page = lin.post("/agent/caller", phone=LIN, content="x").text
        assert number in page

    def test_a_draft_of_a_megabyte_is_refused_in_words(self, console: Console) -> None:
        answer = console.agent("lin").post("/agent/draft", content="长" * 100_000)
        assert answer.status_code == 422
        assert "草稿超过" in answer.text

    def test_a_contact_number_that_is_none_is_refused(self, console: Console) -> None:
        answer = console.agent("lin").post("/agent/draft", contact_id="1; drop", content="x")
        assert answer.status_code == 422


class TestSuggestions:
    def test_chips_carry_probability_and_the_words_that_decided(self, console: Console) -> None:
        page = console.agent("lin").post("/agent/suggest", content="门口烧烤摊占道，油烟大").text
        assert 'data-category="城市管理 / 占道经营"' in page
        assert re.search(r"<b>\d+%</b>", page)
        assert "烧烤" in page
        assert 'aria-pressed="false"' in page

    def test_the_catalogue_rules_the_unit(self, console: Console) -> None:
        lin = console.agent("lin")
        page = lin.post("/agent/suggest", content="烧烤摊占道", category="0101").text
        assert "派单目录" in page
        assert "条例第二十条" in page
        assert checked(page, "unit", "CG")
        there = lin.post(
            "/agent/suggest", content="烧烤摊占道", category="0101", division="石埠街道"
        ).text
        assert checked(there, "unit", "GT")

    def test_the_model_alone_chooses_no_unit(self, console: Console) -> None:
        page = console.agent("lin").post("/agent/suggest", content="门口烧烤摊占道").text
        assert 'name="unit"' in page
        assert not checked(page, "unit", "CG")

    def test_a_place_named_in_the_words_is_offered(self, console: Console) -> None:
        lin = console.agent("lin")
        page = lin.post("/agent/suggest", content="石埠菜场门口烧烤摊占道").text
        assert 'data-division="鼓台区 石埠街道"' in page
        chosen = lin.post("/agent/suggest", content="石埠菜场门口烧烤摊占道", division="鼓台区")
        assert "data-division" not in chosen.text

    def test_half_typed_choices_do_no_harm(self, console: Console) -> None:
        page = console.agent("lin").post("/agent/suggest", content="烧烤摊占道", category="占")
        assert page.status_code == 200

    def test_a_few_words_get_no_opinion(self, console: Console) -> None:
        assert "写下几个字后" in console.agent("lin").post("/agent/suggest", content="喂").text


class TestSeat:
    def test_the_wish_is_stored_and_carried_out(self, console: Console) -> None:
        lin = console.agent("lin")
        answer = lin.post("/agent/seat", state="ready").json()
        assert (answer["state"], answer["label"], answer["message"]) == ("ready", "就绪", "")
        paused = lin.post("/agent/seat", state="paused", reason="用餐").json()
        assert paused["label"] == "用餐"
        assert [seat.state for seat in console.seats.applied] == [
            AgentState.READY,
            AgentState.PAUSED,
        ]
        with console.database.read() as session:
            wished = seat_wishes.wished_seats(session, RULES)
        assert wished == [Seat("8001", "林晓", AgentState.PAUSED, "用餐")]

    def test_a_telephone_that_is_away_gets_it_later(self, database: Database) -> None:
        away = TestClient(create_app(context(database, DeafSeats())))
        lin = Console(database, SilentSeats(), away).agent("lin")
        answer = lin.post("/agent/seat", state="ready").json()
        assert answer["state"] == "ready"
        assert "恢复后自动生效" in answer["message"]
        with database.read() as session:
            assert seat_wishes.wished_seats(session, RULES)[0].state is AgentState.READY

    @pytest.mark.parametrize(
        ("state", "reason"), [("talking", ""), ("", ""), ("paused", ""), ("paused", "看球")]
    )
    def test_no_other_state_can_be_wished(self, console: Console, state: str, reason: str) -> None:
        answer = console.agent("lin").post("/agent/seat", state=state, reason=reason)
        assert answer.status_code == 422
        assert console.seats.applied == []

    def test_somebody_without_an_extension_is_told_so(self, console: Console) -> None:
        new = console.agent("new")
        assert "没有分机号" in new.post("/agent/seat", state="ready").text
        assert new.get("/agent/softphone").json()["available"] is False
        assert new.get("/agent", page=True).status_code == 200

    def test_writing_up_ends_the_wrap_up(self, console: Console) -> None:
        contact = console.call(LIN, "8001", ended_at=NOW + timedelta(seconds=20))
        lin = console.agent("lin")
        lin.post("/agent/seat", state="paused", reason="话后整理")
        lin.save("outcome", contact, outcome="silent", note="没有声音")
        assert lin.get("/agent/seat").json()["state"] == "ready"
        assert console.seats.applied[-1].state is AgentState.READY

    def test_writing_up_ends_no_meal(self, console: Console) -> None:
        contact = console.call(LIN, "8001", ended_at=NOW + timedelta(seconds=20))
        lin = console.agent("lin")
        lin.post("/agent/seat", state="paused", reason="用餐")
        lin.save("outcome", contact, outcome="silent", note="没有声音")
        assert lin.get("/agent/seat").json()["label"] == "用餐"

    def test_the_telephone_account_is_ones_own_and_never_kept(self, console: Console) -> None:
        answer = console.agent("zhou").get("/agent/softphone")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == {
            "available": True,
            "ws_url": "ws://127.0.0.1:8088/ws",
            "domain": "127.0.0.1",
            "extension": "8002",
            "password": "secret-8002",
            "name": "周雨",
        }

    def test_a_unit_has_no_telephone(self, console: Console) -> None:
        unit = console.agent("cg")
        assert unit.get("/agent/softphone").status_code == 403
        assert unit.get("/agent", page=True).status_code == 403
        assert unit.save("ticket").status_code == 403


class TestCalls:
    def test_a_caller_who_hung_up_in_the_queue_is_no_open_work(self, console: Console) -> None:
        console.call(
            LIN,
            "8001",
            agent=None,
            answered_at=None,
            ringing="8001",
        )
        lin = console.agent("lin")
        assert LIN in lin.get("/agent/current").text
        console.call(
            LIN,
            "8001",
            agent=None,
            answered_at=None,
            ended_at=NOW + timedelta(seconds=9),
            outcome=CallOutcome.ABANDONED_IN_QUEUE,
        )
        assert "等待来电" in lin.get("/agent/current").text
