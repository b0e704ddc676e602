"""The demo city: its files as one checked, typed object."""

import csv
import tomllib
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from typing import TypeVar

from dispatch.domain.call_terms import LineKind
from dispatch.domain.vocabulary import DepartmentKind, LineState, RequestKind, Role, Urgency
from hotline.city.checks import check
from hotline.city.records import (
    City,
    CityCategory,
    CityDataError,
    CityDepartment,
    CityDivision,
    CityLine,
    CityRequest,
    CityResponsibility,
    CityStaff,
    CityText,
)

T = TypeVar("T")
Row = dict[str, str]


def load_city() -> City:
    """Read and check the city beside this module; the same files always give an equal City.

    Raises CityDataError with the file, line and cause when a row does not hold.
    """
    profile = tomllib.loads(_text("city.toml"))
    city = City(
        name=profile["name"],
        province=profile["province"],
        division=profile["division"],
        area_code=profile["area_code"],
        population=profile["population"],
        hotline_name=profile["hotline_name"],
        hotline_number=profile["hotline_number"],
        centre=profile["centre"],
        divisions=_rows("divisions.csv", _division),
        departments=_rows("departments.csv", _department),
        categories=_rows("categories.csv", _category),
        responsibilities=_rows("responsibilities.csv", _responsibility),
        lines=_rows("lines.csv", _line),
        staff=_rows("staff.csv", _staff),
        corpus=_rows("corpus.csv", _request),
        answers=_rows("answers.csv", lambda row: CityText(**row)),
        replies=_rows("replies.csv", lambda row: CityText(**row)),
    )
    check(city)
    return city


def _text(name: str) -> str:
    return (files("hotline.city") / name).read_text(encoding="utf-8")


def _rows(name: str, build: Callable[[Row], T]) -> tuple[T, ...]:
    reader = csv.DictReader(_text(name).splitlines())
    rows: list[T] = []
    for row in reader:
        try:
            rows.append(build(row))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CityDataError(f"{name} 第{reader.line_num}行：{error}") from error
    return tuple(rows)


def _division(row: Row) -> CityDivision:
    return CityDivision(
        code=row["code"],
        name=row["name"],
        parent=row["parent"],
        level=row["level"],
        population=int(row["population"]),
    )


def _department(row: Row) -> CityDepartment:
    return CityDepartment(
        code=row["code"],
        name=row["name"],
        short_name=row["short_name"],
        tier=int(row["tier"]),
        kind=DepartmentKind(row["kind"]),
        parent=row["parent"],
        division=row["division"],
        phone=row["phone"],
        backstop=row["backstop"] == "yes",
    )


def _category(row: Row) -> CityCategory:
    level = int(row["level"])
    return CityCategory(code=row["code"], name=row["name"], parent=row["parent"], level=level)


def _responsibility(row: Row) -> CityResponsibility:
    return CityResponsibility(
        category=row["category"],
        division=row["division"],
        lead=row["lead"],
        supporting=tuple(row["supporting"].split(";")) if row["supporting"] else (),
        legal_basis=row["legal_basis"],
    )


def _line(row: Row) -> CityLine:
    return CityLine(
        number=row["number"],
        name=row["name"],
        state=LineState(row["state"]),
        kind=LineKind(row["kind"]),
        queue=row["queue"],
        effective_from=_day(row["effective_from"]),
        effective_to=_day(row["effective_to"]),
        transfer_number=row["transfer_number"],
        language=row["language"],
        department=row["department"],
        own_report=row["own_report"] == "1",
        note=row["note"],
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _staff(row: Row) -> CityStaff:
    return CityStaff(
        login=row["login"],
        name=row["name"],
        role=Role(row["role"]),
        department=row["department"],
        extension=row["extension"],
        approver=row["approver"] == "1",
    )


def _request(row: Row) -> CityRequest:
    return CityRequest(
        text=row["text"],
        category=row["category"],
        kind=RequestKind(row["kind"]),
        urgency=Urgency(row["urgency"]),
        division=row["division"],
    )
