"""The smallest files that are what they say, and some that are not."""

from __future__ import annotations

import io
import zipfile


def archive(*names: str) -> bytes:
    """A zip archive with these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


def bomb() -> bytes:
    """An archive that unpacks to a hundred megabytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", b"\0" * (100 * 1024 * 1024))
    return made.getvalue()


OFFICE = ("[Content_Types].xml", "_rels/.rels")
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + b"\0" * 200 + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 100
GOOD: dict[str, tuple[bytes, str]] = {
    "照片.jpg": (JPG, "image/jpeg"),
    "IMG_0001.JPEG": (JPG, "image/jpeg"),
    "图.png": (PNG, "image/png"),
    "图.gif": (b"GIF89a" + b"\0" * 100, "image/gif"),
    "图.webp": (b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 100, "image/webp"),
    "图.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100, "image/heic"),
    "录音.wav": (b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 100, "audio/wav"),
    "录音.mp3": (b"ID3\x03\0\0\0\0\0\x0a" + b"\0" * 100, "audio/mpeg"),
    "录音2.mp3": (b"\xff\xfb\x90\x64" + b"\0" * 500, "audio/mpeg"),
    "录音.m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + b"\0" * 100, "audio/mp4"),
    "录音.amr": (b"#!AMR\n" + b"\0" * 100, "audio/amr"),
    "录音.ogg": (b"OggS\0\x02" + b"\0" * 22 + b"\x01\x1e\x01vorbis" + b"\0" * 99, "audio/ogg"),
    "视频.mp4": (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + b"\0" * 100, "video/mp4"),
    "视频.mov": (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + b"\0" * 100, "video/quicktime"),
    "视频.webm": (
        bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d") + b"\0" * 99,
        "video/webm",
    ),
    "决定书.pdf": (b"%PDF-1.7\n" + b"x" * 100 + b"\n%%EOF", "application/pdf"),
    "说明.docx": (
        archive(*OFFICE, "word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "清单.xlsx": (
        archive(*OFFICE, "xl/workbook.xml", "xl/printerSettings/printerSettings1.bin"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}
BAD: dict[str, bytes] = {
    "空.jpg": b"",
    "程序.exe": b"MZ\x90\0" + b"\0" * 200,
    "程序.jpg": b"MZ\x90\0" + b"\0" * 200,
    "elf.png": b"\x7fELF\x02\x01\x01" + b"\0" * 100,
    "网页.html": b"<!DOCTYPE html><html><script>alert(1)</script>",
    "网页.jpg": b"<!DOCTYPE html><html><script>alert(1)</script>",
    "矢量.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'></svg>",
    "脚本.sh": b"#!/bin/sh\necho 1\n",
    "文字.txt": "情况说明".encode(),
    "包.zip": archive("a.txt"),
    "包.rar": b"Rar!\x1a\x07\0" + b"\0" * 50,
    "包.docx": archive("a.txt"),
    "宏.docx": archive(*OFFICE, "word/document.xml", "word/vbaProject.bin"),
    "坏.docx": archive(*OFFICE, "word/document.xml")[:-30],
    "不符.png": JPG,
    "没有后缀": JPG,
    "双重.jpg.exe": JPG,
    "藏网页.gif": b"GIF89a/*" + b"<script>alert(1)</script>" + b"\0" * 50,
    "藏压缩包.jpg": JPG + archive("evil.class"),
    "炸弹.jpg": bomb(),
}
