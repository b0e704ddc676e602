"""The switch plan: what the telephone system is to do, free of any telephone system's words.

Made from the line register, the trunks and the policy in force; a telephone system's adapter
writes its own configuration from it. Everything is plain data, so that two plans can be compared.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from dispatch.domain.call_rules import EmergencyRule, MenuChoice, QueueRule
from dispatch.domain.call_terms import OverflowTo, TrunkKind, TrunkSecurity


@dataclass(frozen=True, kw_only=True)
class PlannedLine:
    """A number that may be dialled today. `greeting` "" is the usual one."""

    number: str
    name: str
    queue: str
    greeting: str = ""
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedTrunk:
    """A way out, and in from `peers`; `password` is in the clear here and nowhere else."""

    code: str
    kind: TrunkKind
    host: str
    port: int
    security: TrunkSecurity
    peers: tuple[str, ...] = ()
    register: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    caller_id: str = "12345"
    revision: str = ""
    """Another whenever the trunk was set anew: it stands for the password in the digest."""


@dataclass(frozen=True, kw_only=True)
class SwitchPlan:
    """All that one telephone system needs to know of the city."""

    queues: tuple[QueueRule, ...] = ()
    lines: tuple[PlannedLine, ...] = ()
    trunks: tuple[PlannedTrunk, ...] = ()
    menu: tuple[MenuChoice, ...] = ()
    """Empty: no menu."""
    menu_tries: int = 2
    open: bool = True
    """Whether people answer at this moment; the plan is applied anew when that changes."""
    closed_to: OverflowTo = OverflowTo.VOICEMAIL
    area_code: str = ""
    """The city's own, with its 0: it completes the number of a caller who has none."""
    emergency: tuple[EmergencyRule, ...] = ()
    """Lines that may be rung; empty until an emergency trunk was set."""
    rate_after_s: int | None = None
    """Ask the caller for the agent's service after so many seconds of talk; None: never."""
    languages: tuple[str, ...] = ("zh",)
    """What the follow-up speaks; each needs its prompts."""

    @property
    def digest(self) -> str:
        """SHA-256 of all of it but the passwords; two plans with one digest are the same."""
        values = asdict(self)
        for trunk in values["trunks"]:
            del trunk["password"]
        text = json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()
