"""What the model learns about itself from texts it had not seen: proofs, branches, bounds.

It is plain JSON beside the weights, so that the pages can show it without loading a model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Probabilities
from classifier.hierarchy import Hierarchy, added_up
from classifier.thresholds import Validation

VALIDATION, AREA_VALIDATION, PARENTS = "validation", "area_validation", "parents"


@dataclass(frozen=True)
class Unseen:
    """What one head said of texts out of fold, with the column of each true label."""

    rows: NDArray[np.int64]
    """Which of the samples they are."""
    margins: NDArray[np.float32]
    chances: Probabilities
    answers: NDArray[np.int64]


def learn_judgement(
    unseen: Unseen, labels: Sequence[str], parents: Mapping[str, str]
) -> dict[str, Any]:
    """Return what every label, and every branch above them, has proven."""
    tree = Hierarchy(parents)
    judgement: dict[str, Any] = {
        VALIDATION: Validation.measured(unseen.chances, unseen.answers, labels).to_json()
    }
    if tree.depth(labels) > 1:
        areas, columns = tree.columns(labels, 1)
        chances = added_up(unseen.chances, columns)
        validation = Validation.measured(chances, columns[unseen.answers], areas)
        judgement[AREA_VALIDATION] = validation.to_json()
        above = {code for label in labels for code in tree.path(label)}
        judgement[PARENTS] = {
            code: parent for code, parent in tree.parents.items() if code in above
        }
    return judgement
