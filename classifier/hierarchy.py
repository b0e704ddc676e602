"""Categories above categories: what the model thinks of a branch is the sum of its leaves."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Probabilities


class Hierarchy:
    """The city's category tree, as its own table gives it; codes are never taken apart."""

    def __init__(self, parents: Mapping[str, str]) -> None:
        """`parents` gives the code above each code, "" or nothing at the top.

        Raises ValueError when a code is its own ancestor.
        """
        self.parents = {code: parent for code, parent in parents.items() if parent}
        for code in self.parents:
            self.path(code)

    def path(self, code: str) -> tuple[str, ...]:
        """Return the codes from the top down to this one; a code in no tree is its own top."""
        found = [code]
        while (above := self.parents.get(found[-1])) is not None:
            if above in found:
                raise ValueError(f"类别 {code} 的上级构成循环")
            found.append(above)
        return tuple(reversed(found))

    def at_level(self, code: str, level: int) -> str:
        """Return the code's ancestor at the level (1 is the top), or itself where it is higher."""
        path = self.path(code)
        return path[min(level, len(path)) - 1]

    def depth(self, labels: Sequence[str]) -> int:
        """Return the number of levels of the deepest label, at least 1."""
        return max((len(self.path(label)) for label in labels), default=1)

    def columns(
        self, labels: Sequence[str], level: int
    ) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the codes of the level in order, and for each label the place of its own."""
        above = [self.at_level(label, level) for label in labels]
        codes = tuple(sorted(set(above)))
        place = {code: at for at, code in enumerate(codes)}
        return codes, np.array([place[code] for code in above], dtype=np.int64)


def added_up(chances: Probabilities, columns: NDArray[np.int64]) -> Probabilities:
    """Add up probabilities (texts × labels) by the column of each label; rows keep their sum."""
    sums = np.zeros((len(chances), int(columns.max()) + 1))
    for at, column in enumerate(columns.tolist()):
        sums[:, column] += chances[:, at]
    return sums
