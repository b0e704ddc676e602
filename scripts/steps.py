"""A step says what it does, shows that it lives, and is skipped when nothing changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
STAMPS = TOOLS / "stamps"
LOGS = TOOLS / "logs"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

# Remarks about the machine's own configuration; kept in the log, of no use on the screen.
NOISE = ("warning:", "npm warn")
_NOT_INPUTS = {"node_modules", "__pycache__", "dist", ".git"}


class StepError(Exception):
    """A step stopped; carries the cause and the cure, both for the person at the terminal."""

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.cure = cure


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to make: skipped while its inputs are unchanged and its outputs are there."""

    name: str
    title: str
    run: Callable[[], None]
    inputs: Sequence[Path | str] = ()
    """Files and folders whose content decides, and plain strings such as a version."""
    ready: Callable[[], bool] = lambda: True
    """Whether what the step makes is still there."""


def perform(steps: Iterable[Step], stamps: Path = STAMPS) -> int:
    """Run the steps in order; return the exit status for the shell."""
    for step in steps:
        stamp = stamps / step.name
        key = fingerprint(step.inputs)
        if stamp.exists() and stamp.read_text() == key and step.ready():
            continue
        say(f"▶ {step.title}")
        began = time.monotonic()
        try:
            step.run()
        except StepError as failure:
            say(f"✗ {step.title}失败")
            say(f"  原因：{failure.cause}")
            say(f"  办法：{failure.cure}")
            return 1
        except KeyboardInterrupt:
            say("  已中断；再次运行会从这一步继续。")
            return 130
        stamps.mkdir(parents=True, exist_ok=True)
        stamp.write_text(fingerprint(step.inputs))
        say(f"✓ {step.title}（{time.monotonic() - began:.0f} 秒）")
    return 0


def say(line: str) -> None:
    """Print one line at once; progress is for people, so it goes to stderr."""
    print(line, file=sys.stderr, flush=True)


def fingerprint(inputs: Iterable[Path | str]) -> str:
    """Return a hash over the content and relative names of the inputs."""
    digest = hashlib.sha256()
    for entry in inputs:
        if isinstance(entry, str):
            digest.update(entry.encode() + b"\0")
            continue
        for path in _files(entry):
            digest.update(str(path.relative_to(entry.parent)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(entry: Path) -> Iterator[Path]:
    if entry.is_file():
        yield entry
    elif entry.is_dir():
        for path in sorted(entry.iterdir()):
            if path.name not in _NOT_INPUTS:
                yield from _files(path)


def run(
    command: Sequence[str | Path],
    *,
    log: str,
    cure: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    cures: Mapping[str, str] | None = None,
) -> None:
    """Run a program with its output in a log file and its last line on the screen.

    Raises StepError with the end of the output; `cures` maps a phrase of the output to a better
    cure than the general one.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    tail: deque[str] = deque(maxlen=12)
    words = [str(word) for word in command]
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL if not sys.stdin.isatty() else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise StepError(f"无法运行 {words[0]}：{error.strerror}", cure) from error
    with path.open("w", encoding="utf-8") as record, _Pulse(tail):
        assert child.stdout is not None
        for line in child.stdout:
            record.write(line)
            if line.strip() and not line.lstrip().lower().startswith(NOISE):
                tail.append(line.strip())
    child.stdout.close()
    if child.wait() != 0:
        text = path.read_text(encoding="utf-8", errors="replace")
        for phrase, better in (cures or {}).items():
            if phrase in text:
                cure = better
        for line in tail:
            say(f"    {line}")
        raise StepError(f"{Path(words[0]).name} 退出码 {child.returncode}，详见 {path}", cure)


class _Pulse:
    """Shows that a long program is alive: a moving line on a terminal, else one now and then."""

    def __init__(self, tail: deque[str]) -> None:
        self._tail = tail
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def _beat(self) -> None:
        began = time.monotonic()
        moving = sys.stderr.isatty()
        while not self._done.wait(0.5 if moving else 15):
            last = self._tail[-1][:90] if self._tail else ""
            line = f"  … {time.monotonic() - began:3.0f} 秒  {last}"
            if moving:
                print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
            else:
                say(line)
