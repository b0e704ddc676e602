"""The simulated year is the same every time, examines what was not learned, and draws itself."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.learning_year import Year, collected, write
from benchmarks.year_texts import YearTexts


def test_the_same_seed_makes_the_same_year_and_new_subjects_come_up_in_it() -> None:
    one, other = YearTexts(1), YearTexts(1)
    assert one.week(1, 50) == other.week(1, 50)
    early, late = ({asked.text for asked in YearTexts(2).week(n, 400)} for n in (0, 52))
    assert early != late
    assert len({asked.truth for asked in YearTexts(2).week(52, 400)}) == 15


def test_a_short_year_writes_its_points_and_its_figure(tmp_path: Path) -> None:
    texts = YearTexts(3)
    weeks = [texts.week(0, 250), *(texts.week(n, 20) for n in range(1, 6))]
    points = list(Year(weeks, texts.examination(60), texts.unheard(60)).run())
    assert [point.week for point in points] == [1, 2, 3, 4, 5]
    assert [bool(point.retrained) for point in points] == [False, False, False, True, False]
    assert all(0 < point.macro_f1 <= 1 and 0 <= point.sent_share <= 1 for point in points)
    assert 0 < points[-1].wrong_labels < 0.15
    write(points, tmp_path / "year.svg", made=True)
    drawn = (tmp_path / "year.svg").read_text("utf-8")
    assert drawn.lstrip().startswith("<?xml")
    assert "从未听过的内容" in drawn
    assert len(json.loads((tmp_path / "year.json").read_text("utf-8"))) == 5


def test_a_file_of_ones_own_gives_as_many_weeks_as_it_has(tmp_path: Path) -> None:
    rows = [
        f"{n}号楼{what}了,{label}"
        for n in range(1700)
        for what, label in (("漏水", "水"), ("停电", "电"))
    ]
    (tmp_path / "own.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    assert len(list(collected(tmp_path / "own.csv", "text", "label").run())) == 1
