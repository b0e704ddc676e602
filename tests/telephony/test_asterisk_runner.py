"""The one Asterisk runner: ours, refused clearly, restarted, killed."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.asterisk.errors import AmiRefused, BadConfiguration, PortTaken, StartFailed
from telephony.asterisk.probe import AmiProbe
from telephony.asterisk.processes import still_running
from telephony.asterisk.program import AsteriskProgram
from telephony.asterisk.runner import AsteriskRunner
from tests.fixtures_asterisk import AsteriskUnderTest, prepare_asterisk, private_asterisk

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskUnderTest]:
    with private_asterisk(tmp_path_factory.mktemp("runner")) as running:
        yield running


def test_a_started_asterisk_answers_on_its_interface(own: AsteriskUnderTest) -> None:
    with own.probe() as probe:
        assert probe.action("Ping")["Response"] == "Success"
    assert own.runner.running


def test_ports_of_a_running_asterisk_refuse_a_second_one(
    own: AsteriskUnderTest, tmp_path: Path
) -> None:
    second = prepare_asterisk(
        tmp_path,
        ami_port=own.settings.ami_port,
        sip_port=own.settings.sip_port,
        http_port=own.settings.http_port,
    )
    with pytest.raises(PortTaken, match=str(own.settings.sip_port)) as refused:
        second.runner.start()
    assert f"进程 {own.runner.pid}" in str(refused.value)
    assert not second.runner.running


def test_one_folder_belongs_to_one_runner(own: AsteriskUnderTest) -> None:
    second = AsteriskRunner(own.settings, own.runner.program)
    with pytest.raises(StartFailed, match="已有一个 Asterisk"):
        second.start()
    assert own.runner.running


def test_a_port_held_by_another_program_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=f"HTTP/WebSocket 端口 127.0.0.1:{port}"):
            prepare_asterisk(tmp_path, http_port=port).runner.start()


def test_a_killed_asterisk_is_noticed_and_starts_again(own: AsteriskUnderTest) -> None:
    first = own.runner.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while own.runner.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not own.runner.running
    with pytest.raises(AmiRefused):
        own.probe()
    own.runner.start()
    assert own.runner.pid not in (None, first)


def test_a_restart_gives_a_new_process_on_the_same_ports(own: AsteriskUnderTest) -> None:
    first = own.runner.pid
    own.runner.restart()
    assert own.runner.pid not in (None, first)
    with own.probe() as probe:
        assert probe.action("Ping")["Response"] == "Success"


def test_a_clean_stop_is_quick_and_complete(tmp_path: Path) -> None:
    with private_asterisk(tmp_path) as running:
        pid = running.runner.pid
        assert pid is not None
        began = time.monotonic()
        running.runner.stop()
        # One that does not listen is killed after 19 seconds.
        assert time.monotonic() - began < 17
        assert not still_running(pid)


def test_an_asterisk_left_behind_is_ended_before_the_next_starts(tmp_path: Path) -> None:
    left = prepare_asterisk(tmp_path)
    left.runner.start()
    pid = left.runner.pid
    assert pid is not None
    # What a killed supervisor leaves: the process lives, the lock is free.
    assert left.runner._lock is not None
    left.runner._lock.close()
    following = AsteriskRunner(left.settings, left.runner.program, die_with_parent=True)
    try:
        following.start()
        assert following.pid != pid
        assert not still_running(pid)
    finally:
        following.stop()
        left.runner.kill()


def test_a_missing_prompt_is_named_before_anything_starts(tmp_path: Path) -> None:
    prepared = prepare_asterisk(tmp_path)
    (prepared.settings.prompts / "zh/hotline/ask-solved.wav").unlink()
    with pytest.raises(BadConfiguration, match="zh/hotline/ask-solved"):
        prepared.runner.start()


def test_an_asterisk_that_ends_at_once_quotes_its_last_words(tmp_path: Path) -> None:
    prepared = prepare_asterisk(tmp_path)
    broken = tmp_path / "broken"
    broken.write_text(
        "#!/bin/sh\necho 'libasteriskpj.so: cannot open shared object file'\nexit 127\n"
    )
    broken.chmod(0o755)
    program = prepared.runner.program
    runner = AsteriskRunner(
        prepared.settings,
        AsteriskProgram(
            command=(str(broken),),
            version=program.version,
            origin=program.origin,
            prefix=program.prefix,
            module_dir=program.module_dir,
        ),
    )
    with pytest.raises(StartFailed, match=r"缺少共享库(.|\n)*libasteriskpj"):
        runner.start()


def test_a_wrong_secret_is_refused_in_plain_words(own: AsteriskUnderTest) -> None:
    with pytest.raises(AmiRefused, match="拒绝 Login"):
        AmiProbe(own.settings.ami_port, "hotline-actions", "wrong")


def test_no_action_can_be_smuggled_through_a_value(own: AsteriskUnderTest) -> None:
    with own.probe() as probe, pytest.raises(AmiRefused, match="控制字符"):
        probe.action("Getvar", Variable="X\r\nAction: Ping")


def test_the_acting_session_may_not_run_command_lines(own: AsteriskUnderTest) -> None:
    with own.probe() as probe, pytest.raises(AmiRefused, match="Permission denied"):
        probe.action("Command", Command="core show version")


@pytest.mark.parametrize("die_with_parent", [False, True])
def test_asterisk_survives_its_killed_parent_unless_asked_not_to(
    tmp_path: Path, die_with_parent: bool
) -> None:
    prepared = prepare_asterisk(tmp_path)
    child = os.fork()
    if child == 0:
        runner = AsteriskRunner(
            prepared.settings, prepared.runner.program, die_with_parent=die_with_parent
        )
        runner.start()
        (tmp_path / "pid").write_text(str(runner.pid))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 30
    while die_with_parent and still_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert still_running(pid) is not die_with_parent
    # The next start ends what was left behind, so nothing outlives the test.
    prepared.runner.start()
    prepared.runner.stop()
    assert not still_running(pid)
