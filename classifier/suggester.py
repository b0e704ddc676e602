"""Proposes category and unit; the catalogue says who is responsible, the model never does."""

from collections.abc import Callable, Iterable, Mapping

from classifier.pipeline import RequestClassifier
from classifier.tokens import Tokenizer
from dispatch.domain.ports import Evidence, Suggestion, Suggestions

Route = Callable[[str, str | None], str | None]
"""Catalogue: category code and division code (None: not known) to the unit's code, if any."""

SHOWN = 3
"""Proposals of each sort: what a person compares at a glance."""


class ModelSuggester:
    """A DepartmentSuggester that asks the trained model and then the catalogue."""

    def __init__(
        self,
        model: RequestClassifier,
        *,
        route: Route,
        categories: Mapping[str, str],
        departments: Mapping[str, str],
    ) -> None:
        """`categories` and `departments` give the Chinese name of each code."""
        self._model = model
        self._route = route
        self._categories = dict(categories)
        self._departments = dict(departments)

    def suggest(self, text: str, *, division: str | None = None) -> Suggestions:
        """Return the three best categories and units; empty when the text says nothing."""
        found = [
            _named(suggestion, self._categories)
            for suggestion in self._model.suggest(text, top=None)
        ]
        return Suggestions(
            categories=tuple(found[:SHOWN]),
            departments=_departments(found, division, self._route, self._departments),
            model_version=self._model.card.version,
        )


class KeywordSuggester:
    """A DepartmentSuggester without a model: counts the words of a category's name in the text.

    It serves a city before its first training, and tests. Its probabilities are mere shares.
    """

    def __init__(
        self,
        *,
        route: Route,
        categories: Mapping[str, str],
        departments: Mapping[str, str],
        keywords: Mapping[str, Iterable[str]] | None = None,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        """`keywords` adds words per category code to those of its name."""
        self._tokenizer = tokenizer or Tokenizer()
        self._route = route
        self._categories = dict(categories)
        self._departments = dict(departments)
        extra = keywords or {}
        self._words = {
            code: {*self._tokenizer.words(name), *extra.get(code, ())}
            for code, name in self._categories.items()
        }

    def suggest(self, text: str, *, division: str | None = None) -> Suggestions:
        """Return the categories whose words occur, and their units."""
        spoken = set(self._tokenizer.words(text))
        hits = {code: sorted(words & spoken) for code, words in self._words.items()}
        total = sum(len(words) for words in hits.values())
        found = [
            Suggestion(
                label=code,
                name=self._categories[code],
                probability=len(words) / total,
                evidence=tuple(Evidence(word, 1.0) for word in words),
            )
            for code, words in sorted(hits.items(), key=lambda item: (-len(item[1]), item[0]))
            if words
        ]
        return Suggestions(
            categories=tuple(found[:SHOWN]),
            departments=_departments(found, division, self._route, self._departments),
            model_version="keywords",
        )


def _named(suggestion: Suggestion, names: Mapping[str, str]) -> Suggestion:
    name = names.get(suggestion.label, suggestion.name)
    return Suggestion(suggestion.label, name, suggestion.probability, suggestion.evidence)


def _departments(
    categories: Iterable[Suggestion],
    division: str | None,
    route: Route,
    names: Mapping[str, str],
) -> tuple[Suggestion, ...]:
    """Add up what each unit's categories are worth; its likeliest category gives the evidence."""
    worth: dict[str, float] = {}
    evidence: dict[str, tuple[Evidence, ...]] = {}
    for category in categories:
        code = route(category.label, division)
        if code is None:
            continue
        worth[code] = worth.get(code, 0.0) + category.probability
        evidence.setdefault(code, category.evidence)
    ranked = sorted(worth.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
    return tuple(
        Suggestion(code, names.get(code, code), probability, evidence[code])
        for code, probability in ranked
    )
