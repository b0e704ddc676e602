"""The agent's request form: names of its fields, and what was typed read into domain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from dispatch.domain import proposals
from dispatch.domain.errors import InvalidInput
from dispatch.domain.ports import Suggestions
from dispatch.domain.vocabulary import Channel, Disposition, RequestKind, Urgency
from dispatch.service.form_choices import Choice
from dispatch.service.intake import RequestForm

E = TypeVar("E", bound=StrEnum)

OUTCOMES = (
    Disposition.INFORMED,
    Disposition.TOLD_ROUTE,
    Disposition.DECLINED,
    Disposition.TRANSFERRED_OUT,
    Disposition.SILENT,
    Disposition.HARASSMENT,
    Disposition.HUNG_UP,
)
"""Ends of a call that make no ticket, in the order of the menu."""

_WORDLESS = frozenset({Disposition.HUNG_UP, Disposition.TRANSFERRED_OUT})
"""Of these nobody has to write why: the service asks for what a transfer needs."""

MORE = (
    "requester_kind",
    "enterprise_name",
    "enterprise_code",
    "contact_phone",
    "gender",
    "language",
    "reported_party",
    "reported_phone",
    "reported_code",
    "occurred_at",
    "spot",
    "grid",
    "longitude",
    "latitude",
    "tags",
    "source_level",
    "source_system",
    "external_no",
    "stated_limit",
    "statutory_limit",
    "statutory_basis",
    "anonymous",
)
"""Fields of the folded part, called as the request form calls them."""

FIELDS = (
    "kind",
    "urgency",
    "channel",
    "phone",
    "title",
    "content",
    "place",
    "division",
    "category",
    "expectation",
    "requester_name",
    "confidential",
    "confidential_by",
    "avoid",
    "difficult",
    *MORE,
    "reply_wanted",
    "business_environment",
    "dispatch_now",
    "unit",
    "unit_by",
    "answer",
    "urged_number",
    "joined_number",
    "repeat_number",
    "new_facts",
    "told",
    "outcome",
    "reason_code",
    "basis",
    "note",
)
"""Every field a draft keeps."""

EMPTY: Mapping[str, str] = {
    "kind": RequestKind.ASSISTANCE.value,
    "urgency": Urgency.ROUTINE.value,
    "channel": Channel.LETTER.value,
    "reply_wanted": "on",
    "dispatch_now": "on",
}
"""A fresh form."""

Typed = Mapping[str, str]


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


TypedForm = Annotated[dict[str, str], Depends(_typed)]
"""What was sent, by field name; nothing is dropped and nothing refused yet."""


@dataclass(frozen=True)
class Subject:
    """What a form is about: a call, a further request of the same call, or no call at all."""

    contact_id: int | None = None
    again: bool = False

    @property
    def key(self) -> str:
        """The draft's name."""
        if self.contact_id is None:
            return "manual"
        return f"{'again' if self.again else 'contact'}-{self.contact_id}"

    @classmethod
    def of(cls, typed: Typed) -> Subject:
        """Read it from the form's hidden fields."""
        number = typed.get("contact_id", "")
        if number and not (number.isascii() and number.isdigit() and len(number) < 19):
            raise InvalidInput("这次来电的编号有误，请刷新页面")
        return cls(int(number) if number else None, again=typed.get("again") == "1")


@dataclass(frozen=True)
class Catalogue:
    """The choices offered, and the way back from their words to their codes."""

    divisions: list[Choice]
    categories: list[Choice]
    units: tuple[str, ...] = ()

    def category(self, typed: str) -> str | None:
        """The code of a category typed as its words or its code; None when left empty."""
        return _code(self.categories, typed, " / ", "category", "事项分类")

    def division(self, typed: str) -> str | None:
        """The code of a place typed as its words or its code; None when left empty."""
        return _code(self.divisions, typed, " ", "division", "属地")

    def places_in(self, text: str) -> list[str]:
        """Words of at most two places named in the text, the nearest to the ground first."""
        named = [c for c in self.divisions if _spoken(c.name) in text]
        streets = [c for c in named if c.group]
        return [label(c, " ") for c in (streets or named)[:2]]

    def category_label(self, code: str, name: str) -> str:
        """A category's words as the field shows them."""
        return next((label(c, " / ") for c in self.categories if c.code == code), name)


