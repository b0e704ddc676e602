"""A bounded load on a web server: a few keep-alive connections, each asking again and again."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Request = tuple[str, str, bytes | None]
CONNECTIONS = 8


@dataclass
class Load:
    """What came of it; `latencies` are milliseconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def per_second(self) -> float:
        """Good answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


def put_load(
    port: int,
    request: Callable[[int], Request],
    *,
    headers: dict[str, str],
    seconds: float,
    at_most: int = 1_000_000,
) -> Load:
    """Send `request(0)`, `request(1)` … until the time or the number is over."""
    load, numbers, lock = Load(), itertools.count(), threading.Lock()
    until = time.perf_counter() + seconds

    def mine() -> Iterator[int]:
        while time.perf_counter() < until and (number := next(numbers)) < at_most:
            yield number

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in mine():
            method, path, body = request(number)
            began = time.perf_counter()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            took = (time.perf_counter() - began) * 1000
            with lock:
                if answer.status < 300:
                    load.latencies.append(took)
                else:
                    load.refused += 1
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    return load
