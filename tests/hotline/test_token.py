"""`hotline token`: what it prints opens the API, and a wrong login is told in Chinese."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.bus import Database
from dispatch.domain.vocabulary import Role
from dispatch.service import accounts, tokens
from hotline.schema import migrate


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """The command's own database with one account."""
    made = Database(f"sqlite:///{tmp_path / 'hotline.db'}")
    migrate(made)
    with made.work() as session:
        accounts.create_staff(
            session, login="wang", name="王小燕", role=Role.AGENT, password_hash="hash"
        )
    return made


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on this data folder."""
    return subprocess.run(
        [sys.executable, "-m", "hotline", "token", *arguments],
        env={**os.environ, "HOTLINE_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_token_is_printed_alone_and_works_until_revoked(
    database: Database, tmp_path: Path
) -> None:
    made = run(tmp_path, "create", "--staff", "wang")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    with database.read() as session:
        owner = tokens.token_owner(session, token)
    assert owner is not None
    assert owner.login == "wang"
    assert run(tmp_path, "revoke", "--staff", "wang").returncode == 0
    with database.read() as session:
        assert tokens.token_owner(session, token) is None
    with database.work() as session:
        assert tokens.revoke_tokens(session, "wang", now=datetime.now(UTC)) == 0
    database.dispose()


def test_a_login_nobody_has_is_refused_in_chinese(database: Database, tmp_path: Path) -> None:
    refused = run(tmp_path, "create", "--staff", "nobody")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "没有账号 nobody" in refused.stderr
    database.dispose()
