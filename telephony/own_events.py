"""What our own dialplan tells by user events, as facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from telephony.facts import (
    AnyFact,
    CallBackWished,
    CallerTurnedAway,
    CallNamed,
    CallTransferred,
    MachineHeard,
    QueueVerdict,
    RecordingStarted,
    ServiceRated,
    SurveyClosed,
    SurveyDone,
    SurveyHeard,
    VoicemailLeft,
)
from telephony.values import known, variable, whole
from telephony.wire import Headers

Facts = Sequence[AnyFact]
Reader = Callable[[Headers, datetime], Facts]
NOTHING: Facts = ()


def _told_call(h: Headers, at: datetime) -> Facts:
    return (CallNamed(at, h["Linkedid"], known(h.get("CallUUID")), known(h.get("Line"))),)


def _told_verdict(h: Headers, at: datetime) -> Facts:
    return (QueueVerdict(at, h["Linkedid"], h["Status"], known(h.get("Queue"))),)


def _told_recording(h: Headers, at: datetime) -> Facts:
    return (RecordingStarted(at, h["Linkedid"], path=known(h.get("Path"))),)


def _told_closed(h: Headers, at: datetime) -> Facts:
    return (CallerTurnedAway(at, h["Linkedid"]),)


def _told_refused(h: Headers, at: datetime) -> Facts:
    return (CallerTurnedAway(at, h["Linkedid"], refused=True),)


def _told_call_back(h: Headers, at: datetime) -> Facts:
    number, queue = known(h.get("Number")), known(h.get("Queue"))
    return (CallBackWished(at, h["Linkedid"], number, queue),)


def _told_voicemail(h: Headers, at: datetime) -> Facts:
    return (VoicemailLeft(at, h["Linkedid"], h["Path"], whole(h.get("Seconds")) or 0),)


def _told_taken_over(h: Headers, at: datetime) -> Facts:
    by = known(h.get("From"))
    return (CallTransferred(at, h["Linkedid"], kind="taken_over", by=by, to=h["By"]),)


def _told_survey(h: Headers, at: datetime) -> Facts:
    follow_up = whole(h.get("FollowUp") or variable(h, "FOLLOWUPID"))
    if follow_up is None:
        return NOTHING
    name, call_id = h["UserEvent"], h["Linkedid"]
    if name == "SurveyAnswer":
        digit, question = known(h.get("Digit")), h.get("Question", "")
        wrong, language = whole(h.get("Wrong")) or 0, h.get("Spoken", "")
        return (SurveyHeard(at, call_id, follow_up, question, digit, wrong, language),)
    return (_SURVEY_MARKS[name](at, call_id, follow_up),)


def _told_rating(h: Headers, at: datetime) -> Facts:
    return (ServiceRated(at, h["Linkedid"], known(h.get("Digit"))),)


_SURVEY_MARKS = {
    "CallEnd": SurveyClosed,
    "SurveyDone": SurveyDone,
    "SurveyMachine": MachineHeard,
}


OWN_EVENTS: dict[str, Reader] = {
    "CallBackAsked": _told_call_back,
    "CallClosed": _told_closed,
    "CallEnd": _told_survey,
    "CallRefused": _told_refused,
    "HotlineCall": _told_call,
    "QueueDone": _told_verdict,
    "RecordingBegun": _told_recording,
    "ServiceRated": _told_rating,
    "SurveyAnswer": _told_survey,
    "SurveyDone": _told_survey,
    "SurveyMachine": _told_survey,
    "TakenOver": _told_taken_over,
    "VoicemailLeft": _told_voicemail,
}
"""By the name under which our dialplan tells them."""


def own_event(h: Headers, at: datetime) -> Facts:
    """Read a user event; what another dialplan tells is nothing to us."""
    call_id = h.get("Linkedid")
    told = OWN_EVENTS.get(h.get("UserEvent", ""))
    return NOTHING if told is None or call_id is None else told(h, at)
