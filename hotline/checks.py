"""What can be wrong with an installation, each with the remedy in one sentence."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from tempfile import TemporaryFile

from dispatch.bus import Database
from dispatch.db import DATABASE_DOWN
from dispatch.domain.errors import HotlineError
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.scan import ClamdScanner
from dispatch.service import chain_check, outcomes, transcripts
from dispatch.service import recordings as recordings_service
from dispatch.service.chain_check import Broken, broken
from hotline import schema
from hotline.bootstrap import load_secrets
from hotline.keys import KeysUnreadable, load_keyring
from hotline.model_keeping import ModelKeeper
from hotline.nodes import Node, nodes_of
from hotline.settings import Settings
from telephony.asterisk.probe import AmiProbe
from telephony.speech import SpeechMissing
from telephony.speech import installed as speech_installed

LEAST_DISK = 2 * 1024**3
NEWEST = 2_000
"""Tickets whose history every run checks."""
SLICE = 3_000
"""Older tickets checked too: another slice each day, so that all are seen in turn."""
NAMED = 3
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
    here = this_database(database)
    return [
        here,
        *([history(database, now), contacts(database, now)] if here.trouble is None else []),
        *(recording_rows(settings, database, now) if here.trouble is None else []),
        *telephones(settings),
        recordings(settings),
        attachments(settings),
        scanner(settings),
        model(settings, database, rules, registered=here.trouble is None),
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


def history(database: Database, now: datetime) -> Check:
    """The newest histories and today's slice of the older ones hold; bounded in time."""
    with database.read() as session:
        newest = chain_check.newest_ticket(session)
        older = max(newest - NEWEST, 0)
        first = now.astimezone(SHANGHAI).date().toordinal() * SLICE % older if older else 0
        walks = [(older, newest), (first, min(first + SLICE, older))]
        found = [b for after, up_to in walks for b in broken(session, after=after, up_to=up_to)]
    seen = sum(up_to - after for after, up_to in walks)
    return of_history(found, f"抽查 {seen} 张工单，未见改动；全部检查请用 hotline doctor --history")


def contacts(database: Database, now: datetime) -> Check:
    """Every call that ended has its one outcome; an agent has a day to say which."""
    part = "来电结果"
    with database.read() as session:
        open_ones = outcomes.unaccounted(session, before=now - timedelta(days=1))
    if not open_ones:
        return Check(part, "一天以前的来电都已登记结果")
    return Check(
        part,
        trouble=f"至少有 {len(open_ones)} 个一天以前的来电还没有登记结果；"
        "请接听的话务员在工作台“待登记”中补登",
        warning=True,
    )


def of_history(found: list[Broken], fine: str) -> Check:
    """What the chain says, with the remedy."""
    part = "流转记录"
    if not found:
        return Check(part, fine)
    named = "；".join(one.why for one in found[:NAMED])
    more = f"；等共 {len(found)} 处" if len(found) > NAMED else ""
    return Check(
        part,
        trouble=f"{named}{more}。请保留现场，核查数据库账号和备份；"
        "用 hotline doctor --history 可列出全部，再与备份比对恢复",
    )


def telephones(settings: Settings) -> Iterator[Check]:
    """Every telephone system: AMI signs us in, and the SIP and WebSocket ports are open."""
    nodes = nodes_of(settings)
    for node in nodes:
        name = f" {node.name}" if len(nodes) > 1 else ""
        yield from _one_telephone(settings, node, name)


def _one_telephone(settings: Settings, node: Node, name: str) -> Iterator[Check]:
    remedy = "请用 make up 启动，或查看数据目录下 asterisk/log/messages"
    try:
        secret = node.ami_secret or load_secrets(settings.folder).ami_actions
        port, host = node.ami_port, node.ami_host
        with AmiProbe(port, "hotline-actions", secret, host=host, timeout_s=3):
            pass
        yield Check(f"电话系统{name}（AMI）", f"已登录 {host}:{port}")
    except (HotlineError, OSError) as error:
        yield Check(f"电话系统{name}（AMI）", trouble=f"登录不上（{error}）。{remedy}")
    if not node.runs_here:
        yield Check(f"SIP 与软电话端口{name}", "电话系统在别处运行，本机查不到端口")
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((node.sip_host, node.sip_port))
            yield Check(f"SIP 端口{name}", trouble=f"{node.sip_port} 上没有电话系统。{remedy}")
        except OSError:
            yield Check(f"SIP 端口{name}", f"UDP {node.sip_host}:{node.sip_port}")
    try:
        socket.create_connection(("127.0.0.1", node.http_port), timeout=2).close()
        yield Check(f"软电话端口{name}", f"WebSocket 127.0.0.1:{node.http_port}")
    except OSError as error:
        yield Check(f"软电话端口{name}", trouble=f"连不上（{error}）。{remedy}")


