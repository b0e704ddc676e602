"""What a browser's softphone meets: WebSocket, its password, and an offer it can reach."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from telephony.asterisk.config import sip_password
from tests.fixtures_asterisk import AsteriskUnderTest

pytestmark = pytest.mark.asterisk


class Softphone:
    """As much of a SIP client over WebSocket as signing in and being rung need."""

    def __init__(self, socket: ClientConnection, extension: str) -> None:
        self._socket = socket
        self._extension = extension
        self._call = secrets.token_hex(8)
        self._sequence = 0

    def register(self, password: str) -> str:
        """Sign in; the final status line."""
        challenge = self._register("")
        realm = re.findall(r'realm="([^"]*)"', challenge)[0]
        nonce = re.findall(r'nonce="([^"]*)"', challenge)[0]
        uri = "sip:hotline.invalid"
        one = md5(f"{self._extension}:{realm}:{password}")
        answer = md5(f"{one}:{nonce}:00000001:c:auth:{md5(f'REGISTER:{uri}')}")
        digest = (
            f'Authorization: Digest username="{self._extension}", realm="{realm}", '
            f'nonce="{nonce}", uri="{uri}", qop=auth, nc=00000001, cnonce="c", '
            f'response="{answer}", algorithm=MD5\r\n'
        )
        return self._register(digest).splitlines()[0]

    def next_request(self, method: str) -> str:
        while True:
            message = str(self._socket.recv(timeout=30))
            if message.startswith(method + " "):
                return message

    def decline(self, invite: str) -> None:
        kept = "".join(
            line + "\r\n"
            for line in invite.splitlines()
            if re.match(r"(Via|From|Call-ID|CSeq):", line)
        )
        to = re.findall(r"^To: .*?(?=\r?$)", invite, re.MULTILINE)[0]
        self._socket.send(
            f"SIP/2.0 486 Busy Here\r\n{kept}{to};tag=soft\r\nContent-Length: 0\r\n\r\n"
        )

    def _register(self, extra: str) -> str:
        self._sequence += 1
        me = f"sip:{self._extension}@hotline.invalid"
        self._socket.send(
            f"REGISTER sip:hotline.invalid SIP/2.0\r\n"
            f"Via: SIP/2.0/WS soft.invalid;branch=z9hG4bK{secrets.token_hex(6)}\r\n"
            f"From: <{me}>;tag=soft\r\nTo: <{me}>\r\nCall-ID: {self._call}\r\n"
            f"CSeq: {self._sequence} REGISTER\r\nMax-Forwards: 70\r\nExpires: 60\r\n"
            f"Contact: <sip:{self._extension}@soft.invalid;transport=ws>\r\n"
            f"{extra}Content-Length: 0\r\n\r\n"
        )
        while True:
            message = str(self._socket.recv(timeout=30))
            if message.startswith("SIP/2.0 "):
                return message


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def softphone(asterisk: AsteriskUnderTest, extension: str) -> Iterator[Softphone]:
    with connect(
        asterisk.settings.websocket_url, subprotocols=[Subprotocol("sip")], proxy=None
    ) as socket:
        yield Softphone(socket, extension)


def test_each_extension_has_its_own_password_from_the_master() -> None:
    assert sip_password("m", "8001") == sip_password("m", "8001")
    assert sip_password("m", "8001") != sip_password("m", "8002")
    assert sip_password("m", "8001") != sip_password("n", "8001")
    assert re.fullmatch(r"[a-z2-7]{32}", sip_password("m", "8001"))


def test_an_agent_signs_in_over_the_websocket(asterisk: AsteriskUnderTest) -> None:
    with softphone(asterisk, "8003") as phone:
        assert phone.register(asterisk.sip_password("8003")) == "SIP/2.0 200 OK"


def test_the_wrong_password_does_not_sign_in(asterisk: AsteriskUnderTest) -> None:
    with softphone(asterisk, "8003") as phone:
        assert phone.register(asterisk.sip_password("8002")).startswith("SIP/2.0 401")


def test_http_offers_nothing_but_the_websocket(asterisk: AsteriskUnderTest) -> None:
    with (
        pytest.raises(InvalidStatus, match="404"),
        connect(asterisk.settings.websocket_url.replace("/ws", "/static/x"), proxy=None),
    ):
        pass


def test_a_rung_browser_gets_the_call_id_and_media_it_can_reach(
    asterisk: AsteriskUnderTest,
) -> None:
    member = {"Queue": "hotline", "Interface": "PJSIP/8003"}
    with softphone(asterisk, "8003") as phone, asterisk.probe() as probe:
        phone.register(asterisk.sip_password("8003"))
        probe.action("QueueAdd", **member, MemberName="赵敏")
        try:
            with asterisk.citizen().dial("13800138005", "12345", seconds=90) as citizen:
                invite = phone.next_request("INVITE")
                phone.decline(invite)
                probe.action("QueueRemove", **member)
                citizen.hang_up()
        finally:
            with asterisk.probe() as other:
                members = other.action("QueueStatus", Queue="hotline")
                assert members["Response"] == "Success"
    assert "X-Caller: 13800138005" in invite
    assert re.search(r"^X-Call-UUID: [0-9a-f-]{36}\r?$", invite, re.MULTILINE)
    assert "a=fingerprint:SHA-256" in invite
    assert "c=IN IP4 127.0.0.1" in invite
    if asterisk.settings.host_addresses:
        assert re.search(r"^a=candidate:.* 127\.0\.0\.1 \d+ typ host", invite, re.MULTILINE)
