"""Recordings of real calls: both voices apart, through a transfer, silent under the mask."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from dispatch.bus import Database
from dispatch.db import Base
from dispatch.domain.call_rules import RecordingRules
from dispatch.domain.errors import RecordingUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.files.recordings import RecordingFolder
from dispatch.files.sound import Sound, read_wav
from dispatch.files.vault import Keyring
from dispatch.models.contacts import Contact
from dispatch.models.telephone import Recording
from dispatch.service import recording_masks
from hotline.recordings import RecordingKeeper
from telephony.asterisk.callers import SippCallee
from telephony.asterisk.errors import AmiRefused
from telephony.asterisk.media import read_alaw
from telephony.asterisk.phones import SimulatedPhone
from telephony.asterisk.probe import AmiProbe, Message
from tests.fixtures_asterisk import AsteriskUnderTest
from tests.fixtures_hotline import until
from tests.telephony.observing import closed

pytestmark = pytest.mark.asterisk

CITIZEN_HZ, AGENT_HZ, OTHER_HZ = 440, 1000, 1700
RATE = 8000
RULES = RecordingRules(keep_days=365, keep_ticket_days=1095, encrypt=True)
AGENT = Actor(name="王芳", role=Role.AGENT, extension="9001")


def voice(folder: Path, hertz: int) -> bytes:
    """Somebody who hums one note for a minute."""
    moments = np.arange(RATE * 60) / RATE
    wave = (12_000 * np.sin(2 * np.pi * hertz * moments)).astype(np.int16)
    path = folder / f"{hertz}.wav"
    path.write_bytes(Sound(wave.reshape(-1, 1), RATE).wav())
    return read_alaw(path)


def notes(sound: Sound, channel: int) -> list[int]:
    """The notes heard on a channel, half second by half second, each once, in their order."""
    heard: list[int] = []
    half = RATE // 2
    for start in range(0, len(sound.samples) - half + 1, half):
        part = sound.samples[start : start + half, channel].astype(np.float64)
        spectrum = np.abs(np.fft.rfft(part))
        loudest = round(float(np.argmax(spectrum)) * RATE / half)
        strong = spectrum.max() > 200_000
        near = [n for n in (CITIZEN_HZ, AGENT_HZ, OTHER_HZ) if abs(n - loudest) < 15]
        if strong and (near or [loudest]) != heard[-1:]:
            heard += near or [loudest]
    return heard


def leaks(sound: Sound, channel: int, hertz: int) -> float:
    """How much of a note is on a channel, beside its loudest note."""
    spectrum = np.abs(np.fft.rfft(sound.samples[:, channel].astype(np.float64)))
    at = round(hertz * len(sound.samples) / RATE)
    return float(spectrum[max(0, at - 20) : at + 20].max() / spectrum.max())


@contextmanager
def phone(
    asterisk: AsteriskUnderTest, extension: str, hertz: int, folder: Path
) -> Iterator[SimulatedPhone]:
    host, _, port = asterisk.settings.desk_phones[extension].rpartition(":")
    callee = SippCallee(
        asterisk.sipp,
        asterisk.folder,
        address=(host, int(port)),
        seconds=60,
        audio=voice(folder, hertz),
    )
    with callee.start() as answering:
        yield answering


class Talk:
    """A citizen and an agent who are connected."""

    def __init__(self, citizen: SimulatedPhone, events: AmiProbe, announced: Message) -> None:
        self.citizen, self.events = citizen, events
        self.channel, self.uuid = announced["Channel"], announced["CallUUID"]
        self.connected = events.wait_for("AgentConnect", timeout_s=30)
        self.began_at = datetime.now(UTC)

    def sides(self, asterisk: AsteriskUnderTest) -> list[Path]:
        return sorted(asterisk.settings.recordings.glob(f"*/{self.uuid}*"))


@contextmanager
def talk(asterisk: AsteriskUnderTest, folder: Path) -> Iterator[Talk]:
    member = {"Queue": "hotline", "Interface": "PJSIP/9001"}
    with (
        phone(asterisk, "9001", AGENT_HZ, folder),
        asterisk.probe() as probe,
        asterisk.events() as events,
    ):
        probe.action("QueueAdd", **member)
        try:
            with asterisk.citizen().dial(
                "13800138000", "12345", seconds=60, audio=voice(folder, CITIZEN_HZ)
            ) as citizen:
                announced = events.wait_for("UserEvent", timeout_s=30, UserEvent="HotlineCall")
                yield Talk(citizen, events, announced)
        finally:
            probe.action("QueueRemove", **member)


def sound_of(asterisk: AsteriskUnderTest, call: Talk) -> Sound:
    """What was recorded so far, once the call is over and the files are closed."""
    until(lambda: len(call.sides(asterisk)) == 2, 10)
    folder = RecordingFolder(asterisk.settings.recordings, Keyring("k", {"k": b"k" * 32}))
    agent, citizen = call.sides(asterisk)
    until(lambda: closed(agent) and closed(citizen), 10)
    sound = folder.plain(f"{citizen.parent.name}/{call.uuid}.wav")
    assert sound is not None
    return sound


def test_citizen_and_agent_are_on_channels_of_their_own(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path) as call:
        time.sleep(3)
        call.citizen.hang_up()
        call.events.wait_for("Hangup", timeout_s=30, Channel=call.channel)
    sound = sound_of(asterisk, call)
    assert 2 < sound.seconds < 8
    assert (notes(sound, 0), notes(sound, 1)) == ([CITIZEN_HZ], [AGENT_HZ])
    assert leaks(sound, 0, AGENT_HZ) < 0.02
    assert leaks(sound, 1, CITIZEN_HZ) < 0.02


def test_the_recording_follows_the_citizen_through_a_transfer_and_is_begun_once(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with (
        talk(asterisk, tmp_path) as call,
        phone(asterisk, "9002", OTHER_HZ, tmp_path) as other,
        asterisk.probe() as probe,
        asterisk.events() as second_start,
    ):
        time.sleep(2)
        # Lower than the first agent's: the second telephone's packets would pass for late ones.
        other.media.number_from(1)
        probe.action(
            "BlindTransfer",
            Channel=call.connected["DestChannel"],
            Context="from-agent",
            Exten="9002",
        )
        # The end of the first agent's ringing may be told after his talk has begun.
        answered = ""
        while not answered.startswith("PJSIP/9002"):
            ended = call.events.wait_for("DialEnd", timeout_s=30, DialStatus="ANSWER")
            answered = ended["DestChannel"]
        heard = other.media.loud_packets
        until(lambda: other.media.loud_packets > heard + 120, 20)
        # Somebody sends the citizen into the dialplan once more: nothing begins anew.
        probe.action("Redirect", Channel=call.channel, Context="record", Exten="s", Priority="1")
        call.events.wait_for("Hangup", timeout_s=30, Channel=call.channel)
        with pytest.raises(AmiRefused):
            second_start.wait_for("UserEvent", timeout_s=1, UserEvent="RecordingBegun")
    sound = sound_of(asterisk, call)
    assert notes(sound, 0) == [CITIZEN_HZ]
    assert notes(sound, 1) == [AGENT_HZ, OTHER_HZ]
    assert len(call.sides(asterisk)) == 2


def test_what_is_said_under_the_mask_is_in_no_file(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path) as call, asterisk.probe() as probe:
        time.sleep(2)
        pressed_at = datetime.now(UTC)
        _mute(probe, call, on=True)
        told = call.events.wait_for("MixMonitorMute", timeout_s=30, State="1")
        time.sleep(2)
        _mute(probe, call, on=False)
        released_at = datetime.now(UTC)
        time.sleep(1.5)
        call.citizen.hang_up()
        call.events.wait_for("Hangup", timeout_s=30, Channel=call.channel)
    assert (told["Channel"], told["Direction"]) == (call.channel, "both")
    sound = sound_of(asterisk, call)
    (silence,) = sound.dead_spans(0.5)
    muted_s = (released_at - pressed_at).total_seconds()
    assert silence[1] - silence[0] == pytest.approx(muted_s, abs=0.6)

    kept = put_away(asterisk, call, sound, tmp_path, (pressed_at, released_at))
    assert kept.samples[int(silence[0] * RATE) : int(silence[1] * RATE)].any() == np.False_
    # A little more than the mute caught is silent: what was said before it took effect.
    (wider,) = kept.dead_spans(0.5)
    assert wider[0] < silence[0]
    assert wider[1] >= silence[1] - 0.05
    assert (notes(kept, 0), notes(kept, 1)) == ([CITIZEN_HZ], [AGENT_HZ])


def _mute(probe: AmiProbe, call: Talk, *, on: bool) -> None:
    state = "1" if on else "0"
    probe.action("MixMonitorMute", Channel=call.channel, Direction="both", State=state)


def put_away(
    asterisk: AsteriskUnderTest,
    call: Talk,
    sound: Sound,
    tmp_path: Path,
    mask: tuple[datetime, datetime],
) -> Sound:
    """The same call as the ingest job leaves it."""
    database = Database(f"sqlite:///{tmp_path / 'hotline.db'}")
    Base.metadata.create_all(database.engines.write)
    path = f"{call.sides(asterisk)[0].parent.name}/{call.uuid}.wav"
    with database.work() as session:
        contact = Contact(
            call_id=call.uuid,
            call_uuid=call.uuid,
            direction="inbound",
            started_at=call.began_at,
            answered_at=call.began_at,
            ended_at=call.began_at + timedelta(seconds=sound.seconds),
            talk_s=sound.seconds,
            recording=path,
        )
        session.add(contact)
        session.flush()
        recording_masks.begin(session, AGENT, contact.id, now=mask[0])
        recording_masks.end(session, AGENT, contact.id, now=mask[1])
    folder = RecordingFolder(asterisk.settings.recordings, Keyring("k", {"k": b"k" * 32}))
    keeper = RecordingKeeper(database, folder, transcribe=False)
    assert keeper.put_away(RULES, call.began_at + timedelta(minutes=3)) == 1
    with database.read() as session:
        row = session.query(Recording).one()
        assert (row.state, row.channels, row.problem) == ("stored", 2, "")
    database.dispose()
    assert [file.name for file in call.sides(asterisk)] == [f"{call.uuid}.wav.sealed"]
    with pytest.raises(RecordingUnavailable, match="WAV"):
        read_wav(call.sides(asterisk)[0])
    return folder.load(path, "k")
