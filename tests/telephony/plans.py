"""Switch plans to try on a real Asterisk."""

from __future__ import annotations

from typing import Any

from dispatch.domain.call_rules import MenuChoice, QueueRule
from dispatch.domain.call_terms import OverflowTo, QueueStrategy, TrunkKind, TrunkSecurity
from dispatch.domain.limits import Evidence, Mark
from dispatch.domain.switch_plan import PlannedLine, PlannedTrunk, SwitchPlan
from telephony.asterisk.plan_files import AsteriskPlanFiles
from telephony.switch import MODULES
from tests.fixtures_asterisk import AsteriskUnderTest

AREA_CODE = "0999"


def queue(code: str, **changes: Any) -> QueueRule:
    """A queue that announces nothing and waits half a minute, unless said otherwise."""
    values: dict[str, Any] = {
        "code": code,
        "label": code,
        "strategy": QueueStrategy.LONGEST_IDLE,
        "weight": 0,
        "skills": (),
        "ring_s": 20,
        "wrap_up_s": 0,
        "max_wait_s": 30,
        "max_length": 20,
        "announce_every_s": 0,
        "announce_position": False,
        "announce_wait": False,
        "call_back_after_s": 0,
        "overflow": OverflowTo.BUSY,
        "overflow_queue": "",
        "greeting": "",
        "mark": Mark(Evidence.P, ""),
    }
    return QueueRule(**{**values, **changes})


def line(number: str, name: str, to: str = "hotline", **changes: Any) -> PlannedLine:
    return PlannedLine(number=number, name=name, queue=to, **changes)


def key(code: str, to: str) -> MenuChoice:
    return MenuChoice(code=code, label=to, queue=to, mark=Mark(Evidence.P, ""))


def trunk(code: str, **changes: Any) -> PlannedTrunk:
    values: dict[str, Any] = {
        "code": code,
        "kind": TrunkKind.CARRIER,
        "host": "127.0.0.3",
        "port": 5060,
        "security": TrunkSecurity.UDP,
    }
    return PlannedTrunk(**{**values, **changes})


def load(asterisk: AsteriskUnderTest, plan: SwitchPlan) -> None:
    """Write the plan and let the running Asterisk read it."""
    AsteriskPlanFiles(asterisk.settings).write(plan)
    with asterisk.probe() as probe:
        for module in MODULES:
            probe.action("Reload", Module=module)
