"""A document made ready to be issued."""

from __future__ import annotations

from analytics.document import Document
from analytics.document_json import digest, to_json
from analytics.reports.spans import Span
from dispatch.service.issued_reports import Paper


def paper_of(span: Span, document: Document, subject: str = "") -> Paper:
    """The document with its span, as plain JSON with its digest."""
    content = to_json(document)
    return Paper(
        kind=span.kind,
        first=span.period.first,
        last=span.period.last,
        subject=subject,
        title=document.title,
        content=content,
        digest=digest(content),
    )
