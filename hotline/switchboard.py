"""Our Asterisk as the settings want it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from dispatch.bus import Database
from dispatch.domain.rules import Rules
from hotline.bootstrap import load_secrets
from hotline.settings import Settings
from hotline.store import DatabaseCheckpoints, DatabaseSink, wished_seats
from telephony.ami import AmiConfig
from telephony.asterisk.config import AsteriskSettings, host_ipv4_addresses
from telephony.connector import ConnectorConfig, TelephonyConnector
from telephony.headers import HEARD


def connect_telephony(
    settings: Settings, database: Database, rules: Rules, clock: Callable[[], datetime]
) -> TelephonyConnector:
    """The connector to our Asterisk, not started yet."""
    ours = asterisk_settings(settings)
    secrets = ours.secrets
    actions = AmiConfig(
        username="hotline-actions",
        secret=settings.ami_secret or secrets.ami_actions,
        host=settings.ami_host,
        port=settings.ami_port,
    )
    events = replace(
        actions,
        username="hotline-events",
        secret=settings.ami_secret or secrets.ami_events,
        wanted=HEARD,
    )
    log = settings.asterisk_log or ours.log
    config = ConnectorConfig(
        events=events,
        actions=actions,
        channel_events=log / "cel-custom" / "full.csv",
        queue_log=log / "queue_log",
    )
    return TelephonyConnector(
        config,
        sink=DatabaseSink(database, rules, clock),
        wishes=wished_seats(database),
        checkpoints=DatabaseCheckpoints(database),
        now=clock,
    )


def asterisk_settings(settings: Settings) -> AsteriskSettings:
    """What its configuration is generated from."""
    return AsteriskSettings(
        root=settings.folder / "asterisk",
        recordings=settings.recordings,
        secrets=load_secrets(settings.folder),
        system_name=settings.system_name,
        sip_bind=settings.sip_host,
        sip_port=settings.sip_port,
        http_port=settings.asterisk_http_port,
        ami_port=settings.ami_port,
        rtp_ports=(settings.rtp_start, settings.rtp_end),
        agents=settings.agent_extensions,
        trunk_peers=tuple(p.strip() for p in settings.trunk_peers.split(",") if p.strip()),
        trunk_contact=settings.trunk_contact,
        host_addresses=host_ipv4_addresses(),
    )
