"""Handing messages over: to a gateway that answers as gateways do, and into a folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.errors import MessageNotSent
from dispatch.domain.ports import NoMessenger, OutgoingText
from hotline.messengers import FolderMessenger, GatewayMessenger, messenger_of
from hotline.settings import SettingRefused, Settings

TEXT = OutgoingText("hotline-7", "13812345678", "请评价：https://12345.example/s/1-abc ")


class Gateway(ThreadingHTTPServer):
    """Answers every message as it is told, and remembers what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.answer = 200, b'{"reference": "gw-42"}'
        self.got: list[tuple[str, dict[str, str], Any]] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/send?from=12345"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:  # the library's name
        """Take or refuse one message."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", self.server.address)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway of the test's own."""
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_message_is_handed_over_with_its_key_and_our_token(gateway: Gateway) -> None:
    assert GatewayMessenger(gateway.address, "secret").send(TEXT) == "gw-42"
    ((path, headers, body),) = gateway.got
    assert path == "/send?from=12345"
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Idempotency-Key"] == "hotline-7"
    assert body == {"id": "hotline-7", "number": "13812345678", "words": TEXT.words}


@pytest.mark.parametrize("answer", [b"", b"OK", b"[1]", b'{"reference": null}'])
def test_a_gateway_that_names_nothing_has_taken_it_all_the_same(
    gateway: Gateway, answer: bytes
) -> None:
    gateway.answer = answer
    assert GatewayMessenger(gateway.address, "").send(TEXT) == ""


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (401, True), (302, True), (408, False), (429, False), (500, False), (503, False)],
)
def test_a_refusal_says_whether_to_try_again(
    gateway: Gateway, status: int, permanent: bool
) -> None:
    gateway.status = status
    with pytest.raises(MessageNotSent, match=str(status)) as refused:
        GatewayMessenger(gateway.address, "").send(TEXT)
    assert refused.value.permanent is permanent
    assert len(gateway.got) == 1


def test_a_gateway_that_is_away_is_asked_again_later() -> None:
    gone = Gateway()
    address = gone.address
    gone.server_close()
    with pytest.raises(MessageNotSent, match="没有回应") as refused:
        GatewayMessenger(address, "").send(TEXT)
    assert not refused.value.permanent


def test_a_message_is_written_into_the_folder_once_and_for_nobody_else(tmp_path: Path) -> None:
    messenger = FolderMessenger(tmp_path / "messages")
    assert messenger.send(TEXT) == messenger.send(TEXT) == "hotline-7"
    (file,) = (tmp_path / "messages").iterdir()
    assert json.loads(file.read_text("utf-8"))["number"] == "13812345678"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "messages").write_text("a file is in the way")
    with pytest.raises(MessageNotSent) as refused:
        FolderMessenger(tmp_path / "messages").send(TEXT)
    assert not refused.value.permanent


def test_the_settings_choose_and_refuse_what_would_tell_numbers_in_the_clear(
    tmp_path: Path,
) -> None:
    assert isinstance(messenger_of(Settings(data_dir=tmp_path)), NoMessenger)
    folder = messenger_of(Settings(data_dir=tmp_path, messages="folder"))
    assert isinstance(folder, FolderMessenger)
    far = Settings(
        data_dir=tmp_path, messages="https://sms.example/v1", public_url="https://12345.example"
    )
    assert isinstance(messenger_of(far), GatewayMessenger)
    with pytest.raises(SettingRefused, match="HOTLINE_PUBLIC_URL"):
        messenger_of(Settings(data_dir=tmp_path, messages="https://sms.example/v1"))
    with pytest.raises(SettingRefused, match="HOTLINE_MESSAGES"):
        Settings(data_dir=tmp_path, messages="http://sms.example/v1")
