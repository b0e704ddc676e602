"""The configuration files that follow from the switch plan, written all or none."""

from __future__ import annotations

import shutil
import string
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from dispatch.domain.call_rules import QueueRule
from dispatch.domain.call_terms import OverflowTo, QueueStrategy
from dispatch.domain.errors import BadPlan
from dispatch.domain.limits import Evidence, Mark
from dispatch.domain.switch_plan import SwitchPlan
from telephony.asterisk.config import AsteriskSettings
from telephony.asterisk.plan_check import USUAL_QUEUE, check_plan
from telephony.asterisk.plan_dialplan import dialplan_values
from telephony.asterisk.plan_queues import queues_text
from telephony.asterisk.plan_trunks import needs_certificate, trunk_values

PLAN_FILES = ("queues.conf", "pjsip_trunks.conf", "extensions_lines.conf")
CERTIFICATE_DAYS = 3650


class Template(string.Template):
    """`@@{name}` is replaced; the dialplan is full of dollar signs."""

    delimiter = "@@"


@dataclass(frozen=True)
class AsteriskPlanFiles:
    """Where one Asterisk on this machine reads what the plan says."""

    settings: AsteriskSettings

    def write(self, plan: SwitchPlan) -> Callable[[], None]:
        """Write what depends on the plan; return what puts back the files there were.

        Raises:
            BadPlan: it cannot be written safely; no file was changed.
        """
        texts = plan_texts(self.settings, plan)
        before = {
            name: file.read_text("utf-8")
            for name in texts
            if (file := self.settings.etc / name).is_file()
        }
        write_files(self.settings.etc, texts)
        return lambda: write_files(self.settings.etc, before)


def plan_texts(settings: AsteriskSettings, plan: SwitchPlan) -> dict[str, str]:
    """File name to text, for every file that depends on the plan.

    Raises:
        BadPlan: something of it cannot be written safely, or its certificate cannot be made.
    """
    check_plan(plan, settings.prompts)
    if needs_certificate(plan.trunks):
        ensure_certificate(settings)
    queues = _with_the_usual(plan.queues, settings)
    values = {
        "queues": queues_text(queues),
        **dialplan_values(plan, queues),
        **trunk_values(settings, plan.trunks),
    }
    folder = resources.files("telephony.asterisk") / "templates"
    return {
        name: Template((folder / name).read_text("utf-8")).substitute(values) for name in PLAN_FILES
    }


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Each file is replaced as a whole: whoever reads meanwhile finds the old one or the new."""
    fresh = {name: folder / f".{name}.new" for name in texts}
    for name, file in fresh.items():
        file.touch(mode=0o600)
        file.write_text(texts[name], encoding="utf-8")
    for name, file in fresh.items():
        file.replace(folder / name)


def ensure_certificate(settings: AsteriskSettings) -> None:
    """A self-signed certificate for TLS, unless the city has laid down its own.

    Raises:
        BadPlan: the openssl program is missing or failed.
    """
    if settings.tls_certificate.is_file() and settings.tls_key.is_file():
        return
    openssl = shutil.which("openssl")
    if openssl is None:
        raise BadPlan(
            f"加密中继需要证书，而本机没有 openssl 程序：请安装它，或把证书和私钥放到 "
            f"{settings.tls_certificate} 和 {settings.tls_key}"
        )
    settings.tls_key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"]
    command += ["-days", str(CERTIFICATE_DAYS), "-subj", f"/CN={settings.system_name}"]
    command += ["-keyout", str(settings.tls_key), "-out", str(settings.tls_certificate)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise BadPlan(f"加密中继的证书没有生成：{made.stderr.strip().splitlines()[-1:]}")
    settings.tls_key.chmod(0o600)


def _with_the_usual(
    queues: tuple[QueueRule, ...], settings: AsteriskSettings
) -> tuple[QueueRule, ...]:
    """There is always a queue for everybody: the settings' own where the plan has none."""
    if any(queue.code == USUAL_QUEUE for queue in queues):
        return queues
    usual = QueueRule(
        code=USUAL_QUEUE,
        label="综合队列",
        strategy=QueueStrategy.ROUND_ROBIN,
        weight=0,
        skills=(),
        ring_s=settings.ring_s,
        wrap_up_s=0,
        max_wait_s=settings.queue_wait_s,
        max_length=settings.queue_length,
        announce_every_s=0,
        announce_position=False,
        announce_wait=False,
        call_back_after_s=0,
        overflow=OverflowTo.BUSY,
        overflow_queue="",
        greeting="",
        mark=Mark(Evidence.P, ""),
    )
    return (usual, *queues)
