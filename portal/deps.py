"""What the portal needs of the outside, and what endpoints ask for by annotation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from analytics.engines.engine import FigureEngine, LiveEngine
from dispatch.bus import Database
from dispatch.domain.call_ports import SilentTelephones, Telephones
from dispatch.domain.errors import SignInRequired
from dispatch.domain.model_ports import CoverageOf, no_coverage
from dispatch.domain.model_shelf import ModelShelf, NoModelShelf
from dispatch.domain.ports import (
    AttachmentStore,
    DepartmentSuggester,
    Dialer,
    FileScanner,
    Messenger,
    NoMessenger,
    NoScanner,
    NoSeal,
    NoSigner,
    NoTicketSearch,
    Seal,
    SeatControl,
    Signer,
    TicketSearch,
)
from dispatch.domain.rules import Rules
from dispatch.files.import_folder import ImportFolder
from dispatch.files.recordings import RecordingFolder
from dispatch.service.accounts import SignedIn
from dispatch.service.rulebook import RuleBook
from portal.metrics import NodeFigures

Probe = Callable[[], str | None]
"""A health probe: None when fine, else a Chinese sentence that says what is wrong."""


@dataclass(frozen=True)
class SoftphoneConfig:
    """Where the browser's telephone registers, and the password of each extension.

    `elsewhere` are the addresses of extensions that belong to another telephone system.
    """

    ws_url: str
    domain: str
    password_for: Callable[[str], str]
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def url_for(self, extension: str) -> str:
        """Where this extension registers."""
        return self.elsewhere.get(extension, self.ws_url)

    @property
    def urls(self) -> tuple[str, ...]:
        """Every address a page may connect to."""
        return tuple(dict.fromkeys((self.ws_url, *self.elsewhere.values())))


@dataclass(frozen=True, kw_only=True)
class PortalContext:
    """Everything the portal works with; built once in the composition root."""

    db: Database
    rulebook: RuleBook
    suggester: DepartmentSuggester
    seats: SeatControl
    dialer: Dialer
    recordings: RecordingFolder
    attachments: AttachmentStore
    imports: ImportFolder
    """Files of history on their way in."""
    open_data: Path
    """The folder of published months."""
    clock: Callable[[], datetime]
    city_name: str
    scanner: FileScanner = field(default_factory=NoScanner)
    search: TicketSearch = field(default_factory=NoTicketSearch)
    telephones: Telephones = field(default_factory=SilentTelephones.all)
    seal: Seal = field(default_factory=NoSeal)
    signer: Signer = field(default_factory=NoSigner)
    messenger: Messenger = field(default_factory=NoMessenger)
    speech: bool = False
    """Whether recordings can be put into words."""
    coverage: CoverageOf = no_coverage
    """What a stored model has proven under a demand."""
    models: ModelShelf = field(default_factory=NoModelShelf)
    """Where a model that somebody hands in goes."""
    softphone: SoftphoneConfig | None = None
    desk_phones: tuple[str, ...] = ()
    """Extensions of the centre's own telephones that an agent may let ring instead."""
    probes: Mapping[str, Probe] = field(default_factory=dict)
    nodes: Callable[[], Mapping[str, NodeFigures]] = dict
    """How each telephone system is doing, for /metrics."""

    counting: FigureEngine | None = None
    """Who counts figures; the database itself where nothing else is given."""

    @property
    def figures(self) -> FigureEngine:
        """Who counts figures: `with ctx.figures.reading() as session`."""
        return self.counting or LiveEngine(self.db)

    @property
    def rules(self) -> Rules:
        """The rules in force now."""
        return self.rulebook.at(self.clock())


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
