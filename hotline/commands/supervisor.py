"""Run everything on one machine: Asterisk and the web process side by side, never one in the other.

The telephones must outlive a crash of the web process, so both are children of this one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from classifier.artefact import load_model
from classifier.errors import ModelMissing, ModelRefused
from dispatch.bus import Database
from dispatch.domain.errors import HotlineError
from dispatch.service import history
from dispatch.service.rulebook import RuleBook
from hotline import schema
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.city.catalog import load_city
from hotline.commands.demo import found_accounts, seed_past, train_model
from hotline.commands.output import say
from hotline.founding import found_city
from hotline.furnishing import furnish
from hotline.ground import StartFailed, local_address, require_free_port, sole_run
from hotline.keys import load_keyring
from hotline.nodes import nodes_of
from hotline.restarts import Restarts
from hotline.settings import Settings
from hotline.switchboard import asterisk_settings, start_asterisk
from telephony.asterisk.program import find_asterisk
from telephony.asterisk.runner import AsteriskRunner

READY_WITHIN_S = 60.0


class Supervisor:
    """Prepares the data, starts both children, restarts what dies, stops all on Ctrl-C."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = False
        self._web: subprocess.Popen[bytes] | None = None
        self._web_restarts = Restarts(time.monotonic())
        self._asterisk_restarts: dict[str, Restarts] = {}

    def run(self) -> None:
        """Start all and stay until told to stop.

        Raises:
            StartFailed: it runs already, the port is taken, or the web site does not come up.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        with sole_run(self._settings.folder):
            require_free_port(self._settings.host, self._settings.port)
            self._run(time.monotonic())

    def _run(self, began: float) -> None:
        settings = self._settings
        database = open_database(settings)
        self._prepare(database)
        runners = [
            AsteriskRunner(asterisk_settings(settings, node), find_asterisk())
            for node in nodes_of(settings)
            if node.runs_here
        ]
        try:
            for runner in runners:
                say("正在启动 Asterisk ……")
                self._start_asterisk(runner, database)
            self._web = self._start_web()
            self._await_web()
            self._greet(database, time.monotonic() - began)
            while not self._stopping:
                self._look_after(runners, database)
                time.sleep(0.5)
        finally:
            say("正在停止 ……")
            self._end_web()
            for runner in runners:
                runner.stop()
            database.dispose()

    def _prepare(self, database: Database) -> None:
        settings = self._settings
        schema.migrate(database)
        settings.recordings.mkdir(parents=True, exist_ok=True)
        try:
            load_model(settings.model)
        except (ModelMissing, ModelRefused):
            say("正在训练演示分类模型 ……")
            train_model(settings)
        with database.read() as session:
            empty = history.is_empty(session)
        if empty and settings.demo_months > 0:
            say("数据库是空的，正在建演示城市 ……")
            found_city(database, load_city())
            found_accounts(settings, database)
            rules = load_rules(settings)
            calls, tickets = seed_past(database, rules, seed=1, months=settings.demo_months)
            keyring = load_keyring(settings.folder, utc_now())
            furnish(database, rules, keyring, settings.recordings, now=utc_now())
            say(f"演示城市已建好：{calls:,} 个来电，{tickets:,} 张工单")

    def _start_web(self) -> subprocess.Popen[bytes]:
        log = self._settings.folder / "logs" / "web.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = os.environ.copy()
        if (self._settings.folder / "demo-accounts.json").exists():
            # Nobody has the telephones of a demo city: what would be sent is there to be read.
            environment.setdefault("HOTLINE_MESSAGES", "folder")
        with log.open("ab") as output:
            # A session of its own: Ctrl-C reaches us first, and we stop the children in order.
            return subprocess.Popen(
                [sys.executable, "-m", "hotline", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=Path.cwd(),
                env=environment,
            )

    def _await_web(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        url = f"http://{local_address(self._settings.host)}:{self._settings.port}/readyz"
        missing = "没有应答"
        while time.monotonic() < deadline and not self._stopping:
            if self._web is None or self._web.poll() is not None:
                raise StartFailed(f"网站没有启动成功，原因在 {self._settings.folder}/logs/web.log")
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return
            except urllib.error.HTTPError as error:
                missing = _missing(error.read())
                time.sleep(0.2)
            except OSError:
                time.sleep(0.1)
        if not self._stopping:
            raise StartFailed(
                f"网站 {READY_WITHIN_S:.0f} 秒内没有就绪：{missing}。"
                f"日志在 {self._settings.folder}/logs/web.log"
            )

    def _start_asterisk(self, runner: AsteriskRunner, database: Database) -> None:
        now = utc_now()
        rulebook = RuleBook(database, load_rules(self._settings))
        keyring = load_keyring(self._settings.folder, now)
        if problem := start_asterisk(runner, database, rulebook, keyring, now):
            say(f"电话方案没有生效，暂由综合队列接听全部来电：{problem}")

    def _look_after(self, runners: Sequence[AsteriskRunner], database: Database) -> None:
        now = time.monotonic()
        if self._web is not None and self._web.poll() is not None:
            if (pause := self._web_restarts.died(now)) is not None:
                say(
                    f"网站进程意外结束（{self._web.returncode}），{pause:.0f} 秒后重新启动；"
                    f"通话不受影响，原因在 {self._settings.folder}/logs/web.log"
                )
            if self._web_restarts.due(now):
                self._web = self._start_web()
        for runner in runners:
            if not runner.running:
                self._start_again(runner, database, now)

    def _start_again(self, runner: AsteriskRunner, database: Database, now: float) -> None:
        name = runner.settings.system_name
        restarts = self._asterisk_restarts.setdefault(name, Restarts(now))
        if (pause := restarts.died(now)) is not None:
            say(f"Asterisk {name} 意外结束，{pause:.0f} 秒后重新启动")
        if not restarts.due(now):
            return
        # A start that fails must not take the web site with it: it is tried again, later.
        try:
            self._start_asterisk(runner, database)
        except HotlineError as error:
            say(str(error))

    def _end_web(self) -> None:
        if self._web is None or self._web.poll() is not None:
            return
        self._web.terminate()
        try:
            self._web.wait(15)
        except subprocess.TimeoutExpired:
            self._web.kill()
            self._web.wait()

    def _greet(self, database: Database, seconds: float) -> None:
        settings = self._settings
        kept = settings.folder / "demo-accounts.json"
        if not kept.exists():
            # A city of its own: nobody adds demo accounts to it.
            say(f"\n  已就绪（{seconds:.1f} 秒）：{settings.address}\n\n  Ctrl-C 停止全部。")
            return
        accounts = found_accounts(settings, database)
        shown = (
            "agent1",
            "dispatcher1",
            "dispatcher2",
            "chengguan",
            "chengguan2",
            "center",
            "director",
            "followup1",
            "supervisor1",
            "jijian",
        )
        rows = [(login, accounts[login]) for login in accounts if login in shown]
        rows += [(login, accounts[login]) for login in ("leader", "admin") if login in accounts]
        listed = "\n".join(f"    {login:<14}{password}" for login, password in rows)
        say(
            f"\n  已就绪（{seconds:.1f} 秒）：{settings.address}\n\n"
            f"  演示账号（密码在本机生成，保存在 {kept}）：\n{listed}\n\n"
            "  市民查询与提交：" + settings.address + "/resident\n"
            "  试打一个电话：以 agent1 登录，点“就绪”，然后在另一个终端运行\n"
            "    .venv/bin/hotline demo call --from 12900005678 --line 12345\n\n"
            "  Ctrl-C 停止全部。"
        )

    def _stop(self, *_: object) -> None:
        self._stopping = True


def _missing(body: bytes) -> str:
    """The sentences of the parts that /readyz says are not ready."""
    try:
        parts = json.loads(body)["parts"]
    except (ValueError, KeyError, TypeError):
        return "网站答非所问"
    return "；".join(sentence for sentence in parts.values() if sentence != "ok")
