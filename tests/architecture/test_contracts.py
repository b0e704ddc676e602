"""The walls between the packages stand, and the contracts would notice a hole in them."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["importlinter"]["root_packages"]

# module to spoil -> the line that spoils it
HOLES = {
    "the core looks outward": ("dispatch/domain/errors.py", "import portal"),
    "the domain meets the database": ("dispatch/domain/errors.py", "import sqlalchemy"),
    "neighbours meet": ("telephony/spoiled.py", "import classifier"),
    "the portal meets the telephone": ("portal/spoiled.py", "import telephony"),
    "the portal reads tables": ("portal/spoiled.py", "import dispatch.models"),
    "a library leaves its home": ("analytics/spoiled.py", "import fastapi"),
    "the services call the web": ("dispatch/service/spoiled.py", "import starlette"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts over the packages in the folder."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copied_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_import_contract_is_kept() -> None:
    report = lint(ROOT)
    assert report.returncode == 0, report.stdout + report.stderr


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_in_the_wall_is_noticed(copied_packages: Path, hole: str) -> None:
    name, line = HOLES[hole]
    module = copied_packages / name
    before = module.read_text(encoding="utf-8") if module.exists() else None
    module.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        report = lint(copied_packages)
    finally:
        if before is None:
            module.unlink()
        else:
            module.write_text(before, encoding="utf-8")
    assert report.returncode != 0
    assert "BROKEN" in report.stdout, report.stdout + report.stderr


def test_there_are_seven_contracts() -> None:
    assert len(PROJECT["tool"]["importlinter"]["contracts"]) == 7


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_tested_are_those_of_this_folder(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__) == ROOT / package / "__init__.py"


def test_the_packages_shipped_are_those_under_contract() -> None:
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(shipped) == sorted(PACKAGES)
