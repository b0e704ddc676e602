"""Do the city's files agree with one another."""

from collections.abc import Collection

from hotline.city.records import ANYWHERE, City, CityDataError


def check(city: City) -> None:
    """Raise CityDataError for the first code that is repeated or points nowhere."""
    divisions = _unique("divisions.csv", [d.code for d in city.divisions])
    departments = _unique("departments.csv", [d.code for d in city.departments])
    categories = _unique("categories.csv", [c.code for c in city.categories])
    leaves = {c.code for c in city.categories if c.level == 2}
    owned = [f"{r.category}@{r.division}" for r in city.responsibilities]
    _unique("responsibilities.csv", owned)
    _unique("lines.csv", [line.number for line in city.lines])
    _unique("staff.csv", [s.login for s in city.staff])
    _unique("staff.csv", [s.extension for s in city.staff if s.extension])
    _known("lines.csv", [line.department for line in city.lines if line.department], departments)
    _known("divisions.csv", [d.parent for d in city.divisions if d.parent], divisions)
    _known("departments.csv", [d.parent for d in city.departments if d.parent], departments)
    _known("departments.csv", [d.division for d in city.departments], divisions)
    _known("categories.csv", [c.parent for c in city.categories if c.parent], categories)
    for r in city.responsibilities:
        _known("responsibilities.csv", [r.category], leaves)
        _known("responsibilities.csv", [r.lead, *r.supporting], departments)
        _known("responsibilities.csv", [r.division], {*divisions, ANYWHERE})
        if r.lead in r.supporting:
            raise CityDataError(f"responsibilities.csv：{r.category} 的主办单位 {r.lead} 又是协办")
    # The discipline desk belongs to no unit of the city's.
    _known("staff.csv", [s.department for s in city.staff if s.department], departments)
    _known("corpus.csv", [r.category for r in city.corpus], leaves)
    _known("corpus.csv", [r.division for r in city.corpus if r.division], divisions)
    _known("answers.csv", [t.category for t in city.answers], leaves)
    _known("replies.csv", [t.category for t in city.replies], leaves)
    _known("city.toml", [city.division], divisions)
    _known("city.toml", [city.centre], departments)


def _unique(name: str, codes: list[str]) -> set[str]:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise CityDataError(f"{name}：{code} 重复")
        seen.add(code)
    return seen


def _known(name: str, codes: list[str], known: Collection[str]) -> None:
    for code in codes:
        if code not in known:
            raise CityDataError(f"{name}：{code} 不存在")
