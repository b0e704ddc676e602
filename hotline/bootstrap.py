"""Build everything from the settings and hand the parts to each other."""

from __future__ import annotations

import json
import logging
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from dispatch.bus import Database
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.service.rulebook import RuleBook
from hotline.settings import Settings
from telephony.asterisk.config import AsteriskSecrets

log = logging.getLogger("hotline")


def load_secrets(folder: Path) -> AsteriskSecrets:
    """Read the machine's secrets (`secrets.json`, mode 0600), making them at first start."""
    path = folder / "secrets.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {name: secrets.token_urlsafe(24) for name in AsteriskSecrets.__dataclass_fields__}
        # Two processes may start at once: the first to link the name wins, both then read it.
        draft = folder / f".secrets-{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(made, file)
        try:
            os.link(draft, path)
        except FileExistsError:
            log.info("secrets were made by another process")
        finally:
            draft.unlink()
    return AsteriskSecrets(**json.loads(path.read_text(encoding="utf-8")))


def open_database(settings: Settings | None = None) -> Database:
    """Open the database of the settings (the environment's when none are given)."""
    settings = settings or Settings()
    settings.folder.mkdir(parents=True, exist_ok=True)
    return Database(settings.database)


def open_rulebook(database: Database, settings: Settings | None = None) -> RuleBook:
    """The rules by moment: the versions loaded into the database over the shipped files."""
    return RuleBook(database, load_rules(settings))


def load_rules(settings: Settings | None = None) -> Rules:
    """Load the shipped policy profile of the settings with the shipped calendar."""
    settings = settings or Settings()
    return Rules(load_profile(settings.profile), load_calendar())


def utc_now() -> datetime:
    """The clock at the edge; nothing below it asks what time it is."""
    return datetime.now(UTC)
