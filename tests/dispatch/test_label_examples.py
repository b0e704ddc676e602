"""Every correction of a category is a label with its origin; what no person decided is none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from dispatch.bus import Database
from dispatch.domain.errors import CannotUndo, InvalidInput, RoleNotAllowed
from dispatch.domain.learning_terms import Provenance
from dispatch.domain.people import SYSTEM
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import Status
from dispatch.models.catalog import Category, Responsibility
from dispatch.models.learning import LabelledExample
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import assignment, label_examples
from tests.dispatch.asking_story import NOW, Story, founded, rules_of

SAID = {"model": "v1", "categories": [["noise", 0.7], ["stall", 0.2]], "departments": []}


@pytest.fixture
def story(database: Database) -> Story:
    """A ticket filed under no category, for which the model had proposed noise, with 城管局."""
    founded(database)
    with database.work() as s:
        for code in ("noise", "stall", "water"):
            s.add(Category(code=code, name=code, level=1))
        s.flush()
        ids = dict(s.execute(select(Category.code, Category.id)).all())
        units = dict(s.execute(select(Department.code, Department.id)).all())
        s.add(
            Responsibility(
                category_id=ids["water"],
                division="*",
                lead_id=units["ZJ"],
                effective_from=NOW.date() - timedelta(days=9),
            )
        )
    story = Story(database, rules_of())
    with database.work() as s:
        s.execute(update(Ticket).values(suggestion=SAID, category_id=ids["noise"]))
    return story


def labels(story: Story) -> list[tuple[str, str, str | None, str]]:
    """Category, provenance, what was proposed and by which model, oldest first."""
    rows = (
        select(
            Category.code,
            LabelledExample.provenance,
            LabelledExample.proposed,
            LabelledExample.model_version,
        )
        .join(Category, Category.id == LabelledExample.category_id)
        .where(LabelledExample.withdrawn_at.is_(None))
        .order_by(LabelledExample.id)
    )
    with story.database.read() as s:
        return list(s.execute(rows).all())


def category(story: Story) -> str | None:
    """The ticket's category as it stands."""
    with story.database.read() as s:
        return s.scalar(select(Category.code).join(Ticket, Ticket.category_id == Category.id))


def reassign(story: Story, unit: str, category: str | None = None) -> None:
    """老李 gives it to another unit."""
    with story.database.work() as s:
        assignment.reassign(
            s,
            story.cast["li"],
            story.number,
            unit,
            story.rules,
            reason="不属原单位",
            category=category,
            now=story.now,
        )


def test_a_category_changed_at_reassigning_is_a_label_with_what_the_model_had_said(
    story: Story,
) -> None:
    reassign(story, "ZJ", "stall")
    assert labels(story) == [("stall", "dispatched", "noise", "v1")]
    assert category(story) == "stall"
    assert story.facts()[-1] == "CategoryCorrected"
    with story.database.read() as s:
        told = s.scalars(select(TicketEvent).order_by(TicketEvent.id.desc())).first()
    assert told is not None
    assert told.details["previous"] == "noise"


def test_a_unit_alone_that_the_catalogue_does_not_name_leaves_no_label(story: Story) -> None:
    reassign(story, "ZJ")
    assert labels(story) == []


def test_a_granted_return_sent_on_under_another_category_says_so(story: Story) -> None:
    story.grant(story.sign().ask(ApplicationKind.RETURN))
    with story.database.work() as s:
        assignment.dispatch(
            s, story.cast["li"], story.number, "ZJ", story.rules, category="stall", now=story.now
        )
    assert labels(story) == [("stall", "return_granted", "noise", "v1")]


def test_a_return_sent_to_the_unit_that_the_catalogue_names_confirms_the_category(
    story: Story,
) -> None:
    with story.database.work() as s:
        water = s.scalar(select(Category.id).where(Category.code == "water"))
        s.execute(update(Ticket).values(category_id=water))
    story.grant(story.sign().ask(ApplicationKind.RETURN))
    story.dispatch("ZJ")
    assert labels(story) == [("water", "return_granted", "noise", "v1")]


def test_what_the_system_sends_by_itself_teaches_nothing(story: Story) -> None:
    story.grant(story.sign().ask(ApplicationKind.RETURN))
    with story.database.work() as s:
        assignment.dispatch(
            s, SYSTEM, story.number, "ZJ", story.rules, category="water", now=story.now
        )
    assert labels(story) == []


def test_a_press_without_a_look_at_the_category_teaches_nothing(story: Story) -> None:
    story.grant(story.sign().ask(ApplicationKind.RETURN))
    with story.database.work() as s:
        assignment.dispatch(
            s,
            story.cast["li"],
            story.number,
            "ZJ",
            story.rules,
            category="water",
            learn=False,
            now=story.now,
        )
    assert labels(story) == []


def test_the_auditor_corrects_and_takes_it_back_but_not_what_others_did(story: Story) -> None:
    centre, other = story.cast["zhong"], story.cast["wei"]
    with story.database.work() as s:
        s.execute(update(Ticket).values(status=Status.COMPLETED.value))
    with story.database.work() as s:
        label_examples.correct(s, centre, story.number, "water", reason="看过答复", now=NOW)
    assert labels(story) == [("water", "audited", "noise", "v1")]
    with pytest.raises(CannotUndo, match="自己"), story.database.work() as s:
        label_examples.take_back(s, other, story.number, now=NOW)
    with story.database.work() as s:
        label_examples.take_back(s, centre, story.number, now=NOW)
    assert labels(story) == []
    assert category(story) == "noise"
    assert story.ticket.status == Status.COMPLETED
    with pytest.raises(CannotUndo), story.database.work() as s:
        label_examples.take_back(s, centre, story.number, now=NOW)


def test_the_newest_of_two_corrections_stands_and_is_counted_with_the_other(story: Story) -> None:
    li = story.cast["li"]
    for code in ("stall", "water"):
        with story.database.work() as s:
            label_examples.correct(s, li, story.number, code, now=story.now)
    with story.database.read() as s:
        assert label_examples.new_since(s, None) == 2
        assert label_examples.new_since(s, NOW) == 0
        assert label_examples.counts(s) == {Provenance.DISPATCHED: 2}


def test_the_same_category_or_another_role_is_refused(story: Story) -> None:
    with pytest.raises(InvalidInput, match="另一个"), story.database.work() as s:
        label_examples.correct(s, story.cast["li"], story.number, "noise", now=NOW)
    with pytest.raises(RoleNotAllowed), story.database.work() as s:
        label_examples.correct(s, story.cast["agent"], story.number, "water", now=NOW)
