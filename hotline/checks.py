"""What can be wrong with an installation, each with the remedy in one sentence."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from tempfile import TemporaryFile

from classifier.artefact import load_model
from dispatch.bus import Database
from dispatch.db import DATABASE_DOWN
from dispatch.domain.errors import HotlineError
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from hotline import schema
from hotline.bootstrap import load_secrets
from hotline.settings import Settings
from telephony.asterisk.probe import AmiProbe

LEAST_DISK = 2 * 1024**3
BORN = datetime(2026, 1, 1, tzinfo=SHANGHAI)
"""No clock that is right can show an earlier time than this program's own."""


@dataclass(frozen=True)
class Check:
    """One part: what was found, or what is wrong and what to do about it."""

    part: str
    found: str = ""
    trouble: str | None = None
    warning: bool = False


def all_checks(settings: Settings, database: Database, rules: Rules, now: datetime) -> list[Check]:
    """Run every check; none stops the others."""
    return [
        this_database(database),
        *telephones(settings),
        recordings(settings),
        model(settings),
        clock(now),
        *calendar(rules, now),
        disk(settings),
    ]


def this_database(database: Database) -> Check:
    """Reachable, and its tables those of this version."""
    part = "数据库"
    try:
        has, newest = schema.revision(database)
    except DATABASE_DOWN as error:
        return Check(part, trouble=f"连不上（{error}）。请检查 HOTLINE_DATABASE_URL 和数据库服务")
    if has != newest:
        return Check(
            part, trouble=f"表结构是 {has or '空的'}，应为 {newest}。请运行 hotline migrate"
        )
    return Check(part, f"{database.engines.write.dialect.name}，表结构 {has}")


def telephones(settings: Settings) -> Iterator[Check]:
    """AMI signs us in, and the SIP and WebSocket ports are open."""
    remedy = "请用 make up 启动，或查看数据目录下 asterisk/log/messages"
    try:
        secret = settings.ami_secret or load_secrets(settings.folder).ami_actions
        port, host = settings.ami_port, settings.ami_host
        with AmiProbe(port, "hotline-actions", secret, host=host, timeout_s=3):
            pass
        yield Check("电话系统（AMI）", f"已登录 {settings.ami_host}:{settings.ami_port}")
    except (HotlineError, OSError) as error:
        yield Check("电话系统（AMI）", trouble=f"登录不上（{error}）。{remedy}")
    if settings.asterisk_log is not None:
        yield Check("SIP 与软电话端口", "电话系统在别处运行，本机查不到端口")
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((settings.sip_host, settings.sip_port))
            yield Check("SIP 端口", trouble=f"{settings.sip_port} 上没有电话系统。{remedy}")
        except OSError:
            yield Check("SIP 端口", f"UDP {settings.sip_host}:{settings.sip_port}")
    try:
        socket.create_connection(("127.0.0.1", settings.asterisk_http_port), timeout=2).close()
        yield Check("软电话端口", f"WebSocket 127.0.0.1:{settings.asterisk_http_port}")
    except OSError as error:
        yield Check("软电话端口", trouble=f"连不上（{error}）。{remedy}")


def recordings(settings: Settings) -> Check:
    """The recordings folder can be written."""
    folder = settings.recordings
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return Check("录音目录", str(folder))
    except OSError as error:
        return Check("录音目录", trouble=f"{folder} 不能写入（{error}）。请检查权限或磁盘")


def model(settings: Settings) -> Check:
    """The classifier's model loads."""
    try:
        return Check("分类模型", f"版本 {load_model(settings.model).card.version}")
    except HotlineError as error:
        return Check(
            "分类模型", trouble=f"{error}；演示模型可用 hotline demo model 训练", warning=True
        )


def clock(now: datetime) -> Check:
    """The machine's clock and the city's zone."""
    if now < BORN:
        return Check(
            "时钟", trouble=f"本机时间 {now:%Y-%m-%d %H:%M} 不对，时限会算错。请校时（NTP）"
        )
    city = now.astimezone(SHANGHAI)
    if city.utcoffset() != timedelta(hours=8):
        return Check("时区", trouble="时区数据有误，Asia/Shanghai 应为 +08:00。请更新 tzdata")
    return Check("时钟与时区", f"北京时间 {city:%Y-%m-%d %H:%M:%S}")


def calendar(rules: Rules, now: datetime) -> Iterator[Check]:
    """This year's and the next year's holidays are known."""
    year = now.astimezone(SHANGHAI).year
    for wanted in (year, year + 1):
        part = f"{wanted} 年节假日"
        if rules.calendar.is_provisional(date(wanted, 1, 1), date(wanted, 12, 31)):
            remedy = f"国务院通知公布后请补充 dispatch/policy/calendar/{wanted}.toml，再重启"
            yield Check(part, trouble=f"暂定，只含法定节日和周末。{remedy}", warning=True)
        else:
            yield Check(part, f"已载入（{rules.calendar.version}）")


def disk(settings: Settings) -> Check:
    """Room for recordings."""
    free = shutil.disk_usage(settings.folder).free
    text = f"剩余 {free / 1024**3:.1f} GB"
    if free < LEAST_DISK:
        return Check("磁盘", trouble=f"{text}，不足 2 GB。请清理或扩容 {settings.folder}")
    return Check("磁盘", text)
