"""What only some requests have, read from what was typed: one reader for each field.

Used when a request is filed and when somebody completes it later, so that both hold the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from dispatch.domain.errors import InvalidInput, PolicyError
from dispatch.domain.limits import Limit, LimitUnit, SourceLevel
from dispatch.domain.terms import Gender, RequesterKind
from dispatch.domain.worktime import SHANGHAI

MOST_TAGS = 10
TAG_LENGTH = 20
# 国家基准地理范围: what lies outside is a slip, most often the two numbers exchanged.
EAST = (73.0, 136.0)
NORTH = (3.0, 54.0)

_CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_WEIGHTS = tuple(3**place % 31 for place in range(17))
_SAID_LIMIT = re.compile(r"(\d{1,5})\s*(\S+)", re.ASCII)
_PHONE = re.compile(r"\+?\d{3,20}")


class _Wrong(Exception):
    """The sentence that says what is wrong with a value."""


def _text(most: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        said = " ".join(str(raw or "").replace("\0", "").split())
        if len(said) > most:
            raise _Wrong(f"最多 {most} 个字，现在有 {len(said)} 个字")
        return said

    return read


def _switch(raw: Any) -> bool:
    return bool(raw)


def _member(words: type[StrEnum], default: str | None) -> Callable[[Any], str | None]:
    def read(raw: Any) -> str | None:
        if raw is None or raw == "":
            return default
        if not isinstance(raw, str) or raw not in words.__members__.values():
            raise _Wrong("请从给出的选项中选择")
        return words(raw).value

    return read


def _phone(raw: Any) -> str:
    number = re.sub(r"[\s\-()（）]", "", str(raw or ""))
    if number and not (number.isascii() and _PHONE.fullmatch(number)):
        raise _Wrong("电话只能有数字，座机请连同区号填写")
    return number


def _credit_code(raw: Any) -> str:
    """统一社会信用代码 (GB 32100-2015, with its check character), or an old number of 15 digits."""
    code = re.sub(r"[\s\-]", "", str(raw or "")).upper()
    if not code or (len(code) == 15 and code.isascii() and code.isdigit()):
        return code
    if len(code) != 18 or set(code) - set(_CODE_LETTERS):
        raise _Wrong("统一社会信用代码是 18 位数字和大写字母（不含 I、O、S、V、Z）")
    total = sum(_CODE_LETTERS.index(c) * w for c, w in zip(code[:17], _CODE_WEIGHTS, strict=True))
    if _CODE_LETTERS[(31 - total % 31) % 31] != code[17]:
        raise _Wrong("统一社会信用代码的校验位不对，请核对是否抄错")
    return code


def _moment(raw: Any) -> datetime | None:
    """A moment; a time without a zone is Beijing time, as a form's field sends it."""
    if not raw:
        return None
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw).strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
        if not 1900 <= aware.astimezone(SHANGHAI).year <= 9000:
            raise ValueError
    except (ValueError, OverflowError):
        raise _Wrong("请写成日期和时间，例如 2026-11-22 08:30") from None
    return aware


def _degrees(low: float, high: float) -> Callable[[Any], float | None]:
    def read(raw: Any) -> float | None:
        if raw is None or raw == "":
            return None
        try:
            value = float(raw)
        except (TypeError, ValueError):
            raise _Wrong("应是度数，例如 116.397") from None
        if not math.isfinite(value) or not low <= value <= high:
            raise _Wrong(f"应在 {low:g} 到 {high:g} 度之间；请核对经度与纬度是否写反")
        return round(value, 7)

    return read


def _tags(raw: Any) -> list[str]:
    listed = raw if isinstance(raw, list | tuple) else re.split(r"[,，、;；\s]+", str(raw or ""))
    words = [str(word) for word in listed]
    tags = list(dict.fromkeys(word.strip().replace("\0", "") for word in words if word.strip()))
    if len(tags) > MOST_TAGS or any(len(tag) > TAG_LENGTH for tag in tags):
        raise _Wrong(f"最多 {MOST_TAGS} 个标签，每个不超过 {TAG_LENGTH} 个字")
    return tags


