"""Which words spoke for a label, and how much: exact shares of a linear score."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from classifier.reading import Entries, Reading, count_up
from classifier.wordbook import Numbers, Words
from dispatch.domain.ports import Evidence

EVIDENCE_WORDS = 6
"""Words shown for a suggestion; more than a glance can take helps nobody."""

HEARD = 12
"""Words looked at to find them: numbers and lone characters are passed over."""

EXPLAINED = 3
"""Suggestions that come with evidence: those shown to a person."""

_FINE = 1 << 20
"""Shares are ranked to the millionth; equal ones in the order of the words' numbers."""

_LOUDEST = 1 << 24
"""Shares of 16 and more are equally loud."""

Shares = NDArray[np.float64]


def explain(
    reading: Reading, documents: Sequence[Words], telling: NDArray[np.float32], labels: Numbers
) -> list[list[tuple[Evidence, ...]]]:
    """Return for each document and each of its labels (documents × labels) the words that spoke.

    `telling` is columns × labels: by how much a feature speaks for a label.
    """
    spelt = list(chain.from_iterable(documents))
    words = count_up(reading.scan.numbers, reading.scan.document)
    shares = reading.shares(telling, labels, words)
    first = words.order[np.cumsum(words.times) - words.times]
    found: list[list[tuple[Evidence, ...]]] = [[] for _ in documents]
    for of_label in shares.T:
        ranked = _loudest(words, of_label, len(documents))
        worth = np.round(np.append(of_label, 0)[ranked], 4).tolist()
        positions = np.append(first, 0)[ranked].tolist()
        for evidence, places, weights in zip(found, positions, worth, strict=True):
            both = zip(places, weights, strict=True)
            evidence.append(_told([(spelt[at], share) for at, share in both if share > 0]))
    return found


def _told(speaking: list[tuple[str, float]]) -> tuple[Evidence, ...]:
    """Return the loudest words; plain ones only, where there is any."""
    # A lone character or number rarely explains anything to a person.
    plain = [both for both in speaking if len(both[0]) > 1 and not both[0].isdigit()]
    return tuple([Evidence(word, worth) for word, worth in (plain or speaking)[:EVIDENCE_WORDS]])


def _loudest(words: Entries, shares: Shares, documents: int) -> Numbers:
    """Return the places of the words with the greatest shares, greatest first.

    Documents × HEARD; a document of fewer words is filled up with the place behind all words.
    """
    count = len(shares)
    loud = (shares * _FINE).clip(0, _LOUDEST - 1).astype(np.int64)
    # Document, share and place in one number: one plain sort orders them all.
    place_bits, loud_bits = count.bit_length(), _LOUDEST.bit_length()
    packed = (words.documents << loud_bits) | (_LOUDEST - loud)
    packed = (packed << place_bits) | np.arange(count)
    packed.sort()
    places = np.append(packed & ((1 << place_bits) - 1), count)
    sizes = np.bincount(words.documents, minlength=documents)[:, None]
    heard = np.arange(HEARD)
    grid = np.cumsum(sizes)[:, None] - sizes + heard
    found: Numbers = places[np.where(heard < sizes, grid, count)]
    return found
