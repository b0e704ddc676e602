"""What needs no running Asterisk: versions, refusals of bad settings, the sound itself."""

import shutil
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.domain.errors import BadPlan
from dispatch.domain.switch_plan import SwitchPlan
from telephony.asterisk.conffiles import write_configuration
from telephony.asterisk.config import SHIPPED_PROMPTS, AsteriskSecrets, AsteriskSettings
from telephony.asterisk.errors import BadConfiguration, CallFailed, ProgramMissing
from telephony.asterisk.media import MediaEndpoint, read_alaw
from telephony.asterisk.plan_check import check_plan
from telephony.asterisk.program import (
    AsteriskProgram,
    asterisk_release,
    extracted_asterisk,
    loader_command,
    supported,
)


@pytest.fixture
def program(tmp_path: Path) -> AsteriskProgram:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "app_queue.so").touch()
    return AsteriskProgram(
        command=("asterisk",),
        version="Asterisk 20.6.0",
        origin="system",
        prefix=tmp_path,
        module_dir=modules,
    )


@pytest.fixture
def settings(tmp_path: Path) -> AsteriskSettings:
    return AsteriskSettings(
        root=tmp_path / "asterisk",
        recordings=tmp_path / "recordings",
        secrets=AsteriskSecrets(ami_events="e", ami_actions="a", sip_master="m"),
        agents=("8001",),
    )


@pytest.mark.parametrize(
    ("text", "release", "fits"),
    [
        ("1:22.10.1+dfsg+~cs6.17.60671434-1", (22, 10), True),
        ("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5", (20, 6), True),
        ("1:16.28.0~dfsg-0+deb11u4", (16, 28), False),
        ("Asterisk 23.0.0", (23, 0), False),
        ("Asterisk GIT-master", (0, 0), False),
    ],
)
def test_only_releases_20_to_22_are_taken(text: str, release: tuple[int, int], fits: bool) -> None:
    assert asterisk_release(text) == release
    assert supported(text) is fits


def test_a_half_extracted_tree_is_not_an_asterisk(tmp_path: Path) -> None:
    (tmp_path / "asterisk/usr/sbin").mkdir(parents=True)
    (tmp_path / "asterisk/usr/sbin/asterisk").touch()
    (tmp_path / "asterisk/usr/lib/x86_64-linux-gnu/asterisk/modules").mkdir(parents=True)
    assert extracted_asterisk(tmp_path) is None
    with pytest.raises(ProgramMissing, match="动态链接器"):
        loader_command(tmp_path / "asterisk", tmp_path / "asterisk/usr/sbin/asterisk")


def test_an_older_release_gets_the_filters_and_modules_it_knows(
    settings: AsteriskSettings, program: AsteriskProgram
) -> None:
    write_configuration(settings, program)
    manager = (settings.etc / "manager.conf").read_text()
    assert "eventfilter = !Event: RTCPSent" in manager
    modules = (settings.etc / "modules.conf").read_text()
    assert "load = app_queue.so" in modules
    assert "func_uuid" not in modules


def test_files_with_passwords_are_for_the_owner_alone(
    settings: AsteriskSettings, program: AsteriskProgram
) -> None:
    write_configuration(settings, program)
    assert settings.etc.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in settings.etc.iterdir())
    assert "sip_master" not in repr(settings)
    assert "ami_actions" not in repr(settings)


def test_interfaces_of_control_listen_on_the_loopback_whatever_the_carrier_needs(
    settings: AsteriskSettings, program: AsteriskProgram
) -> None:
    write_configuration(replace(settings, sip_bind="0.0.0.0"), program)
    for name in ("manager.conf", "http.conf"):
        assert "bindaddr = 127.0.0.1" in (settings.etc / name).read_text()
    assert "bind = 0.0.0.0:" in (settings.etc / "pjsip.conf").read_text()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"root": Path("/tmp/a b")}, "不能用于 Asterisk"),
        ({"root": Path("relative")}, "绝对路径"),
        ({"agents": ("8001", "123")}, "123"),
        ({"agents": ("9001",), "desk_phones": {"9001": "127.0.0.1:1"}}, "不重复"),
        ({"trunk_contact": "127.0.0.2:1\nallow = all"}, "不允许的字符"),
        ({"trunk_peers": ("",)}, "为空"),
        ({"prompts": Path("/nowhere")}, "缺少语音提示"),
    ],
)
def test_settings_that_cannot_be_written_safely_are_refused(
    settings: AsteriskSettings, program: AsteriskProgram, change: dict[str, object], says: str
) -> None:
    with pytest.raises(BadConfiguration, match=says):
        write_configuration(replace(settings, **change), program)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["zh/hotline/ask-comment", "zh/hotline/rate-service", "en/hotline/hello", "en/digits/2"]
)
def test_a_missing_recording_is_named(
    settings: AsteriskSettings, program: AsteriskProgram, tmp_path: Path, name: str
) -> None:
    own = tmp_path / "own"
    shutil.copytree(SHIPPED_PROMPTS, own)
    write_configuration(replace(settings, prompts=own), program)
    (own / f"{name}.wav").unlink()
    with pytest.raises(BadConfiguration, match=f"{name}（"):
        write_configuration(replace(settings, prompts=own), program)


def test_a_language_of_the_policy_needs_its_recordings() -> None:
    check_plan(SwitchPlan(languages=("zh", "en")), SHIPPED_PROMPTS)
    with pytest.raises(BadPlan, match="ug/hotline/hello"):
        check_plan(SwitchPlan(languages=("zh", "ug")), SHIPPED_PROMPTS)
    with pytest.raises(BadPlan, match="语言"):
        check_plan(SwitchPlan(languages=("../zh",)), SHIPPED_PROMPTS)


def test_speech_becomes_a_law_of_the_same_length_and_loudness() -> None:
    source = SHIPPED_PROMPTS / "demo/demo-caller.wav"
    encoded = read_alaw(source)
    assert len(encoded) == (source.stat().st_size - 44) // 2
    assert len(set(encoded)) > 100


@pytest.mark.parametrize(
    ("sample", "octet"), [(0, 0xD5), (-1, 0x55), (32767, 0xAA), (-32768, 0x2A), (1024, 0xE5)]
)
def test_known_samples_have_their_standard_octets(tmp_path: Path, sample: int, octet: int) -> None:
    with wave.open(str(tmp_path / "one.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(sample.to_bytes(2, "little", signed=True))
    assert read_alaw(tmp_path / "one.wav") == bytes([octet])


def test_a_file_that_is_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("no sound")
    with pytest.raises(CallFailed, match=r"x\.wav"):
        read_alaw(tmp_path / "x.wav")


def test_a_key_no_telephone_has_is_refused() -> None:
    with pytest.raises(CallFailed, match="x"):
        MediaEndpoint("127.0.0.1", keys="1x")
