"""The knowledge base on both databases: an entry's life, search, error reports."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dispatch.bus import Database
from dispatch.domain.errors import (
    ActionNotAllowed,
    EntryChangedMeanwhile,
    InvalidInput,
    NotFound,
    RoleNotAllowed,
)
from dispatch.domain.knowledge_terms import (
    ErrorReportState,
    KnowledgeAct,
    KnowledgeLevel,
    KnowledgeStatus,
)
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    knowledge,
    knowledge_error_queries,
    knowledge_errors,
    knowledge_index,
    knowledge_queries,
)
from dispatch.service.knowledge import EntryForm
from tests.dispatch.knowledge_story import NOW, TODAY, Story

FUND = EntryForm(
    title="住房公积金怎么提取",
    answer="购房、租房、退休可以提取，带身份证到公积金中心或在网上办理。",
    basis="住房公积金管理条例第二十四条",
    keywords="公积金 支取",
)
EVERYBODY = (KnowledgeLevel.PUBLIC,)
STAFF = tuple(KnowledgeLevel)


@pytest.fixture
def story(database: Database, rules: Rules) -> Story:
    """Two units with their leaders, an agent and the centre."""
    return Story(database, rules)


def titles(story: Story, words: str, levels: tuple[KnowledgeLevel, ...] = STAFF) -> list[str]:
    """What a search finds, the best first."""
    with story.database.read() as session:
        return [hit.title for hit in knowledge_index.search(session, words, levels, today=TODAY)]


def test_the_unit_writes_its_leader_approves_and_the_centre_publishes(story: Story) -> None:
    entry = story.write(FUND)
    with pytest.raises(RoleNotAllowed, match="本单位负责人"):
        story.move(entry, KnowledgeAct.APPROVE, "liaison")
    with pytest.raises(ActionNotAllowed, match="草稿"):
        story.move(entry, KnowledgeAct.PUBLISH, "centre")
    story.move(entry, KnowledgeAct.APPROVE, "leader")
    with pytest.raises(RoleNotAllowed):
        story.move(entry, KnowledgeAct.PUBLISH, "leader")
    assert titles(story, "公积金") == []
    story.move(entry, KnowledgeAct.PUBLISH, "centre")
    assert titles(story, "公积金") == [FUND.title]
    view = story.view(entry, "centre")
    assert view.row.status is KnowledgeStatus.PUBLISHED
    assert view.live is not None
    assert (view.live.number, view.live.published_by, view.live.published_at) == (1, "centre", NOW)
    assert view.row.review_on == TODAY + timedelta(days=180)
    acts = [step.act for step in view.steps]
    assert acts == [KnowledgeAct.PUBLISH, KnowledgeAct.APPROVE, KnowledgeAct.EDIT]


def test_the_text_on_display_stays_until_the_next_version_takes_its_place(story: Story) -> None:
    entry = story.published(FUND)
    changed = EntryForm(title="公积金提取条件", answer="另有大病提取一项。", keywords="公积金")
    story.edit(entry, changed)
    assert titles(story, "公积金提取") == [FUND.title]
    story.move(entry, KnowledgeAct.APPROVE, "leader")
    story.move(entry, KnowledgeAct.PUBLISH, "centre")
    assert titles(story, "公积金提取") == ["公积金提取条件"]
    first, second = reversed(story.view(entry, "liaison").versions)
    assert (first.number, first.answer, first.live) == (1, FUND.answer, False)
    assert (second.number, second.answer, second.live) == (2, changed.answer, True)


def test_nobody_overwrites_what_he_has_not_read(story: Story) -> None:
    entry = story.write(FUND)
    story.edit(entry, FUND, revision=1)
    with pytest.raises(EntryChangedMeanwhile):
        story.edit(entry, FUND, revision=1)


def test_a_unit_reaches_no_other_units_entries(story: Story) -> None:
    entry = story.write(FUND)
    with pytest.raises(NotFound):
        story.edit(entry, FUND, who="stranger")
    with pytest.raises(NotFound):
        story.view(entry, "stranger")
    with pytest.raises(NotFound):
        story.view(entry, "agent")


def test_sent_back_or_withdrawn_with_a_reason_and_found_no_more(story: Story) -> None:
    entry = story.write(FUND)
    story.move(entry, KnowledgeAct.APPROVE, "leader")
    with pytest.raises(InvalidInput, match="理由"):
        story.move(entry, KnowledgeAct.SEND_BACK, "centre")
    story.move(entry, KnowledgeAct.SEND_BACK, "centre", words="依据已废止")
    assert story.view(entry, "liaison").row.status is KnowledgeStatus.DRAFT
    entry = story.published(FUND)
    story.move(entry, KnowledgeAct.WITHDRAW, "centre", words="政策取消")
    assert titles(story, "公积金") == []
    assert [one.live for one in story.view(entry, "liaison").versions] == [False]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (EntryForm(title=" ", answer="好"), "填写标题"),
        (EntryForm(title="好", answer=" "), "填写答复口径"),
        (EntryForm(title="好" * 121, answer="好"), "120"),
        (EntryForm(title="好", answer="好", category="nothing"), "事项分类"),
        (
            EntryForm(
                title="好",
                answer="好",
                valid_from=date(2026, 2, 1),
                valid_until=date(2026, 1, 1),
            ),
            "早于",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(story: Story, form: EntryForm, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        story.write(form)


def test_search_finds_two_characters_in_any_sentence_and_ranks_the_title_first(
    story: Story,
) -> None:
    story.published(EntryForm(title="养犬登记", answer="每年到派出所办理；与公积金无关。"))
    story.published(FUND)
    story.published(EntryForm(title="居住证办理", answer="到派出所办理。"))
    assert titles(story, "犬证") == []
    assert titles(story, "养犬") == ["养犬登记"]
    assert titles(story, "请问公积金怎么提取？") == [FUND.title]
    assert titles(story, "公积金") == [FUND.title, "养犬登记"]
    assert titles(story, "ＧＢ不存在的事") == []
    assert titles(story, "") == titles(story, "\0 ？") == []


def test_levels_keep_what_is_internal_from_the_public(story: Story) -> None:
    story.published(FUND)
    internal = EntryForm(
        title="公积金舆情应答口径", answer="公积金来电集中时这样说。", level=KnowledgeLevel.INTERNAL
    )
    story.published(internal)
    assert titles(story, "公积金", EVERYBODY) == [FUND.title]
    assert sorted(titles(story, "公积金")) == sorted([FUND.title, internal.title])


def test_expired_entries_come_last_and_say_so_without_any_job(story: Story) -> None:
    last_day = EntryForm(title="公积金补贴", answer="公积金补贴。", valid_until=TODAY)
    story.published(last_day)
    story.published(FUND)
    with story.database.read() as session:
        today = knowledge_index.search(session, "公积金", STAFF, today=TODAY)
        later = knowledge_index.search(session, "公积金", STAFF, today=TODAY + timedelta(days=1))
    assert [hit.expired for hit in today] == [False, False]
    assert [(hit.title, hit.expired) for hit in later] == [
        (FUND.title, False),
        ("公积金补贴", True),
    ]


def test_what_is_not_valid_yet_is_not_found(story: Story) -> None:
    story.published(
        EntryForm(title="公积金新政", answer="下月起。", valid_from=TODAY + timedelta(days=9))
    )
    assert titles(story, "公积金") == []


def test_an_error_report_has_a_clock_in_working_time_and_is_explained(story: Story) -> None:
    entry = story.published(FUND)
    # Friday, five in the afternoon: one working day is Monday's close, after the week-end.
    friday = NOW.replace(tzinfo=SHANGHAI, day=27, hour=17)
    error = story.report(entry, "比例已经改成百分之七十", now=friday)
    with story.database.read() as session:
        shown = knowledge_error_queries.error_list(session, story.who["liaison"], now=friday)[0]
    assert shown.due_at == friday.replace(day=30, hour=17, minute=30)
    assert not shown.late
    with pytest.raises(NotFound):
        story.explain(error, "没有错", who="stranger")
    with pytest.raises(InvalidInput):
        story.explain(error, " ")
    story.explain(error, "比例没有变", now=friday + timedelta(days=5))
    with story.database.read() as session:
        shown = knowledge_error_queries.error_list(session, story.who["agent"], now=NOW)[0]
    assert (shown.state, shown.answer, shown.late) == (
        ErrorReportState.EXPLAINED,
        "比例没有变",
        True,
    )
    with pytest.raises(ActionNotAllowed):
        story.explain(error, "再说一遍")


def test_an_error_report_is_answered_by_the_version_that_corrects_it(story: Story) -> None:
    entry = story.published(FUND)
    story.report(entry, "少了大病一项")
    story.edit(entry, EntryForm(title=FUND.title, answer="购房、租房、退休、大病。"))
    story.move(entry, KnowledgeAct.APPROVE, "leader")
    story.move(entry, KnowledgeAct.PUBLISH, "centre")
    with story.database.read() as session:
        (shown,) = knowledge_error_queries.error_list(session, story.who["liaison"], now=NOW)
    assert (shown.state, shown.answer) == (ErrorReportState.CORRECTED, "已更正，见第 2 版")


def test_errors_are_reported_by_the_centres_people_on_what_is_on_display(story: Story) -> None:
    draft = story.write(FUND)
    with pytest.raises(NotFound):
        story.report(draft, "有误")
    entry = story.published(FUND)
    with pytest.raises(InvalidInput):
        story.report(entry, " ")
    with pytest.raises(RoleNotAllowed), story.database.work() as session:
        knowledge_errors.report(
            session, story.who["stranger"], entry, "有误", rules=story.rules, now=NOW
        )


def test_counts_open_what_they_count(story: Story) -> None:
    story.published(FUND)
    story.write(EntryForm(title="草稿", answer="还在写"))
    story.published(EntryForm(title="旧政策", answer="旧", valid_until=TODAY))
    later = NOW + timedelta(days=1)
    for login in ("centre", "liaison", "agent"):
        reader: Actor = story.who[login]
        with story.database.read() as session:
            counts = knowledge_queries.entry_counts(session, reader, now=later)
            listed = {
                tab: len(knowledge_queries.entry_list(session, reader, tab, now=later))
                for tab in counts
            }
        assert counts == listed
        assert (counts["published"], counts["expired"]) == (1, 1)
    assert "draft" not in counts  # the agent reads no drafts
    with story.database.read() as session:
        found = knowledge_queries.entry_list(
            session, story.who["centre"], "published", words="公积金", now=later
        )
        none = knowledge_queries.entry_list(
            session, story.who["centre"], "published", unit="ZJ", now=later
        )
    assert [row.title for row in found] == [FUND.title]
    assert none == ()


def test_only_units_and_the_centre_write(story: Story) -> None:
    with pytest.raises(RoleNotAllowed), story.database.work() as session:
        knowledge.write(session, story.who["agent"], FUND, now=NOW)
    with pytest.raises(InvalidInput, match="哪个单位"), story.database.work() as session:
        knowledge.write(session, story.who["centre"], FUND, now=NOW)
