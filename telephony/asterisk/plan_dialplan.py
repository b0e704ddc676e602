"""What a switch plan says to the dialplan: lines, hours, menu, and where each queue leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dispatch.domain.call_rules import QueueRule
from dispatch.domain.call_terms import OverflowTo
from dispatch.domain.switch_plan import PlannedLine, SwitchPlan
from telephony.asterisk.plan_check import USUAL_QUEUE, harmless

HOME_PREFIXES = ("+86", "0086", "86")


def dialplan_values(plan: SwitchPlan, queues: Sequence[QueueRule]) -> dict[str, str]:
    """The values of `extensions_lines.conf`; the plan was checked."""
    greetings = {queue.code: queue.greeting for queue in queues}
    usual = "greeting-menu" if plan.menu else "greeting"
    return {
        "plan_digest": plan.digest,
        "area_code": plan.area_code,
        "greeting": greetings.get(USUAL_QUEUE) or usual,
        "lines": _text(_line(line, greetings, usual) for line in plan.lines),
        "line_prefixes": "\n".join(_prefixes(plan)),
        "opening": "open" if plan.open else _closed_to(plan.closed_to),
        "menu": _text([_menu(plan)]),
        "rate_after": "" if plan.rate_after_s is None else str(plan.rate_after_s),
        "queue_rules": _text(_queue_rule(queue) for queue in queues),
    }


def _text(rows: Iterable[Sequence[str]]) -> str:
    """Extensions, each of an opening line `exten,application` and the applications after it."""
    lines: list[str] = []
    for extension, first, *others in rows:
        lines.append(f"exten => {extension},1,{first}")
        lines += [f" same => n{step if step[0] == '(' else f',{step}'}" for step in others]
    return "\n".join(lines)


def _line(line: PlannedLine, greetings: dict[str, str], usual: str) -> list[str]:
    greeting = line.greeting or greetings.get(line.queue)
    if not greeting:
        # The menu is for those who dialled no line of their own.
        greeting = usual if line.queue == USUAL_QUEUE else "greeting"
    return [
        line.number,
        f"Set(__CALLEDLINE={line.number})",
        f"Set(__LINENAME={harmless(line.name, f'线路 {line.number}')})",
        f"Set(__QUEUE={line.queue})",
        f"Set(GREETING={greeting})",
        "Return(known)",
    ]


def _prefixes(plan: SwitchPlan) -> Iterator[str]:
    """Ways a carrier may write a line's number; one written so in the register comes before."""
    codes = {plan.area_code, plan.area_code.removeprefix("0")} - {""}
    for prefix in (*HOME_PREFIXES, plan.area_code, *(f"+86{code}" for code in sorted(codes))):
        if prefix:
            yield f"exten => _{prefix}[0-9]!,1,Goto(line,${{EXTEN:{len(prefix)}}},1)"


def _closed_to(destination: OverflowTo) -> str:
    """No queue leads anywhere while nobody answers."""
    return OverflowTo.VOICEMAIL if destination is OverflowTo.QUEUE else destination.value


def _menu(plan: SwitchPlan) -> list[str]:
    if not plan.menu:
        return ["s", "Goto(waiting,s,1)"]
    sounds = ["hotline/menu-intro"]
    for choice in plan.menu:
        key = {"*": "star", "#": "pound"}.get(choice.code, choice.code)
        sounds += [f"hotline/menu-{choice.queue}", f"digits/{key}"]
    steps = [
        "s",
        f'GotoIf($["${{QUEUE}}" != "{USUAL_QUEUE}"]?waiting,s,1)',
        "Set(STAGE=menu)",
        "Set(TRIES=1)",
        f"(ask),Read(KEY,{'&'.join(sounds)},1,,1,${{KEYWAIT}})",
    ]
    steps += [
        f'GotoIf($["${{KEY}}" = "{choice.code}"]?key-{index})'
        for index, choice in enumerate(plan.menu)
    ]
    steps += [
        f"GotoIf($[${{TRIES}} >= {plan.menu_tries}]?person)",
        "Set(TRIES=$[${TRIES} + 1])",
        "Playback(hotline/retry)",
        "Goto(ask)",
    ]
    for index, choice in enumerate(plan.menu):
        steps += [f"(key-{index}),Set(__QUEUE={choice.queue})", "Goto(person)"]
    return [*steps, "(person),Playback(hotline/connecting)", "Goto(waiting,s,1)"]


def _queue_rule(queue: QueueRule) -> list[str]:
    return [
        queue.code,
        f"Set(__QUEUE={queue.code})",
        f"Set(MAXWAIT={queue.max_wait_s})",
        f"Set(OVERFLOW={queue.overflow.value})",
        f"Set(OVERFLOWQUEUE={queue.overflow_queue})",
        "Return()",
    ]
