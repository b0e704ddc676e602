"""Telephone numbers: one way to write them, and where each of them leads.

The numbering plan is that of the Chinese mainland (电信网编号计划, 2017 edition): short codes,
mobiles of eleven digits, fixed lines with an area code that begins with 0. Everything abroad,
Hong Kong, Macao and Taiwan included, is read by the public metadata of `phonenumbers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from dispatch.domain.call_terms import DialScope

HOME = "CN"
HOME_CODE = "86"
EMERGENCY = frozenset({"110", "112", "119", "120", "122"})
_HIDDEN = frozenset({"", "anonymous", "unavailable", "unknown", "restricted", "private"})
_DECORATION = re.compile(r"[\s\-().（）—－]")
_MOBILE = re.compile(r"1[2-9]\d{9}")
_EXTENSION = re.compile(r"[89]\d{3}")
_PREMIUM = re.compile(r"16[08]\d{2,8}")
_SERVICE = re.compile(r"1\d{2,5}|9[56]\d{3,6}|[48]00\d{7}")
_FIXED = re.compile(r"0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}")
_LOCAL = re.compile(r"[2-8]\d{6,7}")


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A number that can be dialled: as it is stored and dialled, and where it leads.

    `number` is national for the mainland (13812345678, 09991234567, 12345) and begins with +
    for all others; `country` is a two-letter code, "" when the metadata know none.
    """

    number: str
    scope: DialScope
    country: str


def is_hidden(raw: str) -> bool:
    """Whether a caller's number was withheld."""
    return raw.strip().lower() in _HIDDEN


def destination(raw: str, area_code: str) -> Destination | None:
    """Read a number in any of the usual ways of writing it; None when it is none.

    `area_code` is the city's own with its 0; a fixed number written without one is the city's.
    """
    bare = _DECORATION.sub("", raw)
    if not re.fullmatch(r"\+?\d{2,20}", bare, re.ASCII):
        return None
    home = _home_digits(bare)
    return _abroad(bare) if home is None else _at_home(home, area_code)


def canonical(raw: str, area_code: str) -> str:
    """The one way a number is stored; "" when it was hidden or is no number.

    What no numbering plan explains keeps its digits: a caller is never lost for a strange number.
    """
    found = destination(raw, area_code)
    if found is not None:
        return found.number
    return "" if is_hidden(raw) else re.sub(r"[^\d+]", "", raw, flags=re.ASCII)


def scope_of(raw: str, area_code: str) -> DialScope | None:
    """Where a number leads; None when it is no number."""
    found = destination(raw, area_code)
    return None if found is None else found.scope


def country_of(raw: str, area_code: str) -> str:
    """The two-letter code of the number's country, "" when unknown."""
    found = destination(raw, area_code)
    return "" if found is None else found.country


def _home_digits(bare: str) -> str | None:
    """The number as dialled within the mainland; None when it leads abroad."""
    for prefix in (f"+{HOME_CODE}", f"00{HOME_CODE}"):
        if bare.startswith(prefix):
            return _with_trunk_zero(bare.removeprefix(prefix))
    if bare.startswith(("+", "00")):
        return None
    if bare.startswith(HOME_CODE) and _MOBILE.fullmatch(bare.removeprefix(HOME_CODE)):
        return bare.removeprefix(HOME_CODE)
    # Carriers put a 0 before mobiles of another city.
    return bare[1:] if bare.startswith("0") and _MOBILE.fullmatch(bare[1:]) else bare


def _with_trunk_zero(national: str) -> str:
    """A fixed number after +86 lacks the 0 of its area code."""
    if national.startswith("0") or _MOBILE.fullmatch(national):
        return national
    return f"0{national}" if _FIXED.fullmatch(f"0{national}") else national


def _at_home(digits: str, area_code: str) -> Destination | None:
    if digits in EMERGENCY:
        return Destination(number=digits, scope=DialScope.EMERGENCY, country=HOME)
    if _EXTENSION.fullmatch(digits):
        return Destination(number=digits, scope=DialScope.INTERNAL, country=HOME)
    if _LOCAL.fullmatch(digits) and not digits.startswith(("400", "800")):
        digits = f"{area_code}{digits}"
    scope = _scope_at_home(digits, area_code)
    return None if scope is None else Destination(number=digits, scope=scope, country=HOME)


def _scope_at_home(digits: str, area_code: str) -> DialScope | None:
    if _MOBILE.fullmatch(digits) and not _PREMIUM.fullmatch(digits):
        return DialScope.MOBILE
    if _PREMIUM.fullmatch(digits):
        return DialScope.PREMIUM
    if _FIXED.fullmatch(digits):
        return DialScope.LOCAL if digits.startswith(area_code) else DialScope.NATIONAL
    return DialScope.SERVICE if _SERVICE.fullmatch(digits) else None


def _abroad(bare: str) -> Destination | None:
    text = bare if bare.startswith("+") else f"+{bare.removeprefix('00')}"
    try:
        parsed = phonenumbers.parse(text, None)
    except NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    premium = phonenumbers.number_type(parsed) in {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
    }
    return Destination(
        number=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        scope=DialScope.PREMIUM if premium else DialScope.INTERNATIONAL,
        country=phonenumbers.region_code_for_number(parsed) or "",
    )
