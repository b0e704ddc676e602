"""Measure and print: `python -m benchmarks [NAME …]`, one JSON line per figure on stdout.

Everything else (progress, explanations, logs) goes to stderr. A part the machine lacks gives a
line with the reason under "skipped"; what failed is told and ends the run with 1, slow never does.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Protocol, cast

from benchmarks.lines import Line, MeasurementFailed, PartMissing, Skipped
from benchmarks.plan import Plan
from benchmarks.town import Town
from benchmarks.workshop import progress, temporary_folder
from dispatch.domain.errors import HotlineError

FAMILIES: dict[str, tuple[str, ...]] = {
    "screen_pop": ("screen_pop_p50", "screen_pop_p95", "screen_shown_p95"),
    "ami": ("ami_events_per_s_adapter", "ami_events_per_s_reducer", "ami_events_per_s_database"),
    "store": ("call_records_per_s",),
    "requests": (
        "classifier_docs_per_s",
        "classifier_macro_f1_demo",
        "classifier_macro_f1_letters",
    ),
    "web": (
        "http_read_ticket_per_s",
        "http_create_ticket_per_s",
        "resident_memory_mb_started",
        "resident_memory_mb_used",
    ),
    "up": ("up_to_ready_s",),
    "kpi": ("kpi_week_ms",),
}
"""The modules of this package that measure, and what they print."""


FAILURES = (
    MeasurementFailed,
    HotlineError,
    OSError,
    AssertionError,
    HTTPException,
    subprocess.SubprocessError,
)


class Family(Protocol):
    """A module of this package that measures some figures."""

    def measure(self, plan: Plan) -> Iterator[Line | Skipped]:
        """Measure one after the other."""


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; return the exit code."""
    asked = _parser().parse_args(arguments)
    if asked.list:
        for family, figures in FAMILIES.items():
            print(f"{family}: {' '.join(figures)}")
        return 0
    unknown = [name for name in asked.names if not _families(name)]
    if unknown:
        known = "、".join(FAMILIES)
        print(f"没有名为 {'、'.join(unknown)} 的指标；可用的有：{known}", file=sys.stderr)
        return 2
    chosen = [f for name in asked.names or FAMILIES for f in _families(name)]
    with temporary_folder() as folder:
        plan = Plan(
            town=Town(asked.town or folder / "town", asked.months),
            calls=asked.calls,
            stream_calls=asked.stream_calls,
            seconds=asked.seconds,
            requests=asked.requests,
        )
        return max(_run(family, plan) for family in dict.fromkeys(chosen))


def _families(name: str) -> list[str]:
    return [family for family, figures in FAMILIES.items() if name == family or name in figures]


def _run(family: str, plan: Plan) -> int:
    """Print the lines of one family; 1 when it failed."""
    left = list(FAMILIES[family])
    reason, code = "", 0
    try:
        module = cast(Family, importlib.import_module(f"benchmarks.{family}"))
        for line in module.measure(plan):
            print(line.to_json(), flush=True)
            if line.figure in left:
                left.remove(line.figure)
    except PartMissing as missing:
        reason = str(missing)
    except FAILURES as failure:
        reason, code = f"failed: {type(failure).__name__}: {failure}"[:400], 1
        progress(f"{family}: {reason}")
    for figure in left:
        print(Skipped(figure=figure, skipped=reason or "not measured").to_json(), flush=True)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a family or a figure")
    parser.add_argument("--list", action="store_true", help="the families and their figures")
    parser.add_argument("--calls", type=int, default=20, help="real calls")
    parser.add_argument("--stream-calls", type=int, default=400, help="calls in the AMI stream")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each load on the server")
    parser.add_argument("--months", type=int, default=12, help="of the demo city's past")
    parser.add_argument("--town", type=Path, help="a demo city to use again (it is written to)")
    parser.add_argument("--requests", type=Path, help="labelled CSV: text,label,group")
    return parser


if __name__ == "__main__":
    sys.exit(main())
