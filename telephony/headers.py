"""Manager events as facts: the only module that knows the names of their headers.

Written for Asterisk 22's standard events; the dialplan's own user events add to them and
are never needed for a call to be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from telephony.channels import begun_at, endpoint_of, extension_of, number_in
from telephony.facts import (
    AgentAnswered,
    AgentFinished,
    AnyFact,
    CallerQueued,
    CallerUnqueued,
    CallNamed,
    CallTransferred,
    DigitKeyed,
    HangupAsked,
    LegDialled,
    LegEnded,
    LegJoined,
    LegLeft,
    LegRung,
    LegStarted,
    LegUp,
    OriginateAnswered,
    QueueVerdict,
    RecordingStarted,
    SurveyClosed,
    SurveyDone,
    SurveyHeard,
    SystemReady,
    VoicemailReached,
)
from telephony.wire import Headers

Reader = Callable[[Headers, datetime], Iterator[AnyFact]]
UP = "6"
DOWN = "0"


def known(value: str | None) -> str | None:
    """Return the value, or None for the ways the system writes that it has none."""
    return None if value in (None, "", "<unknown>", "anonymous", "Anonymous") else value


def variable(headers: Headers, name: str) -> str | None:
    """Return a channel variable the event carries."""
    prefix = f"{name}="
    for value in headers.every("ChanVariable"):
        if value.startswith(prefix):
            return known(value.removeprefix(prefix))
    return None


def _whole(value: str | None) -> int | None:
    return int(value) if value is not None and value.isdecimal() else None


def _extension(headers: Headers) -> str:
    interface = headers.get("Interface") or headers.get("DestChannel") or ""
    return extension_of(interface) or endpoint_of(interface)


def _new_channel(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield LegStarted(
        at,
        h["Linkedid"],
        h["Uniqueid"],
        h["Channel"],
        caller=known(h.get("CallerIDNum")),
        exten=known(h.get("Exten")),
        outgoing=h.get("ChannelState") == DOWN,
        call_uuid=variable(h, "CALLUUID"),
    )


def _new_state(h: Headers, at: datetime) -> Iterator[AnyFact]:
    if h.get("ChannelState") == UP:
        yield LegUp(
            at,
            h["Linkedid"],
            h["Uniqueid"],
            h["Channel"],
            caller=known(h.get("CallerIDNum")),
            exten=known(h.get("Exten")),
            call_uuid=variable(h, "CALLUUID"),
        )


def _hangup(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield LegEnded(
        at,
        h["Linkedid"],
        h["Uniqueid"],
        h["Channel"],
        cause=_whole(h.get("Cause")),
        caller=known(h.get("CallerIDNum")),
        call_uuid=variable(h, "CALLUUID"),
    )


def _hangup_request(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield HangupAsked(at, h["Linkedid"], h["Uniqueid"], h["Channel"])


def _soft_hangup(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield HangupAsked(at, h["Linkedid"], h["Uniqueid"], h["Channel"], by_us=True)


def _bridge_enter(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield LegJoined(at, h["Linkedid"], h["Uniqueid"], h["Channel"], bridge=h["BridgeUniqueid"])


def _bridge_leave(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield LegLeft(at, h["Linkedid"], h["Uniqueid"], h["Channel"], bridge=h["BridgeUniqueid"])


def _dial_begin(h: Headers, at: datetime) -> Iterator[AnyFact]:
    number = number_in(h.get("DialString", ""))
    yield LegDialled(at, h["DestLinkedid"], h["DestUniqueid"], h["DestChannel"], number=number)


def _dial_end(h: Headers, at: datetime) -> Iterator[AnyFact]:
    status = h.get("DialStatus", "")
    yield LegRung(at, h["DestLinkedid"], h["DestUniqueid"], h["DestChannel"], status=status)


def _agent_called(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield LegDialled(at, h["Linkedid"], h["DestUniqueid"], h["DestChannel"])


def _queue_join(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield CallerQueued(
        at,
        h["Linkedid"],
        h["Uniqueid"],
        h["Channel"],
        queue=h["Queue"],
        caller=known(h.get("CallerIDNum")),
        call_uuid=variable(h, "CALLUUID"),
    )


def _queue_leave(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield CallerUnqueued(at, h["Linkedid"], queue=h["Queue"])


def _queue_abandon(h: Headers, at: datetime) -> Iterator[AnyFact]:
    """Also sent on time-out with the caller still there, so it only says: nobody answered."""
    yield CallerUnqueued(at, h["Linkedid"], queue=h["Queue"], unanswered=True)


def _agent_connect(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield AgentAnswered(at, h["Linkedid"], extension=_extension(h), queue=h["Queue"])


def _agent_complete(h: Headers, at: datetime) -> Iterator[AnyFact]:
    talk_s = _whole(h.get("TalkTime")) or 0
    yield AgentFinished(at, h["Linkedid"], extension=_extension(h), queue=h["Queue"], talk_s=talk_s)


def _blind_transfer(h: Headers, at: datetime) -> Iterator[AnyFact]:
    """A citizen cannot hand anybody on: only agents' transfers count."""
    by = extension_of(h["TransfererChannel"])
    if h.get("Result", "Success") == "Success" and by is not None:
        call_id = h.get("TransfereeLinkedid") or h["TransfererLinkedid"]
        yield CallTransferred(at, call_id, kind="blind", by=by, to=h["Extension"])


