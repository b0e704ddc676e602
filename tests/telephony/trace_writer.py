"""Writes a manager session by hand: the events of a call, as Asterisk 22 would send them."""

from __future__ import annotations

from dataclasses import dataclass, field

EPOCH = 1795305166.0
CITIZEN, AGENT, OTHER = "PJSIP/trunk-00000001", "PJSIP/8001-00000002", "PJSIP/8003-00000003"
CONSULTED = "PJSIP/8001-00000004"
CALL = "hot1-1795305166.1"
LEGS = {
    CITIZEN: CALL,
    AGENT: "hot1-1795305168.2",
    OTHER: "hot1-1795305170.3",
    CONSULTED: "hot1-1795305169.4",
}
CALLER = {CITIZEN: "13800138000", AGENT: "8001", OTHER: "8003", CONSULTED: "8001"}


@dataclass
class TraceWriter:
    """Collects events; times are seconds after the call began."""

    call_id: str = CALL
    blocks: list[tuple[float, str]] = field(default_factory=list)
    uuid: str = "77cfcfe2-30b1-4572-b0ac-404c8e675450"

    def event(self, at: float, name: str, **headers: object) -> None:
        """Add one event with these headers."""
        lines = [f"Event: {name}", f"Timestamp: {EPOCH + at:.6f}", "SystemName: hot1"]
        for header, value in headers.items():
            values = value if isinstance(value, list) else [value]
            lines += [f"{header}: {one}" for one in values]
        self.blocks.append((at, "\r\n".join(lines) + "\r\n\r\n"))

    def leg(
        self, channel: str, prefix: str = "", *, linked: str | None = None
    ) -> dict[str, object]:
        """The headers by which an event names a channel."""
        return {
            f"{prefix}Channel": channel,
            f"{prefix}CallerIDNum": CALLER.get(channel, "<unknown>"),
            f"{prefix}Uniqueid": LEGS[channel],
            f"{prefix}Linkedid": linked or self.call_id,
            f"{prefix}ChanVariable": [f"CALLUUID={self.uuid}", "FOLLOWUPID="],
        }

    def starts(self, at: float, channel: str = CITIZEN, *, linked: str | None = None) -> None:
        inbound = channel == CITIZEN
        self.event(
            at,
            "Newchannel",
            **self.leg(channel, linked=linked),
            ChannelState=4 if inbound else 0,
            Context="from-trunk" if inbound else "from-agent",
            Exten="12345" if inbound else "s",
        )

    def up(self, at: float, channel: str = CITIZEN) -> None:
        self.event(at, "Newstate", **self.leg(channel), ChannelState=6, Exten="s")

    def recorded(self, at: float) -> None:
        self.event(at, "MixMonitorStart", **self.leg(CITIZEN))

    def joins_queue(self, at: float, queue: str = "hotline") -> None:
        self.event(at, "QueueCallerJoin", **self.leg(CITIZEN), Queue=queue, Position=1)

    def leaves_queue(self, at: float, queue: str = "hotline") -> None:
        self.event(at, "QueueCallerLeave", **self.leg(CITIZEN), Queue=queue, Count=0)

    def abandons(self, at: float, queue: str = "hotline") -> None:
        self.event(at, "QueueCallerAbandon", **self.leg(CITIZEN), Queue=queue)

    def rings(self, at: float, agent: str = AGENT) -> None:
        both = {**self.leg(CITIZEN), **self.leg(agent, "Dest")}
        self.event(at, "DialBegin", **both, DialString=agent.partition("-")[0])

    def stops_ringing(self, at: float, status: str, agent: str = AGENT) -> None:
        both = {**self.leg(CITIZEN), **self.leg(agent, "Dest")}
        self.event(at, "DialEnd", **both, DialStatus=status)

    def connects(self, at: float, agent: str = AGENT, queue: str = "hotline") -> None:
        both = {**self.leg(CITIZEN), **self.leg(agent, "Dest")}
        interface = agent.partition("-")[0]
        self.event(at, "AgentConnect", **both, Queue=queue, Interface=interface, HoldTime=1)

    def enters(self, at: float, channel: str, bridge: str = "b1") -> None:
        self.event(at, "BridgeEnter", **self.leg(channel), BridgeUniqueid=bridge)

    def leaves(self, at: float, channel: str, bridge: str = "b1") -> None:
        self.event(at, "BridgeLeave", **self.leg(channel), BridgeUniqueid=bridge)

    def asks_to_hang_up(self, at: float, channel: str = CITIZEN) -> None:
        self.event(at, "HangupRequest", **self.leg(channel))

    def is_hung_up(self, at: float, channel: str = CITIZEN) -> None:
        self.event(at, "SoftHangupRequest", **self.leg(channel), Cause=16)

    def ends(self, at: float, channel: str = CITIZEN) -> None:
        self.event(at, "Hangup", **self.leg(channel), Cause=16)

    def keys(
        self, at: float, digit: str, channel: str = CITIZEN, direction: str = "Received"
    ) -> None:
        self.event(at, "DTMFEnd", **self.leg(channel), Digit=digit, Direction=direction)

    def arrives(self) -> None:
        """The citizen dials and waits in the queue from 1.5 s on; 8001 rings from 2 s on."""
        self.starts(0.0)
        self.up(0.1)
        self.recorded(1.4)
        self.joins_queue(1.5)
        self.starts(2.0, AGENT)
        self.rings(2.0)

    def is_answered(self) -> None:
        """8001 answers at 4 s."""
        self.up(4.0, AGENT)
        self.stops_ringing(4.0, "ANSWER")
        self.leaves_queue(4.0)
        self.connects(4.0)
        self.enters(4.0, AGENT)
        self.enters(4.0, CITIZEN)

    def bytes(self) -> bytes:
        """The session so far."""
        head = "Asterisk Call Manager/12.0.0\r\nResponse: Success\r\nActionID: 1\r\n\r\n"
        return (head + "".join(block for _, block in self.blocks)).encode()
