"""Attachments in a folder: named by their content, readable by this program alone."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

from dispatch.domain.errors import FileRefused, NotFound
from dispatch.domain.ports import StoredFile

CHUNK = 1024 * 1024
_PATH = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")


class FolderStore:
    """Files below one folder: `ab/abcdef…`, mode 0600, on the disk before `put` returns.

    No part of a name that somebody typed ever becomes part of a path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, stream: BinaryIO, *, most: int) -> StoredFile:
        """Read the stream to its end and keep it; the same content twice is kept once.

        Raises:
            FileRefused: it has more than `most` bytes; nothing is kept.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self.folder, prefix="incoming-", delete=False) as incoming:
            try:
                found = _copy(stream, incoming.file, most)
                incoming.flush()
                os.fsync(incoming.fileno())
                self._keep(Path(incoming.name), self.folder / found.path)
            finally:
                Path(incoming.name).unlink(missing_ok=True)
        return found

    def find(self, path: str) -> Path:
        """The file on this machine.

        Raises:
            NotFound: it is not there, or the path is none of ours.
        """
        file = self.folder / path
        if not _PATH.fullmatch(path) or file.is_symlink() or not file.is_file():
            raise NotFound("附件文件不在了，请联系系统管理员从备份中恢复")
        return file

    def _keep(self, incoming: Path, target: Path) -> None:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        if not target.exists():
            incoming.replace(target)
        # A name is on the disk only when its folder is.
        for folder in (target.parent, self.folder):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _copy(source: BinaryIO, target: IO[bytes], most: int) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > most:
            raise FileRefused(f"文件超过 {most // CHUNK} MB 的上限")
        digest.update(chunk)
        target.write(chunk)
    name = digest.hexdigest()
    return StoredFile(f"{name[:2]}/{name}", name, size)
