"""Who may dial what, and when: the city's table `dial`, and the sentence for a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from dispatch.domain.call_rules import DialRule
from dispatch.domain.call_terms import DialScope
from dispatch.domain.numbers import Destination
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI, Interval

HOUR = timedelta(hours=1)


def refusal(
    rules: Iterable[DialRule],
    role: Role,
    destination: Destination | None,
    earlier: Sequence[datetime],
    now: datetime,
) -> str | None:
    """Why the number may not be dialled now, in words for the person; None when it may.

    Any one row of the role that allows it is enough; what no row allows is forbidden. `earlier`
    are the moments of the person's outside calls of the last hour.
    """
    if destination is None:
        return "这不是一个可以拨打的号码，请检查位数和区号"
    if destination.scope is DialScope.EMERGENCY:
        return "紧急号码不能直接外呼，请在通话中按 F8 转接；没有通话时请用其他电话拨打"
    own = [rule for rule in rules if role in rule.roles]
    if not own:
        return f"{role.label}岗位没有外呼权限；确有需要请联系班长或管理员"
    leading = [rule for rule in own if _leads_there(rule, destination)]
    if not leading:
        where = destination.scope.label
        return f"{role.label}岗位不能拨打{where}；确有需要请由管理员在外呼权限里放开"
    if destination.scope is DialScope.INTERNAL:
        # Hours and counts spare those who are rung outside; colleagues work all night.
        return None
    timely = [rule for rule in leading if _open(rule.hours, now)]
    if not timely:
        hours = "、".join(_hours(rule.hours) for rule in leading)
        return f"现在不在外呼时段，{hours} 可以拨打"
    spent = [rule for rule in timely if rule.per_hour and len(earlier) >= rule.per_hour]
    if len(spent) == len(timely):
        most = max(rule.per_hour for rule in spent)
        again = (sorted(earlier)[-most] + HOUR).astimezone(SHANGHAI)
        return f"每小时最多外呼 {most} 次，已用完；{again:%H:%M} 之后可以再拨"
    return None


def _leads_there(rule: DialRule, destination: Destination) -> bool:
    if destination.scope not in rule.scopes:
        return False
    abroad = destination.scope is DialScope.INTERNATIONAL
    return not abroad or destination.country in rule.countries


def _open(hours: tuple[Interval, ...], now: datetime) -> bool:
    clock = now.astimezone(SHANGHAI).time()
    return not hours or any(begin <= clock < end for begin, end in hours)


def _hours(hours: tuple[Interval, ...]) -> str:
    return "、".join(f"{begin:%H:%M}–{end:%H:%M}" for begin, end in hours)
