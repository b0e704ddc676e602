"""Which column of an uploaded table is which, by any of the names a column is known by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def places_of(headings: Sequence[str], known_as: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The place, from 0, of each column that was found; of several names the first counts."""
    written = [heading.strip().lstrip("\ufeff") for heading in headings]
    return {
        name: written.index(known)
        for name, ways in known_as.items()
        if (known := next((way for way in ways if way in written), None)) is not None
    }
