"""Letters made for load: any number, of a given length, each like the demo city's requests."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks.corpora import Corpus

LENGTH = 400
OWN = 0.7
"""Share of a letter's sentences that are of its own category; the others are of any."""

STREETS = 20_000
"""Names of streets, made of two characters."""

SLIPS = 2
"""Characters of a letter that are typed wrong."""

MISLABELLED = 0.02


def letters(corpus: Corpus, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield text and label for ever; the same seed gives the same letters.

    Sentences of the category and of others, with streets, numbers and slips of the pen, so that
    the vocabulary grows with the number of letters as it does in life.
    """
    chance = random.Random(seed)
    of_label: dict[str, list[str]] = defaultdict(list)
    for text, label in zip(corpus.texts, corpus.labels, strict=True):
        of_label[label].append(text)
    labels = sorted(of_label)
    characters = sorted(
        {character for text in corpus.texts for character in text if character > "一"}
    )
    streets = [
        "".join(chance.choices(characters, k=2)) + chance.choice("路街巷") for _ in range(STREETS)
    ]
    while True:
        label = chance.choice(labels)
        told = chance.choice(labels) if chance.random() < MISLABELLED else label
        yield _letter(chance, of_label[label], corpus.texts, streets, characters), told


def write_letters(path: Path, corpus: Corpus, count: int) -> None:
    """Write so many letters as a CSV of text and label."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(islice(letters(corpus), count))


def _letter(
    chance: random.Random,
    own: Sequence[str],
    every: Sequence[str],
    streets: Sequence[str],
    characters: Sequence[str],
) -> str:
    parts: list[str] = []
    length = 0
    while length < LENGTH:
        street = chance.choice(streets)
        sentence = chance.choice(own if chance.random() < OWN else every)
        parts += [street, str(chance.randrange(1000)), "号，", sentence]
        length += len(sentence) + 7
    letter = list("".join(parts)[:LENGTH])
    for at in chance.sample(range(LENGTH), SLIPS):
        letter[at] = chance.choice(characters)
    return "".join(letter)
