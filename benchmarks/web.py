"""Tickets read and created per second through the real server, and the memory it takes."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.lines import Line, MeasurementFailed, PartMissing, percentile
from benchmarks.load import CONNECTIONS, Load, Request, put_load
from benchmarks.plan import Plan
from benchmarks.town import READY_WITHIN_S
from benchmarks.workshop import module, progress, temporary_folder

MEMORY_REQUESTS = 2000
BARE = "bare FastAPI route returning the same JSON from memory, same client"
BARE_INSERT = "bare SQLite: two rows inserted per transaction, WAL, synchronous=NORMAL, one thread"
BARE_MEMORY = "bare FastAPI + SQLAlchemy + scikit-learn process"
REQUEST = "兰堤区鼓台街道夜市口有人占道烧烤，油烟很大，晚上睡不着，希望城管来管一管。第{}次反映。"


def measure(plan: Plan) -> Iterator[Line]:
    """Start the server on the demo city, put load on it, look at its memory."""
    token = plan.town.command("token", "create", "--staff", "dispatcher1")
    headers = {"Authorization": f"Bearer {token.strip()}", "Content-Type": "application/json"}
    with plan.town.web() as (process, port):
        _await(port)
        time.sleep(2)
        fresh = resident_mb(process.pid)
        tickets: list[dict[str, Any]] = _get(port, "/api/v1/tickets?limit=100", headers)["items"]
        numbers = [str(ticket["number"]) for ticket in tickets]
        document = json.dumps(_get(port, f"/api/v1/tickets/{numbers[0]}", headers))

        def read(number: int) -> Request:
            return "GET", f"/api/v1/tickets/{numbers[number % len(numbers)]}", None

        progress("web: reading tickets")
        put_load(port, read, headers=headers, seconds=1)
        reads = put_load(port, read, headers=headers, seconds=plan.seconds)
        progress("web: creating tickets")
        creates = put_load(port, _create, headers=headers, seconds=plan.seconds)
        done = len(reads.latencies) + len(creates.latencies)
        left = max(0, MEMORY_REQUESTS - done)
        put_load(port, read, headers=headers, seconds=60, at_most=left)
        used = resident_mb(process.pid)
        requests = max(done, MEMORY_REQUESTS)
    progress("web: the bare equivalents")
    with module("benchmarks.bare_server", first=document) as bare:
        bare_port = int(bare.first_line)
        _await(bare_port, "/document")
        bare_fresh = resident_mb(bare.process.pid)
        put_load(bare_port, _bare, headers=headers, seconds=1)
        least = put_load(bare_port, _bare, headers=headers, seconds=plan.seconds)
        bare_used = resident_mb(bare.process.pid)
    with temporary_folder() as folder:
        inserts = bare_inserts(folder / "bare.db", plan.seconds / 2)
    yield _per_second("http_read_ticket_per_s", reads, BARE, least.per_second, "also logs the view")
    note = f"the bare route reached {least.per_second:.0f}/s"
    yield _per_second("http_create_ticket_per_s", creates, BARE_INSERT, inserts, note)
    common = {"unit": "MB", "limit": BARE_MEMORY, "n": 1}
    yield Line(
        figure="resident_memory_mb_started",
        value=fresh,
        limit_value=bare_fresh,
        note=f"`hotline serve` on {plan.town.months} months of past, model loaded",
        **common,  # type: ignore[arg-type]
    )
    yield Line(
        figure="resident_memory_mb_used",
        value=used,
        limit_value=bare_used,
        note=f"after {requests} requests",
        **common,  # type: ignore[arg-type]
    )


def _per_second(figure: str, load: Load, limit: str, limit_value: float, more: str) -> Line:
    if not load.latencies:
        raise MeasurementFailed(f"{figure}: {load.refused} requests refused, none answered")
    p95 = percentile(load.latencies, 0.95)
    note = f"{CONNECTIONS} keep-alive connections, bearer token, p95 {p95:.0f} ms, "
    note += f"{load.refused} refused; {more}"
    return Line(
        figure=figure,
        value=load.per_second,
        unit="requests/s",
        limit=limit,
        limit_value=limit_value,
        n=len(load.latencies),
        note=note,
    )


def _create(number: int) -> Request:
    body = {
        "content": REQUEST.format(number),
        "kind": "complaint",
        "category": "0101",
        "requester_name": "陈女士",
        "phone": f"129{number % 100:08d}",
    }
    return "POST", "/api/v1/tickets", json.dumps(body).encode()


def _bare(_: int) -> Request:
    return "GET", "/document", None


def _get(port: int, path: str, headers: dict[str, str]) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _await(port: int, path: str = "/healthz") -> None:
    """Until the server answers; raises MeasurementFailed when it does not."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            _get(port, path, {})
        except (urllib.error.URLError, ConnectionError, json.JSONDecodeError):
            time.sleep(0.1)
        else:
            return
    raise MeasurementFailed(f"the server did not answer {path} within {READY_WITHIN_S:.0f} s")


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (10⁶ bytes), as the kernel counts it."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        raise PartMissing("no /proc to read memory from")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def bare_inserts(path: Path, seconds: float) -> float:
    """Two-row transactions per second by hand."""
    line = sqlite3.connect(path, isolation_level=None)
    line.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE ticket (id INTEGER PRIMARY KEY, number TEXT UNIQUE, content TEXT);"
        "CREATE TABLE event (id INTEGER PRIMARY KEY, ticket_id INTEGER, kind TEXT);"
    )
    made, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        line.execute("BEGIN IMMEDIATE")
        text = REQUEST.format(made)
        row = line.execute("INSERT INTO ticket (number, content) VALUES (?, ?)", (str(made), text))
        line.execute("INSERT INTO event (ticket_id, kind) VALUES (?, 'opened')", (row.lastrowid,))
        line.execute("COMMIT")
        made += 1
    line.close()
    return made / passed
