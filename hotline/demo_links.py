"""Messages for the demo city: one whose link was used, one that waits to be answered.

Both come of requests of last week that were handled, audited and could not be asked by telephone;
everything is done through the services by the demo's own people.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.calls import SurveyEnded, SurveyResult
from dispatch.domain.ports import Signer
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    accounts,
    assignment,
    catalogue,
    followup,
    followup_calls,
    handling,
    survey_answers,
    survey_links,
    text_messages,
)
from dispatch.service.intake import RequestForm, open_ticket

MADE = "demo-links"
LOGINS = ("agent1", "dispatcher1", "chengguan", "center", "followup1")
MINUTE = timedelta(minutes=1)
DIVISION = "990702001"
MATTERS = (
    (
        "小区门口的路灯坏了三盏，晚上看不清台阶",
        "12900020010",
        "三盏路灯已更换灯头并试亮，养护单位每周巡查一次。",
    ),
    (
        "公园健身器材松动，孩子玩的时候摇晃",
        "12900020011",
        "松动的器材已加固，两件报废器材已拆除并围挡，新器材下月安装。",
    ),
)


def add_links(database: Database, signer: Signer, rules: Rules, *, now: datetime) -> bool:
    """Make them once; return whether they are new."""
    with database.work() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
        morning = datetime.combine(
            now.astimezone(SHANGHAI).date() - timedelta(days=1), time(9, 5), SHANGHAI
        )
        for number, matter in enumerate(MATTERS):
            _asked_in_vain(session, rules, morning + timedelta(minutes=10 * number), *matter)
        evening = morning + timedelta(hours=11)
        sent = _sent(session, signer, evening)
        session.flush()
        answers = survey_answers.written(
            solved="unresolved",
            rating="dissatisfied",
            comment="换了灯头，可是昨晚又灭了一盏，台阶还是看不清。",
            redo_wanted=True,
            scale=rules.profile.rating.scale,
        )
        later = evening + timedelta(minutes=25)
        survey_links.opened(session, sent[0], signer, now=later)
        survey_answers.by_link(session, sent[0], answers, (), signer, rules, now=later)
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    return True


def _asked_in_vain(
    session: Session, rules: Rules, at: datetime, text: str, phone: str, reply: str
) -> None:
    """A request of last week, handled and audited; three calls yesterday that nobody took."""
    agent, dispatcher, unit, centre, caller = (
        accounts.actor_named(session, login) for login in LOGINS
    )
    form = RequestForm(
        content=text,
        category="0209",
        division=DIVISION,
        kind=RequestKind.ASSISTANCE,
        phone=phone,
    )
    begun = at - timedelta(days=3)
    number = open_ticket(session, agent, form, now=begun).number
    assignment.dispatch(session, dispatcher, number, "CHENGGUAN", rules, now=begun + MINUTE * 8)
    assignment.acknowledge(session, unit, number, now=begun + MINUTE * 30)
    handling.contact_requester(
        session, unit, number, note="已电话联系诉求人", now=begun + MINUTE * 50
    )
    done = begun + timedelta(days=2)
    handling.complete(session, unit, number, rules, public_reply=reply, now=done)
    handling.pass_audit(session, centre, number, rules, now=done + timedelta(hours=3))
    for ring_at in (at, at + timedelta(hours=6), at + timedelta(hours=10)):
        call = followup_calls.call_now(session, caller, number, rules, now=ring_at)
        ended = SurveyEnded(
            follow_up_id=call.follow_up_id,
            result=SurveyResult.NO_ANSWER,
            at=ring_at + MINUTE,
        )
        followup.record_survey_end(session, ended, rules, now=ring_at + MINUTE)


def _sent(session: Session, signer: Signer, at: datetime) -> list[str]:
    """Send what waits as a folder would; return the tokens of the messages."""
    tokens = []
    for one in text_messages.claim_due(session, limit=len(MATTERS), now=at):
        if one.follow_up_id is None:
            continue
        token = survey_links.token_of(session, one.follow_up_id, signer, now=at)
        if token is None:
            continue
        text_messages.sent(session, one.id, one.with_link("").key, now=at)
        survey_links.was_sent(session, one.follow_up_id, now=at)
        tokens.append(token)
    return tokens
