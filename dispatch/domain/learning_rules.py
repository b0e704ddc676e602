"""What a city's policy says of the classifier and of hot spots."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ClassifierRules:
    """When a model may dispatch by itself, and when a new one may take over.

    `precision_percent` is what a category's dispatches must have reached on texts the model had
    not seen, proven by at least `least_validated` of them. A new model is made after
    `retrain_after` new labels; it is judged on the newest `newest_days` days too, and may lose
    no more than `tolerance_points` percentage points in any category.
    """

    auto_dispatch: bool
    precision_percent: int
    least_validated: int
    retrain_after: int
    newest_days: int
    tolerance_points: int
    same_event_days: int
    """How old an open ticket may be to be offered as the same event."""


@dataclass(frozen=True, kw_only=True)
class HotSpotRules:
    """When tickets of one subject and place are a hot spot.

    Counted are the newest `window_hours`, compared with the same hours of the `history_weeks`
    before. At least `least_tickets` of `least_callers` different callers belong to one;
    `false_alarms_a_week` is how many chance alone may raise over the whole city. It is over after
    `quiet_hours` without another ticket.
    """

    window_hours: int
    history_weeks: int
    least_tickets: int
    least_callers: int
    false_alarms_a_week: int
    quiet_hours: int
