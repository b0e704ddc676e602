"""The files that tell a call to the second only: the queue log and the call detail records."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

from telephony.channels import extension_of
from telephony.facts import (
    AgentAnswered,
    AgentFinished,
    CallerUnqueued,
    CallerWaited,
    Fact,
    LegBilled,
    QueueVerdict,
)
from telephony.files import FOLLOW_UP, Row, moment

BILL_COLUMNS = 21


def queue_event(line: str) -> Row | None:
    """Read a line of the queue log, good to the second; None if it says nothing to us.

    It names agents as their seats do, so who answered is told by the leg beside the name.
    """
    columns = line.split("|")
    if len(columns) < 5 or not columns[1]:
        return None
    try:
        at = moment(columns[0])
    except (ValueError, OverflowError):
        return None
    call_id, queue, agent, verb, *rest = columns[1:]
    rest += [""] * 3
    extension = extension_of(agent) or agent
    facts: tuple[Fact, ...] = ()
    if verb == "ENTERQUEUE":
        facts = (CallerWaited(at, call_id, queue, rest[1] or None),)
    elif verb == "CONNECT":
        facts = (AgentAnswered(at, call_id, extension, queue, coarse=True, leg=rest[1] or None),)
    elif verb in ("COMPLETEAGENT", "COMPLETECALLER"):
        talk_s = int(rest[1]) if rest[1].isdecimal() else 0
        by_agent = verb == "COMPLETEAGENT"
        facts = (AgentFinished(at, call_id, extension, queue, talk_s, by_agent),)
    elif verb in ("EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY", "ABANDON", "FULL"):
        left = CallerUnqueued(at, call_id, queue, unanswered=True, coarse=True)
        facts = (left, QueueVerdict(at, call_id, verb, queue))
    return Row(call_id, facts) if facts else None


def detail_record(line: str) -> Row | None:
    """Read a line of the call detail records, good to the second, in UTC; None if damaged.

    A leg has one record for every party it was joined with or that was tried for it, and the
    leg that began the call is over with the last of them.
    """
    columns = next(csv.reader([line]), [])
    if len(columns) < BILL_COLUMNS or not columns[19]:
        return None
    try:
        started, at = _utc(columns[9]), _utc(columns[11])
        answered = _utc(columns[10]) if columns[10] else None
    except ValueError:
        return None
    peer, userfield = columns[6], columns[17]
    bill = LegBilled(
        at,
        columns[19],
        columns[16],
        columns[5],
        started=started,
        answered=answered,
        peer=peer,
        joined=bool(peer) and columns[14] == "ANSWERED",
        caller=columns[1] or None,
        exten=columns[2] or None,
        call_uuid=userfield if userfield and not userfield.startswith(FOLLOW_UP) else None,
    )
    return Row(columns[19], (bill,))


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
