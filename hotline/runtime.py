"""Everything running in one process, put together and taken apart in order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from classifier.artefact import load_model
from classifier.errors import ModelMissing, ModelRefused
from classifier.suggester import KeywordSuggester, ModelSuggester
from dispatch.bus import Database
from dispatch.domain.ports import DepartmentSuggester
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import catalogue
from hotline import checks
from hotline.bootstrap import load_rules, load_secrets, open_database
from hotline.jobs import Jobs
from hotline.settings import Settings
from hotline.switchboard import asterisk_settings, connect_telephony
from portal.deps import PortalContext, Probe, SoftphoneConfig
from telephony.asterisk.config import sip_password

log = logging.getLogger("hotline")


def load_suggester(settings: Settings, database: Database, now: datetime) -> DepartmentSuggester:
    """The trained model, or counting words when there is none: requests are taken either way."""
    with database.read() as session:
        route = catalogue.routes(session, today=now.astimezone(SHANGHAI).date())
        categories, departments = catalogue.names(session)
    try:
        model = load_model(settings.model)
    except (ModelMissing, ModelRefused) as problem:
        log.warning("%s", problem)
        return KeywordSuggester(route=route, categories=categories, departments=departments)
    suggester = ModelSuggester(model, route=route, categories=categories, departments=departments)
    # The dictionary is read at the first text: better now than while an agent types.
    suggester.suggest("路灯不亮")
    return suggester


class Runtime:
    """One process's parts. With `work` it follows the telephones and runs the timers."""

    def __init__(self, settings: Settings, *, work: bool, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.database = open_database(settings)
        self.rules = load_rules(settings)
        self.clock = clock
        self.connector = connect_telephony(settings, self.database, self.rules, clock)
        self._jobs = Jobs(settings, self.database, self.rules, self.connector.dialer, clock)
        self._work = work

    def context(self, city: str) -> PortalContext:
        """What the portal works with."""
        settings = self.settings
        master = load_secrets(settings.folder).sip_master
        return PortalContext(
            db=self.database,
            rules=self.rules,
            suggester=load_suggester(settings, self.database, self.clock()),
            seats=self.connector.seats,
            dialer=self.connector.dialer,
            recordings=settings.recordings,
            clock=self.clock,
            city_name=city,
            softphone=SoftphoneConfig(
                ws_url=settings.softphone_url or asterisk_settings(settings).websocket_url,
                domain="127.0.0.1",
                password_for=lambda extension: sip_password(master, extension),
            ),
            probes=self._probes(),
        )

    def _probes(self) -> dict[str, Probe]:
        probes: dict[str, Probe] = {
            "database": lambda: checks.this_database(self.database).trouble,
            "recordings": lambda: checks.recordings(self.settings).trouble,
        }
        if self._work:
            probes["telephony"] = self._telephony
        return probes

    def _telephony(self) -> str | None:
        return None if self.connector.status().connected else "电话系统未连接，正在重试"

    def start(self) -> None:
        """Connect to the telephones and start the timers."""
        if self._work:
            self.connector.start()
            self._jobs.start()

    def stop(self) -> None:
        """Stop timers first, then telephones, then the database."""
        if self._work:
            self._jobs.stop()
            self.connector.stop()
        self.database.dispose()
