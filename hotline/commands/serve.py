"""`hotline serve | worker | migrate`: run the parts."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer
import uvicorn

from hotline import schema
from hotline.bootstrap import open_database, utc_now
from hotline.city.catalog import load_city
from hotline.commands.output import refusals, say
from hotline.ground import require_free_port
from hotline.runtime import Runtime
from hotline.settings import Settings
from portal.app import create_app


class _Server(uvicorn.Server):
    """Ends live streams the moment it is told to stop: they never end by themselves."""

    def handle_exit(self, sig: int, frame: object) -> None:
        """Stop the streams, then wait for the rest."""
        application = self.config.app
        application.state.live.stop()  # type: ignore[union-attr]
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


def serve(
    jobs: Annotated[
        bool, typer.Option(help="同时跟随电话并运行定时任务；关闭时另起 hotline worker")
    ] = True,
) -> None:
    """运行网站（默认同时跟随电话、运行定时任务）。"""
    _log()
    settings = Settings()
    with refusals():
        require_free_port(settings.host, settings.port)
        runtime = _ready(settings, work=jobs)
        application = create_app(runtime.context(load_city().name))
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=3,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    runtime.start()
    try:
        _Server(config).run()
    finally:
        runtime.stop()


def worker() -> None:
    """只跟随电话、运行定时任务（与 hotline serve --no-jobs 配合）。"""
    _log()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with refusals():
        runtime = _ready(Settings(), work=True)
    runtime.start()
    stopping.wait()
    runtime.stop()


def migrate() -> None:
    """把数据库的表升级到当前版本。"""
    with refusals():
        database = open_database()
        schema.migrate(database)
        has, _ = schema.revision(database)
        database.dispose()
    say(f"数据库已是最新：{has}")


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _ready(settings: Settings, *, work: bool) -> Runtime:
    database = open_database(settings)
    schema.migrate(database)
    database.dispose()
    settings.recordings.mkdir(parents=True, exist_ok=True)
    return Runtime(settings, work=work, clock=utc_now)
