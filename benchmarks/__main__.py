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
    "rush": (
        "screen_pop_20_per_s_p50",
        "screen_pop_20_per_s_p95",
        "wallboard_p50",
        "wallboard_p95",
    ),
    "ami": ("ami_events_per_s_adapter", "ami_events_per_s_reducer", "ami_events_per_s_database"),
    "registrations": ("registrations_per_s",),
    "store": ("call_records_per_s",),
    "requests": (
        "classifier_docs_per_s",
        "classifier_single_p95_ms",
        "classifier_train_10000_s",
        "classifier_macro_f1_demo",
        "classifier_macro_f1_letters",
    ),
    "classifier_folds": (
        "classifier_folds_macro_f1",
        "classifier_folds_top3",
        "classifier_folds_accuracy_at_80",
        "classifier_folds_accuracy_at_90",
        "classifier_folds_ece",
    ),
    "million": (
        "classifier_train_million_s",
        "classifier_train_million_gb",
        "classifier_train_million_f1",
    ),
    "realism": ("realism_accuracy", "realism_macro_f1"),
    "learning_year": ("learning_year_macro_f1", "learning_year_sent_share"),
    "same_event": (
        "same_event_ms_p50",
        "same_event_ms_p95",
        "answered_ms_p95",
        "same_event_recall_planted",
        "same_event_recall_pairs",
        "same_event_build_s",
    ),
    "web": (
        "http_read_ticket_per_s",
        "http_create_ticket_per_s",
        "resident_memory_mb_started",
        "resident_memory_mb_used",
    ),
    "up": ("up_to_ready_s",),
    "kpi": ("kpi_week_ms",),
    "figures": tuple(
        f"figures_{what}"
        for size in ("0.1m", "1m", "10m")
        for what in (f"report_{size}_s", f"leader_{size}_s", f"memory_{size}_mb")
    ),
    "surveys": (
        "surveys_per_minute",
        "surveys_per_minute_looked_1_s",
        "survey_statements_sqlite",
        "survey_ms_sqlite",
        "survey_statements_postgres",
        "survey_ms_postgres",
    ),
    "speech": ("speech_character_errors", "speech_s_per_s"),
    "hot_spots": (
        "hot_spot_false_alarms_a_week",
        "hot_spot_found_place_5",
        "hot_spot_found_place_8",
        "hot_spot_found_street_6",
        "hot_spot_found_street_10",
        "hot_spot_found_district_12",
        "hot_spot_found_district_25",
        "hot_spot_found_city_30",
        "hot_spot_found_city_60",
        "hot_spot_delay_min_p95",
        "hot_spot_look_ms",
    ),
    "forecast": (
        "forecast_demo_half_hour_vs_week_ago",
        "forecast_demo_half_hour_vs_four_weeks",
        "forecast_demo_day_vs_week_ago",
        "forecast_demo_day_vs_four_weeks",
        "forecast_published_half_hour_vs_week_ago",
        "forecast_published_half_hour_vs_four_weeks",
        "forecast_published_day_vs_week_ago",
        "forecast_published_day_vs_four_weeks",
        "forecast_demo_inside",
        "forecast_published_inside",
    ),
    "exports": (
        "export_csv_rows_per_s",
        "export_csv_memory_growth_mb",
        "export_xlsx_rows_per_s",
        "export_xlsx_memory_growth_mb",
    ),
    "imports": (
        "import_rows_per_s",
        "import_reading_rows_per_s",
        "import_memory_growth_mb",
        "import_part_p95_ms",
        "import_undo_s",
    ),
    "staffing": ("erlang_vs_simulation_points",),
    "warnings": (
        "warning_surge_false_a_week",
        "warning_surge_found_street_14",
        "warning_surge_found_street_24",
        "warning_surge_found_district_40",
        "warning_surge_found_district_80",
        "warning_surge_found_city_120",
        "warning_surge_found_city_240",
        "warning_surge_delay_h_p95",
        "warning_miss_precision_2",
        "warning_miss_precision_8",
        "warning_miss_precision_30",
    ),
    "knowledge": (
        "knowledge_search_ms_p50_sqlite",
        "knowledge_search_ms_p95_sqlite",
        "knowledge_search_ms_p50_postgres",
        "knowledge_search_ms_p95_postgres",
    ),
    "deadlines": ("deadlines_per_s",),
    "transitions": ("transitions_per_s_sqlite", "transitions_per_s_postgres"),
    "sweeping": (
        "sweep_claim_ms_postgres",
        "sweep_batch_ms_postgres",
        "sweep_marked_once",
        "sweep_claim_ms_sqlite",
        "sweep_batch_ms_sqlite",
    ),
}
"""The modules of this package that measure, and what they print."""

APART = frozenset(
    {
        *("exports", "figures", "forecast", "hot_spots", "imports"),
        *("knowledge", "learning_year", "million", "warnings"),
    }
)
"""Families that take too long for a whole run; they run when they are named."""


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
    asked.names = [name.replace("-", "_") for name in asked.names]
    unknown = [name for name in asked.names if not _families(name)]
    if unknown:
        known = "、".join(FAMILIES)
        print(f"没有名为 {'、'.join(unknown)} 的指标；可用的有：{known}", file=sys.stderr)
        return 2
    names = asked.names or [family for family in FAMILIES if family not in APART]
    chosen = [f for name in names for f in _families(name)]
    with temporary_folder() as folder:
        plan = Plan(
            town=Town(asked.town or folder / "town", asked.months),
            calls=asked.calls,
            stream_calls=asked.stream_calls,
            seconds=asked.seconds,
            requests=asked.requests,
            tickets=asked.tickets,
            near=asked.near_tickets,
            letters=asked.letters,
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
    parser.add_argument(
        "--near-tickets", type=int, default=100_000, help="among which the same event is sought"
    )
    parser.add_argument("--tickets", type=int, default=1_000_000, help="that the sweep runs among")
    parser.add_argument(
        "--letters", type=int, default=1_000_000, help="that the large training learns from"
    )
    parser.add_argument("--months", type=int, default=12, help="of the demo city's past")
    parser.add_argument("--town", type=Path, help="a demo city to use again (it is written to)")
    parser.add_argument("--requests", "--data", type=Path, help="labelled CSV: text,label,group")
    return parser


if __name__ == "__main__":
    sys.exit(main())
