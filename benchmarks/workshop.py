"""Where the benchmarks work: temporary folders, child processes that end with us, progress."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Child:
    """A process of ours and the first line it printed."""

    process: subprocess.Popen[str]
    first_line: str

    def say(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


def progress(text: str) -> None:
    """Tell the person who waits; standard output carries figures only."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        yield Path(folder)


@contextmanager
def module(name: str, *arguments: str, first: str | None = None) -> Iterator[Child]:
    """Run a module of ours beside us and wait for its first line; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    child = Child(process, "")
    try:
        if first is not None:
            child.say(first)
        assert process.stdout is not None
        yield Child(process, process.stdout.readline().strip())
    finally:
        end(process)


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes], within_s: float = 10) -> None:
    """Ask a process to end, and make it when it does not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def timed(command: Sequence[str]) -> float:
    """Seconds a command took; raises CalledProcessError when it failed."""
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return time.perf_counter() - began
