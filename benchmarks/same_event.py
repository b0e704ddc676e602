"""Tickets of the same event while an agent types, among as many tickets as a city has in years.

The demo city's requests are told again of thousands of roads and estates; among them lie planted
events: the pairs of tests/classifier/same_event.csv, and tickets told once more with half of
their sentences, a slip of the pen and no number of a house. `--near-tickets 1000000` is the large
run; it takes some minutes.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.corpora import demo_corpus
from benchmarks.lines import Line, MeasurementFailed
from benchmarks.plan import Plan
from benchmarks.workshop import ROOT, progress, temporary_folder
from classifier.near_index import Mark, NearIndex, document
from classifier.near_search import NearSearch
from dispatch.domain.ports import TicketText
from hotline.city.catalog import load_city
from tests.classifier.near_pairs import measured, tickets

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
LIMIT_MS = 50.0
OPEN_SHARE = 0.2
"""Far more than a city has open at once, so that the figure is on the safe side."""

TOGETHER = 5_000
"""Tickets written in one commit, as when the index is built from the database."""

ASKED = 300
TYPED = (8, 16, 32, 64, 400)
"""Characters typed so far when the proposals are asked for."""

FIRST_ID = 1_000
ROADS, ESTATES = 4_000, 8_000
_SENTENCE = re.compile(r"[^。，；！？]+[。，；！？]?")


def measure(plan: Plan) -> Iterator[Line]:
    """Build and ask in a process of its own, so that its memory is known."""
    with temporary_folder() as folder:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "benchmarks.same_event", str(folder), str(plan.near)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False
        )
    if done.returncode:
        raise MeasurementFailed(f"the process ended with {done.returncode}")
    taken = json.loads(done.stdout)
    note = f"among {plan.near:,} tickets, {OPEN_SHARE:.0%} of them open"
    for figure in ("same_event_ms_p50", "same_event_ms_p95", "answered_ms_p95"):
        yield Line(
            figure=figure,
            value=taken[figure],
            unit="ms",
            limit="what was asked for",
            limit_value=LIMIT_MS,
            n=int(taken["asked"]),
            note=f"{note}; texts of {', '.join(map(str, TYPED))} characters",
        )
    yield Line(
        figure="same_event_recall_planted",
        value=taken["planted"],
        unit="1",
        limit="the words as they are, found again",
        limit_value=taken["verbatim"],
        n=ASKED,
        note=f"the ticket is among the first three offered; {note}",
    )
    yield Line(
        figure="same_event_recall_pairs",
        value=taken["pairs"],
        unit="1",
        limit="likeness() of 0.3 in the same division, without an index",
        limit_value=taken["pairs_without"],
        n=40,
        note=f"pairs written by hand; {note}",
    )
    yield Line(
        figure="same_event_build_s",
        value=taken["build_s"],
        unit="s",
        limit="reading the same tickets' words, without writing them",
        limit_value=taken["looks_s"],
        n=plan.near,
        note=f"index of {taken['index_mb']:.0f} MB, process of {taken['peak_mb']:.0f} MB at most",
    )


def tickets_of(count: int, seed: int = 1) -> Iterator[TicketText]:
    """So many tickets; the same seed gives the same."""
    chance = random.Random(seed)
    corpus = demo_corpus()
    syllables = sorted({c for c in "".join(corpus.texts) if "一" < c <= "鿕"})
    roads = ["".join(chance.sample(syllables, 2)) + chance.choice("路街巷") for _ in range(ROADS)]
    kinds = ("花园", "小区", "家园", "苑", "广场", "市场", "小学")
    estates = ["".join(chance.sample(syllables, 2)) + chance.choice(kinds) for _ in range(ESTATES)]
    divisions = [one.code for one in load_city().divisions if one.parent]
    labelled = list(zip(corpus.texts, corpus.labels, strict=True))
    for number in range(count):
        text, label = chance.choice(labelled)
        more = chance.choice(corpus.texts) if chance.random() < 0.3 else ""
        road = chance.choice(roads)
        place = f"{road}{chance.randrange(1, 300)}号{chance.choice(estates)}"
        yield TicketText(
            ticket_id=FIRST_ID + number,
            text=f"{place}，{text}{more}" if chance.random() < 0.5 else f"{text}{more}",
            place=place,
            division=chance.choice(divisions),
            category=label,
            at=NOW - timedelta(minutes=chance.randrange(1, 43_000)),
            open=chance.random() < OPEN_SHARE,
        )


def told_again(ticket: TicketText, chance: random.Random) -> tuple[str, str]:
    """Text and place as another caller would tell them."""
    parts = _SENTENCE.findall(ticket.text.removeprefix(f"{ticket.place}，"))
    kept = [part for part in parts if chance.random() < 0.5] or parts[:1]
    chance.shuffle(kept)
    text = list("".join(kept))
    text[chance.randrange(len(text))] = chance.choice("的是在我")
    return "".join(text), re.sub(r"\d+号", "", ticket.place)


def _build(folder: Path, count: int) -> tuple[dict[str, float], list[TicketText]]:
    """The index, and some of its open tickets to be asked for."""
    index = NearIndex(folder)
    rows = iter(tickets_of(count))
    began, made = time.perf_counter(), 0.0
    step, chosen = max(1, count // (ASKED * 6)), list[TicketText]()
    while True:
        start = time.perf_counter()
        some = list(islice(rows, TOGETHER))
        made += time.perf_counter() - start
        if not some:
            break
        chosen += [one for one in some if one.ticket_id % step == 0 and one.open]
        index.put(some, [], Mark(origin="bench"))
        if some[-1].ticket_id % 100_000 < TOGETHER:
            progress(f"same_event: {some[-1].ticket_id:,}")
    index.put(tickets(NOW), [], Mark(origin="bench", complete=True))
    index.close()
    build = time.perf_counter() - began - made
    taken = {
        "build_s": build,
        "looks_s": _looks(count),
        "index_mb": sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }
    return taken, chosen[:ASKED]


def _looks(count: int) -> float:
    some = list(tickets_of(2_000, seed=2))
    began = time.perf_counter()
    for row in some:
        document(row)
    return (time.perf_counter() - began) * count / len(some)


def _ask(search: NearSearch, chosen: list[TicketText]) -> dict[str, float]:
    chance = random.Random(5)
    event_ms: list[float] = []
    answered_ms: list[float] = []
    planted = verbatim = 0
    for one in chosen:
        text, place = told_again(one, chance)
        for length in TYPED:
            # Division and place come late: the shorter texts are asked for without.
            fields: dict[str, Any] = {"place": place, "division": one.division}
            known = fields if length > TYPED[1] else {}
            began = time.perf_counter()
            near = search.same_event(text[:length], since=SINCE, now=NOW, **known)
            event_ms.append((time.perf_counter() - began) * 1e3)
            began = time.perf_counter()
            search.answered(text[:length], category=one.category)
            answered_ms.append((time.perf_counter() - began) * 1e3)
        planted += one.ticket_id in [found.ticket_id for found in near[:3]]
        same = search.same_event(
            one.text, place=one.place, division=one.division, since=SINCE, now=NOW
        )
        verbatim += one.ticket_id in [found.ticket_id for found in same[:3]]
    quality = measured(search, NOW)
    return {
        "asked": len(event_ms),
        "same_event_ms_p50": quantiles(event_ms, n=20)[9],
        "same_event_ms_p95": quantiles(event_ms, n=20)[18],
        "answered_ms_p95": quantiles(answered_ms, n=20)[18],
        "planted": planted / len(chosen),
        "verbatim": verbatim / len(chosen),
        "pairs": quality.recall3,
        "pairs_without": quality.without_recall,
    }


if __name__ == "__main__":
    place, tickets_asked = Path(sys.argv[1]) / "near", int(sys.argv[2])
    parents = {one.code: one.parent or None for one in load_city().divisions}
    built, some = _build(place, tickets_asked)
    print(json.dumps(built | _ask(NearSearch(place, lambda: parents), some)))
