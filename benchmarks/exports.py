"""Exports: rows a second and memory of CSV and workbooks, beside the bare libraries."""

from __future__ import annotations

import csv
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import xlsxwriter

from benchmarks.lines import Line
from benchmarks.plan import Plan
from benchmarks.workshop import progress, temporary_folder
from portal.exports import Cell, shown, stream_csv, stream_xlsx

HEADINGS = ("工单编号", "标题", "状态", "诉求类型", "承办单位", "受理时间", "等待（秒）", "回访")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def measure(plan: Plan) -> Iterator[Line]:
    """Write `plan.tickets` rows in both forms; the rows are made on the way, not read."""
    count = plan.tickets
    with temporary_folder() as folder:
        for name, ours, bare in (
            ("csv", stream_csv, _bare_csv),
            ("xlsx", stream_xlsx, _bare_xlsx),
        ):
            # What a hundredth needs is there before; the rest is what grows with the rows.
            _sent(ours(HEADINGS, rows(count // 100)), folder / f"small.{name}")
            before = _peak_mb()
            file = folder / f"rows.{name}"
            taken = _seconds(partial(_sent, ours(HEADINGS, rows(count)), file))
            grown = _peak_mb() - before
            # Afterwards: its peak would hide ours.
            limit = _seconds(partial(bare, folder / f"bare.{name}", rows(count)))
            size = file.stat().st_size >> 20
            progress(f"exports: {name}, {size} MB in {taken:.1f} s, {grown:.1f} MB more memory")
            yield Line(
                figure=f"export_{name}_rows_per_s",
                value=count / taken,
                unit="rows/s",
                limit="the bare library, without guard",
                limit_value=count / limit,
                n=count,
                note=f"{size} MB, {len(HEADINGS)} columns; rows made on the way",
            )
            yield Line(
                figure=f"export_{name}_memory_growth_mb",
                value=grown,
                unit="MB",
                limit="size of the file",
                limit_value=float(size),
                n=count,
                note="peak of the process beyond what a hundredth of the rows took",
            )


def rows(count: int) -> Iterator[Sequence[Cell]]:
    """Rows like those behind a figure."""
    for at in range(count):
        yield (
            *(f"20260101{at:08}", f"市民反映第 {at % 997} 号小区供暖温度不达标", "已结案", "投诉"),
            *(f"第{at % 61}街道办事处", FIRST + timedelta(seconds=at), at % 300 / 7, "满意"),
        )


def _sent(pieces: Iterable[bytes], file: Path) -> None:
    with file.open("wb") as out:
        for piece in pieces:
            out.write(piece)


def _bare_csv(file: Path, given: Iterable[Sequence[Cell]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADINGS)
        writer.writerows([shown(cell) for cell in row] for row in given)


def _bare_xlsx(file: Path, given: Iterable[Sequence[Cell]]) -> None:
    options = {"constant_memory": True, "strings_to_urls": False, "tmpdir": str(file.parent)}
    book = xlsxwriter.Workbook(str(file), options)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADINGS)
    for at, row in enumerate(given, start=1):
        sheet.write_row(at, 0, [shown(cell) for cell in row])
    book.close()


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
