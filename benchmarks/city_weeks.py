"""Weeks of a large city's tickets as counted for hot spots, and bursts planted in them.

Categories and divisions are as unequal as in real hotlines; hours and weekdays differ by subject;
the city's days, each subject's days and each cell's days scatter by gamma factors, so counts are
over-dispersed. Nothing in it knows how the detection works.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.domain.gatherings import WHOLE_CITY, HourCount, Seen, Series, Trees

SUBJECTS = 130
HEADINGS = 15
DISTRICTS = 6
STREETS = 44
A_DAY = 2_000
START = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in the city
DAY = (6, 4, 3, 2, 2, 4, 12, 35, 78, 105, 102, 80, 48, 52, 76, 80, 72, 58, 46, 42, 38, 28, 18, 9)
_SMALL_HOURS = (60, 40, 25, 12, 8, 10, 15, 20, 25, 25, 22, 20)
NIGHT = (*_SMALL_HOURS, 25, 25, 20, 20, 22, 25, 35, 50, 70, 85, 85, 75)
WEEKDAYS = (1.18, 1.10, 1.06, 1.04, 1.05, 0.82, 0.75)
SYLLABLES = "锦绣和平建设阳光翠湖东方丽景安康文昌兴华金桂银杏春江鹤鸣云台长宁永乐福田"
ENDINGS = ("小区", "花园", "路", "家园", "街", "新村", "广场", "大道")
OPENINGS = ("", "你好，", "我家住在", "反映一下，", "就在", "我想投诉")
ENDS = ("出了问题，请尽快处理", "好几天了没有人管", "影响大家生活", "希望有关部门来看看")


@dataclass(frozen=True, kw_only=True)
class Burst:
    """Tickets of one cause that were planted."""

    kind: str
    series: Series
    tickets: tuple[Seen, ...]


class City:
    """The shape of a city, and its tickets day by day; equal for equal seeds."""

    def __init__(self, seed: int, *, a_day: int = A_DAY, subjects: int = SUBJECTS) -> None:
        self._dice = np.random.default_rng(seed)
        self._talk = random.Random(seed)
        self._a_day = a_day
        heading = {1000 + n: n % HEADINGS + 1 for n in range(subjects)}
        self.subjects = sorted(heading)
        self.streets = [f"s{n:02d}" for n in range(STREETS)]
        district = {street: f"d{n % DISTRICTS}" for n, street in enumerate(self.streets)}
        self.trees = Trees(
            categories={
                **{subject: (subject, heading[subject]) for subject in self.subjects},
                **{one: (one,) for one in set(heading.values())},
            },
            divisions={
                **{street: (street, up, WHOLE_CITY) for street, up in district.items()},
                **{up: (up, WHOLE_CITY) for up in district.values()},
                WHOLE_CITY: (WHOLE_CITY,),
            },
        )
        dice = self._dice
        weights = 1.0 / (np.arange(subjects) + 4.0)
        streets = dice.lognormal(0, 0.5, STREETS)
        cells = np.outer(dice.permutation(weights), streets) * dice.gamma(
            4, 0.25, (subjects, STREETS)
        )
        self._cells = cells / cells.sum()
        night = dice.random(subjects) < 0.15
        day, late = np.array(DAY) / sum(DAY), np.array(NIGHT) / sum(NIGHT)
        self._hours = np.where(night[:, None], late, day)
        self._weekend = dice.uniform(0.6, 1.4, subjects)
        self._phase = dice.uniform(0, 2 * np.pi, subjects)
        self._places = {street: [self._place() for _ in range(25)] for street in self.streets}
        self._next = 0

    def _place(self) -> str:
        stem = "".join(self._dice.choice(list(SYLLABLES), 2))
        return stem + str(self._dice.choice(ENDINGS))

    def day(self, number: int) -> list[Seen]:
        """The tickets of one day, counted from the first."""
        dice = self._dice
        weekday = number % 7
        season = 1 + 0.3 * np.sin(2 * np.pi * number / 365 + self._phase)
        weekend = np.where(weekday >= 5, self._weekend, 1.0)
        subject = season * weekend * dice.gamma(20, 1 / 20, len(self.subjects))
        mean = self._cells * subject[:, None] * dice.gamma(8, 1 / 8, self._cells.shape)
        mean *= self._a_day * WEEKDAYS[weekday] * dice.lognormal(0, 0.08)
        counts = dice.poisson(mean)
        subjects, streets = (
            np.repeat(index, counts[np.nonzero(counts)]) for index in np.nonzero(counts)
        )
        late = self._hours.cumsum(axis=1)[subjects] < dice.random((len(subjects), 1))
        moments = (late.sum(axis=1) + dice.random(len(subjects))) * 3600
        first = START + timedelta(days=number)
        return [
            self._ticket(
                first + timedelta(seconds=float(moments[i])),
                self.subjects[subjects[i]],
                self.streets[streets[i]],
            )
            for i in np.argsort(moments)
        ]

    def _ticket(self, at: datetime, subject: int, street: str, place: str | None = None) -> Seen:
        talk = self._talk
        self._next += 1
        if place is None and talk.random() < 0.7:
            places = self._places[street]
            place = places[int(len(places) * talk.random() ** 2)]
        # One in eight has called before, about something of its own.
        known = talk.random() < 0.125 and self._next > 1000
        return Seen(
            ticket_id=self._next,
            at=at,
            category_id=subject,
            division=street,
            caller=str(talk.randrange(self._next) if known else self._next),
            text=f"{talk.choice(OPENINGS)}{place or ''}{talk.choice(ENDS)}",
        )

    def burst(self, kind: str, size: int, begins: datetime, hours: float) -> Burst:
        """Plant tickets of one subject: at a place, in a street, a district or the whole city."""
        dice = self._dice
        subject = self.subjects[int(dice.integers(len(self.subjects)))]
        street = self.streets[int(dice.integers(STREETS))]
        place = self._places[street][int(dice.integers(25))] if kind == "place" else None
        division = self.trees.divisions[street][{"district": 1, "city": 2}.get(kind, 0)]
        inside = [s for s in self.streets if division in self.trees.divisions[s]]
        moments = np.sort(dice.beta(1.2, 1.6, size)) * hours
        tickets = tuple(
            self._ticket(
                begins + timedelta(hours=float(moment)),
                subject,
                str(dice.choice(inside)),
                place,
            )
            for moment in moments
        )
        return Burst(kind=kind, series=Series(subject, division, place or ""), tickets=tickets)


def by_hour(tickets: Sequence[Seen]) -> list[HourCount]:
    """Tickets as the history is counted."""
    counted: dict[tuple[int, int, str], int] = {}
    for one in tickets:
        key = (int(one.at.timestamp() // 3600), one.category_id, one.division)
        counted[key] = counted.get(key, 0) + 1
    return [HourCount(*key, n) for key, n in counted.items()]
