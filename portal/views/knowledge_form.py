"""What is typed on a knowledge entry, read into domain words and shown again as typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.knowledge_terms import KnowledgeLevel
from dispatch.service import form_choices
from dispatch.service.knowledge import EntryForm
from dispatch.service.knowledge_entry_queries import EntryView
from portal.views.agent_form import Catalogue, label


@dataclass(frozen=True)
class TypedEntry:
    """The fields of the form as text; `revision` is what was read before it was changed."""

    title: str = ""
    answer: str = ""
    basis: str = ""
    category: str = ""
    keywords: str = ""
    level: str = KnowledgeLevel.PUBLIC.value
    valid_from: str = ""
    valid_until: str = ""
    review_on: str = ""
    unit: str = ""
    revision: str = ""

    @classmethod
    def read(cls, typed: Mapping[str, object]) -> TypedEntry:
        """From a posted form; what is missing is empty."""
        names = {one.name for one in fields(cls)}
        return cls(**{key: str(value) for key, value in typed.items() if key in names})

    @classmethod
    def of(cls, view: EntryView, categories: Catalogue) -> TypedEntry:
        """The text in work as it stands."""
        work = view.work
        if work is None:
            return cls()
        return cls(
            title=work.title,
            answer=work.answer,
            basis=work.basis,
            category=categories.category_label(view.category_code, view.row.category),
            keywords=work.keywords,
            level=work.level,
            valid_from=_text(work.valid_from),
            valid_until=_text(work.valid_until),
            review_on=_text(work.review_on),
            revision=str(view.revision),
        )

    def form(self, categories: Catalogue) -> EntryForm:
        """As the service takes it.

        Raises:
            InvalidInput: a level, a category or a day that cannot be.
        """
        try:
            level = KnowledgeLevel(self.level)
        except ValueError:
            raise InvalidInput("请选择谁可以看：公开、供坐席或中心内部", field="level") from None
        return EntryForm(
            title=self.title,
            answer=self.answer,
            basis=self.basis,
            category=categories.category(self.category),
            keywords=self.keywords,
            level=level,
            valid_from=_day(self.valid_from, "valid_from"),
            valid_until=_day(self.valid_until, "valid_until"),
            review_on=_day(self.review_on, "review_on"),
        )

    @property
    def read_revision(self) -> int:
        """The revision that was read; 0, which no entry has, when it is no number."""
        sound = self.revision.isascii() and self.revision.isdigit() and len(self.revision) < 9
        return int(self.revision) if sound else 0


def category_choices(session: Session) -> Catalogue:
    """The categories an entry may belong to."""
    return Catalogue([], form_choices.categories(session))


def category_labels(categories: Catalogue) -> list[str]:
    """What the category field offers."""
    return [label(one, " / ") for one in categories.categories]


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(typed: str, name: str) -> date | None:
    if not typed.strip():
        return None
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise InvalidInput("日期的格式应为 2026-11-30", field=name) from None
