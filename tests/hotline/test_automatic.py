"""自动派单 as a job: by the policy only, and the ticket is with its unit seconds later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.people import SYSTEM
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.ports import Suggestion, Suggestions
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Channel, RequestKind, Status
from dispatch.models.learning import AutomaticDispatch
from dispatch.models.tickets import Ticket
from dispatch.service import catalogue, intake
from hotline.automatic import dispatch_automatically

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PROFILE = load_profile("default")
OFF = Rules(PROFILE, load_calendar())
ON = Rules(
    replace(PROFILE, classifier=replace(PROFILE.classifier, auto_dispatch=True)), load_calendar()
)


class SureOfLamps:
    """A model that knows one thing well."""

    def suggest(self, text: str, *, division: str | None = None) -> Suggestions:
        """Sure of a lamp, of nothing else."""
        lamp = "路灯" in text
        best = Suggestion("0101", "路灯照明", 0.99 if lamp else 0.4)
        return Suggestions((best,), (), "m1", sure=lamp, precision=0.985 if lamp else None)


def test_requests_of_every_channel_are_judged_once_by_the_policy_in_force(
    database: Database,
) -> None:
    with database.work() as s:
        unit = {"tier": 1, "kind": "bureau", "division": None, "phone": None}
        catalogue.put_departments(s, [{"code": "CG", "name": "城管", "short_name": "城管", **unit}])
        catalogue.put_categories(
            s, [{"code": "0101", "name": "路灯照明", "parent": None, "level": 1}]
        )
        row = {"category": "0101", "division": "*", "lead": "CG"}
        catalogue.found_responsibilities(
            s, [{**row, "supporting": "", "legal_basis": ""}], since=date(2020, 1, 1)
        )
        for channel, content in ((Channel.WEB, "门口路灯不亮"), (Channel.PHONE, "说不清的事")):
            form = intake.RequestForm(content=content, kind=RequestKind.ASSISTANCE, channel=channel)
            intake.open_ticket(s, SYSTEM, form, now=NOW)
    dispatch_automatically(database, SureOfLamps(), OFF, NOW)
    with database.read() as s:
        assert s.scalars(select(AutomaticDispatch)).all() == []
    for _ in range(2):
        dispatch_automatically(database, SureOfLamps(), ON, NOW)
    with database.read() as s:
        statuses = dict(s.execute(select(Ticket.content, Ticket.status)).all())
        assert statuses == {
            "门口路灯不亮": Status.DISPATCHED.value,
            "说不清的事": Status.OPEN.value,
        }
        assert [row.reasons for row in s.scalars(select(AutomaticDispatch))] == [[], ["not_sure"]]
