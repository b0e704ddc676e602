"""One Asterisk with a running connector, watched from every side: events, files, telephones."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.ports import AgentState, Seat
from telephony.agent_intervals import AgentInterval
from telephony.asterisk.callers import ONLY_CALL, SippCallee, SippCaller, _Template
from telephony.asterisk.phones import SimulatedPhone
from telephony.calls import CallReducer
from telephony.checkpoints import FileCheckpoints
from telephony.connector import TelephonyConnector
from telephony.reconciler import Reconciler
from telephony.replay import Replay
from telephony.writer import ListSink
from tests.fixtures_asterisk import AsteriskUnderTest, hang_up_all
from tests.fixtures_hotline import until
from tests.telephony.observing import recorded_s
from tests.telephony.test_connector import connected

SIPP = Path(__file__).parent / "sipp"
SAME = ("call_uuid", "direction", "caller", "line", "queue", "agent", "outcome", "ended_by")
"""What events and files must agree on, to the letter."""
WORD = (
    "MESSAGE sip:{host}:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKrefer\r\n"
    "From: <sip:refer@{host}>;tag=refer\r\nTo: <sip:{host}:{port}>\r\n"
    "Call-ID: {call_id}\r\nCSeq: 98 MESSAGE\r\nRefer-To: {refer_to}\r\nContent-Length: 0\r\n\r\n"
)
READ_FOR_S = 0.2


class Recorder:
    """Everything the manager interface says to one session, byte by byte."""

    def __init__(self, port: int, secret: str) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=20)
        login = f"Action: Login\r\nUsername: hotline-events\r\nSecret: {secret}\r\n\r\n"
        self._line.sendall(login.encode())
        self._line.settimeout(READ_FOR_S)
        self._heard = bytearray()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def heard(self) -> bytes:
        """The session so far."""
        return bytes(self._heard)

    def close(self) -> None:
        self._ending.set()
        self._thread.join()
        self._line.close()

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                heard = self._line.recv(1 << 16)
            except TimeoutError:
                continue
            if not heard:
                return  # Asterisk has ended
            self._heard += heard


class Flow:
    """What one test sees of its calls."""

    def __init__(
        self,
        asterisk: AsteriskUnderTest,
        sink: ListSink,
        telephony: TelephonyConnector,
        recorder: Recorder,
        folder: Path,
    ) -> None:
        self.asterisk = asterisk
        self.sink = sink
        self.telephony = telephony
        self.recorder = recorder
        self.begun = datetime.now(UTC)
        self._folder = folder

    def contacts(self) -> list[CallRecord]:
        """Those that began in this test: the files tell of earlier ones too."""
        return [call for call in self.sink.calls.values() if call.started_at >= self.begun]

    def contact(self) -> CallRecord:
        """The only one."""
        [found] = self.contacts()
        return found

    def talking(self, agent: str) -> bool:
        """Whether this agent has a citizen on the line."""
        seen = [one for one in self.telephony_states() if one.extension == agent]
        return bool(seen) and seen[-1].state is AgentState.TALKING and seen[-1].ended_at is None

    def telephony_states(self) -> list[AgentInterval]:
        """Every agent's states, from the recorded session."""
        return self.replay().states()

    def talks(self, agent: str) -> float:
        """Seconds the agent was on the telephone, holds and all."""
        busy = (AgentState.TALKING, AgentState.HELD)
        mine = [one for one in self.telephony_states() if one.extension == agent]
        return sum(
            (one.ended_at - one.began_at).total_seconds()
            for one in mine
            if one.state in busy and one.ended_at is not None
        )

    def on_the_telephone(self) -> set[str]:
        """Who is rung or talks still: his leg may end a moment after the citizen's."""
        busy = (AgentState.RINGING, AgentState.TALKING, AgentState.HELD)
        states = self.telephony_states()
        return {one.extension for one in states if one.state in busy and one.ended_at is None}

    def replay(self) -> Replay:
        replay = Replay()
        replay.feed(self.recorder.heard)
        return replay

    def from_files(self) -> list[CallRecord]:
        """What the files alone say."""
        reader = Reconciler(
            self.asterisk.cel,
            self.asterisk.queue_log,
            FileCheckpoints(self._folder / "never"),
            detail_records=self.asterisk.cdr,
        )
        reader.read()
        reducer = CallReducer()
        for fact in reader.missed(lambda _: False):
            reducer.fold(fact)
        return [call for call in reducer.open_calls() if call.started_at >= self.begun]

    def settled(self) -> CallRecord:
        """The only contact, once it is over and events, recording and files agree on it.

        Every telephone of it has been put down then.
        """
        until(lambda: bool(self.contacts()) and self.contact().ended_at is not None, 30)
        until(lambda: not self.on_the_telephone(), 15, lambda: str(self.on_the_telephone()))
        # Each is told for itself, and on a crowded machine not all in the same moment.
        until(lambda: not self.differences(), 15, lambda: "; ".join(self.differences()))
        return self.contact()

    def differences(self) -> list[str]:
        """What events, recording and files do not agree on."""
        live, replayed = self.contact(), self.replay().contacts()
        written = [one for one in self.from_files() if one.call_id == live.call_id]
        if len(replayed) != 1 or len(written) != 1:
            return [f"{len(replayed)} calls heard, {len(written)} written"]
        found = []
        for source, told in (("heard", replayed[0]), ("written", written[0])):
            for name in SAME:
                # No file tells whom we rang; the application that ordered it knows.
                untold = name == "line" and live.direction is Direction.OUTBOUND
                if getattr(told, name) != getattr(live, name) and not (
                    untold and told is written[0]
                ):
                    found.append(f"{source}: {name}")
            for name in ("wait_s", "talk_s"):
                known = getattr(live, name)
                expected = None if known is None else pytest.approx(known, abs=0.15)
                if getattr(told, name) != expected:
                    found.append(f"{source}: {name}")
        handed, heard = (
            [(one.kind, one.by, one.to) for one in call.transfers] for call in (live, replayed[0])
        )
        return found if handed == heard else [*found, f"transfers: {handed}, heard: {heard}"]

    def queue_verbs(self, call: CallRecord) -> list[str]:
        """What the queue log says of the call."""
        rows = (row.split("|") for row in self.asterisk.queue_log.read_text().splitlines())
        return [row[4] for row in rows if row[1] == call.call_id]

    def recorded_s(self, call: CallRecord) -> tuple[float, float]:
        """Seconds of sound of the citizen's side and of the agents'."""
        assert call.recording is not None
        whole = self.asterisk.settings.recordings / call.recording
        return _seconds(whole, "citizen"), _seconds(whole, "agent")


