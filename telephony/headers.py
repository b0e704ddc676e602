"""Manager events as facts: the only module that knows the names of their headers.

Written for Asterisk 22's standard events; the dialplan's own user events add to them and
are never needed for a call to be counted.
"""

from __future__ import annotations

from datetime import UTC, datetime

from telephony.channels import begun_at, endpoint_of, extension_of, number_in
from telephony.facts import (
    AgentAnswered,
    AgentFinished,
    AnyFact,
    CallerQueued,
    CallerUnqueued,
    CallTransferred,
    DigitKeyed,
    HangupAsked,
    LegDialled,
    LegEnded,
    LegHeld,
    LegJoined,
    LegLeft,
    LegListens,
    LegResumed,
    LegRung,
    LegStarted,
    LegUp,
    MemberSeen,
    OriginateAnswered,
    QueueVerdict,
    RecordingStarted,
    SystemReady,
    VoicemailReached,
)
from telephony.own_events import NOTHING, Facts, Reader, own_event
from telephony.values import known, variable, whole
from telephony.wire import Headers

UP = "6"
DOWN = "0"


def _extension(headers: Headers) -> str:
    interface = headers.get("Interface") or headers.get("DestChannel") or ""
    return extension_of(interface) or endpoint_of(interface)


def _new_channel(h: Headers, at: datetime) -> Facts:
    return (
        LegStarted(
            at,
            h["Linkedid"],
            h["Uniqueid"],
            h["Channel"],
            caller=known(h.get("CallerIDNum")),
            exten=known(h.get("Exten")),
            outgoing=h.get("ChannelState") == DOWN,
            call_uuid=variable(h, "CALLUUID"),
        ),
    )


def _new_state(h: Headers, at: datetime) -> Facts:
    if h.get("ChannelState") != UP:
        return NOTHING
    return (
        LegUp(
            at,
            h["Linkedid"],
            h["Uniqueid"],
            h["Channel"],
            caller=known(h.get("CallerIDNum")),
            exten=known(h.get("Exten")),
            call_uuid=variable(h, "CALLUUID"),
        ),
    )


def _hangup(h: Headers, at: datetime) -> Facts:
    return (
        LegEnded(
            at,
            h["Linkedid"],
            h["Uniqueid"],
            h["Channel"],
            cause=whole(h.get("Cause")),
            caller=known(h.get("CallerIDNum")),
            call_uuid=variable(h, "CALLUUID"),
        ),
    )


def _hangup_request(h: Headers, at: datetime) -> Facts:
    return (HangupAsked(at, h["Linkedid"], h["Uniqueid"], h["Channel"]),)


def _soft_hangup(h: Headers, at: datetime) -> Facts:
    return (HangupAsked(at, h["Linkedid"], h["Uniqueid"], h["Channel"], by_us=True),)


def _bridge_enter(h: Headers, at: datetime) -> Facts:
    return (LegJoined(at, h["Linkedid"], h["Uniqueid"], h["Channel"], h["BridgeUniqueid"]),)


def _bridge_leave(h: Headers, at: datetime) -> Facts:
    return (LegLeft(at, h["Linkedid"], h["Uniqueid"], h["Channel"], h["BridgeUniqueid"]),)


def _hold(h: Headers, at: datetime) -> Facts:
    return (LegHeld(at, h["Linkedid"], h["Uniqueid"], h["Channel"]),)


def _unhold(h: Headers, at: datetime) -> Facts:
    return (LegResumed(at, h["Linkedid"], h["Uniqueid"], h["Channel"]),)


def _spy(h: Headers, at: datetime) -> Facts:
    return (LegListens(at, h["SpyerLinkedid"], h["SpyerUniqueid"], h["SpyerChannel"]),)


def _dial_begin(h: Headers, at: datetime) -> Facts:
    number = number_in(h.get("DialString", ""))
    leg, channel = h["DestUniqueid"], h["DestChannel"]
    call_uuid = variable(h, "CALLUUID", "Dest")
    return (LegDialled(at, h["DestLinkedid"], leg, channel, number, call_uuid),)


def _dial_end(h: Headers, at: datetime) -> Facts:
    status = h.get("DialStatus", "")
    return (LegRung(at, h["DestLinkedid"], h["DestUniqueid"], h["DestChannel"], status),)


def _agent_called(h: Headers, at: datetime) -> Facts:
    return (LegDialled(at, h["Linkedid"], h["DestUniqueid"], h["DestChannel"]),)


def _queue_join(h: Headers, at: datetime) -> Facts:
    return (
        CallerQueued(
            at,
            h["Linkedid"],
            h["Uniqueid"],
            h["Channel"],
            queue=h["Queue"],
            caller=known(h.get("CallerIDNum")),
            call_uuid=variable(h, "CALLUUID"),
        ),
    )


def _queue_leave(h: Headers, at: datetime) -> Facts:
    return (CallerUnqueued(at, h["Linkedid"], queue=h["Queue"]),)


def _queue_abandon(h: Headers, at: datetime) -> Facts:
    """Also sent on time-out with the caller still there, so it only says: nobody answered."""
    return (CallerUnqueued(at, h["Linkedid"], queue=h["Queue"], unanswered=True),)


def _agent_connect(h: Headers, at: datetime) -> Facts:
    return (AgentAnswered(at, h["Linkedid"], extension=_extension(h), queue=h["Queue"]),)


def _agent_complete(h: Headers, at: datetime) -> Facts:
    """The reason is not read: it says `caller` of an agent who was cut off."""
    talk_s = whole(h.get("TalkTime")) or 0
    return (AgentFinished(at, h["Linkedid"], _extension(h), h["Queue"], talk_s),)


