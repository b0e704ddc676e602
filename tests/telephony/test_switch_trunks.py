"""Trunks, announcements and the security log of a running Asterisk."""

from __future__ import annotations

import re
import socket
import ssl
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain.call_terms import TrunkSecurity
from dispatch.domain.switch_plan import SwitchPlan
from telephony.asterisk.callers import SippCallee, SippCaller
from telephony.asterisk.errors import CallFailed
from tests.fixtures_asterisk import (
    AsteriskUnderTest,
    free_port,
    private_asterisk,
    shortened_prompts,
)
from tests.fixtures_hotline import until
from tests.telephony.plans import load, queue, trunk
from tests.telephony.registrar import Registrar

pytestmark = pytest.mark.asterisk
CARRIER_IP = "127.0.0.3"
PASSWORD = "p;w=#1"
SPOKEN = ("zh/queue-thereare", "zh/queue-callswaiting", "zh/digits/2")


def quiet_prompts(target: Path) -> Path:
    """Prompts and music that are silent, but for what announces a place in the queue."""
    for file in shortened_prompts(target).rglob("*.wav"):
        if str(file.relative_to(target).with_suffix("")) not in SPOKEN:
            with wave.open(str(file), "rb") as sound:
                shape, frames = sound.getparams(), sound.getnframes()
            with wave.open(str(file), "wb") as sound:
                sound.setparams(shape)
                sound.writeframes(b"\0\0" * frames)
    return target


@pytest.fixture(scope="module")
def switch() -> Iterator[AsteriskUnderTest]:
    """One Asterisk that began without a plan."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-trunks-") as folder,
        private_asterisk(
            Path(folder), tls_port=free_port(), prompts=quiet_prompts(Path(folder) / "prompts")
        ) as running,
    ):
        yield running


def test_a_trunk_registers_with_its_password_once_the_plan_is_loaded(
    switch: AsteriskUnderTest,
) -> None:
    with Registrar(CARRIER_IP, "city12345", PASSWORD) as carrier:
        account = trunk(
            "cmcc", port=carrier.port, register=True, username="city12345", password=PASSWORD
        )
        load(switch, SwitchPlan(trunks=(account,)))
        until(lambda: bool(carrier.registered))
        assert carrier.registered[0].startswith("<sip:12345@127.0.0.1:")
        # The carrier's consent is under way when he has written the contact down.
        until(lambda: registration(switch) == ("trunk-cmcc", "Registered"))


def registration(switch: AsteriskUnderTest) -> tuple[str, str]:
    """The only trunk that registers, and whether it has."""
    with switch.probe() as probe:
        probe.action("PJSIPShowRegistrationsOutbound")
        shown = probe.wait_for("OutboundRegistrationDetail", timeout_s=30)
    return shown["ObjectName"], shown["Status"]


def test_a_trunk_is_known_by_its_addresses_and_shows_our_number_only(
    switch: AsteriskUnderTest,
) -> None:
    address = (CARRIER_IP, free_port(socket.SOCK_DGRAM, CARRIER_IP))
    server = (switch.settings.sip_bind, switch.settings.sip_port)
    carrier = SippCaller(switch.sipp, switch.folder, server=server, local_ip=CARRIER_IP)
    load(switch, SwitchPlan())
    with pytest.raises(CallFailed, match="401"):
        carrier.call("13800138000", "12345", seconds=0.2)
    load(switch, SwitchPlan(trunks=(trunk("cu", port=address[1], peers=(CARRIER_IP,)),)))
    assert carrier.call("13800138000", "12345", seconds=0.2).answered
    with SippCallee(switch.sipp, switch.folder, address=address).start() as rung:
        with switch.probe() as probe:
            probe.action(
                "Originate",
                Channel="PJSIP/13900139000@trunk-cu",
                Application="Echo",
                CallerID='"王芳" <8001>',
                Async="true",
            )
        until(lambda: "ACK sip:" in rung.signalling)
        rung.hang_up()
    assert "INVITE sip:13900139000@" in rung.signalling
    assert f"<sip:12345@{CARRIER_IP}>" in rung.signalling
    invite = rung.signalling[rung.signalling.index("INVITE sip:") :].split("\n\n")[0]
    assert "8001" not in invite.partition("v=0")[0]


def test_tls_with_srtp_is_up_on_a_running_system(switch: AsteriskUnderTest) -> None:
    secure = trunk("tls", security=TrunkSecurity.TLS_SRTP, port=5061)
    load(switch, SwitchPlan(trunks=(secure,)))
    address = (switch.settings.sip_bind, switch.settings.sip_tls_port)

    def listens() -> bool:
        with socket.socket() as knock:
            return knock.connect_ex(address) == 0

    until(listens)
    shown = ssl.get_server_certificate(address, timeout=10)
    assert shown.strip() == settings_certificate(switch)
    with switch.probe() as probe:
        probe.action("PJSIPShowEndpoint", Endpoint="trunk-tls")
        endpoint = probe.wait_for("EndpointDetail", timeout_s=30)
    assert endpoint["MediaEncryption"] == "sdes"
    assert endpoint["Transport"] == "transport-tls"
    assert endpoint["SendConnectedLine"] == "no"
    assert endpoint["Context"] == "from-trunk"


def settings_certificate(switch: AsteriskUnderTest) -> str:
    return switch.settings.tls_certificate.read_text().strip()


def test_the_second_who_waits_hears_his_place(switch: AsteriskUnderTest) -> None:
    rule = queue("hotline", announce_every_s=10, announce_position=True, max_wait_s=60)
    load(switch, SwitchPlan(queues=(rule,)))
    citizens = switch.citizen()
    with (
        switch.events() as events,
        citizens.dial("13800138001", "12345", seconds=60) as first,
    ):
        events.wait_for("QueueCallerJoin", timeout_s=30, Position="1")
        with citizens.dial("13800138002", "12345", seconds=60) as second:
            events.wait_for("QueueCallerJoin", timeout_s=30, Position="2")
            # Silence but for the announcement, as the first one hears: it may begin at once.
            until(lambda: second.media.loud_packets > 20, 40)
            assert first.media.loud_packets == 0
            second.hang_up()
        first.hang_up()
    log = (switch.settings.log / "messages").read_text("utf-8", "replace")
    assert "digits/" not in log


def test_who_knocks_and_is_refused_stands_in_a_log_of_its_own(switch: AsteriskUnderTest) -> None:
    server = (switch.settings.sip_bind, switch.settings.sip_port)
    stranger = SippCaller(switch.sipp, switch.folder, server=server, local_ip="127.0.0.9")
    with pytest.raises(CallFailed, match="401"):
        stranger.call("13800138004", "12345", seconds=1)
    page = Path(__file__).parents[2] / "docs/security.md"
    rule = re.search(r"^failregex = (.*)$", page.read_text("utf-8"), re.MULTILINE)
    assert rule is not None
    caught = re.compile(rule[1].replace("<HOST>", r"127\.0\.0\.9"))
    log = switch.settings.log / "security"
    until(lambda: caught.search(log.read_text("utf-8")) is not None)
    messages = (switch.settings.log / "messages").read_text("utf-8", "replace")
    assert "SecurityEvent" not in messages
