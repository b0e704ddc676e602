"""Tables of a policy file: the escalation ladder, triggers, the reason catalogue, reply rules.

A profile that states a table replaces the inherited rows of the same key (a reason's use and
code, a trigger, a rule's code); a ladder is stated as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from dispatch.domain.conduct import (
    LadderAct,
    LadderStep,
    LintCheck,
    LintRule,
    Reason,
    Severity,
    TriggerRule,
)
from dispatch.domain.errors import PolicyError
from dispatch.domain.follow_up_scripts import FollowUpScript, as_script
from dispatch.domain.judging_rules import QualityItem
from dispatch.domain.judging_terms import CheckSubject
from dispatch.domain.limits import Evidence, Mark
from dispatch.domain.terms import ReasonUse, SupervisionLevel, SupervisionTrigger
from dispatch.domain.toml_values import (
    Table,
    any_of,
    as_limit,
    as_list,
    as_number,
    as_pattern,
    as_switch,
    as_text,
    at,
    check_keys,
    one_of,
    required,
)
from dispatch.domain.vocabulary import RequestKind

Row = TypeVar("Row")
SAYS = ("evidence", "source")


def mark_of(table: Table, usual: Mark, where: str) -> Mark:
    """Who says so: the row's own evidence and source, else the usual ones."""
    evidence = table.get("evidence", usual.evidence)
    source = table.get("source", usual.source)
    return Mark(
        at(f"{where}evidence", one_of(Evidence), evidence), at(f"{where}source", as_text, source)
    )


def ladder(data: Table, own: Mark, inherited: tuple[LadderStep, ...]) -> tuple[LadderStep, ...]:
    """[[ladder]]: what happens how long after a due time passed; earliest first."""
    if "ladder" not in data:
        return inherited
    return tuple(_rows(data, "ladder", lambda row, where: _step(row, own, where)))


def triggers(data: Table, own: Mark, inherited: tuple[TriggerRule, ...]) -> tuple[TriggerRule, ...]:
    """[[trigger]]: which event calls for which level of supervision."""
    mine = _rows(data, "trigger", lambda row, where: _trigger(row, own, where))
    return _over(inherited, mine, lambda rule: rule.trigger)


def reasons(data: Table, own: Mark, inherited: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """[[reason]]: what a person may choose as a reason, by use."""
    mine = _rows(data, "reason", lambda row, where: _reason(row, own, where))
    return _over(inherited, mine, lambda reason: (reason.use, reason.code))


def lint(data: Table, own: Mark, inherited: tuple[LintRule, ...]) -> tuple[LintRule, ...]:
    """[[lint]]: rules for public replies."""
    mine = _rows(data, "lint", lambda row, where: _lint(row, own, where))
    return _over(inherited, mine, lambda rule: rule.code)


def quality_items(
    data: Table, own: Mark, inherited: tuple[QualityItem, ...]
) -> tuple[QualityItem, ...]:
    """[[quality_item]]: the score sheet for calls and replies."""
    mine = _rows(data, "quality_item", lambda row, where: _quality_item(row, own, where))
    return _over(inherited, mine, lambda item: item.code)


def _quality_item(row: Table, own: Mark, where: str) -> QualityItem:
    check_keys(row, ("code", "subject", "label", "points", *SAYS), where)
    return QualityItem(
        code=required(row, "code", as_text, where),
        subject=required(row, "subject", one_of(CheckSubject), where),
        label=required(row, "label", as_text, where),
        points=required(row, "points", as_number, where),
        mark=mark_of(row, own, where),
    )


def scripts(
    data: Table, own: Mark, inherited: tuple[FollowUpScript, ...]
) -> tuple[FollowUpScript, ...]:
    """[[script]]: what follow-up callers read out; a profile's own come before the inherited."""
    mine = _rows(data, "script", lambda row, where: _script(row, own, where))
    stated = {script.code for script in mine}
    return (*mine, *(script for script in inherited if script.code not in stated))


def _script(row: Table, own: Mark, where: str) -> FollowUpScript:
    check_keys(row, ("code", "label", "kind", "words", *SAYS), where)
    return FollowUpScript(
        code=required(row, "code", as_text, where),
        label=required(row, "label", as_text, where),
        kinds=at(f"{where}kind", any_of(RequestKind), row.get("kind", [])),
        words=required(row, "words", as_script, where),
        mark=mark_of(row, own, where),
    )


def _rows(data: Table, name: str, read: Callable[[Table, str], Row]) -> list[Row]:
    rows = data.get(name, [])
    if not isinstance(rows, list):
        raise PolicyError(f"{name} 应写成 [[{name}]]")
    return [read(row, f"{name}[{place}].") for place, row in enumerate(rows, start=1)]


def _over(
    inherited: tuple[Row, ...], mine: list[Row], key: Callable[[Row], Hashable]
) -> tuple[Row, ...]:
    """Inherited rows in their order, replaced where stated anew; then the new ones."""
    stated = {key(row): row for row in mine}
    kept = [stated.pop(key(row), row) for row in inherited]
    return (*kept, *stated.values())


def _step(row: Table, own: Mark, where: str) -> LadderStep:
    check_keys(row, ("after", "act", "level", "copies", *SAYS), where)
    act = required(row, "act", one_of(LadderAct), where)
    level = None
    if act is LadderAct.SUPERVISE:
        level = required(row, "level", one_of(SupervisionLevel), where)
    copies = tuple(as_text(item) for item in as_list(row["copies"])) if "copies" in row else ()
    return LadderStep(
        after=required(row, "after", as_limit, where),
        act=act,
        level=level,
        copies=copies,
        mark=mark_of(row, own, where),
    )


def _trigger(row: Table, own: Mark, where: str) -> TriggerRule:
    check_keys(row, ("on", "level", *SAYS), where)
    return TriggerRule(
        trigger=required(row, "on", one_of(SupervisionTrigger), where),
        level=required(row, "level", one_of(SupervisionLevel), where),
        mark=mark_of(row, own, where),
    )


def _reason(row: Table, own: Mark, where: str) -> Reason:
    check_keys(row, ("use", "code", "label", "says", "basis_required", *SAYS), where)
    return Reason(
        use=required(row, "use", one_of(ReasonUse), where),
        code=required(row, "code", as_text, where),
        label=required(row, "label", as_text, where),
        says=str(row.get("says", "")),
        basis_required=at(f"{where}basis_required", as_switch, row.get("basis_required", False)),
        mark=mark_of(row, own, where),
    )


def _lint(row: Table, own: Mark, where: str) -> LintRule:
    keys = ("code", "check", "severity", "sentence", "pattern", "least", "kind", *SAYS)
    check_keys(row, keys, where)
    check = required(row, "check", one_of(LintCheck), where)
    pattern = ""
    if check in {LintCheck.MUST_MATCH, LintCheck.MUST_NOT_MATCH}:
        pattern = required(row, "pattern", as_pattern, where)
    return LintRule(
        code=required(row, "code", as_text, where),
        check=check,
        severity=required(row, "severity", one_of(Severity), where),
        sentence=required(row, "sentence", as_text, where),
        pattern=pattern,
        least=at(f"{where}least", _as_least, row.get("least", 0)),
        kinds=at(f"{where}kind", any_of(RequestKind), row.get("kind", [])),
        mark=mark_of(row, own, where),
    )


def _as_least(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise PolicyError("应是不小于零的数")
    return float(value)
