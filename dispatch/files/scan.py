"""ClamAV behind its socket: the INSTREAM command of clamd, which needs no shared folder.

The protocol (clamd(8)): "zINSTREAM\\0", then chunks of a four-byte length and that many bytes,
an empty chunk to end; one line comes back. The client library on the package index is under the
GPL, and the older one has not been kept since 2014; this is all there is to say to it.
"""

from __future__ import annotations

import re
import socket
import struct
from pathlib import Path
from typing import BinaryIO

from dispatch.domain.ports import ScanResult, ScanVerdict

CHUNK = 256 * 1024
_FOUND = re.compile(r"stream: (.+) FOUND")


class ClamdScanner:
    """Asks a clamd at `address`: a socket's path, or "host:port". `timeout_s` is for each step."""

    def __init__(self, address: str, *, timeout_s: float = 30.0) -> None:
        self.address = address
        self._timeout = timeout_s

    def scan(self, stream: BinaryIO) -> ScanResult:
        """Read the stream to its end. A scanner that cannot be reached says UNSCANNED."""
        try:
            with self._connect() as clamd:
                clamd.sendall(b"zINSTREAM\0")
                while chunk := stream.read(CHUNK):
                    clamd.sendall(struct.pack("!I", len(chunk)) + chunk)
                clamd.sendall(struct.pack("!I", 0))
                return _verdict(_line(clamd))
        except (OSError, ValueError) as error:
            return ScanResult(ScanVerdict.UNSCANNED, f"查毒服务没有回应（{error}）"[:70])

    def ping(self) -> str | None:
        """None when the scanner answers, else what is wrong."""
        try:
            with self._connect() as clamd:
                clamd.sendall(b"zPING\0")
                said = _line(clamd)
        except (OSError, ValueError) as error:
            return str(error)
        return None if said == "PONG" else f"回答了“{said[:40]}”"

    def _connect(self) -> socket.socket:
        host, _, port = self.address.rpartition(":")
        if host and port.isascii() and port.isdigit():
            return socket.create_connection((host, int(port)), timeout=self._timeout)
        clamd = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        clamd.settimeout(self._timeout)
        try:
            clamd.connect(str(Path(self.address)))
        except OSError:
            clamd.close()
            raise
        return clamd


def _line(clamd: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < 4096:
        part = clamd.recv(1024)
        if not part:
            break
        said += part
    return said.rstrip(b"\0").decode("utf-8", "replace")


def _verdict(said: str) -> ScanResult:
    if said == "stream: OK":
        return ScanResult(ScanVerdict.CLEAN)
    if found := _FOUND.fullmatch(said):
        return ScanResult(ScanVerdict.INFECTED, found[1][:70])
    return ScanResult(ScanVerdict.UNSCANNED, f"查毒服务回答了“{said[:50]}”")
