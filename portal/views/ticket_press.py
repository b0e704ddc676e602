"""One press of a ticket's button: what every button's function is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from portal.deps import PortalContext

MAX_TEXT = 20_000

AfterCommit = Callable[[], None]


@dataclass(frozen=True)
class Press:
    """One press of a button with everything typed, inside its transaction."""

    ctx: PortalContext
    session: Session
    actor: Actor
    number: str
    typed: Mapping[str, str]
    now: datetime

    @property
    def expected(self) -> int:
        """The version of the ticket that the page showed.

        Raises:
            InvalidInput: the form carries none.
        """
        version = self.typed.get("version", "")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise InvalidInput("页面已过期，请刷新后重新提交；您填写的内容已保留")
        return int(version)

    def text(self, name: str) -> str:
        """What was typed in a field; empty when it was not sent.

        Raises:
            InvalidInput: nobody types as much as this.
        """
        # PostgreSQL keeps no NUL in a text, and no keyboard makes one.
        typed = self.typed.get(name, "").replace("\0", "")
        if len(typed) > MAX_TEXT:
            raise InvalidInput(
                f"这一项有 {len(typed)} 个字，超过 {MAX_TEXT} 字的上限，请删减后提交", field=name
            )
        return typed


@dataclass(frozen=True)
class Button:
    """A button: who may press it, what it does, and what the page says then."""

    label: str
    roles: frozenset[Role]
    do: Callable[[Press], AfterCommit | None]
    done: str
