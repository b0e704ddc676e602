"""Every form in which a report is taken away, by the name people ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from analytics.document import Document
from analytics.renderers.page import page
from analytics.renderers.pdf import pdf
from analytics.renderers.word import word
from analytics.renderers.workbook import workbook
from dispatch.domain.errors import InvalidInput

_WRITERS: Mapping[str, Callable[[Document, str], bytes]] = {
    "html": page,
    "docx": word,
    "pdf": pdf,
    "xlsx": workbook,
}

FORMATS: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Media type by format."""


def render(document: Document, format_: str, address: str = "") -> bytes:
    """The document as a file. Links lead to the hotline at `address`; without one there are none.

    The same document gives the same bytes.

    Raises:
        InvalidInput: there is no such format.
    """
    write = _WRITERS.get(format_)
    if write is None:
        raise InvalidInput(f"没有 {format_[:20]} 格式；可用的有：{'、'.join(FORMATS)}")
    return write(document, address)
