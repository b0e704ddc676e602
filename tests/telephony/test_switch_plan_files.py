"""A switch plan becomes configuration files whole and safely, or not at all."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dispatch.domain.call_terms import OverflowTo, QueueStrategy, TrunkSecurity
from dispatch.domain.errors import BadPlan
from dispatch.domain.switch_plan import SwitchPlan
from telephony.asterisk.config import AsteriskSecrets, AsteriskSettings
from telephony.asterisk.plan_files import PLAN_FILES, AsteriskPlanFiles
from tests.telephony.plans import key, line, queue, trunk


@pytest.fixture
def settings(tmp_path: Path) -> AsteriskSettings:
    made = AsteriskSettings(
        root=tmp_path / "asterisk",
        recordings=tmp_path / "recordings",
        secrets=AsteriskSecrets(ami_events="e", ami_actions="a", sip_master="m"),
    )
    made.etc.mkdir(parents=True)
    return made


def written(settings: AsteriskSettings, plan: SwitchPlan) -> dict[str, str]:
    AsteriskPlanFiles(settings).write(plan)
    return {name: (settings.etc / name).read_text("utf-8") for name in PLAN_FILES}


def options(text: str, section: str) -> dict[str, str]:
    """The options of the last section of this name, as Asterisk reads them."""
    found: dict[str, str] = {}
    for row in text.splitlines():
        if row.startswith(f"[{section}]"):
            found = {}
            inside = True
        elif row.startswith("["):
            inside = False
        elif "=" in row and inside and not row.startswith(";"):
            name, _, value = row.partition(" = ")
            found[name] = value
    return found


@pytest.mark.parametrize(
    "hostile",
    [
        "甲,Hangup()",
        "甲;注释",
        "${SHELL(reboot)}",
        "$[1+1]",
        '甲"乙\\',
        "甲)\tsame".replace("\t", " "),
        "甲=>乙|丙&丁",
        "@@{agents}",
    ],
)
def test_what_a_line_is_called_can_never_be_an_instruction(
    settings: AsteriskSettings, hostile: str
) -> None:
    text = written(settings, SwitchPlan(lines=(line("12329", hostile),)))["extensions_lines.conf"]
    (row,) = [one for one in text.splitlines() if "__LINENAME=" in one and "LINENAME=)" not in one]
    name = row.partition("__LINENAME=")[2].removesuffix(")")
    assert not set(name) & set(",;$\"\\(){}[]=|&@'`")
    assert len(name) == len(hostile)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lines": (line("12329", "公积金\n[from-trunk]"),)}, "控制字符"),
        ({"lines": (line("12329\n", "甲"),)}, "只能由数字"),
        ({"lines": (line("_X.", "甲"),)}, "只能由数字"),
        ({"lines": (line("１２３４５", "甲"),)}, "只能由数字"),
        ({"lines": (line("12329", "甲"), line("12329", "乙"))}, "重复"),
        ({"lines": (line("12329", "甲", "nowhere"),)}, "nowhere"),
        ({"lines": (line("12329", "甲", greeting="missing"),)}, r"missing\.wav"),
        ({"lines": (line("12329", "甲", greeting="../../x"),)}, "不存在"),
        ({"queues": (queue("a]b"),)}, "队列代码"),
        ({"queues": (queue("general"),)}, "队列代码"),
        ({"queues": (queue("a"), queue("a"))}, "重复"),
        ({"queues": (queue("a", max_wait_s=0),)}, "大于 0"),
        ({"queues": (queue("a", overflow=OverflowTo.QUEUE, overflow_queue="b"),)}, "“b”不存在"),
        (
            {
                "queues": (
                    queue("a", overflow=OverflowTo.QUEUE, overflow_queue="b"),
                    queue("b", overflow=OverflowTo.QUEUE, overflow_queue="a"),
                )
            },
            "转回自己",
        ),
        ({"menu": (key("12", "hotline"),)}, "数字键"),
        ({"menu": (key("1", "nowhere"),)}, "nowhere"),
        ({"menu": (key("1", "quiet"),), "queues": (queue("quiet"),)}, r"menu-quiet\.wav"),
        ({"area_code": "0999,1"}, "区号"),
        ({"trunks": (trunk("a b"),)}, "中继代码"),
        ({"trunks": (trunk("a", host="x\nallow=all"),)}, "地址"),
        ({"trunks": (trunk("a", port=0),)}, "端口"),
        ({"trunks": (trunk("a", peers=("1.2.3.4\n[x]",)),)}, "来话地址"),
        ({"trunks": (trunk("a", username="u", password="p\nx = y"),)}, "密码"),
        ({"trunks": (trunk("a", username="u;transport=ws"),)}, "账号"),
        ({"trunks": (trunk("a", register=True),)}, "须填写账号"),
        ({"trunks": (trunk("a", caller_id="12345>"),)}, "主叫号码"),
    ],
)
def test_what_cannot_be_written_safely_is_refused_and_the_old_plan_stays(
    settings: AsteriskSettings, change: dict[str, Any], says: str
) -> None:
    before = written(settings, SwitchPlan())
    with pytest.raises(BadPlan, match=says):
        AsteriskPlanFiles(settings).write(SwitchPlan(**change))
    assert {name: (settings.etc / name).read_text("utf-8") for name in PLAN_FILES} == before
    assert {file.name for file in settings.etc.iterdir()} == set(PLAN_FILES)


def test_what_was_there_is_put_back(settings: AsteriskSettings) -> None:
    before = written(settings, SwitchPlan())
    put_back = AsteriskPlanFiles(settings).write(SwitchPlan(lines=(line("12329", "公积金"),)))
    assert "12329" in (settings.etc / "extensions_lines.conf").read_text("utf-8")
    put_back()
    assert {name: (settings.etc / name).read_text("utf-8") for name in PLAN_FILES} == before
    assert all((settings.etc / name).stat().st_mode & 0o077 == 0 for name in PLAN_FILES)


def test_a_queue_keeps_what_the_policy_says_of_it(settings: AsteriskSettings) -> None:
    rule = queue(
        "enterprise",
        strategy=QueueStrategy.ALL,
        weight=7,
        ring_s=12,
        max_length=9,
        announce_every_s=20,
        announce_position=True,
        call_back_after_s=40,
    )
    section = options(written(settings, SwitchPlan(queues=(rule,)))["queues.conf"], "enterprise")
    assert section == {
        "strategy": "ringall",
        "weight": "7",
        "timeout": "12",
        "maxlen": "9",
        "joinempty": "yes",
        "leavewhenempty": "no",
        "announce-frequency": "20",
        "announce-position": "yes",
        "announce-holdtime": "no",
        "context": "queue-keys",
        "periodic-announce": "hotline/call-back-offer",
        "periodic-announce-startdelay": "40",
        "periodic-announce-frequency": "40",
    }


def test_there_is_always_a_queue_for_everybody(settings: AsteriskSettings) -> None:
    changed = replace(settings, queue_wait_s=77, queue_length=33)
    files = written(changed, SwitchPlan(queues=(queue("enterprise"),)))
    assert options(files["queues.conf"], "hotline")["maxlen"] == "33"
    assert "Set(MAXWAIT=77)" in files["extensions_lines.conf"]


def test_a_password_with_a_semicolon_is_no_comment(settings: AsteriskSettings) -> None:
    account = trunk("a", username="u", password="p;w#d=>1", register=True)
    text = written(settings, SwitchPlan(trunks=(account,)))["pjsip_trunks.conf"]
    assert r"password = p\;w#d=>1" in text
    assert "max_retries = 1000000" in text


def test_a_trunk_is_encrypted_only_when_that_is_asked(settings: AsteriskSettings) -> None:
    plain = written(settings, SwitchPlan(trunks=(trunk("a"),)))["pjsip_trunks.conf"]
    assert "transport-tls" not in plain
    assert not settings.tls_key.exists()
    secure = trunk("a", security=TrunkSecurity.TLS_SRTP, port=5061)
    text = written(settings, SwitchPlan(trunks=(secure,)))["pjsip_trunks.conf"]
    assert "media_encryption = sdes" in text
    assert r"contact = sip:127.0.0.3:5061\;transport=tls" in text
    assert settings.tls_key.stat().st_mode & 0o077 == 0
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        settings.tls_certificate, settings.tls_key
    )


def test_a_citys_own_certificate_and_authorities_are_taken(settings: AsteriskSettings) -> None:
    plan = SwitchPlan(trunks=(trunk("a", security=TrunkSecurity.TLS),))
    written(settings, plan)
    own = settings.tls_certificate.read_bytes()
    settings.tls_authorities.write_bytes(own)
    text = written(settings, plan)["pjsip_trunks.conf"]
    assert settings.tls_certificate.read_bytes() == own
    assert "verify_server = yes" in text
