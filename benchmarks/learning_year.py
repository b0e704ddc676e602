"""A year of corrections: how a model that begins with 2,000 labels gets better week by week.

Each week 500 requests come in. Those that the model has proven to know (98 % on its own
validation) it sends itself, the rest a person files, wrongly now and then. Most of what was sent
wrongly comes back and is corrected, some of it is corrected wrongly, and what nobody returned
stays as it was, right or wrong. So the labels have the errors that labels have. Every fourth week
a model is trained as in the product (the same hold-out, the same gate) and takes over or is
refused. Measured is every week's model on one examination with the true categories.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import process_time

from sklearn.metrics import f1_score

from benchmarks.lines import Line
from benchmarks.plan import Plan
from benchmarks.workshop import ROOT, progress
from benchmarks.year_chart import draw
from benchmarks.year_texts import Asked, YearTexts, real_texts
from classifier.gate import Answers, judge
from classifier.holdout import Use, use_of
from classifier.pipeline import RequestClassifier
from classifier.thresholds import Validation, proven
from classifier.training import train
from hotline.training_set import Labelled, samples_of

SEED = 5
WEEKS, FIRST, EACH_WEEK, EXAMINED = 52, 2000, 500, 2000
RETRAINED_EVERY = 4
PRECISION, LEAST, NEWEST_DAYS, TOLERANCE = 0.98, 30, 30, 3
"""As in the default policy."""

PERSON_WRONG = 0.05
RETURNED = 0.8
CORRECTED_WRONG = 0.03
CLOSED_WELL = 0.85
"""Of what was not returned, so much is closed as solved and counts as labelled."""

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
IMAGE = ROOT / "docs/images/learning-year.svg"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One week; shares 0 to 1, F1 of the model in use at its beginning on the examination.

    `unheard_f1` is that on subjects that nobody speaks of in the whole year; None without any.
    """

    week: int
    labels: int
    macro_f1: float
    unheard_f1: float | None
    sent_share: float
    sent_right: float | None
    returned: int
    wrong_labels: float
    retrained: str
    """"", or what the gate said: accepted, refused."""


class Year:
    """The city's year; `step` is one week."""

    def __init__(
        self,
        weeks: Sequence[Sequence[Asked]],
        examination: Sequence[Asked],
        unheard: Sequence[Asked] = (),
    ) -> None:
        self._weeks = weeks
        self._examination = examination
        self._unheard = unheard
        self._chance = Random(SEED)
        self._labelled: list[Labelled] = []
        self._true: dict[str, str] = {}
        self._names = sorted({asked.truth for week in weeks for asked in week})
        self.refused = 0
        for asked in weeks[0]:
            self._settle(asked, self._person(asked.truth), BEGIN - timedelta(days=NEWEST_DAYS + 1))
        self._model = self._trained(BEGIN)
        self._f1 = self._examined()

    def run(self) -> Iterator[Point]:
        """Live the year."""
        for number, week in enumerate(self._weeks[1:], start=1):
            at = BEGIN + timedelta(weeks=number)
            (f1, unheard), told = self._f1, ""
            sent, right, returned = self._take(week, at)
            if number % RETRAINED_EVERY == 0 and number + 1 < len(self._weeks):
                told = self._retrain(at)
            wrong = sum(self._true[one.text] != one.category for one in self._labelled)
            point = Point(
                week=number,
                labels=len(self._labelled),
                macro_f1=f1,
                unheard_f1=unheard,
                sent_share=sent / len(week),
                sent_right=right / sent if sent else None,
                returned=returned,
                wrong_labels=wrong / len(self._labelled),
                retrained=told,
            )
            progress(f"week {number}: F1 {f1:.4f}, sent {point.sent_share:.2f}, {told}")
            yield point

    def _take(self, week: Sequence[Asked], at: datetime) -> tuple[int, int, int]:
        """A week's requests are sent or filed, some come back: sent, of them right, returned."""
        chances = self._model.probabilities([asked.text for asked in week])
        kept = Validation.from_json(self._model.judgement["validation"])
        sent = right = returned = 0
        for asked, row in zip(week, chances, strict=True):
            best = int(row.argmax())
            said = self._model.labels[best]
            chance = float(row[best])
            if proven(kept, said, chance, precision=PRECISION, least=LEAST) is not None:
                filed = said
                sent += 1
                right += filed == asked.truth
            else:
                filed = self._person(asked.truth)
            if filed != asked.truth and self._chance.random() < RETURNED:
                returned += 1
                mistaken = self._chance.random() < CORRECTED_WRONG
                self._settle(asked, self._other(asked.truth) if mistaken else asked.truth, at)
            elif self._chance.random() < CLOSED_WELL:
                self._settle(asked, filed, at)
        return sent, right, returned

    def _retrain(self, at: datetime) -> str:
        new = self._trained(at)
        held, newest = self._aside(at)
        verdict = judge(
            self._answers(held, new), self._answers(newest, new), tolerance_points=TOLERANCE
        )
        if not verdict.accepted:
            self.refused += 1
            return "refused"
        self._model = new
        self._f1 = self._examined()
        return "accepted"

    def _trained(self, at: datetime) -> RequestClassifier:
        learned = [one for one in self._labelled if self._use(one, at) is Use.LEARN]
        return train(samples_of(learned), now=at)

    def _aside(self, at: datetime) -> tuple[list[Labelled], list[Labelled]]:
        held = [one for one in self._labelled if self._use(one, at) is Use.HELD]
        newest = [one for one in self._labelled if self._use(one, at) is Use.NEWEST]
        begin = at - timedelta(days=NEWEST_DAYS)
        fresh = [one for one in held if one.at is not None and one.at > begin]
        return held, [*newest, *fresh]

    def _use(self, one: Labelled, at: datetime) -> Use:
        return use_of(one.text, at=one.at, now=at, newest_days=NEWEST_DAYS)

    def _answers(self, texts: Sequence[Labelled], new: RequestClassifier) -> Answers:
        said = [one.text for one in texts]
        return Answers(
            [one.category for one in texts], _labels(self._model, said), _labels(new, said)
        )

    def _examined(self) -> tuple[float, float | None]:
        unheard = _macro_f1(self._model, self._unheard) if self._unheard else None
        return _macro_f1(self._model, self._examination), unheard

    def _settle(self, asked: Asked, category: str, at: datetime) -> None:
        if asked.text not in self._true:
            self._true[asked.text] = asked.truth
            self._labelled.append(Labelled(asked.text, category, at))

    def _person(self, truth: str) -> str:
        return self._other(truth) if self._chance.random() < PERSON_WRONG else truth

    def _other(self, truth: str) -> str:
        return self._chance.choice([name for name in self._names if name != truth])


