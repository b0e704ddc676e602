"""回访话术: what a follow-up caller reads out, by the kind of request; its placeholders filled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dispatch.domain.errors import PolicyError
from dispatch.domain.limits import Mark
from dispatch.domain.vocabulary import RequestKind

PLACEHOLDERS: Mapping[str, str] = {
    "city": "城市",
    "name": "诉求人称呼",
    "day": "反映日期",
    "title": "诉求标题",
    "unit": "承办单位",
    "number": "工单编号",
}
"""What may stand in braces in a script, and what each is."""

_BRACES = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True, kw_only=True)
class FollowUpScript:
    """One script; without kinds it is for every request that no other script is for."""

    code: str
    label: str
    kinds: frozenset[RequestKind]
    words: str
    mark: Mark

    def spoken(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """The script's lines with the ticket's own words; an empty value leaves no gap."""
        filled = _BRACES.sub(lambda found: values.get(found[1], ""), self.words)
        return tuple(line.strip() for line in filled.splitlines() if line.strip())


def as_script(value: object) -> str:
    """A script's text.

    Raises:
        PolicyError: it is empty, or a placeholder is not known.
    """
    if not isinstance(value, str) or not value.strip():
        raise PolicyError("应是不为空的文字")
    unknown = sorted(set(_BRACES.findall(value)) - set(PLACEHOLDERS))
    if unknown:
        known = "、".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise PolicyError(f"话术里的 {{{unknown[0]}}} 不认识，可用：{known}")
    return value.strip()


def script_for(scripts: Iterable[FollowUpScript], kind: RequestKind) -> FollowUpScript | None:
    """The first script for this kind, else the first for all kinds; None when there is none."""
    found = list(scripts)
    own = (one for one in found if kind in one.kinds)
    return next(own, next((one for one in found if not one.kinds), None))
