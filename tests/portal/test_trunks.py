"""The page of trunks: secrets go in and never come out, emergency lines need a confirmation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import pytest
from httpx2 import Response

from dispatch.domain.call_ports import SilentTelephones, TrunkTrial
from dispatch.domain.call_terms import TrunkState
from dispatch.domain.errors import TelephonyUnavailable, TrunkSilent
from dispatch.files.vault import Keyring
from dispatch.models.telephone import Trunk
from dispatch.models.tickets import TicketEvent
from portal.app import create_app
from tests.portal.town import Town

SECRET = "Zx9-quiet-horse"
CARRIER = {
    "code": "telecom",
    "label": "电信主中继",
    "kind": "carrier",
    "host": "sip.example.cn",
    "port": "5061",
    "security": "tls_srtp",
    "peers": "203.0.113.5",
    "signs_in": "1",
    "username": "12345",
    "password": SECRET,
    "caller_id": "12345",
}
LINKAGE = {
    "code": "linkage",
    "label": "联动中继",
    "kind": "emergency",
    "host": "203.0.113.9",
    "port": "5060",
    "security": "udp",
    "caller_id": "12345",
}


@dataclass
class Line(SilentTelephones):
    """A telephone system whose trunks a test names, and who answers or not."""

    states: dict[str, TrunkState] = field(default_factory=dict)
    refusal: TrunkSilent | TelephonyUnavailable | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def trunk_states(self, node: str) -> dict[str, TrunkState]:
        if isinstance(self.refusal, TelephonyUnavailable):
            raise self.refusal
        return self.states

    def try_trunk(self, node: str, order: TrunkTrial) -> None:
        if self.refusal is not None:
            raise self.refusal
        super().try_trunk(node, order)


@pytest.fixture
def telephone(town: Town) -> Line:
    """The town with keys of its own and this telephone system."""
    made = Line()
    context = town.app.state.context
    keys = Keyring("k1", {"k1": bytes(range(32))})
    ports = replace(context.telephones, switch=made)
    town.app = create_app(replace(context, telephones=ports, seal=keys))
    return made


def posted(town: Town, values: dict[str, str], **changed: str) -> Response:
    return town.browser("root").post("/admin/trunks", data={**values, **changed})


def test_a_trunk_is_set_and_its_password_is_never_shown_again(
    telephone: Line, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    assert posted(town, CARRIER).headers["location"] == "/admin/trunks?done=saved"
    browser = town.browser("root")
    pages = [browser.get(path).text for path in ("/admin/trunks", "/admin/trunks?edit=telecom")]
    assert all(SECRET not in page for page in pages)
    assert "密码已加密保存" in pages[0]
    assert SECRET not in caplog.text
    with town.database.read() as session:
        stored = session.get_one(Trunk, "telecom")
        assert SECRET not in stored.secret
        told = session.query(TicketEvent).filter_by(kind="TrunkChanged").one()
        assert SECRET not in str(told.details)


def test_a_refused_form_keeps_what_was_typed_but_not_the_password(
    telephone: Line, town: Town
) -> None:
    answer = posted(town, CARRIER, host="bad host")
    assert answer.status_code == 422
    assert "对端地址应是域名或 IP 地址" in answer.text
    assert 'value="电信主中继"' in answer.text
    assert SECRET not in answer.text


def test_an_emergency_trunk_needs_its_confirmation_and_the_page_says_when_there_is_none(
    telephone: Line, town: Town
) -> None:
    browser = town.browser("root")
    assert "还没有紧急联动中继" in browser.get("/admin/trunks").text
    refused = posted(town, LINKAGE)
    assert refused.status_code == 422
    assert "真的拨通 110、119、120、122" in refused.text
    posted(town, LINKAGE, confirmed="1")
    assert "还没有紧急联动中继" not in browser.get("/admin/trunks").text
    browser.post("/admin/trunks/linkage/active", data={"on": ""})
    page = browser.get("/admin/trunks").text
    assert "还没有紧急联动中继" in page
    assert "已停用" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (TrunkState.REGISTERED, "已注册"),
        (TrunkState.REFUSED, "注册被拒绝"),
        (TrunkState.UNREACHABLE, "不可达"),
        (None, "尚未载入"),
    ],
)
def test_the_page_says_how_the_telephone_system_sees_the_trunk(
    telephone: Line, town: Town, state: TrunkState | None, words: str
) -> None:
    posted(town, CARRIER)
    telephone.states = {"telecom": state} if state else {}
    page = town.browser("root").get("/admin/trunks").text
    row = re.search(r'<tr data-testid="trunk-telecom">.*?</tr>', page, re.DOTALL)
    assert row is not None
    assert words in row[0]


def test_a_telephone_system_that_is_away_says_so(telephone: Line, town: Town) -> None:
    posted(town, CARRIER)
    telephone.refusal = TelephonyUnavailable()
    assert "电话系统未连接" in town.browser("root").get("/admin/trunks").text


def test_a_trial_rings_the_number_that_was_typed_and_tells_the_end(
    telephone: Line, town: Town
) -> None:
    posted(town, LINKAGE, confirmed="1")
    browser = town.browser("root")
    reached = browser.post("/admin/trunks/linkage/try", data={"number": "13800000000"})
    assert reached.headers["location"] == "/admin/trunks?done=reached"
    (order,) = telephone.asked
    assert isinstance(order, TrunkTrial)
    assert (order.trunk, order.number, order.caller_id) == ("linkage", "13800000000", "12345")
    telephone.refusal = TrunkSilent("试拨 13800000000 没有接通：对方占线")
    silent = browser.post("/admin/trunks/linkage/try", data={"number": "13800000000"})
    assert silent.status_code == 502
    assert "对方占线" in silent.text


@pytest.mark.parametrize("number", ["110", " 120 ", "119", "122", "12;x", ""])
def test_a_trial_never_rings_the_emergency_services(
    telephone: Line, town: Town, number: str
) -> None:
    posted(town, LINKAGE, confirmed="1")
    answer = town.browser("root").post("/admin/trunks/linkage/try", data={"number": number})
    assert answer.status_code == 422
    assert telephone.asked == []


def test_a_trunk_out_of_use_rings_nobody(telephone: Line, town: Town) -> None:
    posted(town, CARRIER)
    browser = town.browser("root")
    browser.post("/admin/trunks/telecom/active", data={"on": ""})
    answer = browser.post("/admin/trunks/telecom/try", data={"number": "13800000000"})
    assert answer.status_code == 422
    assert telephone.asked == []


def test_the_password_left_empty_is_kept(telephone: Line, town: Town) -> None:
    posted(town, CARRIER)
    with town.database.read() as session:
        before = session.get_one(Trunk, "telecom").secret
    assert posted(town, CARRIER, password="", edit="telecom", port="5062").status_code == 303
    with town.database.read() as session:
        after = session.get_one(Trunk, "telecom")
        assert (after.secret, after.port) == (before, 5062)