def _macro_f1(model: RequestClassifier, asked: Sequence[Asked]) -> float:
    said = _labels(model, [one.text for one in asked])
    return float(f1_score([one.truth for one in asked], said, average="macro"))


def _labels(model: RequestClassifier, texts: list[str]) -> list[str]:
    if not texts:
        return []
    return [model.labels[column] for column in model.probabilities(texts).argmax(axis=1).tolist()]


def generated() -> Year:
    """A year of made requests and its examination."""
    texts = YearTexts(SEED)
    weeks = [texts.week(0, FIRST)]
    weeks += [texts.week(number, EACH_WEEK) for number in range(1, WEEKS + 1)]
    return Year(weeks, texts.examination(EXAMINED), texts.unheard(EXAMINED))


def collected(path: Path, text: str, label: str) -> Year:
    """As many weeks as a file has requests for, after a fifth is put away as examination."""
    rows = real_texts(path, text, label, SEED)
    examined = rows[: len(rows) // 5]
    rest = rows[len(examined) :]
    starts = range(FIRST, len(rest) - EACH_WEEK + 1, EACH_WEEK)
    weeks = [rest[:FIRST], *(rest[start : start + EACH_WEEK] for start in starts)]
    return Year(weeks[: WEEKS + 1], examined)


def measure(plan: Plan) -> Iterator[Line]:
    """The first and the last week of the made year; writes the figure and its points."""
    began = process_time()
    points = list(generated().run())
    write(points, IMAGE, made=True)
    first, last = points[0], points[-1]
    note = f"{WEEKS} weeks, made requests, {process_time() - began:.0f} s of one core"
    for figure, value, limit in (
        ("learning_year_macro_f1", last.macro_f1, first.macro_f1),
        ("learning_year_sent_share", last.sent_share, first.sent_share),
    ):
        yield Line(
            figure=figure,
            value=value,
            unit="1",
            limit="the first week",
            limit_value=limit,
            n=last.labels,
            note=note,
        )


def write(points: Sequence[Point], image: Path, *, made: bool) -> None:
    """Write the figure, and the points beside it as JSON."""
    image.parent.mkdir(parents=True, exist_ok=True)
    draw(
        image,
        [point.week for point in points],
        [point.macro_f1 for point in points],
        [point.unheard_f1 for point in points if point.unheard_f1 is not None],
        [point.sent_share for point in points],
        refused=[point.week for point in points if point.retrained == "refused"],
        made=made,
    )
    listed = json.dumps([asdict(point) for point in points], ensure_ascii=False, indent=1)
    image.with_suffix(".json").write_text(listed + "\n", encoding="utf-8")


def main() -> None:
    """Run the year alone, on made requests or on a file of one's own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_year", description=__doc__)
    parser.add_argument("--data", type=Path, help="labelled requests (CSV) instead of made ones")
    parser.add_argument("--text", default="text", help="column of the text")
    parser.add_argument("--label", default="label", help="column of the label")
    parser.add_argument("--out", type=Path, default=IMAGE, help="the figure (SVG)")
    asked = parser.parse_args()
    began = process_time()
    year = collected(asked.data, asked.text, asked.label) if asked.data else generated()
    write(list(year.run()), asked.out, made=asked.data is None)
    progress(f"{process_time() - began:.0f} s of one core")


if __name__ == "__main__":
    main()
