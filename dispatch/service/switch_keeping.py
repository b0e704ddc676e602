"""Keeps every node of the telephone system on the plan of the moment."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.domain.call_ports import Switch
from dispatch.domain.errors import HotlineError, SealBroken, TelephonyUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.ports import Seal
from dispatch.domain.switch_plan import SwitchPlan
from dispatch.service import switch_plans
from dispatch.service.rulebook import RuleBook

log = logging.getLogger(__name__)

TRY_AGAIN = timedelta(minutes=1)
"""After this long a plan that did not take is tried again: a disk may have been mended."""


@dataclass(frozen=True)
class SwitchKeeper:
    """Compares the plan with what each node works by, and applies it where they differ."""

    database: Database
    rulebook: RuleBook
    switch: Switch
    seal: Seal

    def look(self, now: datetime) -> None:
        """Apply the plan to every node that works by another; a node that is away waits."""
        for node in self.switch.nodes:
            try:
                self._keep(node, now)
            except TelephonyUnavailable:
                continue  # asked again at the next look, when it is back

    def apply(self, node: str, *, by: Actor, now: datetime) -> str:
        """Apply the plan to the node whatever it has now; return the problem, "" when it took.

        Raises:
            TelephonyUnavailable: the node is not connected; it gets the plan when it is back.
        """
        plan = self._plan(node, now)
        if isinstance(plan, SwitchPlan):
            return self._apply(node, plan, by, now)
        self._record(node, "", plan, by, now)
        return plan

    def _keep(self, node: str, now: datetime) -> None:
        has = self.switch.applied(node)
        plan = self._plan(node, now)
        digest, broken = (plan.digest, "") if isinstance(plan, SwitchPlan) else ("", plan)
        with self.database.read() as session:
            last = switch_plans.last_application(session, node)
        if digest and has == digest:
            if last is None or last.problem:
                self._record(node, digest, "", None, now)
            return
        failed = last is not None and last.problem and last.digest == digest
        if failed and last is not None and now - last.at < TRY_AGAIN:
            return
        if isinstance(plan, SwitchPlan):
            self._apply(node, plan, None, now)
        else:
            self._record(node, digest, broken, None, now)

    def _plan(self, node: str, now: datetime) -> SwitchPlan | str:
        """The plan of the moment, or why there is none."""
        with self.database.read() as session:
            try:
                return switch_plans.plan_of(
                    session, self.rulebook.at(now), self.seal, node=node, now=now
                )
            except SealBroken as broken:
                return str(broken)

    def _apply(self, node: str, plan: SwitchPlan, by: Actor | None, now: datetime) -> str:
        problem = ""
        try:
            self.switch.apply(node, plan)
        except TelephonyUnavailable:
            raise
        except HotlineError as failure:
            problem = str(failure)
        self._record(node, plan.digest, problem, by, now)
        return problem

    def _record(
        self, node: str, digest: str, problem: str, by: Actor | None, now: datetime
    ) -> None:
        if problem:
            log.error("switch plan of %s: %s", node, problem)
        else:
            log.info("switch plan of %s applied", node)
        with self.database.work() as session:
            switch_plans.record_application(session, node, digest, problem=problem, by=by, now=now)
