"""What a file is, told from its content: names and headers that come with it prove nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import BinaryIO

import filetype

from dispatch.domain.errors import FileRefused
from dispatch.domain.terms import AttachmentKind

HEAD = 8192
TAIL = 66_000
"""As far from the end as the directory of a zip archive can begin."""


@dataclass(frozen=True)
class Content:
    """A kind of file we take: its media type, and the endings its name may have."""

    kind: AttachmentKind
    media_type: str
    endings: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument"
_PICTURE, _SOUND = AttachmentKind.PICTURE, AttachmentKind.SOUND
_VIDEO, _DOCUMENT = AttachmentKind.VIDEO, AttachmentKind.DOCUMENT
TAKEN: Mapping[str, Content] = MappingProxyType(
    {
        "jpg": Content(_PICTURE, "image/jpeg", ("jpg", "jpeg", "jpe", "jfif")),
        "png": Content(_PICTURE, "image/png", ("png",)),
        "gif": Content(_PICTURE, "image/gif", ("gif",)),
        "webp": Content(_PICTURE, "image/webp", ("webp",)),
        "heic": Content(_PICTURE, "image/heic", ("heic", "heif")),
        "wav": Content(_SOUND, "audio/wav", ("wav",)),
        "mp3": Content(_SOUND, "audio/mpeg", ("mp3",)),
        "m4a": Content(_SOUND, "audio/mp4", ("m4a", "mp4")),
        "amr": Content(_SOUND, "audio/amr", ("amr",)),
        "ogg": Content(_SOUND, "audio/ogg", ("ogg", "oga", "opus")),
        "mp4": Content(_VIDEO, "video/mp4", ("mp4", "m4v")),
        "m4v": Content(_VIDEO, "video/mp4", ("m4v", "mp4")),
        "mov": Content(_VIDEO, "video/quicktime", ("mov", "qt")),
        "webm": Content(_VIDEO, "video/webm", ("webm",)),
        "pdf": Content(_DOCUMENT, "application/pdf", ("pdf",)),
        "docx": Content(_DOCUMENT, f"{_OFFICE}.wordprocessingml.document", ("docx",)),
        "xlsx": Content(_DOCUMENT, f"{_OFFICE}.spreadsheetml.sheet", ("xlsx",)),
        "pptx": Content(_DOCUMENT, f"{_OFFICE}.presentationml.presentation", ("pptx",)),
        "doc": Content(_DOCUMENT, "application/msword", ("doc", "wps")),
        "xls": Content(_DOCUMENT, "application/vnd.ms-excel", ("xls", "et")),
        "ppt": Content(_DOCUMENT, "application/vnd.ms-powerpoint", ("ppt", "dps")),
    }
)
"""By what the library calls it."""

_ACCEPTED = "可以上传图片（jpg、png、gif、webp、heic）、录音、视频、PDF 和 Office 文档"
# A picture whose first bytes also read as a page would be run by a program that guesses.
_PAGES = (b"<!doctype", b"<html", b"<script", b"<svg", b"<?php", b"<iframe", b"<body")
_PROGRAMS = ("vbaproject.bin", ".exe", ".dll", ".js", ".vbs", ".hta", ".ps1", ".bat", ".jar")
_ARCHIVE_END = b"PK\x05\x06"


def content_of(stream: BinaryIO, name: str) -> Content:
    """Say what the file is; the stream is left at its beginning.

    Raises:
        FileRefused: empty, no kind we take, two kinds at once, or not what its name says.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    if not head:
        raise FileRefused("文件是空的（0 字节），请检查后重新选择")
    guess = filetype.guess(head)
    found = TAKEN.get(guess.extension) if guess is not None else None
    if found is None:
        raise FileRefused(f"不能接收这种文件；{_ACCEPTED}")
    if found.kind is _DOCUMENT and guess.extension.endswith("x"):
        _check_office(stream, guess.extension)
    elif found.kind is not _DOCUMENT:
        _check_single(stream, head)
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    if ending not in found.endings:
        raise FileRefused(
            f"文件内容是 {guess.extension}，与名称的后缀“{ending or '无'}”不符；"
            f"请把后缀改为 {found.endings[0]}，或重新选择文件"
        )
    stream.seek(0)
    return found


def _check_office(stream: BinaryIO, called: str) -> None:
    """A real document of its kind, and without macros."""
    main = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = {info.filename for info in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise FileRefused("文档已损坏，打不开；请重新保存后再上传") from None
    if main[called] not in names or "[Content_Types].xml" not in names:
        raise FileRefused(f"这是一个压缩包，不是文档，不能接收；{_ACCEPTED}")
    if any(name.lower().endswith(_PROGRAMS) for name in names):
        raise FileRefused("文档里有宏或程序，不能接收；请另存为不含宏的文档或 PDF")


def _check_single(stream: BinaryIO, head: bytes) -> None:
    size = stream.seek(0, 2)
    stream.seek(max(0, size - TAIL))
    tail = stream.read()
    if _ARCHIVE_END in tail or any(page in head[:1024].lower() for page in _PAGES):
        raise FileRefused("文件里还藏有网页或压缩包，不能接收；请用原始的图片、录音或视频")
