"""自动派单 as a job: new requests are read by the model and sent or left, one by one."""

from __future__ import annotations

import logging
from datetime import datetime

from dispatch.bus import Database
from dispatch.domain.ports import DepartmentSuggester
from dispatch.domain.rules import Rules
from dispatch.service import auto_dispatch

log = logging.getLogger("hotline.automatic")

LOOK_S = 2.0
"""How soon a request that was just taken is judged."""


def dispatch_automatically(
    database: Database, suggester: DepartmentSuggester, rules: Rules, now: datetime
) -> None:
    """Judge what is new, where the policy lets the model dispatch; each in its own transaction.

    The model reads outside of every transaction: nobody waits for it.
    """
    if not rules.profile.classifier.auto_dispatch:
        return
    with database.read() as session:
        waiting = auto_dispatch.waiting(session, now=now)
    for request in waiting:
        found = suggester.suggest(request.text, division=request.division)
        with database.work() as session:
            judged = auto_dispatch.decide(session, request.number, found, rules, now=now)
        if judged is not None and judged.unit:
            log.info("%s dispatched to %s by the model", judged.number, judged.unit)
