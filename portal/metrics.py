"""Figures about the running program in Prometheus' text format; one registry per application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dispatch.bus import Database
from dispatch.service.account_queries import Totals, totals
from dispatch.service.seats_reached import counted_by_state, unreachable_count

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Stored(Collector):
    """Counts read from the database when somebody asks, so that they are always true."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """Read the counts once."""
        with self._database.read() as session:
            found: Totals = totals(session)
            seats, lost = counted_by_state(session), unreachable_count(session)
        yield _family("hotline_tickets", "Tickets by status", "status", found.tickets)
        yield _family("hotline_contacts", "Contacts by outcome", "outcome", found.contacts)
        yield _family("hotline_seats", "Agents by the state shown", "state", seats)
        yield GaugeMetricFamily(
            "hotline_seats_unreachable", "Agents signed in whose telephone is away", value=lost
        )


class _Streams(Collector):
    def __init__(self, open_streams: Callable[[], int]) -> None:
        self._open_streams = open_streams

    def collect(self) -> Iterable[Metric]:
        """Count the open pages."""
        yield GaugeMetricFamily(
            "hotline_open_streams", "Pages listening on /live", value=self._open_streams()
        )


@dataclass(frozen=True, kw_only=True)
class NodeFigures:
    """One telephone system: whether it is connected, and what was counted since the start."""

    connected: bool
    open_calls: int
    events: int
    restarts: int
    waiting_to_be_stored: int
    seat_corrections: Mapping[str, int]
    """Differences between its queues and our seats that were set right, by kind."""


NODE_GAUGES: tuple[tuple[str, str, Callable[[NodeFigures], int]], ...] = (
    ("up", "Whether the telephone system is connected", lambda one: int(one.connected)),
    ("open_calls", "Calls under way", lambda one: one.open_calls),
    ("events", "Events read since the start", lambda one: one.events),
    ("restarts", "Restarts of Asterisk seen", lambda one: one.restarts),
    ("unstored", "News not yet stored", lambda one: one.waiting_to_be_stored),
)


class _Nodes(Collector):
    def __init__(self, figures: Callable[[], Mapping[str, NodeFigures]]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Ask every telephone system's connection."""
        found = self._figures()
        for name, text, value in NODE_GAUGES:
            counts = {node: value(figures) for node, figures in found.items()}
            yield _family(f"hotline_telephony_{name}", text, "node", counts)
        corrections = GaugeMetricFamily(
            "hotline_seat_corrections",
            "Differences between queues and seats that were set right",
            labels=("node", "kind"),
        )
        for node, figures in sorted(found.items()):
            for kind, count in sorted(figures.seat_corrections.items()):
                corrections.add_metric((node, kind), count)
        yield corrections


class Metrics:
    """The registry of one application."""

    def __init__(
        self,
        database: Database,
        open_streams: Callable[[], int],
        nodes: Callable[[], Mapping[str, NodeFigures]],
    ) -> None:
        self._registry = CollectorRegistry()
        self._durations = Histogram(
            "hotline_request_seconds",
            "Time to answer, by route",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._registry.register(_Stored(database))
        self._registry.register(_Streams(open_streams))
        self._registry.register(_Nodes(nodes))

    def measure(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. A stream's life is not a duration anybody waits for."""
        if route != "/live":
            self._durations.labels(method, route, f"{status // 100}xx").observe(seconds)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)


def _family(name: str, text: str, label: str, counts: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for value, count in sorted(counts.items()):
        family.add_metric((value,), count)
    return family
