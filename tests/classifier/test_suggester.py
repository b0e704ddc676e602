"""Proposals for category and unit."""

import time

import pytest

from classifier.pipeline import RequestClassifier
from classifier.suggester import KeywordSuggester, ModelSuggester
from dispatch.domain.ports import DepartmentSuggester

CATEGORIES = {"噪音": "噪声污染", "欠薪": "拖欠工资", "停车": "停车管理"}
DEPARTMENTS = {"HUANBAO": "市生态环境局", "RENSHE": "市人社局", "DONGQU": "东区城管局"}


def route(category: str, division: str | None) -> str | None:
    """Noise and parking go to the district where it is known."""
    if category == "欠薪":
        return "RENSHE"
    if division == "东区":
        return "DONGQU"
    return "HUANBAO" if category == "噪音" else None


@pytest.fixture
def suggester(model: RequestClassifier) -> DepartmentSuggester:
    return ModelSuggester(model, route=route, categories=CATEGORIES, departments=DEPARTMENTS)


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


def test_a_proposal_comes_while_the_agent_types(suggester: DepartmentSuggester) -> None:
    text = "工地夜间施工噪音扰民，" * 40
    suggester.suggest(text)
    times = []
    for _ in range(20):
        started = time.perf_counter()
        suggester.suggest(text)
        times.append(time.perf_counter() - started)
    assert sorted(times)[10] < 0.020


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
