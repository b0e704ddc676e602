"""The chain of a ticket's history: each row's digest covers the row and the digest before it.

A changed, removed or inserted row breaks every digest after it (the principle of a hash chain,
as in RFC 6962's signed logs, without the tree: a ticket's history is short).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

START = ""
"""The digest before the first row."""


def link(
    previous: str,
    *,
    kind: str,
    at: datetime,
    ticket_id: int | None,
    contact_id: int | None,
    actor_id: int | None,
    actor_name: str,
    actor_role: str,
    status: str | None,
    details: Mapping[str, Any],
) -> str:
    """Return the row's digest: SHA-256 in hexadecimal over `previous` and every column."""
    row = [
        previous,
        kind,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        ticket_id,
        contact_id,
        actor_id,
        actor_name,
        actor_role,
        status,
        details,
    ]
    text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
