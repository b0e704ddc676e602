"""Sound and secrets at rest: AES-256-GCM, a key of its own for each file, read from any place.

A sealed file: `HLV1`, the length and the name of the machine's key, a random salt, then pieces
of 64 KiB, each with its tag. The file's key is made of the machine's key and the salt (HKDF), so
pieces are numbered from zero and no number is ever used twice with one key. Every piece says
whether it is the last: a file cut off between two pieces does not pass for a shorter one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dispatch.domain.errors import RecordingUnavailable, SealBroken

MAGIC = b"HLV1"
PIECE = 64 * 1024
TAG = 16
SALT = 32
KEY_BYTES = 32
_NUMBERED = struct.Struct("!IQ")


@dataclass(frozen=True)
class Keyring:
    """The machine's keys by name; new things are sealed with `current`, old ones stay readable."""

    current: str
    keys: Mapping[str, bytes]

    def of(self, name: str) -> bytes:
        """The key of this name.

        Raises:
            RecordingUnavailable: it is not on this machine (any more).
        """
        try:
            return self.keys[name]
        except KeyError:
            raise RecordingUnavailable(
                f"本机没有密钥 {name}，请系统管理员从备份恢复 recording-keys.json"
            ) from None

    def seal_text(self, text: str) -> str:
        """A short secret for a column of the database."""
        nonce = secrets.token_bytes(12)
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, text.encode(), b"text")
        return f"{self.current}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal_text(self, sealed: str) -> str:
        """What `seal_text` was given.

        Raises:
            SealBroken: it was sealed with a key that is not here, or changed since.
        """
        name, _, packed = sealed.partition(":")
        try:
            raw = base64.urlsafe_b64decode(packed)
            return AESGCM(self.keys[name]).decrypt(raw[:12], raw[12:], b"text").decode()
        except (KeyError, ValueError, binascii.Error, InvalidTag):
            raise SealBroken from None

    def sign(self, text: str) -> str:
        """A mark of 128 bits that only this machine's key can make for the text."""
        return _mark(self.keys[self.current], text)

    def signed(self, text: str, mark: str) -> bool:
        """Whether one of the machine's keys made the mark; a key that was replaced still counts."""
        known = mark.encode()
        return any(
            hmac.compare_digest(_mark(key, text).encode(), known) for key in self.keys.values()
        )


def seal(plain: bytes, target: Path, keyring: Keyring) -> None:
    """Write the sealed file in one step: after a crash it is whole or not there."""
    name = keyring.current.encode()
    head = MAGIC + bytes([len(name)]) + name + secrets.token_bytes(SALT)
    cipher = _cipher(keyring.of(keyring.current), head)
    pieces = range(0, max(len(plain), 1), PIECE)
    last = pieces[-1]
    sealed = (
        _seal_piece(cipher, head, number, plain[at : at + PIECE], last=at == last)
        for number, at in enumerate(pieces)
    )
    write_whole(target, head, *sealed)


def write_whole(target: Path, *parts: bytes) -> None:
    """Write a file of mode 0600 that is on the disk, whole, when this returns."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _seal_piece(cipher: AESGCM, head: bytes, number: int, plain: bytes, *, last: bool) -> bytes:
    return cipher.encrypt(_NUMBERED.pack(0, number), plain, head + bytes([last]))


def _cipher(key: bytes, head: bytes) -> AESGCM:
    derive = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=head[-SALT:], info=b"hotline file")
    return AESGCM(derive.derive(key))


def _mark(key: bytes, text: str) -> str:
    # A key made for signing alone: what seals recordings never signs what strangers see.
    own = hmac.digest(key, b"hotline link", "sha256")
    # Base32: some telephones end a link before a dash or an underscore at its end.
    return base64.b32encode(hmac.digest(own, text.encode(), "sha256")[:16])[:26].decode().lower()


class Unsealed:
    """A sealed file opened to be read from any place; a context manager."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        """Open it.

        Raises:
            RecordingUnavailable: it is no sealed file, or its key is not here.
        """
        self._file: BinaryIO = path.open("rb")
        with ExitStack() as unless_good:
            unless_good.callback(self._file.close)
            start = self._file.read(len(MAGIC) + 1)
            if not start.startswith(MAGIC) or len(start) <= len(MAGIC):
                raise RecordingUnavailable(f"录音文件 {path.name} 已损坏，请从备份恢复")
            name = self._file.read(start[-1])
            self._head = start + name + self._file.read(SALT)
            self.key_id = name.decode("utf-8", "replace")
            self._cipher = _cipher(keyring.of(self.key_id), self._head)
            unless_good.pop_all()
        body = path.stat().st_size - len(self._head)
        self._pieces = max(1, -(-body // (PIECE + TAG)))
        self.size = max(0, body - self._pieces * TAG)
        """Bytes of the plain content."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The plain bytes from `start` up to `stop`, in pieces.

        Raises:
            RecordingUnavailable: somebody changed or cut the file.
        """
        stop = min(stop, self.size)
        for number in range(start // PIECE, -(-stop // PIECE)):
            at = number * PIECE
            yield self._piece(number)[max(0, start - at) : stop - at]

    def _piece(self, number: int) -> bytes:
        self._file.seek(len(self._head) + number * (PIECE + TAG))
        last = number == self._pieces - 1
        try:
            return self._cipher.decrypt(
                _NUMBERED.pack(0, number),
                self._file.read(PIECE + TAG),
                self._head + bytes([last]),
            )
        except InvalidTag:
            raise RecordingUnavailable("录音文件被改动或截断，不能播放，请从备份恢复") from None
