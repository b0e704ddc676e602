"""Where waiting tickets should go: the catalogue's row, the model's opinion, batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.ports import Suggestion
from dispatch.domain.proposals import text_for_model
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import batch, catalogue
from dispatch.service.queries import TicketCard
from dispatch.service.routing import Route, directory
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render

router = APIRouter(include_in_schema=False)

CANDIDATES = 3


@dataclass(frozen=True)
class Candidate:
    """One unit that may be meant, and why it is offered; the model's word has a probability."""

    code: str
    name: str
    why: str
    probability: float | None = None


@dataclass(frozen=True)
class Routing:
    """Where a waiting ticket may go: the catalogue's unit first, then the model's opinions."""

    unit: str
    unit_name: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class SureRow:
    """The catalogue's row for a ticket it is sure of, with the names of who helps."""

    route: Route
    helpers: tuple[str, ...]
    by_model: bool


async def _picked(request: Request) -> dict[str, int]:
    """The ticked tickets with the versions the page showed."""
    form = await request.form()
    found: dict[str, int] = {}
    for value in form.getlist("pick"):
        number, _, version = str(value).partition(":")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise InvalidInput("页面已过期，请刷新后重新勾选")
        found[number[:40]] = int(version)
    return found


@router.post("/desk/dispatch")
def send_batch(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    picked: Annotated[dict[str, int], Depends(_picked)],
) -> Response:
    """批量派单: send what is ticked; the answer says of each ticket what became of it."""
    with ctx.db.work() as session:
        sent = batch.batch_dispatch(session, me.actor, picked, ctx.rules, expected=picked, now=now)
    return render(request, "desk/sent.html", sent=sent)


def sure_rows(
    session: Session, reader: Actor, cards: Iterable[TicketCard], now: datetime
) -> Mapping[str, SureRow]:
    """The catalogue's rows for tickets it is sure of, by number."""
    listed = {card.number: card for card in cards}
    today = now.astimezone(SHANGHAI).date()
    names = catalogue.unit_names(session)
    return {
        number: SureRow(
            route,
            tuple(names.get(code, code) for code in route.supporting),
            by_model=listed[number].category_code is None,
        )
        for number, route in batch.sure_routes(session, reader, listed, today=today).items()
    }


def routing(
    session: Session,
    ctx: PortalContext,
    cards: Iterable[TicketCard],
    names: Mapping[str, str],
    now: datetime,
) -> Mapping[str, Routing]:
    """Units to offer for waiting tickets, by number; two queries however many they are."""
    listed = list(cards)
    asked = {card.category_code for card in listed if card.category_code}
    ways = directory(session, today=now.astimezone(SHANGHAI).date(), categories=asked)
    found = {}
    for card in listed:
        route = ways.route(card.category_code, card.division)
        offered = [_of_model(s) for s in _opinion(ctx, card, names)]
        if route is not None:
            offered.insert(0, Candidate(route.lead, route.lead_name, route.words))
        backstop = ways.backstop(card.division)
        if backstop is not None and backstop in names:
            offered.append(Candidate(backstop, names[backstop], "目录没有对应单位时的兜底单位"))
        unique = {one.code: one for one in reversed(offered)}
        order = [unique[code] for code in dict.fromkeys(one.code for one in offered)]
        found[card.number] = Routing(
            route.lead if route else "",
            route.lead_name if route else "",
            tuple(_with_probability(one, offered) for one in order[:CANDIDATES]),
        )
    return found


def _of_model(suggestion: Suggestion) -> Candidate:
    words = "、".join(evidence.token for evidence in suggestion.evidence)
    why = f"模型建议{words and f'，依据：{words}'}"
    return Candidate(suggestion.label, suggestion.name, why, suggestion.probability)


def _with_probability(one: Candidate, offered: Iterable[Candidate]) -> Candidate:
    """The catalogue's unit keeps its reason, and shows what the model thinks of it as well."""
    thought = next((c.probability for c in offered if c.code == one.code and c.probability), None)
    return Candidate(one.code, one.name, one.why, thought)


def _opinion(
    ctx: PortalContext, card: TicketCard, names: Mapping[str, str]
) -> tuple[Suggestion, ...]:
    """What the model said at intake, with the words it goes by now.

    Requests that came without an opinion are asked about now.
    """
    text = text_for_model(card.content, card.place)
    now = ctx.suggester.suggest(text, division=card.division).departments[:CANDIDATES]
    if not card.proposed:
        return now
    words = {one.label: one.evidence for one in now}
    return tuple(
        Suggestion(code, names[code], probability, words.get(code, ()))
        for code, probability in card.proposed[:CANDIDATES]
        if code in names
    )