def recordings(settings: Settings) -> Check:
    """The recordings folder can be written."""
    folder = settings.recordings
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return Check("录音目录", str(folder))
    except OSError as error:
        return Check("录音目录", trouble=f"{folder} 不能写入（{error}）。请检查权限或磁盘")


def recording_rows(settings: Settings, database: Database, now: datetime) -> Iterator[Check]:
    """The keys can be read, every recording has its file, and words are made if they shall be."""
    part = "录音"
    try:
        ring = load_keyring(settings.folder, now)
    except KeysUnreadable as error:
        yield Check(part, trouble=str(error))
        return
    with database.read() as session:
        lost = recordings_service.count_missing(session)
        lacking = recordings_service.key_ids(session) - set(ring.keys)
        waiting = transcripts.waiting(session)
    if lacking:
        names = "、".join(sorted(lacking))
        yield Check(part, trouble=f"缺少密钥 {names}，用它加密的录音不能播放，请从备份恢复")
    elif lost:
        remedy = "请检查录音目录与 Asterisk 的录音权限，或从备份恢复文件"
        yield Check(part, trouble=f"{lost} 次通话的录音缺失。{remedy}", warning=True)
    else:
        yield Check(part, f"密钥 {ring.current}，没有缺失")
    if settings.speech != "off" and not speech_installed():
        yield Check("语音转写", trouble=str(SpeechMissing()))
    elif settings.speech != "off":
        yield Check("语音转写", f"{settings.speech}，{waiting} 段等待转写")


def attachments(settings: Settings) -> Check:
    """The attachments folder can be written, and nobody else on this machine reads it."""
    folder = settings.attachments
    part = "附件目录"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(part, trouble=f"{folder} 不能写入（{error}）。请检查权限或磁盘")
    if folder.stat().st_mode & 0o077:
        remedy = f"请运行 chmod 700 {folder}"
        return Check(part, trouble=f"{folder} 可以被本机其他账号读取。{remedy}", warning=True)
    return Check(part, str(folder))


def scanner(settings: Settings) -> Check:
    """The scanner of attachments answers, if there is one."""
    part = "附件查毒"
    if not settings.clamd:
        return Check(part, "没有配置（HOTLINE_CLAMD），附件标为未扫描")
    problem = ClamdScanner(settings.clamd, timeout_s=3).ping()
    if problem is not None:
        remedy = "附件暂时标为未扫描。请启动 clamd，或核对 HOTLINE_CLAMD"
        return Check(
            part, trouble=f"{settings.clamd} 没有回应（{problem}）。{remedy}", warning=True
        )
    return Check(part, f"ClamAV {settings.clamd}")


def model(settings: Settings, database: Database, rules: Rules, *, registered: bool) -> Check:
    """The model in use can be read; without a database to ask (`registered`), the first one."""
    part = "分类模型"
    keeper = ModelKeeper(database, settings.models, lambda _: rules)
    wanted = keeper.active_version() if registered else None
    best = keeper.best(wanted)
    if best is None:
        remedy = "演示模型可用 hotline demo model 训练"
        return Check(part, trouble=f"没有可用的模型：{settings.models}；{remedy}", warning=True)
    if wanted is not None and best.card.version != wanted:
        remedy = "请用 hotline classify rollback 退回，或重新训练"
        words = f"使用中的模型 {wanted} 读不出来，暂由 {best.card.version} 应答。{remedy}"
        return Check(part, trouble=words, warning=True)
    return Check(part, f"版本 {best.card.version}")


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
