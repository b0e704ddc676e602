"""What a model has proven, asked with the city's rules in force: may this text go by itself?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classifier.hierarchy import Hierarchy, added_up
from classifier.judgement import AREA_VALIDATION, PARENTS, VALIDATION
from classifier.pipeline import CATEGORY, Judgement, RequestClassifier
from classifier.thresholds import Validation, coverage, proven
from dispatch.domain.learning_rules import ClassifierRules
from dispatch.domain.model_ports import Coverage
from dispatch.domain.ports import Suggestion


class Proofs:
    """The validation of a model's categories and of the branches above them."""

    def __init__(self, judgement: Mapping[str, Any], labels: tuple[str, ...]) -> None:
        """Raises ValueError, KeyError or TypeError when the judgement is no such record."""
        self._leaves = Validation.from_json(judgement.get(VALIDATION, {}))
        self._areas = Validation.from_json(judgement.get(AREA_VALIDATION, {}))
        self._codes, self._columns = Hierarchy(judgement.get(PARENTS, {})).columns(labels, 1)

    @classmethod
    def of(cls, model: RequestClassifier) -> Proofs:
        """Return what the model has proven."""
        return cls(model.judgement, model.labels)

    def precision(self, best: Suggestion, rules: ClassifierRules) -> float | None:
        """Return the precision to expect of the category, None if the rules ask for more."""
        return proven(self._leaves, best.label, best.probability, **_demand(rules))

    def area(self, judged: Judgement, rules: ClassifierRules) -> Suggestion | None:
        """Return the likeliest top-level category, if that much is proven."""
        chances = added_up(judged.chances[CATEGORY][None, :], self._columns)[0]
        best = int(chances.argmax())
        code, chance = self._codes[best], float(chances[best])
        if proven(self._areas, code, chance, **_demand(rules)) is None:
            return None
        return Suggestion(code, code, chance)

    def coverage(self, rules: ClassifierRules) -> Coverage:
        """Return what would go without a person under the rules."""
        return coverage(self._leaves, **_demand(rules))


def _demand(rules: ClassifierRules) -> dict[str, Any]:
    return {"precision": rules.precision_percent / 100, "least": rules.least_validated}
