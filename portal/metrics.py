"""Figures about the running program in Prometheus' text format; one registry per application."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dispatch.bus import Database
from dispatch.service.account_queries import Totals, totals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Stored(Collector):
    """Counts read from the database when somebody asks, so that they are always true."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """Read the counts once."""
        with self._database.read() as session:
            found: Totals = totals(session)
        yield _family("hotline_tickets", "Tickets by status", "status", found.tickets)
        yield _family("hotline_contacts", "Contacts by outcome", "outcome", found.contacts)


class _Streams(Collector):
    def __init__(self, open_streams: Callable[[], int]) -> None:
        self._open_streams = open_streams

    def collect(self) -> Iterable[Metric]:
        """Count the open pages."""
        yield GaugeMetricFamily(
            "hotline_open_streams", "Pages listening on /live", value=self._open_streams()
        )


class Metrics:
    """The registry of one application."""

    def __init__(self, database: Database, open_streams: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._durations = Histogram(
            "hotline_request_seconds",
            "Time to answer, by route",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._registry.register(_Stored(database))
        self._registry.register(_Streams(open_streams))

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
