"""Counting what occurs in a batch of documents, and the way back from a number to its words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from classifier.wordbook import Numbers, Scan


@dataclass(frozen=True)
class Occurrences:
    """Every occurrence of a known feature in a batch."""

    columns: Numbers
    owners: Numbers
    """Position of the word it came from; of a pair, of its first word."""
    singles: int
    """So many come first that belong to one word; the rest are pairs."""


@dataclass(frozen=True)
class Entries:
    """Occurrences gathered into the entries of a sparse matrix, by document and column."""

    documents: Numbers
    columns: Numbers
    times: Numbers
    """How many occurrences an entry has."""
    order: Numbers
    """The occurrences, those of one entry one after the other."""


@dataclass(frozen=True)
class Reading:
    """A batch as sparse rows, with what leads from a number back to its words."""

    rows: csr_matrix
    scan: Scan
    found: Occurrences
    entries: Entries

    def shares(
        self, weights: NDArray[np.float32], labels: Numbers, words: Entries
    ) -> NDArray[np.float64]:
        """Return what each word adds to some scores of its document (words × scores).

        `weights` is columns × labels; `labels` (documents × scores) says which labels are asked
        for; `words` are the distinct words of each document. A pair gives half to each of its
        words, a repeated feature an equal part to each occurrence, so the shares of a document
        add up to its score.
        """
        entries, singles = self.entries, self.found.singles
        worth = weights[entries.columns[:, None], labels[entries.documents]]
        worth *= (self.rows.data / entries.times)[:, None]
        entry = np.empty_like(entries.order)
        entry[entries.order] = np.repeat(np.arange(len(entries.times)), entries.times)
        word = np.empty_like(words.order)
        word[words.order] = np.repeat(np.arange(len(words.times)), words.times)
        lefts, pairs = self.found.owners[singles:], entry[singles:]
        part = np.ones(len(entry) + len(pairs), dtype=np.float32)
        part[singles:] = 0.5
        owner = np.concatenate([word[self.found.owners], word[lefts + 1]])
        parts = csr_matrix(
            (part, (owner, np.concatenate([entry, pairs]))),
            shape=(len(words.times), len(entries.times)),
        )
        return np.asarray(parts @ worth, dtype=np.float64)


def count_up(columns: Numbers, documents: Numbers) -> Entries:
    """Gather occurrences that agree in document and column.

    Document, column and place of an occurrence share one 64-bit number, so that one plain sort
    (which processors do in bulk) orders all three.
    """
    places = len(columns).bit_length()
    bits = int(columns.max(initial=0)).bit_length()
    packed = (documents << (bits + places)) | (columns << places)
    packed |= np.arange(len(columns))
    packed.sort()
    order = packed & ((1 << places) - 1)
    packed >>= places
    begins = np.flatnonzero(np.diff(packed, prepend=-1))
    keys = packed[begins]
    return Entries(
        documents=keys >> bits,
        columns=keys & ((1 << bits) - 1),
        times=np.diff(begins, append=len(packed)),
        order=order,
    )
