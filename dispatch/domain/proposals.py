"""What a model proposed for a request, as it is asked for and as the ticket keeps it."""

from __future__ import annotations

from typing import Any

from dispatch.domain.ports import Suggestions

TEXT_FOR_MODEL = 4_000
"""Characters of a request the model gets to read; more adds nothing to its opinion."""

KEPT = 3
"""Proposals of each sort that the ticket keeps."""


def text_for_model(content: str, place: str) -> str:
    """What was said, without what is too long to matter."""
    return f"{content} {place}".strip()[:TEXT_FOR_MODEL]


def kept_proposal(suggestions: Suggestions, accepted: str | None) -> dict[str, Any] | None:
    """What the model said, beside the category a person chose; None when it said nothing.

    Later trainings learn from the difference, and the ticket's page shows both.
    """
    if not suggestions.categories and not suggestions.departments:
        return None
    kept: dict[str, Any] = {
        "model": suggestions.model_version,
        "categories": [[s.label, round(s.probability, 4)] for s in suggestions.categories[:KEPT]],
        "departments": [[s.label, round(s.probability, 4)] for s in suggestions.departments[:KEPT]],
        "accepted": accepted,
        "sure": suggestions.sure,
    }
    for name in ("kind", "urgency"):
        if (proposed := getattr(suggestions, name)) is not None:
            kept[name] = [proposed.label, round(proposed.probability, 4)]
    return kept
