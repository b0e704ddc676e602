"""What a ticket's page shows of the model, and the buttons that put a category right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.service import form_choices, label_examples
from dispatch.service.model_story import ModelStory, story_of
from dispatch.service.queries_ticket import TicketView
from portal.deps import PortalContext
from portal.views.agent_form import Catalogue
from portal.views.ticket_press import Button, Press

_CENTRE = frozenset({Role.AGENT, Role.DISPATCHER, Role.CENTER, Role.SUPERVISOR, Role.FOLLOW_UP})
"""Who reads what a model said; units and leaders read what was decided."""


def read(
    session: Session, _ctx: PortalContext, reader: Actor, view: TicketView, _now: datetime
) -> ModelStory | None:
    """The story, for the centre's own people."""
    if reader.role not in _CENTRE:
        return None
    return story_of(session, reader, view.card.number)


def category_typed(press: Press) -> str | None:
    """The code of the category typed in a form; None when the field was left empty.

    Raises:
        InvalidInput: there is no such category.
    """
    known = Catalogue([], form_choices.categories(press.session))
    return known.category(press.text("category"))


def _correct(press: Press) -> None:
    chosen = category_typed(press)
    if chosen is None:
        raise InvalidInput("请选择正确的事项分类", field="category")
    label_examples.correct(
        press.session,
        press.actor,
        press.number,
        chosen,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _take_back(press: Press) -> None:
    label_examples.take_back(
        press.session, press.actor, press.number, expected=press.expected, now=press.now
    )


_RIGHTERS = frozenset({Role.DISPATCHER, Role.CENTER})

BUTTONS: Mapping[str, Button] = {
    "correct-category": Button("更正分类", _RIGHTERS, _correct, "分类已更正，会成为下次训练的样本"),
    "take-back-category": Button("撤销更正", _RIGHTERS, _take_back, "更正已撤销，原来的分类恢复"),
}
"""By the last part of the address."""
