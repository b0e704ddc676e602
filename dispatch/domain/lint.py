"""审核规范: what is wrong with a public reply, found before a person has to read it.

Pure: a reply, what it answers, and the policy's rules go in; findings with their places come out.

What counts as the requester's name: the whole name, however it is spaced or written in
full-width letters, and the given name with a form of address ("晓梅女士"). The surname with one
("陈女士") is how replies are addressed and is allowed. A name of two characters may be a word of
the language ("高山"), so it blocks only beside a word that speaks of a person, and warns
elsewhere. Names of officials who handle the matter are not looked for: residents may know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from dispatch.domain.conduct import LintCheck, LintRule, Severity
from dispatch.domain.likeness import Folded, Number, digits_of, folded, joined_numbers, likeness
from dispatch.domain.limits import Mark
from dispatch.domain.vocabulary import RequestKind

_TITLE = "(?:先生|女士|小姐|同志|老师|师傅|阿姨|大爷|大妈|大姐|大哥)"
_PERSON_BEFORE = (
    "(?:诉求人|来电人|反映人|投诉人|举报人|求助人|市民|业主|居民|住户|村民|当事人)[:：]?"
)
_PERSON_AFTER = f"(?:{_TITLE}|您好|你好|本人|来电|反映|投诉|举报|[,，、:：(（])"
_ADDRESSED = re.compile(f"{_TITLE}$")
_LONGEST_NAME = 4
_LOCAL_NUMBER = 7
_PASSAGES = 20
_NUMBERS = 4_000


@dataclass(frozen=True)
class Finding:
    """One thing the rules say about a reply; `start` and `end` mark the passage (0, 0: none)."""

    code: str
    severity: Severity
    sentence: str
    start: int
    end: int
    mark: Mark

    @property
    def blocks(self) -> bool:
        """Whether the reply cannot be handed in before this is mended."""
        return self.severity is Severity.BLOCK


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a reply answers, and whom it must not name. `phones` are numbers as written down."""

    request: str
    kind: RequestKind
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Reply:
    """A reply in the three forms that rules look at; no more numbers than a person writes."""

    text: str
    plain: Folded
    numbers: tuple[Number, ...]

    @classmethod
    def of(cls, text: str) -> _Reply:
        plain = folded(text)
        return cls(text, plain, tuple(islice(joined_numbers(plain), _NUMBERS)))


def check(text: str, asked: Asked, rules: Iterable[LintRule]) -> tuple[Finding, ...]:
    """Hold a reply against the rules; what blocks comes first, then in the order of the text."""
    reply = _Reply.of(text)
    found = [
        finding
        for rule in rules
        if not rule.kinds or asked.kind in rule.kinds
        for finding in _apply(rule, reply, asked)
    ]
    return tuple(sorted(found, key=lambda f: (not f.blocks, f.start, f.end, f.code)))


def _apply(rule: LintRule, reply: _Reply, asked: Asked) -> Iterator[Finding]:
    text = reply.text
    if rule.check is LintCheck.LENGTH:
        if _letters(text) < rule.least:
            yield _finding(rule)
    elif rule.check is LintCheck.ANSWERS:
        if likeness(asked.request, text) < rule.least:
            yield _finding(rule)
    elif rule.check is LintCheck.MUST_MATCH:
        if rule.compiled.search(text) is None:
            yield _finding(rule)
    elif rule.check is LintCheck.MUST_NOT_MATCH:
        for start, end in _apart(_passages(rule.compiled, reply)):
            yield _finding(rule, start, end)
    else:
        yield from _requester(rule, reply, asked)


def _finding(
    rule: LintRule, start: int = 0, end: int = 0, severity: Severity | None = None
) -> Finding:
    return Finding(rule.code, severity or rule.severity, rule.sentence, start, end, rule.mark)


def _letters(text: str) -> int:
    """Characters that say something: no blanks, no punctuation, and no endless "好好好好"."""
    said = re.sub(r"(.)\1{2,}", r"\1", text, flags=re.DOTALL)
    return sum(char.isalnum() for char in said)


def _passages(pattern: re.Pattern[str], reply: _Reply) -> Iterator[tuple[int, int]]:
    """Where the pattern is found: as written, in plain digits, and in numbers written apart."""
    for match in pattern.finditer(reply.text):
        yield match.span()
    for match in pattern.finditer(reply.plain.text):
        yield reply.plain.span(*match.span())
    for number in reply.numbers:
        if pattern.fullmatch(number.digits):
            yield reply.plain.span(number.start, number.end)


def _apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The widest of spans that overlap, in order, and no endless list."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(set(spans)):
        if start == end:
            continue
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept[:_PASSAGES]


def _requester(rule: LintRule, reply: _Reply, asked: Asked) -> Iterator[Finding]:
    numbers = {number for phone in asked.phones for number in _numbers(phone)}
    spans = (s for number in numbers for s in _passages(re.compile(number), reply))
    for start, end in _apart(spans):
        yield _finding(rule, start, end)
    named = {k: v for name in asked.names for k, v in _named(reply.plain, name).items()}
    for (start, end), certain in named.items():
        yield _finding(rule, start, end, None if certain else Severity.WARN)


def _numbers(phone: str) -> Iterator[str]:
    """A number as it may be written: whole, without +86, without the area code."""
    digits = digits_of(phone)
    digits = digits.removeprefix("86") if len(digits) == 13 else digits
    if len(digits) >= _LOCAL_NUMBER:
        yield digits
    if digits.startswith("0"):
        # Area codes have three digits (010, 021) or four.
        for code in (3, 4):
            local = digits[code:]
            if len(local) in {_LOCAL_NUMBER, _LOCAL_NUMBER + 1}:
                yield local


def _named(plain: Folded, written: str) -> dict[tuple[int, int], bool]:
    """Where the requester is named, and whether it is certain that it is a name."""
    name = re.sub(r"[\s·]", "", folded(written).text)
    if len(name) < 2 or _ADDRESSED.search(name):
        # "陈女士" is all that was written down: the surname with a form of address is allowed.
        return {}
    spaced = r"[\s·]*".join(re.escape(char) for char in name)
    sure = spaced
    if len(name) == 2:
        sure = f"{_PERSON_BEFORE}{spaced}|{spaced}(?={_PERSON_AFTER})"
    elif len(name) <= _LONGEST_NAME and name.isalpha() and not name.isascii():
        sure = f"{spaced}|{re.escape(name[1:])}(?={_TITLE})"
    found = {plain.span(*m.span()): True for m in re.finditer(sure, plain.text)}
    for match in re.finditer(spaced, plain.text):
        place = plain.span(*match.span())
        if not any(start <= place[0] and place[1] <= end for start, end in found):
            found[place] = False
    return found
