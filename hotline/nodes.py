"""The telephone systems of one hotline: the one of the settings, or those of a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from hotline.settings import EXTENSIONS, SettingRefused, Settings, extensions_of

NAME = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
"""A node's name begins every call id, up to the hyphen."""

PORTS = ("ami_port", "sip_port", "http_port", "rtp_start", "rtp_end")


@dataclass(frozen=True, kw_only=True)
class Node:
    """One Asterisk. What the file leaves out is as the settings have it.

    `log` is the log folder of an Asterisk that runs on another machine (mounted here); without
    it the node runs on this machine, below the data folder.
    """

    name: str
    ami_host: str
    ami_port: int
    ami_secret: str = field(repr=False)
    log: Path | None
    sip_host: str
    sip_port: int
    http_port: int
    rtp_start: int
    rtp_end: int
    softphone_url: str
    trunk_peers: str
    trunk_contact: str
    extensions: str

    @property
    def runs_here(self) -> bool:
        """Whether this machine starts it and writes its configuration."""
        return self.log is None

    @property
    def agents(self) -> tuple[str, ...]:
        """The extensions that register here."""
        return extensions_of(self.extensions)


def nodes_of(settings: Settings) -> tuple[Node, ...]:
    """Every node, the first one first.

    Raises:
        SettingRefused: the file cannot be read, or two nodes want the same.
    """
    usual = _usual(settings)
    if settings.nodes is None:
        return (usual,)
    try:
        rows = tomllib.loads(settings.nodes.read_text("utf-8")).get("node", [])
    except (OSError, ValueError) as problem:
        raise SettingRefused(
            f"HOTLINE_NODES 指定的文件 {settings.nodes} 不能读取：{problem}"
        ) from problem
    if not isinstance(rows, list) or not rows:
        raise SettingRefused(f"{settings.nodes} 里没有 [[node]]，至少要有一个电话系统")
    nodes = tuple(_node(row, usual, place) for place, row in enumerate(rows, start=1))
    _check(nodes)
    return nodes


def extensions_by_node(nodes: tuple[Node, ...]) -> dict[str, str]:
    """Extension to the name of the node it registers at."""
    return {extension: node.name for node in nodes for extension in node.agents}


def _usual(settings: Settings) -> Node:
    return Node(
        name=settings.system_name,
        ami_host=settings.ami_host,
        ami_port=settings.ami_port,
        ami_secret=settings.ami_secret,
        log=settings.asterisk_log,
        sip_host=settings.sip_host,
        sip_port=settings.sip_port,
        http_port=settings.asterisk_http_port,
        rtp_start=settings.rtp_start,
        rtp_end=settings.rtp_end,
        softphone_url=settings.softphone_url,
        trunk_peers=settings.trunk_peers,
        trunk_contact=settings.trunk_contact,
        extensions=settings.extensions,
    )


def _node(row: Any, usual: Node, place: int) -> Node:
    where = f"第 {place} 个 [[node]]"
    known = {one.name for one in fields(Node)}
    if not isinstance(row, Mapping) or set(row) - known:
        unknown = "、".join(sorted(set(row) - known)) if isinstance(row, Mapping) else row
        raise SettingRefused(f"{where} 里有不认识的项：{unknown}")
    values = {name: row.get(name, getattr(usual, name)) for name in known}
    values["log"] = Path(row["log"]) if row.get("log") else None
    if not isinstance(row.get("name"), str) or not NAME.fullmatch(row["name"]):
        raise SettingRefused(f"{where} 的 name 应是小写字母和数字，最多 20 个")
    for port in PORTS:
        if type(values[port]) is not int or not 1 <= values[port] <= 65_535:
            raise SettingRefused(f"{where} 的 {port} 不能是“{values[port]}”")
    texts = known - {"log", *PORTS}
    wrong = next((name for name in sorted(texts) if not isinstance(values[name], str)), None)
    if wrong is not None:
        raise SettingRefused(f"{where} 的 {wrong} 应是文字")
    if not re.fullmatch(EXTENSIONS, values["extensions"]):
        raise SettingRefused(f"{where} 的 extensions 应写成 8001-8012,8050")
    return Node(**values)


def _check(nodes: tuple[Node, ...]) -> None:
    _once("name", [node.name for node in nodes])
    _once("管理接口", [f"{node.ami_host}:{node.ami_port}" for node in nodes])
    _once("分机", [extension for node in nodes for extension in node.agents])
    here = [node for node in nodes if node.runs_here]
    # TLS listens at the port after SIP's.
    sip = [f"{node.sip_host}:{node.sip_port + step}" for node in here for step in (0, 1)]
    _once("SIP 端口（含其后一个 TLS 端口）", sip)
    _once("软电话端口", [str(node.http_port) for node in here])
    spans = sorted((node.rtp_start, node.rtp_end, node.name) for node in here)
    for (_, end, one), (start, _, other) in pairwise(spans):
        if start <= end:
            raise SettingRefused(f"{one} 和 {other} 的 RTP 端口重叠")


def _once(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise SettingRefused(f"HOTLINE_NODES：{what}重复：{'、'.join(twice[:5])}")