def _spoken(name: str) -> str:
    """How people say a place: 石埠街道 is 石埠 to them; two characters stay as they are."""
    for ending in ("街道", "镇", "乡", "区", "县", "市"):
        short = name.removesuffix(ending)
        if short != name and len(short) >= 2:
            return short
    return name


def label(choice: Choice, joint: str) -> str:
    """The choice under its group: "城市管理 / 占道经营"."""
    return f"{choice.group}{joint}{choice.name}" if choice.group else choice.name


def _code(choices: Iterable[Choice], typed: str, joint: str, name: str, what: str) -> str | None:
    typed = " ".join(typed.split())
    if not typed:
        return None
    for choice in choices:
        if typed in {choice.code, choice.name, label(choice, joint)}:
            return choice.code
    raise InvalidInput(f"没有“{typed[:30]}”这个{what}，请从列表中选择", field=name)


def text_for_model(typed: Typed) -> str:
    """What was said, without what is too long to matter."""
    return proposals.text_for_model(typed.get("content", ""), typed.get("place", ""))


def request_form(
    typed: Typed, catalogue: Catalogue, suggestions: Suggestions, channel: Channel | None
) -> RequestForm:
    """Read the form; `channel` is given when a call decides it.

    Raises:
        InvalidInput: a choice that does not exist, with the field's name.
    """
    category = catalogue.category(typed.get("category", ""))
    more: dict[str, Any] = {name: typed[name] for name in MORE if typed.get(name)}
    return RequestForm(
        content=typed.get("content", ""),
        kind=_member(RequestKind, typed, "kind", "诉求类型"),
        title=typed.get("title", ""),
        urgency=_member(Urgency, typed, "urgency", "紧急程度"),
        channel=channel or _member(Channel, typed, "channel", "来源渠道"),
        category=category,
        expectation=typed.get("expectation", ""),
        place=typed.get("place", ""),
        division=catalogue.division(typed.get("division", "")),
        requester_name=typed.get("requester_name", ""),
        phone=_phone(typed.get("phone", "")),
        confidential="confidential" in typed,
        reply_wanted="reply_wanted" in typed,
        business_environment="business_environment" in typed,
        difficult="difficult" in typed,
        **more,
        suggestion=proposals.kept_proposal(suggestions, category),
        new_facts=typed.get("new_facts", ""),
    )


def outcome(typed: Typed) -> Disposition:
    """The end of a call that makes no ticket.

    Raises:
        InvalidInput: none of the menu's was chosen.
    """
    chosen = _member(Disposition, typed, "outcome", "处理结果")
    if chosen not in OUTCOMES:
        raise InvalidInput("请选择处理结果", field="outcome")
    if not typed.get("note", "").strip() and chosen not in _WORDLESS:
        raise InvalidInput(f"“{chosen.label}”需要写一句说明", field="note")
    return chosen


def _phone(typed: str) -> str | None:
    number = "".join(c for c in typed if c not in " -()（）\t")
    if number and not (number.lstrip("+").isascii() and number.lstrip("+").isdigit()):
        raise InvalidInput("联系电话只能有数字，座机请连同区号填写", field="phone")
    if len(number) > 20:
        raise InvalidInput("联系电话过长，请检查", field="phone")
    return number or None


def _member(words: type[E], typed: Typed, name: str, what: str) -> E:
    try:
        return words(typed.get(name, ""))
    except ValueError:
        raise InvalidInput(f"请选择{what}", field=name) from None
