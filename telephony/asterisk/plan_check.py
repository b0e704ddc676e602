"""Refuses a switch plan that could not be written safely into Asterisk's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from dispatch.domain.call_rules import QueueRule
from dispatch.domain.call_terms import OverflowTo
from dispatch.domain.errors import BadPlan
from dispatch.domain.switch_plan import PlannedLine, PlannedTrunk, SwitchPlan

USUAL_QUEUE = "hotline"
PROMPT_FORMATS = (".wav", ".alaw")
SURVEY_PROMPTS = (
    *(
        f"hotline/{name}"
        for name in (
            "hello",
            "language",
            "follow-up",
            "ask-solved",
            "ask-satisfied",
            "retry",
            "ask-comment",
            "thanks",
        )
    ),
    *(f"digits/{number}" for number in range(1, 10)),
)
"""What the follow-up says, below the folder of each language."""
RESERVED_QUEUES = frozenset({"general", "queue"})
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,8}", re.ASCII)
_NUMBER = re.compile(r"\+?\d{2,20}", re.ASCII)
_AREA_CODE = re.compile(r"(0\d{2,3})?", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)
_PEER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251})(?:/\d{1,3})?", re.ASCII)
_USERNAME = re.compile(r"[A-Za-z0-9+._-]{0,100}", re.ASCII)
_PASSWORD = re.compile(r"[\x21-\x7e]{0,100}")
# Characters that mean something to Asterisk, and how they look when they mean nothing.
_HARMLESS = str.maketrans(
    {code: chr(code + 0xFEE0) for code in map(ord, "!\"#$%&'()*,;<=>?@[\\]^`{|}~")}
)


def check_plan(plan: SwitchPlan, prompts: Path) -> None:
    """Look at everything that becomes text of a configuration file.

    Raises:
        BadPlan: what is wrong, and with which queue, line, key or trunk.
    """
    _once("队列代码", (queue.code for queue in plan.queues))
    _once("线路号码", (line.number for line in plan.lines))
    _once("中继代码", (trunk.code for trunk in plan.trunks))
    _once("菜单按键", (choice.code for choice in plan.menu))
    if not _AREA_CODE.fullmatch(plan.area_code):
        raise BadPlan(f"本市区号“{plan.area_code}”不对，应像 0999 或 010 这样")
    _check_languages(plan.languages, prompts)
    queues = {queue.code: queue for queue in plan.queues}
    for queue in plan.queues:
        _check_queue(queue, queues, prompts)
    for line in plan.lines:
        _check_line(line, {*queues, USUAL_QUEUE}, prompts)
    for trunk in plan.trunks:
        _check_trunk(trunk)
    for choice in plan.menu:
        if not re.fullmatch(r"[0-9*#]", choice.code):
            raise BadPlan(f"菜单按键“{choice.code}”须是一个数字键、* 或 #")
        if choice.queue not in {*queues, USUAL_QUEUE}:
            raise BadPlan(f"菜单按键 {choice.code} 指向的队列“{choice.queue}”不存在")
        _check_prompt(prompts, f"menu-{choice.queue}", f"菜单按键 {choice.code}")
    if plan.menu and plan.menu_tries < 1:
        raise BadPlan("语音菜单至少要让来电人选择一次")


def harmless(text: str, what: str) -> str:
    """A name as it may stand in a dialplan: its special characters in their full-width form.

    Raises:
        BadPlan: it holds a line break or another control character.
    """
    if any(not character.isprintable() for character in text):
        raise BadPlan(f"{what}的名称里有换行或其他控制字符，请重新填写")
    return text.translate(_HARMLESS)


def has_prompt(prompts: Path, name: str) -> bool:
    """Whether the voice can say `name`, a path below the folder of prompts."""
    return any((prompts / f"{name}{ending}").is_file() for ending in PROMPT_FORMATS)


def _check_queue(queue: QueueRule, queues: dict[str, QueueRule], prompts: Path) -> None:
    what = f"队列 {queue.code}"
    if not _CODE.fullmatch(queue.code) or queue.code in RESERVED_QUEUES:
        raise BadPlan(
            f"队列代码“{queue.code}”只能用小写字母、数字、- 和 _，且不能是 general、queue"
        )
    numbers = (queue.ring_s, queue.max_wait_s, queue.max_length)
    if any(number < 1 for number in numbers):
        raise BadPlan(f"{what}的振铃、最长等待和最多排队须大于 0")
    if min(queue.weight, queue.wrap_up_s, queue.announce_every_s, queue.call_back_after_s) < 0:
        raise BadPlan(f"{what}的优先级和时长不能是负数")
    _check_prompt(prompts, queue.greeting, what)
    seen = {queue.code}
    here = queue
    while here.overflow is OverflowTo.QUEUE:
        if here.overflow_queue not in {*queues, USUAL_QUEUE}:
            raise BadPlan(f"队列 {here.code} 转去的队列“{here.overflow_queue}”不存在")
        if here.overflow_queue in seen:
            raise BadPlan(f"{what}等不到人时会转回自己，来电人永远等不到头")
        seen.add(here.overflow_queue)
        if here.overflow_queue not in queues:
            return
        here = queues[here.overflow_queue]


def _check_line(line: PlannedLine, queues: set[str], prompts: Path) -> None:
    what = f"线路 {line.number}"
    if not _NUMBER.fullmatch(line.number):
        raise BadPlan(f"线路号码“{line.number}”只能由数字组成")
    if line.queue not in queues:
        raise BadPlan(f"{what}的队列“{line.queue}”不存在")
    harmless(line.name, what)
    _check_prompt(prompts, line.greeting, what)


def _check_prompt(prompts: Path, name: str, what: str) -> None:
    if not name:
        return
    if not _CODE.fullmatch(name) or not has_prompt(prompts, f"zh/hotline/{name}"):
        raise BadPlan(
            f"{what}要播放的语音“{name}”不存在：请把 8 kHz 单声道的 {name}.wav 放到 "
            f"{prompts / 'zh/hotline'}，或改用已有的语音"
        )


def missing_survey_prompts(prompts: Path, language: str) -> list[str]:
    """What of the follow-up cannot be said in this language, by name below `prompts`."""
    names = (f"{language}/{name}" for name in SURVEY_PROMPTS)
    return [name for name in names if not has_prompt(prompts, name)]


def _check_languages(languages: tuple[str, ...], prompts: Path) -> None:
    if not languages or any(not _LANGUAGE.fullmatch(language) for language in languages):
        raise BadPlan("回访语言须是提示音文件夹的名称，如 zh、en，且至少有一种")
    for language in languages:
        missing = missing_survey_prompts(prompts, language)
        if missing:
            raise BadPlan(
                f"回访语言 {language} 缺少语音：{'、'.join(missing)}。请把 8 kHz 单声道的 wav "
                f"文件放到 {prompts}，或在规则 survey.languages 中去掉这种语言"
            )


def _check_trunk(trunk: PlannedTrunk) -> None:
    what = f"中继 {trunk.code}"
    if not _CODE.fullmatch(trunk.code):
        raise BadPlan(f"中继代码“{trunk.code}”只能用小写字母、数字、- 和 _")
    if not _HOST.fullmatch(trunk.host) or not 0 < trunk.port < 65536:
        raise BadPlan(f"{what}的地址或端口不对")
    if any(not _PEER.fullmatch(peer) for peer in trunk.peers):
        raise BadPlan(f"{what}的来话地址不对，应是地址或网段")
    if not _NUMBER.fullmatch(trunk.caller_id):
        raise BadPlan(f"{what}的主叫号码只能由数字组成")
    if not _USERNAME.fullmatch(trunk.username) or not _PASSWORD.fullmatch(trunk.password):
        raise BadPlan(f"{what}的账号或密码里有空格、中文或控制字符")
    if trunk.register and not trunk.username:
        raise BadPlan(f"{what}要注册，须填写账号")


def _once(what: str, codes: Iterable[str]) -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise BadPlan(f"{what}“{code}”重复")
        seen.add(code)
