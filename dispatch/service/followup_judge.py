"""What an answer does to its ticket: close it, lay it before the centre, or start another round."""

from __future__ import annotations

from datetime import datetime

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service import followup_ends, reviews, triggers


def keep_word(ticket: Ticket, row: FollowUp) -> None:
    """Keep what the requester said as his last word, and as his first one if it is.

    Who says nothing in a later round does not take back what he said in an earlier one.
    """
    if not (row.solved or row.rating):
        return
    if ticket.first_solved is None and ticket.first_rating is None:
        ticket.first_solved, ticket.first_rating = row.solved, row.rating
    ticket.solved, ticket.rating = row.solved, row.rating


def is_unhappy(row: FollowUp, rules: Rules) -> bool:
    """Unsolved, or a grade that the policy does not count as satisfied."""
    rating = Rating(row.rating) if row.rating else None
    unsatisfied = rating is not None and not rules.counts_as_satisfied(rating)
    return row.solved == Verdict.UNRESOLVED.value or unsatisfied


def judge(
    session: Session, actor: Actor, ticket: Ticket, row: FollowUp, rules: Rules, now: datetime
) -> None:
    """Act upon an answer. The caller has locked the ticket, which waits for its follow-up.

    While the policy allows a redo, the unhappy answer goes to the centre's review
    (`review.by_centre`) or straight back to the unit. After that the ticket is closed as it is,
    and supervised (山东 2017: 重办后仍不满意的督办).
    """
    keep_word(ticket, row)
    unhappy = is_unhappy(row, rules)
    if (unhappy or row.redo_wanted) and ticket.round <= rules.profile.redo.max_times:
        if rules.profile.review.by_centre:
            reviews.open_review(session, actor, ticket, row, rules, now)
        else:
            reason = f"回访：{reviews.what_was_said(row)}"
            followup_ends.redo(session, actor, ticket, reason, now)
        return
    followup_ends.close(session, actor, ticket, now)
    if unhappy:
        triggers.unsatisfied(session, ticket, rules, now)
