"""What the portal needs of the outside, and what endpoints ask for by annotation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from dispatch.bus import Database
from dispatch.domain.errors import SignInRequired
from dispatch.domain.ports import DepartmentSuggester, Dialer, SeatControl
from dispatch.domain.rules import Rules
from dispatch.service.accounts import SignedIn

Probe = Callable[[], str | None]
"""A health probe: None when fine, else a Chinese sentence that says what is wrong."""


@dataclass(frozen=True)
class SoftphoneConfig:
    """Where the browser's telephone registers, and the password of each extension."""

    ws_url: str
    domain: str
    password_for: Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class PortalContext:
    """Everything the portal works with; built once in the composition root."""

    db: Database
    rules: Rules
    suggester: DepartmentSuggester
    seats: SeatControl
    dialer: Dialer
    recordings: Path
    clock: Callable[[], datetime]
    city_name: str
    softphone: SoftphoneConfig | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)


def context_of(request: Request) -> PortalContext:
    """The context the application was made with."""
    return cast(PortalContext, request.app.state.context)


def signed_in_or_none(request: Request) -> SignedIn | None:
    """Who sent the request, as the access guard found; None for the public."""
    return cast("SignedIn | None", getattr(request.state, "me", None))


# Asynchronous although they wait for nothing: a plain function would cost a thread each.
async def _context(request: Request) -> PortalContext:
    return context_of(request)


async def _me(request: Request) -> SignedIn:
    me = signed_in_or_none(request)
    if me is None:
        raise SignInRequired
    return me


async def _now(request: Request) -> datetime:
    return context_of(request).clock()


Ctx = Annotated[PortalContext, Depends(_context)]
Me = Annotated[SignedIn, Depends(_me)]
Now = Annotated[datetime, Depends(_now)]