def _attended_transfer(h: Headers, at: datetime) -> Iterator[AnyFact]:
    """Either party of the consultation may be called transferee: the order of dialling rules."""
    if h.get("Result", "Success") != "Success" or h.get("DestType") == "Fail":
        return
    by = extension_of(h["OrigTransfererChannel"])
    stations = [
        extension_of(h.get(f"{who}Channel", "")) for who in ("TransferTarget", "Transferee")
    ]
    to = next((station for station in stations if station not in (None, by)), None)
    to = to or _consulted(h) or ""
    kind = "threeway" if h.get("DestType") == "Threeway" else "attended"
    prefixes = ("Transferee", "OrigTransferer", "SecondTransferer", "TransferTarget")
    for call_id in {h[f"{who}Linkedid"] for who in prefixes if h.get(f"{who}Linkedid")}:
        yield CallTransferred(at, call_id, kind=kind, by=by, to=to)


def _consulted(h: Headers) -> str | None:
    """Return the number consulted when the target is no agent's phone."""
    channel = h.get("TransferTargetChannel", "")
    local = endpoint_of(channel) if channel.startswith("Local/") else None
    candidates = (
        local,
        h.get("TransferTargetCallerIDNum"),
        h.get("SecondTransfererConnectedLineNum"),
        h.get("SecondTransfererExten"),
    )
    return next((value for value in map(known, candidates) if value), None)


def _digit(h: Headers, at: datetime) -> Iterator[AnyFact]:
    if h.get("Direction") == "Received":
        yield DigitKeyed(at, h["Linkedid"], h["Uniqueid"], h["Channel"], digit=h["Digit"])


