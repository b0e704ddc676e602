"""Policy documents as an administrator hands them in: TOML text, errors told by key and line."""

from __future__ import annotations

import re
import tomllib

from dispatch.domain.calendar_years import YearPlan, parse_year
from dispatch.domain.errors import InvalidInput, PolicyError
from dispatch.domain.policy import load_profile
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.profile_file import parse_profile
from dispatch.domain.scoring_file import parse_scoring
from dispatch.domain.scoring_rules import ScoringRules
from dispatch.domain.toml_values import Table

LONGEST = 200_000
"""Characters of a document; the longest shipped one has a tenth of it."""

_PATH = re.compile(r"(?:缺少 |不认识的键 )?(?P<path>[a-z_]+(?:\[\d+\])?(?:\.[A-Za-z0-9_]+)*)")
_HEADER = re.compile(r"\s*(?P<open>\[\[?)\s*(?P<name>[a-z_]+)\s*\]\]?")


def read_profile(text: str) -> PolicyProfile:
    """Read a rule profile; what it leaves out comes from the shipped profile it inherits.

    Raises:
        InvalidInput: the document has a mistake; the sentence names the key and its line.
    """
    data = _table(text)
    inherits = data.get("inherits")
    try:
        return parse_profile(data, load_profile(str(inherits)) if inherits else None)
    except PolicyError as problem:
        raise _told(text, problem) from problem


def read_year(text: str) -> YearPlan:
    """Read one year of the calendar, as the yearly notice announces it.

    Raises:
        InvalidInput: the document has a mistake; the sentence names the key and its line.
    """
    try:
        return parse_year(_table(text))
    except PolicyError as problem:
        raise _told(text, problem) from problem


def read_scoring(text: str) -> ScoringRules:
    """Read a set of scoring rules.

    Raises:
        InvalidInput: the document has a mistake; the sentence names the key and its line.
    """
    try:
        return parse_scoring(_table(text))
    except PolicyError as problem:
        raise _told(text, problem) from problem


def line_of(text: str, path: str) -> int | None:
    """The line (from 1) of a key such as "return.window" or "limit[2].unit"; its table's else."""
    first, _, key = path.partition(".")
    name, _, place = first.rstrip("]").partition("[")
    wanted = int(place) if place else 1
    if not key and not place:
        name, key = "", first
    stated = re.compile(rf"\s*{re.escape(key.partition('.')[0])}\s*=")
    table, seen, found = "", 0, None
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = header["name"]
            seen += table == name
            if table == name and seen == wanted:
                found = number
            if not name and table == key:
                return number
        elif table == name and (not name or seen == wanted) and stated.match(line):
            return number
    return found


def _table(text: str) -> Table:
    if len(text) > LONGEST:
        raise InvalidInput(f"文件太长，最多 {LONGEST} 个字符", field="document")
    if not text.strip():
        raise InvalidInput("请选择文件或粘贴内容", field="document")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        where = re.search(r"line (\d+), column (\d+)", str(problem))
        place = f"第 {where[1]} 行第 {where[2]} 列" if where else "末尾"
        raise InvalidInput(f"不是有效的 TOML：{place}写法有误", field="document") from problem


def _told(text: str, problem: PolicyError) -> InvalidInput:
    path = _PATH.match(str(problem))
    line = line_of(text, path["path"]) if path else None
    where = f"第 {line} 行：" if line else ""
    return InvalidInput(f"{where}{problem}", field="document")
