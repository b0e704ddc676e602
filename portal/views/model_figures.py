"""What the model's page draws: the stored figures of a release in the words of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from dispatch.domain.model_ports import Coverage
from dispatch.service.model_releases import Release

SHOWN_PAIRS = 12
"""Confused pairs told in words; more is a table nobody reads."""

HEAT = 6
"""Shades of a matrix's cells."""


@dataclass(frozen=True)
class CategoryLine:
    """One category: shares of unseen texts (0 to 1), n of them, and what it has proven.

    `threshold` is the certainty from which on its requests go without a person; None: never.
    """

    code: str
    name: str
    n: int
    precision: float
    recall: float
    f1: float
    threshold: float | None = None
    validated: int = 0
    lower: float = 0.0


@dataclass(frozen=True)
class Pair:
    """Texts of one category that were taken for another."""

    true: str
    true_name: str
    said: str
    said_name: str
    n: int


@dataclass(frozen=True)
class MatrixRow:
    """One true area: per said area how many texts, and how dark to draw it (0 to HEAT)."""

    name: str
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Matrix:
    """The areas mixed up with each other; rows are true, columns said."""

    names: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


SORTS: Mapping[str, Callable[[CategoryLine], Any]] = {
    "n": lambda line: -line.n,
    "precision": lambda line: line.precision,
    "recall": lambda line: line.recall,
    "f1": lambda line: line.f1,
    "threshold": lambda line: (line.threshold is None, line.threshold or 0.0),
    "code": lambda line: line.code,
}
"""How the table may be ordered: what needs a look comes first."""


def figures_of(release: Release) -> Mapping[str, Any]:
    """The figures a release's card kept; empty for one that kept none."""
    found = release.metrics.get("figures")
    return found if isinstance(found, Mapping) else {}


def lines(
    release: Release, names: Mapping[str, str], covered: Coverage | None, sort: str
) -> list[CategoryLine]:
    """Every category the release was measured on."""
    proven = {one.label: one for one in covered.categories} if covered else {}
    found = []
    for code, figures in figures_of(release).get("per_class", {}).items():
        one = proven.get(code)
        found.append(
            CategoryLine(
                code=code,
                name=names.get(code, code),
                n=int(figures["n"]),
                precision=float(figures["precision"]),
                recall=float(figures["recall"]),
                f1=float(figures["f1"]),
                threshold=one.threshold if one else None,
                validated=one.validated if one else 0,
                lower=one.lower if one else 0.0,
            )
        )
    # Of equals, the order of the catalogue.
    return sorted(sorted(found, key=SORTS["code"]), key=SORTS.get(sort, SORTS["n"]))


def pairs(release: Release, names: Mapping[str, str], *, of: str = "") -> list[Pair]:
    """The pairs confused most often; `of` narrows them to one category, either way round."""
    found = [
        Pair(true, names.get(true, true), said, names.get(said, said), int(n))
        for true, said, n in figures_of(release).get("confused", [])
        if not of or of in {true, said}
    ]
    return found[:SHOWN_PAIRS]


def matrix(release: Release, names: Mapping[str, str]) -> Matrix | None:
    """The matrix of the highest level; None when there is none to show."""
    areas = figures_of(release).get("areas") or {}
    labels = areas.get("labels") or []
    if len(labels) < 2:
        return None
    shown = tuple(names.get(label, label) for label in labels)
    shares = [[n / (sum(counts) or 1) for n in counts] for counts in areas["counts"]]
    # What is right would drown what is mixed up: shades are of the mistakes.
    wrong = [share for at, row in enumerate(shares) for to, share in enumerate(row) if at != to]
    most = max(wrong, default=0.0) or 1.0
    rows = [
        MatrixRow(
            name,
            tuple(
                (int(n), min(HEAT, ceil(HEAT * share / most)))
                for n, share in zip(counts, row, strict=True)
            ),
        )
        for name, counts, row in zip(shown, areas["counts"], shares, strict=True)
    ]
    return Matrix(shown, tuple(rows))


def charts(release: Release) -> dict[str, dict[str, Any]]:
    """What the page's script draws: how honest the certainty is, and what more texts bring."""
    kept = figures_of(release)
    found: dict[str, dict[str, Any]] = {}
    if kept.get("bins"):
        found["calibration"] = {"kind": "calibration", "points": kept["bins"]}
    if len(kept.get("curve", [])) > 1:
        found["curve"] = {"kind": "curve", "points": kept["curve"]}
    return found
