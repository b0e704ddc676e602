"""短信: the outbox as an administrator watches it; what waits can be sent now or taken back.

Where messages stay on this machine (trying things out), the page also opens a message's link:
nobody else has received it. With a gateway the link is the citizen's alone and not shown.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.calls import SurveyResult
from dispatch.domain.judging_terms import MessageState
from dispatch.domain.ports import NoMessenger
from dispatch.service import survey_answers, survey_links, text_message_queries, text_messages
from dispatch.service.text_message_queries import PAGE
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

LIST = "/admin/messages"
SAID = {
    "retry": "已排到最前面，几秒内再次发送",
    "withdraw": "已撤回，这件诉求改由人工回访",
}


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Annotated[str, Query(max_length=20)] = "",
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    said: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Messages in one state; those that wait come first."""
    with ctx.db.read() as session:
        counts = text_message_queries.counts(session, me.actor)
        usual = next((one for one in MessageState if counts[one.value]), MessageState.WAITING)
        state = next((one for one in MessageState if one == show), usual)
        listed = text_message_queries.listed(session, me.actor, state, before=before)
        tokens = {}
        if not ctx.messenger.reaches_people and state is MessageState.SENT:
            for one in listed:
                if one.follow_up_id is not None:
                    tokens[one.id] = survey_links.token_of(
                        session, one.follow_up_id, ctx.signer, now=now
                    )
    return render(
        request,
        "admin/messages.html",
        listed=listed,
        counts=counts,
        state=state,
        states=tuple(MessageState),
        tokens=tokens,
        stays=not ctx.messenger.reaches_people,
        none=isinstance(ctx.messenger, NoMessenger),
        said=SAID.get(said, ""),
        more=listed[-1].id if len(listed) == PAGE else None,
    )


@router.post(f"{LIST}/{{message_id}}/retry")
def retry(message_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """立即重试."""
    with ctx.db.work() as session:
        text_messages.retry(session, me.actor, message_id, now=now)
    return _back("retry")


@router.post(f"{LIST}/{{message_id}}/withdraw")
def withdraw(message_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """撤回; whom it was meant for is asked by a person."""
    with ctx.db.work() as session:
        follow_up_id = text_messages.withdraw(session, me.actor, message_id)
        if follow_up_id is not None:
            survey_answers.give_up(session, follow_up_id, SurveyResult.UNSENT, ctx.rules, now=now)
    return _back("withdraw")


def _back(said: str) -> Response:
    return RedirectResponse(f"{LIST}?show=waiting&said={said}", 303)
