"""What a training learns from and is judged on: the founding corpus and the tickets' own labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from classifier.gazetteer import place_names
from classifier.holdout import Use, key_of, use_of
from classifier.samples import Samples, read_samples
from dispatch.bus import Database
from dispatch.service import training_rows

FOUNDING = "founding.csv"
"""A city's own corpus in the folder of models (columns text, category); else the demo's."""

DEMO_CORPUS = Path(__file__).parent / "city" / "corpus.csv"


@dataclass(frozen=True)
class Labelled:
    """A request with the code of its category; `at` is None for a text of the founding corpus."""

    text: str
    category: str
    at: datetime | None
    kind: str = ""
    urgency: str = ""


@dataclass(frozen=True)
class TrainingSet:
    """Texts to learn from and the two sets kept aside.

    `names` are the learned categories' by code, `parents` the category above each, `left_out`
    the names of places and units, `founding` the keys of the founding corpus's texts.
    """

    learned: Samples
    held: tuple[Labelled, ...]
    newest: tuple[Labelled, ...]
    names: Mapping[str, str]
    parents: Mapping[str, str]
    left_out: tuple[str, ...]
    founding: frozenset[bytes]


def founding_texts(models: Path) -> Iterator[Labelled]:
    """The corpus that the city began with.

    Raises SamplesUnusable when the city's own file cannot be used.
    """
    own = models / FOUNDING
    read = read_samples(own if own.is_file() else DEMO_CORPUS, text="text", label="category")
    for text, category in zip(read.texts, read.labels, strict=True):
        yield Labelled(text, category, None)


def gather(database: Database, models: Path, *, newest_days: int, now: datetime) -> TrainingSet:
    """Read all there is to learn from and set apart what is not learned.

    A text that occurs twice under one category counts once. Categories the city does not have
    are left out, so that another city's corpus does no harm.
    """
    with database.read() as session:
        city = training_rows.city_words(session)
        rows = [
            Labelled(r.text, r.category, r.at, r.kind, r.urgency)
            for r in training_rows.examples(session)
        ]
    founding = list(founding_texts(models))
    # A person's label comes first, so that it wins over the same text as it was registered.
    texts = _distinct(_known([*rows, *founding], city.categories))
    parts: dict[Use, list[Labelled]] = {use: [] for use in Use}
    for one in texts:
        parts[use_of(one.text, at=one.at, now=now, newest_days=newest_days)].append(one)
    # What is held out for good and came in of late is among the newest as well.
    begin = now - timedelta(days=newest_days)
    fresh = [one for one in parts[Use.HELD] if one.at is not None and one.at > begin]
    learned = samples_of(parts[Use.LEARN])
    return TrainingSet(
        learned,
        tuple(parts[Use.HELD]),
        (*parts[Use.NEWEST], *fresh),
        {code: city.categories[code] for code in sorted(set(learned.labels))},
        city.parents,
        place_names(city.places, city.units),
        frozenset(key_of(one.text) for one in founding),
    )


def samples_of(texts: Iterable[Labelled]) -> Samples:
    """The same as the training takes it, with a hash of all that is learned."""
    ordered = sorted(texts, key=lambda one: (one.category, one.text))
    digest = hashlib.sha256()
    for one in ordered:
        digest.update(f"{one.category}\x1f{one.text}\x1e".encode("utf-8", "surrogatepass"))
    return Samples(
        tuple(one.text for one in ordered),
        tuple(one.category for one in ordered),
        (),
        digest.hexdigest(),
        tuple(one.kind for one in ordered),
        tuple(one.urgency for one in ordered),
    )


def _known(texts: Iterable[Labelled], names: Mapping[str, str]) -> Iterator[Labelled]:
    return (one for one in texts if one.category in names and one.text.strip())


def _distinct(texts: Iterable[Labelled]) -> Iterator[Labelled]:
    seen: set[str] = set()
    for one in texts:
        if one.text not in seen:
            seen.add(one.text)
            yield one
