"""Seconds from `hotline up` on an installed machine with a founded city to everything ready."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.lines import Line, MeasurementFailed, PartMissing
from benchmarks.plan import Plan
from benchmarks.workshop import ROOT, end, progress, timed
from hotline.settings import Settings
from hotline.switchboard import asterisk_settings
from telephony.asterisk.errors import ProgramMissing
from telephony.asterisk.program import find_asterisk
from telephony.asterisk.runner import AsteriskRunner
from tests.fixtures_asterisk import free_port

LIMIT = "Asterisk alone to FullyBooted + python importing the web application, one after the other"
READY_WITHIN_S = 90.0
ROUNDS = 3
RTP = (31_000, 31_399)


def measure(plan: Plan) -> Iterator[Line]:
    """The limit first, so that both find the programs in the file cache; the best of each."""
    try:
        program = find_asterisk()
    except ProgramMissing as missing:
        raise PartMissing(str(missing)) from missing
    folder = plan.town.folder
    settings = Settings(
        data_dir=folder,
        port=free_port(),
        ami_port=free_port(),
        sip_port=free_port(),
        asterisk_http_port=free_port(),
        rtp_start=RTP[0],
        rtp_end=RTP[1],
    )
    progress("up: Asterisk alone and the import alone")
    asterisk = min(
        _asterisk(AsteriskRunner(asterisk_settings(settings), program)) for _ in range(ROUNDS)
    )
    loading = "import hotline.runtime, portal.app, uvicorn"
    imports = min(timed([sys.executable, "-c", loading]) for _ in range(ROUNDS))
    ours = ("port", "ami_port", "sip_port", "asterisk_http_port", "rtp_start", "rtp_end")
    environment = plan.town.environment(
        **{f"HOTLINE_{name.upper()}": str(getattr(settings, name)) for name in ours}
    )
    progress("up: everything")
    taken = [_up(environment, settings.port) for _ in range(ROUNDS)]
    yield Line(
        figure="up_to_ready_s",
        value=min(taken),
        unit="s",
        limit=LIMIT,
        limit_value=asterisk + imports,
        n=ROUNDS,
        note=f"best of {ROUNDS}, slowest {max(taken):.1f} s; alone: Asterisk {asterisk:.1f} s, "
        f"import {imports:.1f} s; database of {plan.town.months} months, model on disk",
    )


def _asterisk(runner: AsteriskRunner) -> float:
    began = time.perf_counter()
    runner.start()
    seconds = time.perf_counter() - began
    runner.stop()
    return seconds


def _up(environment: dict[str, str], port: int) -> float:
    began = time.perf_counter()
    with _running(environment) as process:
        while time.perf_counter() - began < READY_WITHIN_S:
            if process.poll() is not None:
                raise MeasurementFailed(f"`hotline up` ended with {process.returncode}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                    return time.perf_counter() - began
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
    raise MeasurementFailed(f"`hotline up` was not ready within {READY_WITHIN_S:.0f} s")


@contextmanager
def _running(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hotline", "up"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # as Ctrl-C does: it ends its children in order
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                end(process)
