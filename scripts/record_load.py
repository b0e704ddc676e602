"""Record a load on a real Asterisk, events and files, for the tests of the reducer.

    python -m scripts.record_load tests/telephony/traces/load --calls 375 --rate 15

Needs Asterisk and SIPp. Nothing but the loopback is rung.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import tempfile
import time
from importlib import resources
from pathlib import Path

from telephony.asterisk.program import find_sipp
from tests.fixtures_asterisk import CITIZEN_IP, AsteriskUnderTest, free_port, private_asterisk
from tests.telephony.flows import Recorder

TALK_S = 4.0
WITHIN_S = 120.0


def main() -> None:
    """Make the calls and keep what was told of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--calls", type=int, default=375)
    parser.add_argument("--rate", type=int, default=15)
    parser.add_argument("--agents", type=int, default=90)
    asked = parser.parse_args()
    asked.target.mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    agents = [f"9{number:03d}" for number in range(100, 100 + asked.agents)]
    with tempfile.TemporaryDirectory() as folder:
        phones = dict.fromkeys(agents, address)
        with private_asterisk(Path(folder), desk_phones=phones) as asterisk:
            recorder = Recorder(asterisk.settings.ami_port, asterisk.settings.secrets.ami_events)
            with asterisk.probe() as probe:
                for agent in agents:
                    probe.action("QueueAdd", Queue="hotline", Interface=f"PJSIP/{agent}")
            _ring(asterisk, address, asked.calls, asked.rate)
            _await_quiet(recorder)
            recorder.close()
            _keep(asked.target / "load.ami.gz", recorder.heard)
            _keep(asked.target / "full.csv.gz", asterisk.cel.read_bytes())
            _keep(asked.target / "queue_log.gz", asterisk.queue_log.read_bytes())
            _keep(asked.target / "Master.csv.gz", asterisk.cdr.read_bytes())


def _ring(asterisk: AsteriskUnderTest, phones: str, calls: int, rate: int) -> None:
    sipp, folder = find_sipp().command, asterisk.folder
    folder.mkdir(parents=True, exist_ok=True)
    host, _, port = phones.rpartition(":")
    answer = _scenario(
        folder, "answer.xml", {"@@{ring_ms}": "100", "@@{stay_ms}": f"{TALK_S * 1000:.0f}"}
    )
    values = {"@@{headers}": "", "@@{stay_ms}": "60000"}
    values["[caller]"] = f"<sip:1380013[call_number]@{CITIZEN_IP}>"
    caller = _scenario(folder, "caller.xml", values)
    common = ["-nostdin", "-key", "rtp_port", "9"]
    listening = subprocess.Popen(
        [*sipp, "-sf", answer, "-i", host, "-p", port, *common],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        told = [*sipp, "-sf", caller, "-i", CITIZEN_IP, "-p", str(free_port(address=CITIZEN_IP))]
        told += [*common, "-r", str(rate), "-m", str(calls), "-l", str(calls)]
        told += ["-key", "line", "12345"]
        told.append(f"{asterisk.settings.sip_bind}:{asterisk.settings.sip_port}")
        subprocess.run(told, check=False, stdout=subprocess.DEVNULL, timeout=WITHIN_S)
    finally:
        listening.kill()
        listening.wait()


def _scenario(folder: Path, name: str, values: dict[str, str]) -> str:
    text = (resources.files("telephony.asterisk") / "sipp" / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(key, value)
    path = folder / f"load-{name}"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _await_quiet(recorder: Recorder) -> None:
    """Until nothing more is told."""
    size = -1
    while size != len(recorder.heard):
        size = len(recorder.heard)
        time.sleep(2)


def _keep(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    main()
