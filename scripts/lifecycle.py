"""Draw docs/lifecycle.md from the tables: `python -m scripts.lifecycle` writes it anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from dispatch.domain.lifecycle import INSTRUCTION_STEPS, SHARE_STEPS, STEPS, SUPERVISION_STEPS
from dispatch.domain.vocabulary import Labelled, Role, Status

PAGE = Path(__file__).resolve().parents[1] / "docs" / "lifecycle.md"
BACK = "（恢复原状态）"
S = TypeVar("S", bound=Labelled)
A = TypeVar("A", bound=Labelled)
Edges = dict[tuple[str, str], list[str]]
Plain = Mapping[tuple[S, A], tuple[S, frozenset[Role]]]

HEAD = """# The life of a ticket

Made by `python -m scripts.lifecycle` from `dispatch/domain/lifecycle.py`; a test fails when this
page and the tables differ. Every change of a status asks the first table, and nothing else
decides it.

## 工单

```mermaid
stateDiagram-v2
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, *_ticket_diagram(), "```\n\n"]
    parts += ["A step that stays where it is moves no status, and is left out of the drawing.\n\n"]
    parts += ["| 状态 | 操作 | 到 | 由谁 |\n|---|---|---|---|\n"]
    for (status, action), step in STEPS.items():
        target = "不变" if step.target is status else step.target.label if step.target else BACK
        parts.append(f"| {status.label} | {action.label} | {target} | {_who(step.by)} |\n")
    parts += _beside("协办与下派", SHARE_STEPS)
    parts += _beside("督办", SUPERVISION_STEPS)
    parts += _beside("领导批示", INSTRUCTION_STEPS)
    return "".join(parts)


def _ticket_diagram() -> Iterable[str]:
    edges: Edges = defaultdict(list)
    for (status, action), step in STEPS.items():
        if step.target is not None and step.target is not status:
            edges[status.value, step.target.value].append(action.label)
    yield from _states(Status)
    yield f"    [*] --> {Status.OPEN.value}: 受理\n"
    yield f"    [*] --> {Status.ANSWERED.value}: 当场答复\n"
    yield from _lines(edges)
    yield from (f"    {status.value} --> [*]\n" for status in Status if status.is_final)


def _beside(title: str, steps: Plain[S, A]) -> Iterable[str]:
    yield f"\n## {title}\n\n```mermaid\nstateDiagram-v2\n"
    edges: Edges = defaultdict(list)
    states = dict.fromkeys(s for (before, _), (after, _) in steps.items() for s in (before, after))
    for (before, act), (after, _) in steps.items():
        if before is not after:
            edges[before.value, after.value].append(act.label)
    yield from _states(states)
    yield from _lines(edges)
    yield "```\n\n| 状态 | 操作 | 到 | 由谁 |\n|---|---|---|---|\n"
    for (before, act), (after, by) in steps.items():
        target = "不变" if after is before else after.label
        yield f"| {before.label} | {act.label} | {target} | {_who(by)} |\n"


def _states(states: Iterable[Labelled]) -> Iterable[str]:
    return (f"    {state.value}: {state.label}\n" for state in states)


def _lines(edges: Edges) -> Iterable[str]:
    return (f"    {a} --> {b}: {'、'.join(said)}\n" for (a, b), said in edges.items())


def _who(by: frozenset[Role]) -> str:
    return "、".join(role.label for role in Role if role in by)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