def _member(h: Headers, at: datetime) -> Facts:
    extension = extension_of(h.get("Interface") or h["Location"])
    if extension is None:
        return NOTHING
    present = h["Event"] != "QueueMemberRemoved"
    paused = present and h.get("Paused") == "1"
    reason = known(h.get("PausedReason") or h.get("Reason")) or ""
    return (MemberSeen(at, extension, h["Queue"], present, paused, reason if paused else ""),)


def _blind_transfer(h: Headers, at: datetime) -> Facts:
    """A citizen cannot hand anybody on: only agents' transfers count."""
    by = extension_of(h["TransfererChannel"])
    if h.get("Result", "Success") != "Success" or by is None:
        return NOTHING
    call_id = h.get("TransfereeLinkedid") or h["TransfererLinkedid"]
    return (CallTransferred(at, call_id, kind="blind", by=by, to=h["Extension"]),)


def _attended_transfer(h: Headers, at: datetime) -> Facts:
    """Either party of the consultation may be called transferee: the order of dialling rules."""
    if h.get("Result", "Success") != "Success" or h.get("DestType") == "Fail":
        return NOTHING
    by = extension_of(h["OrigTransfererChannel"])
    stations = [
        extension_of(h.get(f"{who}Channel", "")) for who in ("TransferTarget", "Transferee")
    ]
    to = next((station for station in stations if station not in (None, by)), None)
    to = to or _consulted(h) or ""
    kind = "threeway" if h.get("DestType") == "Threeway" else "attended"
    prefixes = ("Transferee", "OrigTransferer", "SecondTransferer", "TransferTarget")
    calls = {h[f"{who}Linkedid"] for who in prefixes if h.get(f"{who}Linkedid")}
    return [CallTransferred(at, call_id, kind=kind, by=by, to=to) for call_id in calls]


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


def _digit(h: Headers, at: datetime) -> Facts:
    if h.get("Direction") != "Received":
        return NOTHING
    return (DigitKeyed(at, h["Linkedid"], h["Uniqueid"], h["Channel"], digit=h["Digit"]),)


def _recording(h: Headers, at: datetime) -> Facts:
    return (RecordingStarted(at, h["Linkedid"]),)


def _new_exten(h: Headers, at: datetime) -> Facts:
    application = h.get("Application", "").lower()
    if application == "mixmonitor":
        path = h.get("AppData", "").partition(",")[0]
        return (RecordingStarted(at, h["Linkedid"], path=known(path)),)
    if application in ("voicemail", "minivmrecord"):
        return (VoicemailReached(at, h["Linkedid"]),)
    return NOTHING


def _var_set(h: Headers, at: datetime) -> Facts:
    name, value = h.get("Variable"), known(h.get("Value"))
    if value is None or "Linkedid" not in h:
        return NOTHING
    if name == "QUEUESTATUS":
        return (QueueVerdict(at, h["Linkedid"], status=value),)
    if name == "MIXMONITOR_FILENAME":
        return (RecordingStarted(at, h["Linkedid"], path=value),)
    return NOTHING


def _originate_response(h: Headers, at: datetime) -> Facts:
    return (
        OriginateAnswered(
            at,
            order=h.get("ActionID", ""),
            ok=h.get("Response") == "Success",
            reason=whole(h.get("Reason")) or 0,
            call_id=known(h.get("Uniqueid")),
        ),
    )


def _listed_channel(h: Headers, at: datetime) -> Facts:
    """A channel alive when asked for: proof that it is there, not when it began."""
    call_id, leg, channel = h["Linkedid"], h["Uniqueid"], h["Channel"]
    facts: list[AnyFact] = []
    if h.get("ChannelState") == UP:
        caller, call_uuid = known(h.get("CallerIDNum")), variable(h, "CALLUUID")
        facts.append(LegUp(at, call_id, leg, channel, caller=caller, call_uuid=call_uuid))
    if known(h.get("BridgeId")):
        facts.append(LegJoined(at, call_id, leg, channel, bridge=h["BridgeId"]))
    return facts


READERS: dict[str, Reader] = {
    "AgentCalled": _agent_called,
    "AgentComplete": _agent_complete,
    "AgentConnect": _agent_connect,
    "AttendedTransfer": _attended_transfer,
    "BlindTransfer": _blind_transfer,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "ChanSpyStart": _spy,
    "CoreShowChannel": _listed_channel,
    "DTMFEnd": _digit,
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
    "Hangup": _hangup,
    "HangupRequest": _hangup_request,
    "Hold": _hold,
    "MixMonitorStart": _recording,
    "Newchannel": _new_channel,
    "Newexten": _new_exten,
    "Newstate": _new_state,
    "OriginateResponse": _originate_response,
    "QueueCallerAbandon": _queue_abandon,
    "QueueCallerJoin": _queue_join,
    "QueueCallerLeave": _queue_leave,
    "QueueMemberAdded": _member,
    "QueueMemberPause": _member,
    "QueueMemberRemoved": _member,
    "SoftHangupRequest": _soft_hangup,
    "Unhold": _unhold,
    "UserEvent": own_event,
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

    def facts(self, headers: Headers, *, now: datetime | None = None) -> Facts:
        """Return what the message tells; `now` stands in for a missing time stamp."""
        name = headers.event
        reader = READERS.get(name or "")
        if reader is None:
            if name == "FullyBooted":
                return [SystemReady(now or self.clock, whole(headers.get("Uptime")) or 0)]
            return NOTHING
        try:
            return reader(headers, self._moment(headers, now))
        except (KeyError, ValueError, OverflowError):
            self.skipped += 1
            return NOTHING

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
