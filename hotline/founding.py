"""Found a city in an empty database: catalogue, units, lines, and accounts with passwords."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

from dispatch.bus import Database
from dispatch.domain.people import SYSTEM
from dispatch.domain.terms import PolicyPart
from dispatch.service import accounts, catalogue, policies
from dispatch.service.rulebook import RuleBook
from hotline.city.records import City, CityDepartment, CityLine

LEVELS = {"city": 1, "district": 2, "township": 3}
EASY = "abcdefghjkmnpqrstuvwxyz23456789"


def found_city(database: Database, city: City) -> None:
    """Write or refresh the catalogue; safe to repeat."""
    with database.work() as session:
        catalogue.put_divisions(
            session,
            [
                {
                    "code": d.code,
                    "name": d.name,
                    "parent": d.parent or None,
                    "level": LEVELS[d.level],
                    "population": d.population,
                }
                for d in city.divisions
            ],
        )
        units = catalogue.put_departments(session, [_department(d) for d in city.departments])
        catalogue.put_lines(session, [_line(line, units) for line in city.lines])
        catalogue.put_categories(
            session,
            [
                {"code": c.code, "name": c.name, "parent": c.parent or None, "level": c.level}
                for c in city.categories
            ],
        )
        catalogue.found_responsibilities(
            session,
            [
                {
                    "category": r.category,
                    "division": r.division,
                    "lead": r.lead,
                    "supporting": r.supporting,
                    "legal_basis": r.legal_basis,
                }
                for r in city.responsibilities
            ],
            since=date(2020, 1, 1),
        )


def found_policy(database: Database, rulebook: RuleBook, *, now: datetime) -> None:
    """Put the demo city's own rules into force, over those of the settings; safe to repeat."""
    document = (Path(__file__).parent / "city" / "policy.toml").read_text("utf-8")
    with database.work() as session:
        kept = policies.versions(session, now=now)
        if not any(row.part is PolicyPart.PROFILE for row in kept):
            policies.load_version(
                session, SYSTEM, PolicyPart.PROFILE, document, note="演示城市的规则", now=now
            )
    rulebook.forget()


def _line(line: CityLine, units: Mapping[str, int]) -> dict[str, object]:
    row = {**asdict(line), "state": line.state.value, "kind": line.kind.value}
    row["department_id"] = units.get(row.pop("department"))
    return row


def _department(unit: CityDepartment) -> dict[str, object]:
    names = ("code", "name", "short_name", "tier", "division", "phone", "backstop", "parent")
    row = {name: getattr(unit, name) or None for name in names}
    return {**row, "kind": unit.kind.value, "backstop": bool(row["backstop"])}


def found_staff(
    database: Database, city: City, folder: Path, hash_password: Callable[[str], str]
) -> dict[str, str]:
    """Make the demo accounts; return login → password as generated on this machine.

    Passwords are kept in `demo-accounts.json` (mode 0600) so that the next start can print
    them again; an account that exists keeps its own.
    """
    path = folder / "demo-accounts.json"
    known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    with database.work() as session:
        logins = [s.login for s in city.staff]
        present = {name for name in logins if accounts.password_hash_of(session, name)}
        missing = [s for s in city.staff if s.login not in present]
        # One password per kind of account keeps the printed list short; hashing is slow by design.
        for role in {s.role for s in missing}:
            known.setdefault(role.value, "".join(secrets.choice(EASY) for _ in range(12)))
        _write_private(path, known)
        hashes = {
            role.value: hash_password(known[role.value]) for role in {s.role for s in missing}
        }
        for person in missing:
            accounts.create_staff(
                session,
                login=person.login,
                name=person.name,
                role=person.role,
                department=person.department or None,
                extension=person.extension or None,
                approver=person.approver,
                password_hash=hashes[person.role.value],
            )
    return dict(_logins(city, known))


def _logins(city: City, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    for person in city.staff:
        if person.role.value in known:
            yield person.login, known[person.role.value]


def _write_private(path: Path, content: dict[str, str]) -> None:
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
    draft.replace(path)
