"""What pages ask of a stored model without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class CategoryCoverage:
    """What one label has proven. Without a threshold nothing of it goes without a person."""

    label: str
    threshold: float | None
    """Probability from which on the demand is met."""
    texts: int
    """Unseen texts that the model gave this label, whatever the probability."""
    validated: int
    """Those at or above the threshold, or all of them where there is none."""
    right: int
    """How many of the validated were right."""
    lower: float
    """Wilson's lower bound of their share (95 %, one-sided): how firm the proof is."""


@dataclass(frozen=True)
class Coverage:
    """What would go without a person under a demand, measured on unseen texts."""

    share: float
    """Of all texts, 0 to 1."""
    accuracy: float
    """Share right among those; 0 when there are none."""
    categories: tuple[CategoryCoverage, ...]


class CoverageOf(Protocol):
    """Applies a city's demand to what a model's validation kept."""

    def __call__(
        self, judgement: Mapping[str, Any], *, precision: float, least: int
    ) -> Coverage | None:
        """Each category at least `precision` (0 to 1) right on `least` unseen texts or more.

        None when the model kept no validation.
        """


def no_coverage(judgement: Mapping[str, Any], *, precision: float, least: int) -> Coverage | None:
    """Know nothing, for tests and for a city without a classifier."""
    return None
