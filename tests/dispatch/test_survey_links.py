"""A link's token: made by this machine alone, for one attempt, used once by whoever comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.bus import Database
from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import AlreadyAnswered, LinkExpired, LinkUnusable
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import (
    FollowUpMethod,
    FollowUpState,
    Rating,
    RequestKind,
    Role,
    Status,
    Verdict,
)
from dispatch.files.vault import Keyring
from dispatch.models.followups import FollowUp
from dispatch.models.judging import SurveyLink
from dispatch.models.tickets import Ticket
from dispatch.service import followup_rows, survey_answers, survey_links
from dispatch.service.followup_answers import Answers
from dispatch.service.intake import RequestForm, open_ticket

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
KEYS = Keyring("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
PLEASED = Answers(reached=True, solved=Verdict.RESOLVED, rating=Rating.SATISFIED)


def asked(database: Database, rules: Rules, signer: Keyring = KEYS) -> str:
    """A ticket whose requester was written to; return the token of the message."""
    form = RequestForm(content="路灯不亮", kind=RequestKind.COMPLAINT, phone="13812345678")
    with database.work() as session:
        agent = Actor(name="话务员", role=Role.AGENT)
        ticket = open_ticket(session, agent, form, now=NOW)
        ticket.status, ticket.public_reply = Status.FOLLOW_UP.value, "已修好"
        row = followup_rows.add(session, ticket, FollowUpMethod.LINK, due_at=NOW)
        survey_links.invite(session, ticket, row, rules, now=NOW)
        token = survey_links.token_of(session, row.id, signer, now=NOW)
    assert token is not None
    return token


def take(database: Database, token: str, rules: Rules) -> str:
    """Answer by the link; what became of it, in a word."""
    try:
        with database.work() as session:
            survey_answers.by_link(session, token, PLEASED, (), KEYS, rules, now=NOW)
    except AlreadyAnswered:
        return "late"
    return "taken"


def test_of_many_answers_at_once_one_goes_through(database: Database, rules: Rules) -> None:
    token = asked(database, rules)
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda _: take(database, token, rules), range(4)))
    assert sorted(ends) == ["late", "late", "late", "taken"]
    with database.read() as session:
        row = session.query(FollowUp).one()
        assert (row.state, row.result) == (FollowUpState.DONE.value, "completed")
        assert session.query(Ticket).one().status == Status.CLOSED.value


def test_a_link_goes_on_after_the_key_was_replaced_and_not_without_it(
    database: Database, rules: Rules
) -> None:
    token = asked(database, rules, Keyring("k1", {"k1": b"1" * 32}))
    with database.work() as session:
        assert survey_links.opened(session, token, KEYS, now=NOW).title
        with pytest.raises(LinkUnusable):
            survey_links.opened(session, token, Keyring("k3", {"k3": b"3" * 32}), now=NOW)


def test_a_link_is_good_until_the_moment_the_policy_says(database: Database, rules: Rules) -> None:
    token = asked(database, rules)
    with database.work() as session:
        until = session.query(SurveyLink).one().expires_at
        assert until == rules.link_valid_until(NOW)
        before = until - timedelta(seconds=1)
        assert survey_links.opened(session, token, KEYS, now=before).expires_at == until
        assert survey_links.run_out(session, limit=5, now=before) == []
        with pytest.raises(LinkExpired):
            survey_links.opened(session, token, KEYS, now=until)
        assert len(survey_links.run_out(session, limit=5, now=until)) == 1


def test_an_attempt_is_given_up_once(database: Database, rules: Rules) -> None:
    asked(database, rules)
    with database.work() as session:
        row = session.query(FollowUp).one().id
        end = SurveyResult.EXPIRED
        assert survey_answers.give_up(session, row, end, rules, now=NOW)
        assert not survey_answers.give_up(session, row, end, rules, now=NOW)
        assert session.query(FollowUp).count() == 2


def test_telephones_that_capitalise_open_the_link(database: Database, rules: Rules) -> None:
    token = asked(database, rules)
    with database.work() as session:
        assert survey_links.opened(session, f" {token.upper()} ", KEYS, now=NOW).title


@given(text=st.text(max_size=60), mark=st.text("abcdefghijklmnopqrstuvwxyz234567", max_size=26))
def test_no_mark_fits_but_the_machines_own(text: str, mark: str) -> None:
    own = KEYS.sign(text)
    assert len(own) == 26
    assert KEYS.signed(text, own)
    assert KEYS.signed(text, mark) is (mark in {own, Keyring("k1", KEYS.keys).sign(text)})
    assert not KEYS.signed(text + "0", own)
