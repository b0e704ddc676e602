"""问而未得 on both databases: misses, one gap for one question, draft to publication, citing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.knowledge_terms import GapState, KnowledgeAct, KnowledgeLevel
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.knowledge import KnowledgeGap, KnowledgeMiss, KnowledgeUse
from dispatch.service import knowledge_gap_queries, knowledge_gaps, knowledge_index
from dispatch.service.knowledge import EntryForm
from tests.dispatch.knowledge_story import NOW, TODAY, Story
from tests.dispatch.test_contention import at_once

ELEVATOR = "老旧小区加装电梯补贴多少"


@pytest.fixture
def story(database: Database, rules: Rules) -> Story:
    """Two units with their leaders, two agents and the centre."""
    return Story(database, rules)


def gaps(story: Story) -> list[tuple[str, int]]:
    """The questions and how often each was asked."""
    with story.database.read() as session:
        rows = session.execute(
            select(KnowledgeGap.question, func.count(KnowledgeMiss.id))
            .join(KnowledgeMiss, KnowledgeMiss.gap_id == KnowledgeGap.id)
            .group_by(KnowledgeGap.id, KnowledgeGap.question)
            .order_by(KnowledgeGap.id)
        )
        return [(question, count) for question, count in rows]


def gap_id(story: Story) -> int:
    """The only question."""
    with story.database.read() as session:
        return session.scalars(select(KnowledgeGap.id)).one()


def assign(story: Story, unit: str = "GJJ") -> int:
    """Give the only question to a unit; its entry."""
    with story.database.work() as session:
        gap = knowledge_gaps.assign(
            session, story.who["centre"], gap_id(story), unit, rules=story.rules, now=NOW
        )
        assert gap.entry_id is not None
        return gap.entry_id


def test_one_question_in_other_words_is_one_gap(story: Story) -> None:
    story.miss("公积金怎么提取")
    story.miss("请问怎样提取公积金？", who="colleague")
    story.miss("老旧小区加装电梯", who="colleague")
    assert gaps(story) == [("公积金 提取", 2), ("老旧小区加装电梯", 1)]


def test_asked_again_on_the_same_call_is_one_miss_and_no_words_are_none(story: Story) -> None:
    assert story.miss(ELEVATOR) is not None
    assert story.miss(ELEVATOR, found=3) is None
    assert story.miss(ELEVATOR, who="colleague") is not None
    assert story.miss(ELEVATOR, now=NOW + timedelta(hours=1)) is not None
    assert story.miss(" ？\0") is None
    assert [count for _, count in gaps(story)] == [3]
    shown = story.gap(gap_id(story))
    assert (shown.count, shown.agents, shown.last) == (3, 2, NOW + timedelta(hours=1))


def test_two_who_ask_in_the_same_moment_make_one_gap(story: Story) -> None:
    names = ["agent", "colleague", "dispatcher", "centre"]

    def ask(n: int) -> None:
        story.miss(ELEVATOR, who=names[n])

    at_once(len(names), ask)
    assert [count for _, count in gaps(story)] == [4]


def test_given_to_a_unit_written_and_published_the_gap_closes_and_keeps_its_entry(
    story: Story,
) -> None:
    story.miss(ELEVATOR)
    entry = assign(story)
    shown = story.gap(gap_id(story))
    assert (shown.state, shown.unit, shown.entry_id) == (GapState.ASSIGNED, "公积金中心", entry)
    # Monday ten o'clock and five working days: the close of the next Monday.
    assert shown.due_at == NOW.replace(tzinfo=SHANGHAI, day=30, hour=17, minute=30)
    assert story.view(entry, "liaison").row.due_at == shown.due_at
    with pytest.raises(InvalidInput, match="答复口径"):
        story.move(entry, KnowledgeAct.APPROVE, "leader")
    story.edit(entry, EntryForm(title="老旧小区加装电梯补贴", answer="每台补贴二十万元。"))
    story.move(entry, KnowledgeAct.APPROVE, "leader")
    assert story.gap(gap_id(story)).state is GapState.ASSIGNED
    story.move(entry, KnowledgeAct.PUBLISH, "centre")
    shown = story.gap(gap_id(story))
    assert (shown.state, shown.entry_id, shown.closed_at) == (GapState.CLOSED, entry, NOW)
    with story.database.read() as session:
        found = knowledge_index.search(session, ELEVATOR, tuple(KnowledgeLevel), today=TODAY)
    assert [hit.entry_id for hit in found] == [entry]


def test_asked_in_vain_after_the_answer_it_is_a_new_gap(story: Story) -> None:
    story.miss(ELEVATOR)
    entry = assign(story)
    story.edit(entry, EntryForm(title="加装电梯", answer="有补贴。"))
    story.move(entry, KnowledgeAct.APPROVE, "leader")
    story.move(entry, KnowledgeAct.PUBLISH, "centre")
    story.miss(ELEVATOR, who="colleague")
    assert [count for _, count in gaps(story)] == [1, 1]


def test_dismissed_with_a_reason_it_is_counted_and_not_told_of(story: Story) -> None:
    story.miss(ELEVATOR)
    with pytest.raises(InvalidInput, match="为什么"), story.database.work() as session:
        knowledge_gaps.dismiss(session, story.who["centre"], gap_id(story), " ", now=NOW)
    with story.database.work() as session:
        knowledge_gaps.dismiss(
            session, story.who["centre"], gap_id(story), "不属于政务事项", now=NOW
        )
    for n in range(4):
        story.miss(ELEVATOR, now=NOW + timedelta(hours=n + 1))
    assert [count for _, count in gaps(story)] == [5]
    assert story.gap(gap_id(story)).state is GapState.DISMISSED
    with story.database.read() as session:
        since = NOW - timedelta(days=1)
        assert knowledge_gap_queries.asked_in_vain(session, least=1, since=since) == []
    with pytest.raises(ActionNotAllowed):
        assign(story)


def test_only_the_centre_decides_and_units_read_no_gaps(story: Story) -> None:
    story.miss(ELEVATOR)
    gap = gap_id(story)
    with pytest.raises(RoleNotAllowed), story.database.work() as session:
        knowledge_gaps.dismiss(session, story.who["dispatcher"], gap, "不要", now=NOW)
    with pytest.raises(RoleNotAllowed), story.database.read() as session:
        knowledge_gap_queries.gap_for(session, story.who["liaison"], gap, now=NOW)
    with pytest.raises(RoleNotAllowed):
        story.miss(ELEVATOR, who="liaison")
    with pytest.raises(InvalidInput, match="哪个单位"):
        assign(story, unit="nobody")


def test_counts_open_what_they_count_in_the_period(story: Story) -> None:
    story.miss(ELEVATOR, now=NOW - timedelta(days=20))
    story.miss("居住证", now=NOW)
    reader = story.who["dispatcher"]
    for days, count in ((7, 1), (30, 2)):
        since = NOW - timedelta(days=days)
        with story.database.read() as session:
            counts = knowledge_gap_queries.gap_counts(session, reader, since=since)
            listed = knowledge_gap_queries.gap_list(
                session, reader, GapState.OPEN, since=since, now=NOW
            )
        assert counts["open"] == len(listed) == count


def test_what_was_cited_stays_on_the_call_with_its_version(story: Story) -> None:
    entry = story.published(EntryForm(title="加装电梯", answer="有补贴。"))
    agent, colleague = story.who["agent"], story.who["colleague"]
    with story.database.work() as session:
        call = Contact(
            call_id="c1", direction="in", started_at=NOW, agent_id=agent.staff_id, caller="1"
        )
        session.add(call)
        session.flush()
        contact = call.id
    for _ in range(2):
        with story.database.work() as session:
            knowledge_gaps.cite(session, agent, entry, contact_id=contact, now=NOW)
    with pytest.raises(NotFound), story.database.work() as session:
        knowledge_gaps.cite(session, colleague, entry, contact_id=contact, now=NOW)
    story.edit(entry, EntryForm(title="加装电梯补贴", answer="有补贴。"))
    story.move(entry, KnowledgeAct.APPROVE, "leader")
    story.move(entry, KnowledgeAct.PUBLISH, "centre")
    with story.database.read() as session:
        (used,) = knowledge_gap_queries.used_on(session, agent, contact)
        assert session.scalar(select(func.count()).select_from(KnowledgeUse)) == 1
    assert (used.entry_id, used.version, used.title) == (entry, 1, "加装电梯")
