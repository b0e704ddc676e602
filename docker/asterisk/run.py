"""The container's main process: make the configuration, run Asterisk, start it again if it ends."""

from __future__ import annotations

import signal
import sys
import threading

from dispatch.domain.errors import HotlineError
from hotline.settings import Settings
from hotline.switchboard import asterisk_settings
from telephony.asterisk.program import find_asterisk
from telephony.asterisk.runner import AsteriskRunner

PAUSE_S = 2.0


def main() -> int:
    """Run until told to stop."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    runner = AsteriskRunner(asterisk_settings(Settings()), find_asterisk())
    try:
        while not stopping.is_set():
            if not runner.running:
                print("starting Asterisk", flush=True)
                runner.start()
            stopping.wait(PAUSE_S)
    except HotlineError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    finally:
        runner.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
