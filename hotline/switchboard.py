"""The telephone systems as the settings want them: connected to, configured, started."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dispatch.bus import Database
from dispatch.domain.errors import BadPlan, SealBroken
from dispatch.domain.ports import Seal
from dispatch.domain.switch_plan import SwitchPlan
from dispatch.service import seat_nodes, switch_plans
from dispatch.service.rulebook import RuleBook
from hotline.bootstrap import load_secrets
from hotline.nodes import Node, extensions_by_node, nodes_of
from hotline.seating import DatabaseSeats
from hotline.settings import Settings
from hotline.store import DatabaseCheckpoints, DatabaseSink
from telephony.ami import AmiConfig
from telephony.asterisk.config import SHIPPED_PROMPTS, AsteriskSettings, host_ipv4_addresses
from telephony.asterisk.plan_files import AsteriskPlanFiles
from telephony.asterisk.runner import AsteriskRunner
from telephony.connector import ConnectorConfig, TelephonyConnector
from telephony.exchange import Exchange
from telephony.headers import HEARD

log = logging.getLogger("hotline")


def connect_telephony(
    settings: Settings, database: Database, rulebook: RuleBook, clock: Callable[[], datetime]
) -> Exchange:
    """Every node's connector behind one face, not started yet."""
    nodes = nodes_of(settings)

    def settle(extension: str, node: str) -> None:
        with database.work() as session:
            seat_nodes.settle(session, {extension: node})

    connectors = {
        node.name: _connector(settings, node, database, rulebook, clock) for node in nodes
    }
    return Exchange(connectors, extensions_by_node(nodes), settle)


def settle_seats(settings: Settings, database: Database) -> None:
    """Write down at which node each agent's extension registers."""
    with database.work() as session:
        seat_nodes.settle(session, extensions_by_node(nodes_of(settings)))


def _connector(
    settings: Settings,
    node: Node,
    database: Database,
    rulebook: RuleBook,
    clock: Callable[[], datetime],
) -> TelephonyConnector:
    ours = asterisk_settings(settings, node)
    folder = node.log or ours.log
    config = ConnectorConfig(
        events=_ami(node, "hotline-events", ours.secrets.ami_events, wanted=HEARD),
        actions=_ami(node, "hotline-actions", ours.secrets.ami_actions),
        channel_events=folder / "cel-custom" / "full.csv",
        detail_records=folder / "cdr-csv" / "Master.csv",
        queue_log=folder / "queue_log",
        seat_check_s=settings.seat_check_seconds,
        node=node.name,
        plan_files=AsteriskPlanFiles(ours) if node.runs_here else None,
    )
    alone = len(nodes_of(settings)) == 1
    sink = DatabaseSink(database, rulebook, clock, node.name, alone=alone)
    connector = TelephonyConnector(
        config,
        sink=sink,
        seats=DatabaseSeats(database, rulebook, clock, node.name),
        checkpoints=DatabaseCheckpoints(database, _prefix(settings, node)),
        now=clock,
    )
    sink.ask = connector.seats.ask
    return connector


def _ami(node: Node, username: str, secret: str, wanted: frozenset[str] | None = None) -> AmiConfig:
    return AmiConfig(
        username=username,
        secret=node.ami_secret or secret,
        host=node.ami_host,
        port=node.ami_port,
        wanted=wanted,
    )


def _prefix(settings: Settings, node: Node) -> str:
    """The settings' own node keeps the names it had when it was the only one."""
    return "" if node.name == settings.system_name else f"{node.name}/"


def asterisk_settings(
    settings: Settings, node: Node | None = None, plan: SwitchPlan | None = None
) -> AsteriskSettings:
    """What a node's configuration is generated from; the first node's when none is named."""
    node = node or nodes_of(settings)[0]
    own = node.name == settings.system_name
    return AsteriskSettings(
        root=settings.folder / ("asterisk" if own else f"asterisk-{node.name}"),
        recordings=settings.recordings,
        secrets=load_secrets(settings.folder),
        system_name=node.name,
        sip_bind=node.sip_host,
        sip_port=node.sip_port,
        http_port=node.http_port,
        ami_port=node.ami_port,
        rtp_ports=(node.rtp_start, node.rtp_end),
        agents=node.agents,
        desk_phones=settings.desk_telephones if own else {},
        trunk_peers=tuple(p.strip() for p in node.trunk_peers.split(",") if p.strip()),
        trunk_contact=node.trunk_contact,
        host_addresses=host_ipv4_addresses(),
        prompts=settings.prompts.expanduser().resolve() if settings.prompts else SHIPPED_PROMPTS,
        plan=plan or SwitchPlan(),
    )


def softphone_url(settings: Settings, node: Node) -> str:
    """Where a browser signs in the softphone of an extension of this node."""
    return node.softphone_url or asterisk_settings(settings, node).websocket_url


def start_asterisk(
    runner: AsteriskRunner, database: Database, rulebook: RuleBook, seal: Seal, now: datetime
) -> str:
    """Start a node on the plan of the moment; return what is wrong with the plan, "" if nothing.

    People must be able to ring whatever the plan: where it cannot be written, the telephone
    system starts on the plain one, in which every number is answered by the usual queue.
    """
    try:
        with database.read() as session:
            node = runner.settings.system_name
            plan = switch_plans.plan_of(session, rulebook.at(now), seal, node=node, now=now)
        runner.settings = replace(runner.settings, plan=plan)
        runner.start()
        return ""
    except (BadPlan, SealBroken) as failure:
        problem = str(failure)
    log.error("%s", problem)
    runner.settings = replace(runner.settings, plan=SwitchPlan())
    runner.start()
    return problem
