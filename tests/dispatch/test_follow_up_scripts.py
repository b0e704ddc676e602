"""Scripts of the policy: which one is read out, and what stands in its gaps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dispatch.domain.errors import PolicyError
from dispatch.domain.follow_up_scripts import as_script, script_for
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind
from dispatch.service import follow_up_desk


def spoken(rules: Rules, kind: RequestKind) -> str:
    return "\n".join(
        follow_up_desk.script(
            rules,
            kind,
            city="临川市",
            name="陈晓梅",
            title="占道烧烤",
            unit="城管局",
            number="1",
            created_at=datetime(2026, 11, 22, 17, 0, tzinfo=UTC),
        )
    )


def test_the_script_fits_the_kind_and_speaks_of_the_ticket(rules: Rules) -> None:
    said = spoken(rules, RequestKind.COMPLAINT)
    assert "临川市12345" in said
    assert "请问是陈晓梅吗" in said
    assert "您11月23日反映的“占道烧烤”，已由城管局办理" in said  # the city's day, not Greenwich's
    assert "{" not in said
    # Who reported somebody is never asked for by name.
    assert "陈晓梅" not in spoken(rules, RequestKind.REPORT)
    assert spoken(rules, RequestKind.INQUIRY) != said


def test_every_kind_has_a_script(rules: Rules) -> None:
    assert all(script_for(rules.profile.scripts, kind) for kind in RequestKind)


def test_an_unknown_gap_is_a_mistake_of_the_policy() -> None:
    with pytest.raises(PolicyError, match="phone"):
        as_script("您的电话是 {phone} 吗？")
