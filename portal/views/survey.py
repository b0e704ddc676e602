"""评价页: what a citizen's telephone opens from a message, and the same questions on the progress.

No sign-in, no JavaScript. The address holds a secret: it is in no list, no log and no cache.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from dispatch.domain.errors import (
    ActionNotAllowed,
    AlreadyAnswered,
    HotlineError,
    InvalidInput,
    LinkExpired,
    LinkUnusable,
)
from dispatch.service import survey_answers, survey_links, throttle
from dispatch.service.followup_answers import Answers
from dispatch.service.survey_answers import Received
from dispatch.service.survey_links import SurveyPage
from portal.deps import Ctx, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.uploads import SentFiles
from portal.views import attachments as attachments_views
from portal.views import resident
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

# A mark has 128 bits: nobody guesses one, and whoever tries shall not keep the database busy.
GUESSES = throttle.Limit(tries=30, window=timedelta(minutes=15), pause=timedelta(minutes=15))
TOO_MANY = "打开失效链接的次数太多，请 15 分钟后再试，或者拨打 12345"
HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive"}


TITLES: tuple[tuple[type[HotlineError], str], ...] = (
    (LinkExpired, "链接已经过期"),
    (AlreadyAnswered, "您已经评价过了"),
    (LinkUnusable, "链接不能使用"),
    (ActionNotAllowed, "现在还不能评价"),
)
BLANK = {"solved": "", "rating": "", "comment": "", "redo": ""}


@router.get("/s/{token}")
def survey_page(request: Request, token: str, ctx: Ctx, now: Now) -> Response:
    """The two questions, or a page that says why they are not asked any more."""
    try:
        with ctx.db.work() as session:
            page = survey_links.opened(session, token, ctx.signer, now=now)
    except LinkUnusable as problem:
        return _over(request, ctx, problem, now)
    return _page(request, token, page, BLANK)


@router.post("/s/{token}")
def answer_by_link(
    request: Request, token: str, ctx: Ctx, now: Now, form: TypedForm, sent: SentFiles
) -> Response:
    """Take the answer; what is missing is said beside its question, and nothing is lost."""
    typed = {name: form.get(name, "") for name in BLANK}
    try:
        with ctx.db.work() as session:
            # Before anything is written to the disk: is this a link of ours, and still open?
            page = survey_links.opened(session, token, ctx.signer, now=now)
        answers = written(ctx, typed)
        taken, refused = attachments_views.take(ctx, sent)
        with ctx.db.work() as session:
            received = survey_answers.by_link(
                session, token, answers, taken, ctx.signer, ctx.rules, now=now
            )
    except LinkUnusable as problem:
        return _over(request, ctx, problem, now)
    except InvalidInput as problem:
        return _page(request, token, page, typed, problem, again=bool(sent))
    said = [file.sentence for file in refused]
    return thanks(request, received, [*said, received.refused] if received.refused else said)


@router.post("/resident/rate")
def answer_by_code(
    request: Request,
    ctx: Ctx,
    now: Now,
    form: TypedForm,
) -> Response:
    """The same questions at the end of the progress, for whoever knows number and code."""
    number, code = form.get("number", "").strip()[:40], form.get("code", "").strip()[:12]
    found = resident.look_up(request, ctx, number, code, now)
    if isinstance(found, Response):
        return found
    typed = {name: form.get(name, "") for name in BLANK}
    try:
        answers = written(ctx, typed)
        with ctx.db.work() as session:
            received = survey_answers.by_code(session, number, code, answers, ctx.rules, now=now)
    except InvalidInput as problem:
        return resident.progress_page(request, found, code, typed, problem)
    except (ActionNotAllowed, AlreadyAnswered) as problem:
        return _closed(request, problem)
    if received is None:
        return resident.not_found(request, number)
    return thanks(request, received, [])


def written(ctx: PortalContext, typed: dict[str, str]) -> Answers:
    """The answers as typed; the grades are those of the policy.

    Raises:
        InvalidInput: a question is left open, or the words are too many.
    """
    return survey_answers.written(
        solved=typed["solved"],
        rating=typed["rating"],
        comment=typed["comment"],
        redo_wanted=typed["redo"] == "yes",
        scale=ctx.rules.profile.rating.scale,
    )


def thanks(request: Request, received: Received, refused: list[str]) -> Response:
    """What was taken, and what comes next."""
    return render(
        request, "survey/thanks.html", headers=HEADERS, received=received, refused=refused
    )


def _page(
    request: Request,
    token: str,
    page: SurveyPage,
    typed: dict[str, str],
    problem: InvalidInput | None = None,
    *,
    again: bool = False,
) -> Response:
    return render(
        request,
        "survey/page.html",
        status_code=status_of(problem) if problem else 200,
        headers=HEADERS,
        token=token,
        page=page,
        typed=typed,
        problem=problem,
        field=problem.field or "" if problem else "",
        again=again,
    )


def _over(request: Request, ctx: PortalContext, problem: LinkUnusable, now: datetime) -> Response:
    """The page of a link that asks nothing; looks at links that are none are counted."""
    if type(problem) is LinkUnusable:
        subject = f"survey-at:{resident.address(request)}"
        with ctx.db.work() as session:
            if throttle.locked_until(session, subject, now=now) is not None:
                return _closed(request, problem, TOO_MANY, status=429)
            throttle.count_failure(session, subject, GUESSES, now=now)
    return _closed(request, problem)


def _closed(
    request: Request, problem: HotlineError, words: str = "", *, status: int = 0
) -> Response:
    title = next((name for kind, name in TITLES if isinstance(problem, kind)), "")
    return render(
        request,
        "survey/over.html",
        status_code=status or status_of(problem),
        headers=HEADERS,
        title=title,
        words=words or str(problem),
        done=isinstance(problem, AlreadyAnswered),
    )
