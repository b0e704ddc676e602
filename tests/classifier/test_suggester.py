"""Proposals for category and unit."""

from dataclasses import replace

import pytest

from classifier.pipeline import RequestClassifier
from classifier.samples import Samples
from classifier.suggester import KeywordSuggester, ModelSuggester
from classifier.training import train
from dispatch.domain.learning_rules import ClassifierRules
from dispatch.domain.ports import DepartmentSuggester
from tests.classifier.conftest import NOW
from tests.classifier.letters import REQUESTS

CATEGORIES = {"噪音": "噪声污染", "欠薪": "拖欠工资", "停车": "停车管理"}
DEPARTMENTS = {"HUANBAO": "市生态环境局", "RENSHE": "市人社局", "DONGQU": "东区城管局"}

RULES = ClassifierRules(
    auto_dispatch=True,
    precision_percent=98,
    least_validated=30,
    retrain_after=200,
    newest_days=30,
    tolerance_points=3,
    same_event_days=30,
)


def route(category: str, division: str | None) -> str | None:
    """Noise and parking go to the district where it is known."""
    if category == "欠薪":
        return "RENSHE"
    if division == "东区":
        return "DONGQU"
    return "HUANBAO" if category == "噪音" else None


@pytest.fixture
def suggester(model: RequestClassifier) -> DepartmentSuggester:
    return ModelSuggester(
        model, route=route, categories=CATEGORIES, departments=DEPARTMENTS, rules=lambda: RULES
    )


def test_the_category_comes_from_the_model_and_the_unit_from_the_catalogue(
    suggester: DepartmentSuggester, model: RequestClassifier
) -> None:
    found = suggester.suggest("酒吧晚上噪音太大")
    assert (found.categories[0].label, found.categories[0].name) == ("噪音", "噪声污染")
    assert (found.departments[0].label, found.departments[0].name) == ("HUANBAO", "市生态环境局")
    assert found.departments[0].evidence == found.categories[0].evidence
    assert found.model_version == model.card.version


def test_a_unit_is_as_probable_as_all_its_categories_together(
    suggester: DepartmentSuggester,
) -> None:
    found = suggester.suggest("酒吧晚上噪音太大", division="东区")
    chances = {one.label: one.probability for one in found.categories}
    assert found.departments[0].label == "DONGQU"
    assert found.departments[0].probability == pytest.approx(chances["噪音"] + chances["停车"])


def test_nothing_is_proposed_for_an_empty_text(suggester: DepartmentSuggester) -> None:
    found = suggester.suggest("   ")
    assert (found.categories, found.departments) == ((), ())


def test_the_keyword_suggester_needs_no_model() -> None:
    suggester: DepartmentSuggester = KeywordSuggester(
        route=route,
        categories=CATEGORIES,
        departments=DEPARTMENTS,
        keywords={"噪音": ("烧烤店", "广场舞")},
    )
    found = suggester.suggest("广场舞太吵，公司还拖欠工资")
    assert [one.label for one in found.categories] == ["噪音", "欠薪"]
    assert [word.token for word in found.categories[0].evidence] == ["广场舞"]
    assert {one.label for one in found.departments} == {"HUANBAO", "RENSHE"}
    assert suggester.suggest("今天天气").categories == ()


SIX_TIMES = 6
"""Each of the eighteen requests so often: enough texts to prove something."""


@pytest.fixture(scope="module")
def proven() -> ModelSuggester:
    """Categories in two branches, with kind and urgency, learned from 108 texts."""
    texts = [text for group in REQUESTS.values() for text in group]
    labels = [code for code in ("0101", "0102", "0201") for _ in range(6)]
    kinds = ["complaint" if at % 6 < 4 else "inquiry" for at in range(18)]
    urgencies = ["urgent" if code == "0201" else "routine" for code in labels]
    numbered = [f"{text}{at}" for at in range(SIX_TIMES) for text in texts]
    model = train(
        Samples(
            tuple(numbered),
            tuple(labels * SIX_TIMES),
            (),
            "0" * 64,
            tuple(kinds * SIX_TIMES),
            tuple(urgencies * SIX_TIMES),
        ),
        now=NOW,
        names={"0101": "噪声污染", "0102": "拖欠工资", "0201": "停车管理"},
        parents={"0101": "01", "0102": "01", "0201": "02"},
    )
    return ModelSuggester(
        model,
        route=lambda category, division: None,
        categories={"01": "民生", "02": "交通"},
        departments={},
        rules=lambda: RULES,
    )


def test_a_category_is_sure_only_as_far_as_the_rules_in_force_find_it_proven(
    proven: ModelSuggester,
) -> None:
    found = proven.suggest(REQUESTS["噪音"][0])
    assert found.sure
    assert found.precision is not None
    assert found.precision >= 0.98
    stricter = replace(RULES, least_validated=37)  # 36 texts of each category were validated
    asked = ModelSuggester(
        proven.model,
        route=lambda category, division: None,
        categories={},
        departments={},
        rules=lambda: stricter,
    ).suggest(REQUESTS["噪音"][0])
    assert (asked.sure, asked.precision) == (False, None)
    # The branch has the 72 texts of both its categories.
    assert asked.area is not None
    assert asked.area.label == "01"


def test_kind_and_urgency_come_from_their_own_heads(proven: ModelSuggester) -> None:
    found = proven.suggest(REQUESTS["停车"][0])
    assert found.kind is not None
    assert found.urgency is not None
    assert (found.kind.label, found.kind.name) == ("complaint", "投诉")
    assert (found.urgency.label, found.urgency.name) == ("urgent", "紧急")


def test_signs_of_danger_raise_what_the_model_thinks_and_are_shown(
    proven: ModelSuggester,
) -> None:
    found = proven.suggest("停车场里闻到很重的煤气味")
    assert found.urgency is not None
    assert found.urgency.label == "emergency"
    assert "煤气味" in found.urgency.evidence[0].token


def test_a_cry_for_help_is_urgent_where_nothing_else_can_be_said(
    suggester: DepartmentSuggester,
) -> None:
    found = suggester.suggest("溺水了")
    assert found.categories == ()
    assert found.unreadable
    assert found.urgency is not None
    assert found.urgency.label == "emergency"


def test_what_cannot_be_read_is_said_in_words_and_never_sure(proven: ModelSuggester) -> None:
    found = proven.suggest("？？？")
    assert "没有可读的文字" in found.unreadable
    assert (found.categories, found.sure, found.kind) == ((), False, None)
