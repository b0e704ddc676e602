"""How urgent a request is: signs of danger can raise what the model thinks, never lower it."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from classifier.errors import UrgencyRulesUnusable
from classifier.tokens import normalise
from dispatch.domain.vocabulary import Urgency

ORDER: tuple[Urgency, ...] = (Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY)
"""From the least to the most urgent."""


@dataclass(frozen=True)
class UrgencyRule:
    """A sign of danger: what raises the urgency to what, and why in words."""

    urgency: Urgency
    reason: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Sign:
    """A rule that spoke, with the words of the request (normalised) that made it speak."""

    urgency: Urgency
    reason: str
    words: str


class UrgencyRules:
    """The list of signs, most urgent first."""

    def __init__(self, rules: Iterable[UrgencyRule]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: -ORDER.index(rule.urgency)))

    @classmethod
    def shipped(cls) -> "UrgencyRules":
        """Return the rules of classifier/data/urgency.toml."""
        text = (files("classifier") / "data" / "urgency.toml").read_text(encoding="utf-8")
        return cls.read(tomllib.loads(text))

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> "UrgencyRules":
        """Read a table of `rule` rows with urgency, reason and pattern.

        Raises UrgencyRulesUnusable when a row lacks one, or one of them cannot be understood.
        """
        rules: list[UrgencyRule] = []
        for number, row in enumerate(table.get("rule", ()), start=1):
            try:
                rules.append(
                    UrgencyRule(
                        Urgency(row["urgency"]), str(row["reason"]), re.compile(row["pattern"])
                    )
                )
            except (KeyError, TypeError, ValueError, re.error) as error:
                raise UrgencyRulesUnusable(
                    f"紧急程度规则第 {number} 条无法使用：{error}；"
                    "每条须有 urgency、reason、pattern"
                ) from error
        return cls(rules)

    def signs(self, text: str) -> tuple[Sign, ...]:
        """Return every sign of danger in the text, most urgent first."""
        read = normalise(text)
        found = ((rule, rule.pattern.search(read)) for rule in self.rules)
        return tuple(
            Sign(rule.urgency, rule.reason, match.group().strip()) for rule, match in found if match
        )

    def raised(self, text: str, urgency: Urgency) -> tuple[Urgency, tuple[Sign, ...]]:
        """Return the urgency, raised where the text has signs of more, and those signs.

        The answer is never less urgent than what was handed in.
        """
        above = tuple(
            sign for sign in self.signs(text) if ORDER.index(sign.urgency) > ORDER.index(urgency)
        )
        return (above[0].urgency, above) if above else (urgency, ())
