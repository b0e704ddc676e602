"""Proposes category and unit; the catalogue says who is responsible, the model never does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from classifier.pipeline import KIND, URGENCY, Judgement, RequestClassifier
from classifier.proofs import Proofs
from classifier.scope import Scope
from classifier.tokens import Tokenizer
from classifier.urgency import UrgencyRules
from dispatch.domain.learning_rules import ClassifierRules
from dispatch.domain.ports import Evidence, Suggestion, Suggestions
from dispatch.domain.vocabulary import RequestKind, Urgency

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
        rules: Callable[[], ClassifierRules],
        signs: UrgencyRules | None = None,
    ) -> None:
        """`categories` and `departments` give the Chinese name of each code.

        `rules` are those in force when it is asked; `signs` of danger are the shipped ones.
        Raises ValueError or another error of malformed data when the model's judgement is damaged.
        """
        self.model = model
        self._route = route
        self._categories = dict(categories)
        self._departments = dict(departments)
        self._rules = rules
        self._signs = signs or UrgencyRules.shipped()
        self._proofs = Proofs.of(model)
        self._scope = Scope.of(model)

    def suggest(self, text: str, *, division: str | None = None) -> Suggestions:
        """Return the three best categories and units, kind and urgency.

        Signs of danger are told of any text. Of one that cannot be read there is nothing else; of
        one that seems to be no matter for the city there are proposals, but none is sure.
        """
        judged = next(self.model.judge([text], top=None))
        unreadable = self._scope.refusal(text, judged)
        found = [_named(suggestion, self._categories) for suggestion in judged.suggestions]
        rules = self._rules()
        may = bool(found) and not unreadable
        precision = self._proofs.precision(found[0], rules) if may else None
        area = self._proofs.area(judged, rules) if may and precision is None else None
        return Suggestions(
            categories=tuple(found[:SHOWN]),
            departments=_departments(found, division, self._route, self._departments),
            model_version=self.model.card.version,
            kind=_kind(self.model, judged) if judged.known else None,
            urgency=_urgency(self.model, judged, self._signs, text),
            sure=precision is not None,
            precision=precision,
            area=_named(area, self._categories) if area else None,
            unreadable=unreadable,
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
    return replace(suggestion, name=names.get(suggestion.label, suggestion.name))


def _best(model: RequestClassifier, judged: Judgement, head: str) -> tuple[str, float] | None:
    """Return the likeliest label of a head and its probability, if the model has that head."""
    if head not in model.heads:
        return None
    chances = judged.chances[head]
    best = int(chances.argmax())
    return model.heads[head].labels[best], float(chances[best])


def _kind(model: RequestClassifier, judged: Judgement) -> Suggestion | None:
    found = _best(model, judged, KIND)
    if found is None or found[0] not in set(RequestKind):
        return None
    return Suggestion(found[0], RequestKind(found[0]).label, found[1])


def _urgency(
    model: RequestClassifier, judged: Judgement, rules: UrgencyRules, text: str
) -> Suggestion | None:
    """Return what the model thinks, raised by signs of danger; None where nobody knows."""
    found = _best(model, judged, URGENCY) if judged.known else None
    if found is not None and found[0] not in set(Urgency):
        found = None
    urgency, signs = rules.raised(text, Urgency(found[0]) if found else Urgency.ROUTINE)
    if signs:
        # A sign is no matter of probability: who reads the words sees whether it holds.
        why = tuple(Evidence(f"{sign.reason}（{sign.words}）", 1.0) for sign in signs)
        return Suggestion(urgency, urgency.label, 1.0, why)
    return Suggestion(urgency, urgency.label, found[1]) if found else None


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
