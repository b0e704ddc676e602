"""What a stored model has proven, for the pages: the classifier's rule, no arrays loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classifier.thresholds import Validation, coverage
from dispatch.domain.model_ports import Coverage


def stored_coverage(
    judgement: Mapping[str, Any], *, precision: float, least: int
) -> Coverage | None:
    """Apply a demand to the validation that a model's judgement keeps; None without one."""
    kept = judgement.get("validation")
    if not kept:
        return None
    return coverage(Validation.from_json(kept), precision=precision, least=least)