def _limit(raw: Any) -> str | None:
    if not raw:
        return None
    written = _SAID_LIMIT.fullmatch(str(raw).strip())
    units = {unit.label: unit for unit in LimitUnit} | {unit.value: unit for unit in LimitUnit}
    unit = units.get(written[2], units.get(f"个{written[2]}")) if written else None
    if written is None or unit is None:
        said = "、".join(f"“5 {u.label}”" for u in LimitUnit)
        raise _Wrong(f"请写成数字和单位，例如{said}")
    try:
        limit = Limit(int(written[1]), unit)
    except PolicyError as problem:
        raise _Wrong(str(problem)) from None
    return f"{limit.amount} {limit.unit.value}"


READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "requester_kind": ("主体类型", _member(RequesterKind, RequesterKind.PERSON.value)),
        "enterprise_name": ("企业或单位名称", _text(120)),
        "enterprise_code": ("企业信用代码", _credit_code),
        "contact_phone": ("其他联系电话", _phone),
        "gender": ("性别", _member(Gender, "")),
        "language": ("语言或方言", _text(40)),
        "reported_party": ("被反映对象", _text(120)),
        "reported_phone": ("被反映对象的电话", _phone),
        "reported_code": ("被反映对象的信用代码", _credit_code),
        "occurred_at": ("发生时间", _moment),
        "longitude": ("经度", _degrees(*EAST)),
        "latitude": ("纬度", _degrees(*NORTH)),
        "grid": ("网格", _text(60)),
        "spot": ("小区或点位", _text(80)),
        "source_system": ("来源系统", _text(60)),
        "external_no": ("外部单号", _text(60)),
        "tags": ("标签", _tags),
        "anonymous": ("匿名", _switch),
        "difficult": ("疑难", _switch),
        "source_level": ("来源层级", _member(SourceLevel, None)),
        "stated_limit": ("来单载明的时限", _limit),
        "statutory_limit": ("法定时限", _limit),
        "statutory_basis": ("法定时限的依据", _text(200)),
        "confidential": ("保密", _switch),
        "reply_wanted": ("需要回复", _switch),
        "business_environment": ("营商环境", _switch),
        "expectation": ("期望结果", _text(2_000)),
        "place": ("地点", _text(200)),
        "requester_name": ("诉求人", _text(60)),
        "phone": ("联系电话", _phone),
    }
)
"""By field: what people call it, and its reader."""

ROW = tuple(READERS)[:17]
"""The fields of the row that only some tickets have; the others are the ticket's own."""

LIMITS = frozenset({"source_level", "stated_limit", "statutory_limit"})
"""Fields the clock was counted from: they cannot change once it runs."""


def label_of(name: str) -> str:
    """What people call a field."""
    return READERS[name][0]


def read(raw: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Read the named fields.

    Raises:
        InvalidInput: names the field and says what is wrong with it.
    """
    values: dict[str, Any] = {}
    for name, value in raw.items():
        label, reader = READERS[name]
        try:
            values[name] = reader(value)
        except _Wrong as wrong:
            raise InvalidInput(f"{label}：{wrong}", field=name) from None
    happened = values.get("occurred_at")
    if happened is not None and happened > now:
        raise InvalidInput("发生时间还没有到，请核对日期", field="occurred_at")
    return values


def check_together(values: Mapping[str, Any]) -> None:
    """Refuse fields that make sense only together.

    Raises:
        InvalidInput: half a pair of coordinates; a statutory limit without its law.
    """
    if (values.get("longitude") is None) != (values.get("latitude") is None):
        missing = "latitude" if values.get("latitude") is None else "longitude"
        raise InvalidInput("经度和纬度要一起填写", field=missing)
    if values.get("statutory_limit") and not values.get("statutory_basis"):
        raise InvalidInput("写了法定时限，就要写明依据的法律条款", field="statutory_basis")
