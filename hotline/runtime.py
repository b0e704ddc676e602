"""Everything running in one process, put together and taken apart in order."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from classifier.near_search import NearSearch
from dispatch.domain.ports import NoScanner
from dispatch.files.import_folder import ImportFolder
from dispatch.files.recordings import RecordingFolder
from dispatch.files.scan import ClamdScanner
from dispatch.files.store import FolderStore
from dispatch.service.switch_keeping import SwitchKeeper
from hotline import (
    accountability,
    archive,
    calling,
    campaigns,
    checks,
    history_reading,
    hot_spots,
    messaging,
    open_data,
    reporting,
    three_views,
    warnings,
)
from hotline.automatic import LOOK_S, dispatch_automatically
from hotline.bootstrap import load_secrets, open_database, open_rulebook
from hotline.coverage import stored_coverage
from hotline.jobs import Jobs
from hotline.keys import load_keyring
from hotline.messengers import messenger_of
from hotline.model_keeping import ModelKeeper
from hotline.near_keeping import NearKeeper, division_parents
from hotline.nodes import nodes_of
from hotline.recordings import RecordingKeeper
from hotline.settings import Settings
from hotline.suggesting import ReloadingSuggester
from hotline.switchboard import connect_telephony, settle_seats, softphone_url
from hotline.training_start import LOOK_S as TRAINING_LOOK_S
from hotline.training_start import TrainingStarter
from hotline.transcribing import TranscriptWorker
from portal.deps import PortalContext, Probe, SoftphoneConfig
from portal.metrics import NodeFigures
from telephony.asterisk.config import sip_password
from telephony.speech import WhisperTranscriber

log = logging.getLogger("hotline")

TRANSCRIBE_S = 20
"""How often the queue of recordings to put into words is looked at when it was empty."""


class Runtime:
    """One process's parts. With `work` it follows the telephones and runs the timers."""

    def __init__(self, settings: Settings, *, work: bool, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.database = open_database(settings)
        self.rulebook = open_rulebook(self.database, settings)
        self.clock = clock
        self.exchange = connect_telephony(settings, self.database, self.rulebook, clock)
        keyring = load_keyring(settings.folder, clock())
        self._recordings = RecordingFolder(settings.recordings, keyring)
        switch = SwitchKeeper(
            self.database, self.rulebook, self.exchange.telephones.switch, keyring
        )
        keeper = RecordingKeeper(
            self.database, self._recordings, transcribe=settings.speech != "off"
        )
        self._transcripts = (
            TranscriptWorker(
                self.database,
                self._recordings,
                WhisperTranscriber(settings.folder / "models" / "speech"),
                clock,
            )
            if settings.speech == "whisper"
            else None
        )
        self._jobs = Jobs(
            settings,
            self.database,
            self.rulebook,
            self.exchange.seats,
            keeper,
            switch,
            clock,
        )
        self._nodes = nodes_of(settings)
        self._jobs.add(
            calling.timers(
                self.database, self.rulebook, self.exchange.telephones, self._connected_since
            )
        )
        self._jobs.add(
            campaigns.timers(
                settings,
                self.database,
                self.rulebook,
                self.exchange.dialer,
                self._connected_since,
            )
        )
        self._jobs.add(hot_spots.timers(self.database, self.rulebook))
        self._jobs.add(warnings.timers(self.database, self.rulebook))
        self._counting = archive.engine_of(settings, self.database)
        self._jobs.add(reporting.timers(self.database, self._counting, self.rulebook))
        self._jobs.add(accountability.timers(self.database))
        self._jobs.add(archive.timers(settings, self.database))
        self._messenger = messenger_of(settings)
        outbox = messaging.Outbox(self.database, self._messenger, keyring, settings.address)
        self._jobs.add(messaging.timers(outbox, self.rulebook))
        self._jobs.add(three_views.timers(self.database, self.rulebook))
        self._jobs.add(
            history_reading.timers(self.database, self.rulebook, ImportFolder(settings.imports))
        )
        self._jobs.add(open_data.timers(self.database, self.rulebook, settings.open_data))
        if self._transcripts is not None:
            self._jobs.add([(TRANSCRIBE_S, "transcripts", self._transcripts.run)])
        self._models = ModelKeeper(self.database, settings.models, self.rulebook.at)
        self._training = TrainingStarter(settings, self.database, self.rulebook.at)
        self._jobs.add([(TRAINING_LOOK_S, "training", self._training.look)])
        self._near = NearKeeper(self.database, settings.near)
        self._work = work

    def _connected_since(self) -> datetime | None:
        """Since when every node has been heard; None while one is not."""
        since = [status.connected_since for status in self.exchange.status().values()]
        known = [moment for moment in since if moment is not None]
        return max(known) if known and len(known) == len(since) else None

    def context(self, city: str) -> PortalContext:
        """What the portal works with."""
        settings = self.settings
        master = load_secrets(settings.folder).sip_master
        self._models.adopt_current(now=self.clock())
        suggester = ReloadingSuggester(self._models, self.clock)
        self._jobs.add(
            [
                (
                    LOOK_S,
                    "auto-dispatch",
                    lambda now: dispatch_automatically(
                        self.database, suggester, self.rulebook.at(now), now
                    ),
                )
            ]
        )
        near = NearSearch(settings.near, lambda: division_parents(self.database))
        # Its files are checked at the first look: better now than while an agent types.
        log.info("similar tickets: %s", "ready" if near.ready else "not ready yet")
        return PortalContext(
            db=self.database,
            rulebook=self.rulebook,
            suggester=suggester,
            coverage=stored_coverage,
            models=self._models,
            search=near,
            seats=self.exchange.seats,
            dialer=self.exchange.dialer,
            telephones=self.exchange.telephones,
            recordings=self._recordings,
            seal=self._recordings.keyring,
            signer=self._recordings.keyring,
            messenger=self._messenger,
            speech=self._transcripts is not None,
            desk_phones=tuple(settings.desk_telephones),
            attachments=FolderStore(settings.attachments),
            imports=ImportFolder(settings.imports),
            open_data=settings.open_data,
            scanner=ClamdScanner(settings.clamd) if settings.clamd else NoScanner(),
            clock=self.clock,
            city_name=city,
            softphone=SoftphoneConfig(
                ws_url=softphone_url(settings, self._nodes[0]),
                domain="127.0.0.1",
                password_for=lambda extension: sip_password(master, extension),
                elsewhere={
                    extension: softphone_url(settings, node)
                    for node in self._nodes[1:]
                    for extension in node.agents
                },
            ),
            probes=self._probes(),
            nodes=self._figures,
            counting=self._counting,
        )

    def _probes(self) -> dict[str, Probe]:
        probes: dict[str, Probe] = {
            "database": lambda: checks.this_database(self.database).trouble,
            "recordings": lambda: checks.recordings(self.settings).trouble,
        }
        if self._work:
            probes["telephony"] = self._telephony
        return probes

    def _figures(self) -> dict[str, NodeFigures]:
        if not self._work:
            return {}
        return {
            name: NodeFigures(
                connected=status.connected,
                open_calls=status.open_calls,
                events=status.events,
                restarts=status.asterisk_restarts,
                waiting_to_be_stored=status.waiting_to_be_stored,
                seat_corrections=status.seat_corrections,
            )
            for name, status in self.exchange.status().items()
        }

    def _telephony(self) -> str | None:
        away = [name for name, status in self.exchange.status().items() if not status.connected]
        if not away:
            return None
        which = f" {'、'.join(away)} " if len(self._nodes) > 1 else ""
        return f"电话系统{which}未连接，正在重试"

    def start(self) -> None:
        """Connect to the telephones and start the timers."""
        if self._work:
            settle_seats(self.settings, self.database)
            self.exchange.start()
            self._jobs.start()
            self._near.start()

    def stop(self) -> None:
        """Stop timers first, then telephones, then the database."""
        if self._work:
            if self._transcripts is not None:
                self._transcripts.stop()
            self._near.stop()
            self._jobs.stop()
            self._training.stop()
            self.exchange.stop()
        self._counting.close()
        self.database.dispose()
