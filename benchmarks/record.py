"""Record one answered call off a real Asterisk, byte by byte.

    python -m benchmarks.record FILE.ami

benchmarks/one_call.ami was made so: a SIPp citizen rings, waits, talks with a desk phone and
hangs up. Nothing in it belongs to anybody.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from pathlib import Path

from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk

CALLER = "12900000001"
AGENT = "9001"
QUIET_S = 2.0


def record_one_call(asterisk: AsteriskUnderTest) -> bytes:
    """What the event user hears from before the ring to after the last hang-up."""
    secret = asterisk.settings.secrets.ami_events
    login = f"Action: Login\r\nUsername: hotline-events\r\nSecret: {secret}\r\n\r\n"
    member = {"Queue": "hotline", "Interface": f"PJSIP/{AGENT}"}
    with (
        socket.create_connection(("127.0.0.1", asterisk.settings.ami_port)) as ear,
        asterisk.desk_phone(AGENT, seconds=3).start(),
        asterisk.probe() as probe,
    ):
        ear.sendall(login.encode())
        probe.action("QueueAdd", **member, MemberName="王芳")
        asterisk.citizen().call(CALLER, "12345", seconds=20, audio=asterisk.voice)
        time.sleep(QUIET_S)
        ear.settimeout(0.5)
        heard = b""
        try:
            while data := ear.recv(1 << 16):
                heard += data
        except TimeoutError:
            return heard[: heard.rindex(b"\r\n\r\n") + 4]
    return heard


def main() -> None:
    """Write the recording to the file named."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-record-") as folder,
        private_asterisk(Path(folder)) as asterisk,
    ):
        heard = record_one_call(asterisk)
    Path(sys.argv[1]).write_bytes(heard)
    print(f"{len(heard)} bytes, {heard.count(b'Event: ')} events", file=sys.stderr)


if __name__ == "__main__":
    main()
