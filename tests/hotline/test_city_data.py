"""The demo city holds together, and its requests are many and unlike one another."""

from collections import Counter
from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from dispatch.domain.vocabulary import DepartmentKind, RequestKind, Role, Urgency
from hotline.city.catalog import load_city
from hotline.city.checks import check
from hotline.city.records import City, CityDataError

LOOKALIKE = 0.5  # share of common 5-character runs above which two requests are one


@pytest.fixture(scope="module")
def city() -> City:
    return load_city()


def grams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 5] for i in range(len(text) - 4))


def lookalikes(texts: list[str]) -> list[tuple[str, str]]:
    """Pairs whose 5-gram sets overlap more than LOOKALIKE (Jaccard)."""
    sets = [grams(text) for text in texts]
    where: dict[str, list[int]] = {}
    common: Counter[tuple[int, int]] = Counter()
    for i, own in enumerate(sets):
        for gram in own:
            for j in where.setdefault(gram, []):
                common[(j, i)] += 1
            where[gram].append(i)
    return [
        (texts[i], texts[j])
        for (i, j), shared in common.items()
        if shared / (len(sets[i]) + len(sets[j]) - shared) > LOOKALIKE
    ]


def test_the_same_files_give_an_equal_city(city: City) -> None:
    assert load_city() == city


def test_every_leaf_category_has_an_owner_in_every_division(city: City) -> None:
    leaves = [c.code for c in city.categories if c.level == 2]
    places = ["", *(d.code for d in city.divisions)]
    assert [(c, p) for c in leaves for p in places if city.responsible(c, p) is None] == []


def test_the_nearest_catalogue_row_wins(city: City) -> None:
    street = next(d for d in city.divisions if d.name == "文澜街道")
    county = next(d for d in city.divisions if d.name == "落雁坪乡")
    stalls = next(c.code for c in city.categories if c.name.startswith("占道经营"))
    leads = []
    for place in (street.code, county.code, ""):
        row = city.responsible(stalls, place)
        assert row is not None
        leads.append(row.lead)
    assert leads == [f"GOV-{street.code}", f"GOV-{county.parent}", "CHENGGUAN"]


def test_units_stand_in_three_tiers_and_each_hangs_on_the_one_above(city: City) -> None:
    tiers = {d.code: d.tier for d in city.departments}
    assert {d.tier for d in city.departments} == {1, 2, 3}
    assert all(tiers[d.parent] == d.tier - 1 for d in city.departments if d.parent)
    assert [d.code for d in city.departments if not d.parent] == [city.centre]
    assert sum(d.tier == 2 for d in city.departments) >= 40
    assert {d.kind for d in city.departments} == set(DepartmentKind)
    assert {"岚川市城市管理局", "岚川市住房和城乡建设局"} <= {d.name for d in city.departments}


def test_every_township_has_a_unit_and_every_district_a_backstop(city: City) -> None:
    units = {d.division for d in city.departments if d.kind is DepartmentKind.TOWNSHIP}
    assert units == {d.code for d in city.divisions if d.level == "township"}
    assert len(units) >= 40
    backstops = {d.division for d in city.departments if d.backstop}
    assert backstops == {d.code for d in city.divisions if d.level != "township"}


def test_people_of_a_division_add_up(city: City) -> None:
    for parent in (d for d in city.divisions if d.level != "township"):
        parts = [d.population for d in city.divisions if d.parent == parent.code]
        assert sum(parts) == parent.population
    assert city.population == next(d.population for d in city.divisions if not d.parent)


def test_twelve_agents_sit_on_their_extensions_and_every_role_has_somebody(city: City) -> None:
    seats = {s.login: s.extension for s in city.staff if s.role is Role.AGENT}
    assert seats == {f"agent{n}": str(8000 + n) for n in range(1, 13)}
    assert {s.role for s in city.staff} == set(Role) - {Role.SYSTEM}
    assert {"chengguan", "leader", "admin"} <= {s.login for s in city.staff}


def test_the_corpus_is_large_and_covers_the_tree(city: City) -> None:
    assert len(city.corpus) >= 2000
    parents = {c.code: c.parent for c in city.categories}
    tops = Counter(parents[r.category] for r in city.corpus)
    assert len(tops) >= 15
    assert min(tops.values()) >= 60
    leaves = Counter(r.category for r in city.corpus)
    assert min(leaves[c.code] for c in city.categories if c.level == 2) >= 8


def test_the_corpus_asks_as_a_city_asks(city: City) -> None:
    kinds = Counter(r.kind for r in city.corpus)
    assert set(kinds) == set(RequestKind)
    assert 0.30 <= kinds[RequestKind.INQUIRY] / len(city.corpus) <= 0.50
    urgencies = Counter(r.urgency for r in city.corpus)
    assert set(urgencies) == set(Urgency)
    assert urgencies[Urgency.ROUTINE] / len(city.corpus) >= 0.75


def test_requests_differ_in_wording_length_and_opening(city: City) -> None:
    texts = [r.text for r in city.corpus]
    assert len(set(texts)) == len(texts)
    assert lookalikes(texts) == []
    lengths = sorted(map(len, texts))
    assert lengths[0] >= 8
    assert sum(n <= 35 for n in lengths) >= 60
    assert sum(n >= 150 for n in lengths) >= 80
    assert sum(n >= 250 for n in lengths) >= 12
    assert 40 <= median(lengths) <= 100
    openings = Counter(text[:4] for text in texts)
    assert max(openings.values()) / len(texts) <= 0.02


def test_a_request_that_names_a_township_is_filed_in_its_district(city: City) -> None:
    townships = {d.name: d for d in city.divisions if d.level == "township"}
    astray = [
        (request.text, request.division)
        for request in city.corpus
        for name, township in townships.items()
        if name in request.text and not request.division.startswith(township.parent)
    ]
    assert astray == []


def test_a_lookalike_would_be_noticed() -> None:
    text = "楼下的烧烤摊每天晚上吵到两点钟，油烟直往屋里灌。"
    assert lookalikes([text, text.replace("两点钟", "三点钟"), "公积金怎么提取？"]) != []


def test_answers_and_replies_are_enough_and_all_different(city: City) -> None:
    assert len({a.text for a in city.answers}) == len(city.answers) >= 60
    assert len({r.text for r in city.replies}) == len(city.replies) >= 80
    assert lookalikes([t.text for t in (*city.answers, *city.replies)]) == []


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("departments", {"parent": "NOBODY"}, "departments.csv：NOBODY 不存在"),
        ("responsibilities", {"lead": "NOBODY"}, "responsibilities.csv：NOBODY 不存在"),
        ("responsibilities", {"category": "01"}, "responsibilities.csv：01 不存在"),
        ("staff", {"login": "agent2"}, "staff.csv：agent2 重复"),
        ("corpus", {"division": "110101"}, "corpus.csv：110101 不存在"),
    ],
)
def test_a_broken_reference_is_named(
    city: City, field: str, change: dict[str, str], message: str
) -> None:
    first, *rest = getattr(city, field)
    changes: dict[str, Any] = {field: (replace(first, **change), *rest)}
    broken = replace(city, **changes)
    with pytest.raises(CityDataError, match=message):
        check(broken)