def _recording(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield RecordingStarted(at, h["Linkedid"])


def _new_exten(h: Headers, at: datetime) -> Iterator[AnyFact]:
    application = h.get("Application", "").lower()
    if application == "mixmonitor":
        path = h.get("AppData", "").partition(",")[0]
        yield RecordingStarted(at, h["Linkedid"], path=known(path))
    elif application in ("voicemail", "minivmrecord"):
        yield VoicemailReached(at, h["Linkedid"])


def _var_set(h: Headers, at: datetime) -> Iterator[AnyFact]:
    name, value = h.get("Variable"), known(h.get("Value"))
    if value is None or "Linkedid" not in h:
        return
    if name == "QUEUESTATUS":
        yield QueueVerdict(at, h["Linkedid"], status=value)
    elif name == "MIXMONITOR_FILENAME":
        yield RecordingStarted(at, h["Linkedid"], path=value)


def _user_event(h: Headers, at: datetime) -> Iterator[AnyFact]:
    name, call_id = h.get("UserEvent", ""), h.get("Linkedid")
    follow_up = _whole(h.get("FollowUp") or variable(h, "FOLLOWUPID"))
    if call_id is None:
        return
    if name == "HotlineCall":
        yield CallNamed(at, call_id, known(h.get("CallUUID")), known(h.get("Line")))
    elif name == "QueueDone" and h.get("Status"):
        yield QueueVerdict(at, call_id, status=h["Status"])
    elif name == "SurveyAnswer" and follow_up is not None:
        digit, question = known(h.get("Digit")), h.get("Question", "")
        yield SurveyHeard(at, call_id, follow_up, question, digit)
    elif name == "SurveyDone" and follow_up is not None:
        yield SurveyDone(at, call_id, follow_up)
    elif name == "CallEnd" and follow_up is not None:
        yield SurveyClosed(at, call_id, follow_up)


def _originate_response(h: Headers, at: datetime) -> Iterator[AnyFact]:
    yield OriginateAnswered(
        at,
        order=h.get("ActionID", ""),
        ok=h.get("Response") == "Success",
        reason=_whole(h.get("Reason")) or 0,
        call_id=known(h.get("Uniqueid")),
    )


def _listed_channel(h: Headers, at: datetime) -> Iterator[AnyFact]:
    """A channel alive when asked for: proof that it is there, not when it began."""
    call_id, leg, channel = h["Linkedid"], h["Uniqueid"], h["Channel"]
    if h.get("ChannelState") == UP:
        caller, call_uuid = known(h.get("CallerIDNum")), variable(h, "CALLUUID")
        yield LegUp(at, call_id, leg, channel, caller=caller, call_uuid=call_uuid)
    if known(h.get("BridgeId")):
        yield LegJoined(at, call_id, leg, channel, bridge=h["BridgeId"])


READERS: dict[str, Reader] = {
    "AgentCalled": _agent_called,
    "AgentComplete": _agent_complete,
    "AgentConnect": _agent_connect,
    "AttendedTransfer": _attended_transfer,
    "BlindTransfer": _blind_transfer,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "CoreShowChannel": _listed_channel,
    "DTMFEnd": _digit,
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
    "Hangup": _hangup,
    "HangupRequest": _hangup_request,
    "MixMonitorStart": _recording,
    "Newchannel": _new_channel,
    "Newexten": _new_exten,
    "Newstate": _new_state,
    "OriginateResponse": _originate_response,
    "QueueCallerAbandon": _queue_abandon,
    "QueueCallerJoin": _queue_join,
    "QueueCallerLeave": _queue_leave,
    "SoftHangupRequest": _soft_hangup,
    "UserEvent": _user_event,
    "VarSet": _var_set,
}
HEARD = frozenset(READERS) | {"FullyBooted"}


class EventReader:
    """Turns messages into facts and keeps the stream's clock.

    `skipped` counts events that lacked a header they must have; the stream goes on.
    """

    def __init__(self) -> None:
        self.clock: datetime | None = None
        self.skipped = 0

    def facts(self, headers: Headers, *, now: datetime | None = None) -> list[AnyFact]:
        """Return what the message tells; `now` stands in for a missing time stamp."""
        name = headers.get("Event")
        if name == "FullyBooted":
            return [SystemReady(now or self.clock, _whole(headers.get("Uptime")) or 0)]
        reader = READERS.get(name or "")
        if reader is None:
            return []
        try:
            at = self._moment(headers, now)
            return list(reader(headers, at))
        except (KeyError, ValueError, OverflowError):
            self.skipped += 1
            return []

    def _moment(self, headers: Headers, now: datetime | None) -> datetime:
        stamp = headers.get("Timestamp")
        if stamp is not None:
            moment = datetime.fromtimestamp(float(stamp), UTC)
            if self.clock is None or moment > self.clock:
                self.clock = moment
            return moment
        if now is not None:
            return now
        second = begun_at(headers.get("Uniqueid") or headers.get("DestUniqueid") or "")
        if second is not None:
            begun = datetime.fromtimestamp(second, UTC)
            self.clock = begun if self.clock is None else max(begun, self.clock)
        if self.clock is None:
            raise ValueError("a time")
        return self.clock
