"""The half-year that the city of Jinzhong published in 2017, as history files of another system.

112,563 calls: 103,458 answered on the spot, 3,413 dispatched, the rest ended otherwise. Of the
3,413 tickets 2,945 are closed; 117 are business-environment cases, 104 of them handled.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, repeat
from pathlib import Path

from dispatch.domain.worktime import SHANGHAI

FIRST, LAST = "2017-01-01", "2017-06-30"
OUTCOMES = {
    "answered_on_call": 103_458,
    "ticket": 3_413,
    "urged": 612,
    "merged": 318,
    "transferred_out": 1_045,
    "told_route": 731,
    "declined": 204,
    "silent": 866,
    "harassment": 97,
    "hung_up": 1_819,
}
CALLS, TICKETS, CLOSED, BUSINESS, HANDLED = 112_563, 3_413, 2_945, 117, 104
ENGLISH_CONTACTS = (
    "call_id",
    "started_at",
    "caller",
    "line",
    "agent",
    "answered_at",
    "ended_at",
    "outcome_code",
    "ticket_number",
)
CHINESE_CONTACTS = (
    "通话编号",
    "开始时间",
    "主叫号码",
    "被叫号码",
    "坐席",
    "接听时间",
    "结束时间",
    "结果",
    "工单编号",
)
ENGLISH_TICKETS = (
    "number",
    "created_at",
    "channel",
    "kind",
    "category",
    "department",
    "status",
    "dispatched_at",
    "due_at",
    "acknowledged_at",
    "first_contacted_at",
    "completed_at",
    "closed_at",
    "solved",
    "rating",
    "business_environment",
)


def write_contacts(path: Path, headings: tuple[str, ...] = ENGLISH_CONTACTS) -> None:
    """Write the calls, one every 138 s, the outcomes mixed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        writer.writerows(_contacts())


def _contacts() -> Iterator[list[str]]:
    outcomes = list(chain.from_iterable(repeat(code, n) for code, n in OUTCOMES.items()))
    start = datetime(2017, 1, 1, 0, 0, 10, tzinfo=SHANGHAI)
    ticket = 0
    for i in range(CALLS):
        # 7,919 is prime to the number of calls, so every outcome comes once.
        outcome = outcomes[i * 7_919 % CALLS]
        began = start + timedelta(seconds=138 * i)
        answered = outcome != "hung_up"
        ticket += outcome == "ticket"
        yield [
            f"JZ-{i:06d}",
            f"{began:%Y-%m-%d %H:%M:%S}",
            f"139{i:08d}",
            "12345",
            f"{8001 + i % 20}" if answered else "",
            f"{began + timedelta(seconds=8):%Y-%m-%d %H:%M:%S}" if answered else "",
            f"{began + timedelta(seconds=160):%Y-%m-%d %H:%M:%S}",
            outcome,
            number(ticket - 1) if outcome == "ticket" else "",
        ]


def number(i: int) -> str:
    """The number of ticket `i`."""
    return f"JZ2017{i:05d}"


def write_tickets(path: Path) -> None:
    """Write the tickets, all dispatched; the first 104 of 117 business cases are closed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(ENGLISH_TICKETS)
        for i in range(TICKETS):
            business = i < BUSINESS
            closed = i < HANDLED or BUSINESS <= i < BUSINESS + CLOSED - HANDLED
            made = datetime(2017, 1, 1, 8, tzinfo=SHANGHAI) + timedelta(minutes=75 * i)
            done = f"{made + timedelta(days=3):%Y-%m-%d %H:%M}" if closed else ""
            writer.writerow(
                [
                    number(i),
                    f"{made:%Y-%m-%d %H:%M}",
                    "phone",
                    ("complaint", "assistance", "inquiry")[i % 3],
                    "营商环境" if business else "城市管理",
                    f"晋中市第{i % 40}局",
                    "closed" if closed else "in_progress",
                    f"{made + timedelta(minutes=20):%Y-%m-%d %H:%M}",
                    f"{made + timedelta(days=5):%Y-%m-%d %H:%M}",
                    f"{made + timedelta(hours=2):%Y-%m-%d %H:%M}",
                    f"{made + timedelta(hours=5):%Y-%m-%d %H:%M}",
                    done,
                    done,
                    ("yes" if i % 10 else "no") if closed else "",
                    str(i % 5 + 1) if closed else "",
                    "yes" if business else "no",
                ]
            )
