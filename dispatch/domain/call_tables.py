"""The telephone tables of a policy file: one declaration of keys for reading and for showing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dispatch.domain.call_rules import (
    CallTables,
    DialRule,
    EmergencyRule,
    MenuChoice,
    PauseRule,
    QueueRule,
    SkillRule,
)
from dispatch.domain.call_terms import DialScope, EmergencyWay, OverflowTo, QueueStrategy
from dispatch.domain.errors import PolicyError
from dispatch.domain.limits import Mark
from dispatch.domain.profile_tables import SAYS, mark_of
from dispatch.domain.toml_values import (
    Reader,
    Table,
    as_intervals,
    as_number,
    as_switch,
    as_text,
    at,
    check_keys,
    one_of,
    required,
    several_of,
)
from dispatch.domain.vocabulary import Role


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise PolicyError("应是列表")
    return tuple(as_text(item) for item in value)


def _maybe_text(value: Any) -> str:
    return as_text(value) if value else ""


def _maybe_intervals(value: Any) -> Any:
    return as_intervals(value) if value else ()


@dataclass(frozen=True)
class Column:
    """One key of a row: its Chinese name, how it is read, and what it is when left out."""

    label: str
    read: Reader
    default: Any = None
    needed: bool = False


COLUMNS: Mapping[str, Mapping[str, Column]] = MappingProxyType(
    {
        "queue": {
            "strategy": Column("振铃方式", one_of(QueueStrategy), QueueStrategy.LONGEST_IDLE),
            "weight": Column("优先级", as_number, 0),
            "skills": Column("所需技能", _texts, []),
            "ring_s": Column("振铃（秒）", as_number, 20),
            "wrap_up_s": Column("话后整理（秒）", as_number, 60),
            "max_wait_s": Column("最长等待（秒）", as_number, 180),
            "max_length": Column("最多排队", as_number, 200),
            "announce_every_s": Column("播报间隔（秒）", as_number, 30),
            "announce_position": Column("播报位置", as_switch, True),
            "announce_wait": Column("播报预计等待", as_switch, True),
            "call_back_after_s": Column("等待多久可登记回拨（秒）", as_number, 0),
            "overflow": Column("等不到时", one_of(OverflowTo), OverflowTo.BUSY),
            "overflow_queue": Column("转到队列", _maybe_text, ""),
            "greeting": Column("欢迎语", _maybe_text, ""),
        },
        "skill": {},
        "pause": {"limit_s": Column("时限（秒）", as_number, 0)},
        "menu": {"queue": Column("队列", as_text, needed=True)},
        "dial": {
            "roles": Column("岗位", several_of(Role, frozenset), needed=True),
            "scopes": Column("可拨", several_of(DialScope, frozenset), needed=True),
            "countries": Column("国家和地区", _texts, []),
            "hours": Column("时段", _maybe_intervals, []),
            "per_hour": Column("每小时最多", as_number, 0),
        },
        "emergency": {
            "way": Column("方式", one_of(EmergencyWay), EmergencyWay.TRANSFER),
            "when": Column("适用情形", as_text, needed=True),
            "words": Column("提示词", _texts, []),
        },
    }
)
ROWS: Mapping[str, tuple[str, type[Any]]] = MappingProxyType(
    {
        "queue": ("queues", QueueRule),
        "skill": ("skills", SkillRule),
        "pause": ("pauses", PauseRule),
        "menu": ("menu", MenuChoice),
        "dial": ("dial", DialRule),
        "emergency": ("emergency", EmergencyRule),
    }
)
TABLE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "queue": "话务队列",
        "skill": "坐席技能",
        "pause": "小休原因",
        "menu": "语音菜单",
        "dial": "外呼权限",
        "emergency": "紧急联动",
    }
)
NO_TABLES = CallTables(queues=(), skills=(), pauses=(), menu=(), dial=(), emergency=())


def call_tables(data: Table, own: Mark, inherited: CallTables = NO_TABLES) -> CallTables:
    """Read the tables; a row replaces the inherited one with its code.

    Raises:
        PolicyError: a row is wrong, or names a queue or a skill that is not defined.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for name, (attribute, cls) in ROWS.items():
        stated = data.get(name, [])
        if not isinstance(stated, list):
            raise PolicyError(f"{name} 应写成 [[{name}]]")
        mine = {
            row.code: row
            for place, table in enumerate(stated, start=1)
            for row in [_row(name, cls, table, own, f"{name}[{place}].")]
        }
        kept = [mine.pop(row.code, row) for row in getattr(inherited, attribute)]
        found[attribute] = (*kept, *mine.values())
    tables = CallTables(**found)
    _check(tables)
    return tables


def _row(name: str, cls: type[Any], table: Table, own: Mark, where: str) -> Any:
    columns = COLUMNS[name]
    check_keys(table, ("code", "label", *columns, *SAYS), where)
    values: dict[str, Any] = {}
    for key, column in columns.items():
        if column.needed:
            values[key] = required(table, key, column.read, where)
        else:
            values[key] = at(f"{where}{key}", column.read, table.get(key, column.default))
    return cls(
        code=required(table, "code", as_text, where),
        label=required(table, "label", as_text, where),
        mark=mark_of(table, own, where),
        **values,
    )


def _check(tables: CallTables) -> None:
    queues = {queue.code for queue in tables.queues}
    skills = {skill.code for skill in tables.skills}
    for queue in tables.queues:
        if queue.overflow is OverflowTo.QUEUE and queue.overflow_queue not in queues:
            raise PolicyError(f"queue {queue.code} 的 overflow_queue 没有对应的队列")
        if unknown := set(queue.skills) - skills:
            raise PolicyError(f"queue {queue.code} 的 skills 有未定义的技能：{'、'.join(unknown)}")
    for choice in tables.menu:
        if choice.queue not in queues:
            raise PolicyError(f"menu {choice.code} 的 queue 没有对应的队列")


def stated_values(tables: CallTables) -> Iterator[tuple[str, Any, list[tuple[str, Any]]]]:
    """Every row for showing: table, row, and its values by their Chinese names."""
    for name, (attribute, _) in ROWS.items():
        for row in getattr(tables, attribute):
            values = [(column.label, getattr(row, key)) for key, column in COLUMNS[name].items()]
            yield name, row, values
