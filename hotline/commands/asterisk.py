"""Ring our own hotline: what `hotline demo call` does."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hotline.commands.output import refusals, say
from hotline.settings import Settings
from telephony.asterisk.callers import SippCaller
from telephony.asterisk.config import SHIPPED_PROMPTS
from telephony.asterisk.install import install_sipp
from telephony.asterisk.media import read_alaw
from telephony.asterisk.phones import CallResult
from telephony.asterisk.program import PROJECT_TOOLS, find_sipp

STAY_S = 90.0
"""A citizen's patience: greeting, queue and talk together."""
PACKETS_PER_SECOND = 50


def demo_call(from_number: str, line: str, seconds: float = STAY_S) -> None:
    """Ring `line` as `from_number`, tell of a broken street lamp over and over, then hang up.

    Ends with exit code 2 and a sentence when the hotline cannot be reached.
    """
    settings = Settings()
    with refusals():
        install_sipp(PROJECT_TOOLS, say)  # nothing to do but the first time
        voice = read_alaw(SHIPPED_PROMPTS / "demo" / "demo-caller.wav")
        with tempfile.TemporaryDirectory(prefix="hotline-call-") as folder:
            citizen = SippCaller(
                find_sipp(PROJECT_TOOLS),
                Path(folder),
                server=(settings.sip_host, settings.sip_port),
                local_ip=settings.trunk_contact.rpartition(":")[0],
            )
            with citizen.dial(from_number, line, seconds=seconds, audio=voice) as telephone:
                say(
                    f"{from_number} 正在拨打 {line}，请在坐席页面接听；"
                    f"最多等待 {seconds:.0f} 秒，按 Ctrl-C 提前挂断"
                )
                telephone.await_reply()
                try:
                    result = telephone.wait(seconds + 30)
                except KeyboardInterrupt:
                    result = telephone.hang_up()
    say(_told(result))


def _told(result: CallResult) -> str:
    who = "热线一方挂断" if result.released_by_other_side else "来电人挂断"
    heard = result.loud_packets / PACKETS_PER_SECOND
    return f"通话结束（{who}），历时 {result.duration_s:.0f} 秒，听到 {heard:.0f} 秒声音"