def _seconds(whole: Path, side: str) -> float:
    return recorded_s(whole.with_name(f"{whole.stem}-{side}.wav"))


@contextmanager
def flowing(
    asterisk: AsteriskUnderTest, folder: Path, agents: Sequence[str] = ("9001",)
) -> Iterator[Flow]:
    """The connector at work with these agents ready, and a recorder beside it."""
    secret, sink = asterisk.settings.secrets.ami_events, ListSink()
    with ExitStack() as stack:
        stack.callback(hang_up_all, asterisk)
        telephony = stack.enter_context(connected(asterisk, sink, folder))
        recorder = Recorder(asterisk.settings.ami_port, secret)
        stack.callback(recorder.close)
        flow = Flow(asterisk, sink, telephony, recorder, folder)
        for agent in agents:
            telephony.seats.apply(ready(agent))
            stack.callback(telephony.seats.apply, away(agent))
        yield flow


def ready(agent: str) -> Seat:
    """The wish to be rung."""
    return Seat(agent, f"坐席{agent}", AgentState.READY)


def channel_of(flow: Flow, agent: str) -> str:
    """The name of the agent's channel in the talk of now."""
    names = re.findall(
        rf"^Channel: (PJSIP/{agent}-\w+)\r$", flow.recorder.heard.decode(), re.MULTILINE
    )
    return str(names[-1])


def away(agent: str) -> Seat:
    """The wish to be no member of any queue."""
    return Seat(agent, f"坐席{agent}", AgentState.SIGNED_OUT)


class TransferringPhone(SippCallee):
    """An agent's telephone that hands the citizen on when `refer` says so."""

    def __init__(self, asterisk: AsteriskUnderTest, extension: str, audio: bytes = b"") -> None:
        host, _, port = asterisk.settings.desk_phones[extension].rpartition(":")
        self.at = (host, int(port))
        super().__init__(
            asterisk.sipp,
            asterisk.folder,
            address=self.at,
            seconds=60,
            audio=audio or asterisk.voice,
        )
        text = (SIPP / "refer.xml").read_text("utf-8")
        values = {"ring_ms": 200, "stay_ms": 60_000, "taken": ONLY_CALL}
        self._scenario = _Template(text).safe_substitute(values)

    def refer(self, phone: SimulatedPhone, refer_to: str) -> None:
        """Have it send REFER to this target."""
        host, port = self.at
        word = WORD.format(host=host, port=port, call_id=phone.call_id, refer_to=refer_to)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(word.encode(), self.at)


def server(asterisk: AsteriskUnderTest) -> str:
    return f"{asterisk.settings.sip_bind}:{asterisk.settings.sip_port}"


def consulting(asterisk: AsteriskUnderTest, extension: str) -> SippCaller:
    """The agent's second line, from which he asks a colleague."""
    at = (asterisk.settings.sip_bind, asterisk.settings.sip_port)
    return SippCaller(asterisk.sipp, asterisk.folder, server=at, local_ip="127.0.0.1")


def replacing(asterisk: AsteriskUnderTest, consultation: SimulatedPhone, target: str) -> str:
    """Refer-To of an attended transfer: the target, and the dialog that the citizen is to take."""
    told = consultation.signalling
    call_id = re.search(r"^Call-ID: (\S+)", told, re.MULTILINE)
    ours = re.search(r"^From: .*;tag=(\S+)", told, re.MULTILINE)
    theirs = re.search(r"^To: .*;tag=(\S+)", told, re.MULTILINE)
    assert call_id is not None
    assert ours is not None
    assert theirs is not None
    replaces = f"{call_id[1]};to-tag={theirs[1]};from-tag={ours[1]}"
    return f"<sip:{target}@{server(asterisk)}?Replaces={quote(replaces, safe='')}>"


def hears(phone: SimulatedPhone, packets: int = 40) -> Callable[[], bool]:
    """Whether the telephone got that many packets of speech from now on."""
    before = phone.media.loud_packets
    return lambda: phone.media.loud_packets > before + packets
