"""A carrier's registrar on a UDP port: digest asked for and checked, nothing else known."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from types import TracebackType
from typing import Self

REALM, NONCE = "carrier", "0123456789abcdef"


class Registrar:
    """Accepts one account (RFC 2617 digest) and answers whether it is alive."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self.registered: list[str] = []
        """Contacts that proved the password."""
        self._account = (username, password)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                data, sender = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            message = data.decode()
            method = message.split(" ", 1)[0]
            if method == "OPTIONS":
                self._answer(message, sender, "200 OK")
            elif method == "REGISTER":
                self._register(message, sender)

    def _register(self, message: str, sender: tuple[str, int]) -> None:
        contact = re.search(r"^Contact: (.*)\r$", message, re.MULTILINE)
        if not self._proved(message):
            challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}", algorithm=MD5'
            self._answer(message, sender, "401 Unauthorized", challenge)
            return
        assert contact is not None
        self.registered.append(contact[1])
        self._answer(message, sender, "200 OK", f"Contact: {contact[1]};expires=300")

    def _proved(self, message: str) -> bool:
        found = dict(re.findall(r'(\w+)="([^"]*)"', message))
        if "response" not in found:
            return False
        username, password = self._account
        first = _md5(f"{username}:{REALM}:{password}")
        second = _md5(f"REGISTER:{found['uri']}")
        return bool(found["response"] == _md5(f"{first}:{NONCE}:{second}"))

    def _answer(self, message: str, sender: tuple[str, int], status: str, *more: str) -> None:
        kept = [
            row
            for row in message.split("\r\n")
            if row.split(":")[0] in {"Via", "From", "To", "Call-ID", "CSeq"}
        ]
        kept = [f"{row};tag=registrar" if row.startswith("To:") else row for row in kept]
        rows = [f"SIP/2.0 {status}", *kept, *more, "Content-Length: 0", "", ""]
        self._socket.sendto("\r\n".join(rows).encode(), sender)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
