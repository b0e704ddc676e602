"""Which part of the city a figure is asked for: the filters every page, file and command shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from urllib.parse import urlencode

NOTHING = "-"
"""As a filter: nothing is written down there. So the parts of a whole add up to it."""

YES, NO = "yes", "no"


@dataclass(frozen=True)
class Scope:
    """Filters by code, empty for all. A filter that a figure's subject lacks is refused.

    `unit` is one unit alone, as units are judged; `branch` a unit with all below it; `tier` the
    class of units (DepartmentKind); `category` a category with those below it; `line` the number
    dialled; `territory` a division with those below it; `agent` a login: who took the call, or
    wrote the ticket down; `business` is YES for calls of the enterprise line and tickets marked
    营商环境, NO for all others; `source` the level that sent a ticket down (SourceLevel);
    `disposition` how a call ended for the caller (Disposition), `queue` where it waited.
    """

    unit: str = ""
    branch: str = ""
    tier: str = ""
    category: str = ""
    kind: str = ""
    channel: str = ""
    line: str = ""
    territory: str = ""
    agent: str = ""
    business: str = ""
    source: str = ""
    disposition: str = ""
    queue: str = ""

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are set, by name."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}

    @property
    def query(self) -> str:
        """As the part of an address."""
        return urlencode(self.chosen)

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Scope:
        """From an address or a command; what is no filter is left alone."""
        return cls(**{one.name: given[one.name] for one in fields(cls) if given.get(one.name)})


EVERYTHING = Scope()

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "unit": "承办单位",
        "branch": "单位（含下级）",
        "tier": "单位类别",
        "category": "事项分类",
        "kind": "诉求类型",
        "channel": "受理渠道",
        "line": "号码",
        "territory": "属地",
        "agent": "话务员",
        "business": "营商环境",
        "source": "诉求来源",
        "disposition": "来电结果",
        "queue": "队列",
    }
)
"""What each filter is called, in the order they are shown."""
