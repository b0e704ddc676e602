"""Buttons that complete a request's fields and take files off the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatch.domain.errors import InvalidInput
from dispatch.domain.particulars import READERS
from dispatch.domain.vocabulary import Role
from dispatch.service import attachments, particulars
from portal.views.ticket_press import Button, Press

SWITCHES = ("anonymous", "difficult", "confidential", "reply_wanted", "business_environment")


def _amend(press: Press) -> None:
    changes: dict[str, Any] = {
        name: press.text(name) for name in READERS if name in press.typed and name not in SWITCHES
    }
    if "switches" in press.typed:
        # A tick that is taken away is not sent at all; the hidden field says that they stood there.
        changes |= {name: name in press.typed for name in SWITCHES}
    particulars.complete_particulars(
        press.session,
        press.actor,
        press.number,
        changes,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _detach(press: Press) -> None:
    chosen = press.text("attachment")
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
        raise InvalidInput("请选择要移除的附件", field="attachment")
    attachments.remove(
        press.session,
        press.actor,
        press.number,
        int(chosen),
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


_WRITERS = frozenset({Role.AGENT, Role.DISPATCHER, Role.CENTER})

BUTTONS: Mapping[str, Button] = {
    "amend": Button("修改登记内容", _WRITERS, _amend, "登记内容已修改，原因已记入办理过程"),
    "detach": Button("移除附件", _WRITERS | {Role.DEPARTMENT}, _detach, "附件已移除，记录仍然保留"),
}
"""By the last part of the address."""
