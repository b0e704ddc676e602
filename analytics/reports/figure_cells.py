"""A figure's value as a table's cell."""

from __future__ import annotations

from analytics.figures import Figure, Form
from analytics.rates import Mean, Value
from analytics.reports.words import number


def mean_cell(figure: Figure, value: Value) -> float | None:
    """A mean in the unit the figure is told in; None for no case."""
    if not isinstance(value, Mean):
        return None
    return number(value.hours if figure.form is Form.WORKING_HOURS else value.seconds)
