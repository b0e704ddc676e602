"""A trunk as somebody typed it, and what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_network

from dispatch.domain import numbers
from dispatch.domain.call_terms import TrunkKind, TrunkSecurity
from dispatch.domain.errors import InvalidInput
from dispatch.domain.rules import Rules

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,19}", re.ASCII)
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,118}[A-Za-z0-9])?", re.ASCII)
USER = re.compile(r"[A-Za-z0-9._+@-]{1,60}", re.ASCII)
CALLER_ID = re.compile(r"\+?\d{3,20}", re.ASCII)
SECRET = re.compile(r"[!-~]{1,100}", re.ASCII)
"""What stands in a configuration file as it is: no space, no control character."""

UNSAFE_IN_SECRET = frozenset(';[]\\"')
"""What a configuration file of a telephone system would read as something else."""


@dataclass(frozen=True, kw_only=True)
class TrunkForm:
    """A trunk as somebody typed it; `password` "" keeps the stored one."""

    code: str
    label: str
    kind: str
    host: str
    port: int = 5060
    security: str = TrunkSecurity.UDP.value
    peers: str = ""
    register: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    caller_id: str = "12345"
    node: str = ""
    confirmed: bool = False
    """Whether the consequences of an emergency trunk were read and accepted."""


def trial_number(rules: Rules, typed: str) -> str:
    """The number of a test call; never an emergency line itself.

    Raises:
        InvalidInput: it is no telephone number, or somebody would send an ambulance.
    """
    number = typed.strip()
    if number in {rule.code for rule in rules.profile.calls.emergency} | numbers.EMERGENCY:
        raise InvalidInput(f"试拨不能直接拨 {number}；请拨与联动部门约定的测试号码", field="number")
    if not CALLER_ID.fullmatch(number):
        raise InvalidInput("试拨号码只能由数字组成，例如 13800000000", field="number")
    return number


def check(form: TrunkForm, nodes: tuple[str, ...]) -> None:
    """Look at every value.

    Raises:
        InvalidInput: one that cannot be, or an emergency trunk without the confirmation.
    """
    if not CODE.fullmatch(form.code.strip()):
        raise InvalidInput("代码应是小写字母、数字和短横，最多 20 个，例如 telecom-1", field="code")
    if not form.label.strip() or len(form.label.strip()) > 60:
        raise InvalidInput("请填写中继的名称，最多 60 个字", field="label")
    if form.kind not in TrunkKind.__members__.values():
        raise InvalidInput("请选择用途", field="kind")
    if form.security not in TrunkSecurity.__members__.values():
        raise InvalidInput("请选择传输与加密方式", field="security")
    if not HOST.fullmatch(form.host.strip()):
        raise InvalidInput("对端地址应是域名或 IP 地址，例如 sip.example.cn", field="host")
    if not 1 <= form.port <= 65_535:
        raise InvalidInput("端口应在 1 到 65535 之间", field="port")
    if not CALLER_ID.fullmatch(form.caller_id.strip()):
        raise InvalidInput("外显号码只能由数字组成，例如 12345", field="caller_id")
    if form.node and nodes and form.node not in nodes:
        raise InvalidInput(f"没有名为 {form.node} 的电话系统", field="node")
    peers_of(form.peers)
    _check_sign_in(form)
    _check_emergency(form)


def _check_sign_in(form: TrunkForm) -> None:
    if form.register and not form.username.strip():
        raise InvalidInput("向运营商注册需要用户名", field="username")
    if form.username.strip() and not USER.fullmatch(form.username.strip()):
        raise InvalidInput("用户名只能由字母、数字和 . _ + @ - 组成", field="username")
    wrong = not SECRET.fullmatch(form.password) or not UNSAFE_IN_SECRET.isdisjoint(form.password)
    if form.password and wrong:
        raise InvalidInput(
            "密码不能含空格、中文、分号、方括号、反斜杠和引号，最多 100 个字符", field="password"
        )


def _check_emergency(form: TrunkForm) -> None:
    if form.kind != TrunkKind.EMERGENCY.value:
        return
    if form.peers.strip():
        raise InvalidInput("紧急联动中继只用于呼出，请不要填写来话地址", field="peers")
    if not form.confirmed:
        raise InvalidInput(
            "设置后，话务员按键会真的拨通 110、119、120、122。"
            "请确认已与公安、消防、急救部门约定并试拨过",
            field="confirmed",
        )


def peers_of(typed: str) -> list[str]:
    """Addresses and networks, in order; by comma, space or line."""
    found: list[str] = []
    for part in re.split(r"[\s,，、;；]+", typed.strip()):
        if not part:
            continue
        try:
            network = ip_network(part, strict=False)
        except ValueError:
            raise InvalidInput(
                f"“{part}”不是 IP 地址或网段，应写成 203.0.113.5 或 203.0.113.0/24", field="peers"
            ) from None
        if network.prefixlen == 0:
            raise InvalidInput("来话地址不能是整个互联网", field="peers")
        found.append(part)
    if len(",".join(found)) > 300:
        raise InvalidInput("来话地址太多，请改用网段", field="peers")
    return found
