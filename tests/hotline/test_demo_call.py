"""`hotline demo call` rings a real Asterisk."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.fixtures_asterisk import AsteriskUnderTest

pytestmark = pytest.mark.asterisk


def ring(asterisk: AsteriskUnderTest, port: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hotline", "demo", "call", "--from", "12900001111"],
        stderr=subprocess.PIPE,
        text=True,
        # Who runs the tests in the background has Ctrl-C ignored, and would hand that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        env={
            **os.environ,
            "HOTLINE_SIP_PORT": str(port or asterisk.settings.sip_port),
            "HOTLINE_TRUNK_CONTACT": asterisk.settings.trunk_contact,
        },
    )


def test_the_demonstration_rings_the_queue_and_hangs_up_on_ctrl_c(
    asterisk: AsteriskUnderTest,
) -> None:
    with asterisk.events() as events, ring(asterisk) as program:
        joined = events.wait_for("QueueCallerJoin", timeout_s=60)
        time.sleep(0.5)
        program.send_signal(signal.SIGINT)
        events.wait_for("QueueCallerAbandon", timeout_s=30)
        assert program.stderr is not None
        said = program.stderr.read()
    assert joined["CallerIDNum"] == "12900001111"
    assert program.returncode == 0
    assert "请在坐席页面接听" in said
    assert "来电人挂断" in said


def test_without_a_hotline_the_demonstration_says_so(asterisk: AsteriskUnderTest) -> None:
    with ring(asterisk, port=9) as program:
        assert program.stderr is not None
        said = program.stderr.read()
    assert program.returncode == 2
    assert "没有应答" in said
