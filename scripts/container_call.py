"""Ring a hotline that runs in a container and listen: part of `make containers-test`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.steps import TOOLS, say
from telephony.asterisk.callers import SippCaller
from telephony.asterisk.program import find_sipp

HEARD_PACKETS = 50
"""One second of sound, of which the greeting has several."""


def main() -> int:
    """Dial, stay for some seconds, and succeed when a voice was heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", help="address of the Asterisk")
    parser.add_argument("--port", type=int, default=8360)
    parser.add_argument("--from-address", required=True, help="ours, known to it as the carrier's")
    parser.add_argument("--seconds", type=float, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotline-call-") as folder:
        caller = SippCaller(
            find_sipp(TOOLS),
            Path(folder),
            server=(chosen.server, chosen.port),
            local_ip=chosen.from_address,
        )
        result = caller.call("12900005678", "12345", seconds=chosen.seconds)
    say(
        f"  接通：{'是' if result.answered else '否'}；"
        f"收到 {result.received_packets} 个语音包，其中 {result.loud_packets} 个有声"
    )
    return 0 if result.answered and result.loud_packets >= HEARD_PACKETS else 1


if __name__ == "__main__":
    sys.exit(main())
