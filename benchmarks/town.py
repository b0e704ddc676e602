"""The demo city with its past and its model: made once per run, used by web, up and kpi."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.workshop import ROOT, end, progress
from tests.fixtures_asterisk import free_port

READY_WITHIN_S = 60.0


class Town:
    """A data folder that is filled when first asked for."""

    def __init__(self, folder: Path, months: int) -> None:
        self._folder = folder
        self.months = months

    @property
    def folder(self) -> Path:
        """The folder, founded, with a past and a trained model; costs a minute the first time."""
        if not (self._folder / "models/current/model.json").exists():
            progress(f"founding the demo city with {self.months} months of past")
            self._run("demo", "seed", "--months", str(self.months))
            self._run("demo", "model")
        return self._folder

    @property
    def database_url(self) -> str:
        """Its database."""
        return f"sqlite:///{self.folder / 'hotline.db'}"

    def environment(self, **more: str) -> dict[str, str]:
        """What a child process of this installation needs."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")}
        return {**kept, "HOTLINE_DATA_DIR": str(self._folder), **more}

    def command(self, *arguments: str) -> str:
        """Run a `hotline` command on the founded city; return what it printed."""
        progress(f"hotline {' '.join(arguments)} on {self.folder}")
        return self._run(*arguments)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hotline", *arguments],
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=600,
            check=True,
        )
        return done.stdout

    @contextmanager
    def web(self) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        """`hotline serve` on a free port, telephones looked for in vain; its process and port."""
        port = free_port()
        environment = self.environment(HOTLINE_PORT=str(port), HOTLINE_AMI_PORT=str(free_port()))
        log = self.folder / "web.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "hotline", "serve"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process, port
        finally:
            end(process)
