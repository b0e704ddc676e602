"""Where a telephone number leads, and the one way it is written."""

from __future__ import annotations

import pytest

from dispatch.domain.call_terms import DialScope
from dispatch.domain.numbers import canonical, destination, is_hidden

HERE = "0999"


@pytest.mark.parametrize(
    ("written", "number", "scope"),
    [
        ("13812345678", "13812345678", DialScope.MOBILE),
        ("+86 138 1234 5678", "13812345678", DialScope.MOBILE),
        ("008613812345678", "13812345678", DialScope.MOBILE),
        ("8613812345678", "13812345678", DialScope.MOBILE),
        ("013812345678", "13812345678", DialScope.MOBILE),
        ("8123456", "09998123456", DialScope.LOCAL),
        ("0999-8123456", "09998123456", DialScope.LOCAL),
        ("+869998123456", "09998123456", DialScope.LOCAL),
        ("+86(0)999 8123456", "09998123456", DialScope.LOCAL),
        ("010-62345678", "01062345678", DialScope.NATIONAL),
        ("+861062345678", "01062345678", DialScope.NATIONAL),
        ("12345", "12345", DialScope.SERVICE),
        ("95588", "95588", DialScope.SERVICE),
        ("4008123123", "4008123123", DialScope.SERVICE),
        ("8001", "8001", DialScope.INTERNAL),
        ("110", "110", DialScope.EMERGENCY),
        ("16812345", "16812345", DialScope.PREMIUM),
        ("+8616812345", "16812345", DialScope.PREMIUM),
    ],
)
def test_a_number_at_home_is_written_one_way(written: str, number: str, scope: DialScope) -> None:
    found = destination(written, HERE)
    assert found is not None
    assert (found.number, found.scope, found.country) == (number, scope, "CN")
    again = destination(found.number, HERE)
    assert again == found


@pytest.mark.parametrize(
    ("written", "number", "country"),
    [
        ("+12125550123", "+12125550123", "US"),
        ("0012125550123", "+12125550123", "US"),
        ("+852 2123 4567", "+85221234567", "HK"),
        ("+853 2812 3456", "+85328123456", "MO"),
        ("+886 2 2345 6789", "+886223456789", "TW"),
        ("+7 727 250 00 00", "+77272500000", "KZ"),
    ],
)
def test_every_number_of_elsewhere_is_international(
    written: str, number: str, country: str
) -> None:
    found = destination(written, HERE)
    assert found is not None
    assert (found.number, found.country) == (number, country)
    assert found.scope is DialScope.INTERNATIONAL


def test_a_premium_number_abroad_is_premium() -> None:
    found = destination("+44 9098790000", HERE)
    assert found is not None
    assert found.scope is DialScope.PREMIUM


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1",
        "anonymous",
        "abc",
        "2381",
        "13812345678@evil",
        "*62",
        "12345,,9",
        "１３８",
        "00",
        "+999",
    ],
)
def test_what_is_no_number_leads_nowhere(written: str) -> None:
    assert destination(written, HERE) is None


def test_a_hidden_caller_has_no_number_and_a_strange_one_keeps_its_digits() -> None:
    assert is_hidden("Anonymous")
    assert canonical("anonymous", HERE) == ""
    assert canonical("0000000", HERE) == "0000000"
    assert canonical("8613800001111", HERE) == "13800001111"
