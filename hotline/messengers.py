"""Where text messages go: a gateway over HTTPS, or a folder of this machine to try things out."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from dispatch.domain.errors import MessageNotSent
from dispatch.domain.ports import Messenger, NoMessenger, OutgoingText
from dispatch.files.vault import write_whole
from hotline.settings import SettingRefused, Settings

TIMEOUT_S = 10.0
MOST_BYTES = 64 * 1024
_LATER = frozenset({408, 425, 429})
"""Refusals of the 400s that say "not now" rather than "not so"."""


class FolderMessenger:
    """Writes each message into a folder, a file a message; nobody outside receives anything."""

    reaches_people = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, text: OutgoingText) -> str:
        """Write the message; the same one again only overwrites its own file.

        Raises:
            MessageNotSent: the folder cannot be written to now.
        """
        body = json.dumps({"number": text.number, "words": text.words}, ensure_ascii=False)
        try:
            write_whole(self._folder / f"{text.key}.json", body.encode())
        except OSError as error:
            raise MessageNotSent(f"短信不能写入文件夹：{error.strerror}") from error
        return text.key


class GatewayMessenger:
    """Hands each message to a gateway: `POST address` with JSON, a bearer token beside it.

    The body is `{"id", "number", "words"}`, the id also `Idempotency-Key`: a gateway that knows it
    must not deliver again. A status of 200 to 299 means taken; `{"reference"}` in the answer is
    kept. Redirects are not followed: they would turn the message into a look at a page.
    """

    reaches_people = True

    def __init__(self, address: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address = urlsplit(address)
        self._token = token
        self._timeout = timeout_s

    def send(self, text: OutgoingText) -> str:
        """Hand over one message.

        Raises:
            MessageNotSent: the gateway refused it (permanent), or could not be asked now.
        """
        body = {"id": text.key, "number": text.number, "words": text.words}
        headers = {"Content-Type": "application/json", "Idempotency-Key": text.key}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        path = self._address.path or "/"
        if self._address.query:
            path += f"?{self._address.query}"
        connection = self._connect()
        try:
            connection.request("POST", path, json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            said = answer.read(MOST_BYTES)
        except (OSError, HTTPException) as error:
            raise MessageNotSent(f"短信网关没有回应（{error}）") from error
        finally:
            connection.close()
        if 200 <= answer.status < 300:
            return _reference(said)
        final = 300 <= answer.status < 500 and answer.status not in _LATER
        raise MessageNotSent(f"短信网关拒绝（{answer.status}）", permanent=final)

    def _connect(self) -> HTTPConnection:
        host = self._address.hostname or ""
        if self._address.scheme == "https":
            return HTTPSConnection(
                host,
                self._address.port,
                timeout=self._timeout,
                context=ssl.create_default_context(),
            )
        return HTTPConnection(host, self._address.port, timeout=self._timeout)


def _reference(said: bytes) -> str:
    """The gateway's name for the message, "" when it says none; the message is taken either way."""
    try:
        answer = json.loads(said)
    except ValueError:
        return ""
    reference = answer.get("reference") if isinstance(answer, dict) else None
    return str(reference) if isinstance(reference, str | int) else ""


def messenger_of(settings: Settings) -> Messenger:
    """What the settings ask for.

    Raises:
        SettingRefused: a gateway without an address that citizens' telephones can open.
    """
    if settings.messages == "off":
        return NoMessenger()
    if settings.messages == "folder":
        return FolderMessenger(settings.folder / "messages")
    if not settings.public_url:
        raise SettingRefused("设置了短信网关，还须设置 HOTLINE_PUBLIC_URL，短信里的链接才能打开")
    return GatewayMessenger(settings.messages, settings.messages_token)
