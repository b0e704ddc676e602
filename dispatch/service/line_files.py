"""The register of lines as a table that people take away and bring back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from dispatch.db import Session
from dispatch.domain.call_terms import LineKind
from dispatch.domain.errors import InvalidInput
from dispatch.domain.headings import places_of
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Labelled, LineState
from dispatch.models.catalog import Line
from dispatch.models.people import Department
from dispatch.service.line_forms import USUAL_QUEUE, LineForm
from dispatch.service.lines import LineView, save

HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "number": ("号码", "number"),
        "name": ("名称", "name"),
        "state": ("归并方式", "state"),
        "kind": ("服务对象", "kind"),
        "queue": ("队列", "queue"),
        "effective_from": ("生效日期", "effective_from"),
        "effective_to": ("撤并日期", "effective_to"),
        "transfer_number": ("原单位电话", "transfer_number"),
        "greeting": ("欢迎语", "greeting"),
        "language": ("语种", "language"),
        "department": ("单位编码", "department"),
        "own_report": ("单独统计", "own_report"),
        "note": ("说明", "note"),
    }
)
"""The columns, each with the headings it is known by; the first is what we write."""

NEEDED = ("number", "name", "state")
YES = frozenset({"是", "1", "yes", "true"})


@dataclass(frozen=True)
class Loaded:
    """What an import did: numbers added, changed, left as they were."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    same: int


def table(views: Iterable[LineView]) -> list[list[str]]:
    """The register with its heading, as it is taken away."""
    return [[names[0] for names in HEADINGS.values()], *(_cells(view) for view in views)]


def load(
    session: Session,
    actor: Actor,
    rows: Iterable[tuple[int, Sequence[str]]],
    rules: Rules,
    *,
    now: datetime,
) -> Loaded:
    """Add and change lines from a table with headings; one wrong row and nothing is changed.

    Columns that the file does not have keep their values; lines it does not name stay.

    Raises:
        InvalidInput: a heading is missing, or rows are wrong; the message names their numbers.
    """
    told = iter(rows)
    columns = _columns(next(told, (1, ()))[1])
    added: list[str] = []
    changed: list[str] = []
    problems: list[str] = []
    same, seen = 0, set[str]()
    for place, cells in told:
        said = {
            name: cells[at].strip().lstrip("'") if at < len(cells) else ""
            for name, at in columns.items()
        }
        if not any(said.values()):
            continue
        number = said["number"]
        try:
            if number in seen:
                raise InvalidInput(f"号码 {number} 在文件里出现了两次")
            seen.add(number)
            before = session.get(Line, number)
            version = before.version if before else None
            form = _form(said, before, _unit_code(session, before))
            after = save(session, actor, form, rules, version=version, now=now)
        except InvalidInput as problem:
            problems.append(f"第 {place} 行：{problem}")
            continue
        if version is None:
            added.append(number)
        elif after.version != version:
            changed.append(number)
        else:
            same += 1
    if problems:
        shown = "；".join(problems[:5])
        more = f"；等共 {len(problems)} 处" if len(problems) > 5 else ""
        raise InvalidInput(f"没有导入：{shown}{more}。请改正后重新上传", field="file")
    return Loaded(tuple(added), tuple(changed), same)


def _columns(headings: Sequence[str]) -> dict[str, int]:
    places = places_of(headings, HEADINGS)
    missing = [HEADINGS[name][0] for name in NEEDED if name not in places]
    if missing:
        raise InvalidInput(f"第一行应是表头，缺少：{'、'.join(missing)}", field="file")
    return places


def _form(said: Mapping[str, str], before: Line | None, unit: str) -> LineForm:
    def kept(name: str, usual: str = "") -> str:
        if name in said:
            return said[name] or usual
        return str(getattr(before, name) or usual) if before else usual

    def day(name: str) -> date | None:
        if name in said:
            return _day(said[name], name)
        return getattr(before, name) if before else None

    return LineForm(
        number=said["number"],
        name=said["name"],
        state=_code(LineState, said["state"]),
        kind=_code(LineKind, kept("kind", LineKind.GENERAL.value)),
        queue=kept("queue", USUAL_QUEUE),
        effective_from=day("effective_from"),
        effective_to=day("effective_to"),
        transfer_number=kept("transfer_number"),
        greeting=kept("greeting"),
        language=kept("language"),
        department=said.get("department", unit),
        own_report=_yes(said, before),
        note=kept("note"),
    )


def _unit_code(session: Session, before: Line | None) -> str:
    if before is None or before.department_id is None:
        return ""
    return session.get_one(Department, before.department_id).code


def _yes(said: Mapping[str, str], before: Line | None) -> bool:
    if "own_report" in said:
        return said["own_report"].lower() in YES
    return before.own_report if before else False


def _code(words: type[Labelled], typed: str) -> str:
    """The code of a word, whichever of the two was written."""
    return next((one.value for one in words if typed in (one.value, one.label)), typed)


def _day(typed: str, field: str) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed.replace("/", "-")[:10])
    except ValueError:
        heading = HEADINGS[field][0]
        raise InvalidInput(f"{heading}“{typed}”应写成 2026-12-01 这样", field=field) from None


def _cells(view: LineView) -> list[str]:
    return [
        view.number,
        view.name,
        view.state.label,
        view.kind.label,
        view.queue,
        view.effective_from.isoformat() if view.effective_from else "",
        view.effective_to.isoformat() if view.effective_to else "",
        view.transfer_number,
        view.greeting,
        view.language,
        view.department,
        "是" if view.own_report else "",
        view.note,
    ]
