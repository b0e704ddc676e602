"""The real machines the other tests stand on work here."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import Page

from tests.fixtures_postgres import PostgresServer

MEASURE = "text => document.createElement('canvas').getContext('2d').measureText(text).width"


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@pytest.mark.postgres
def test_a_template_is_prepared_once_and_copied_for_every_test(
    postgres: PostgresServer, postgres_template: Callable[[Callable[[str], None]], str]
) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with psycopg.connect(_plain(url)) as connection:
            connection.execute("CREATE TABLE ticket (subject text)")
            connection.execute("INSERT INTO ticket VALUES ('路灯不亮')")

    for _ in range(2):
        url = postgres.create(postgres_template(prepare))
        with psycopg.connect(_plain(url)) as connection:
            assert connection.execute("SELECT subject FROM ticket").fetchone() == ("路灯不亮",)
        postgres.drop(url)
    assert len(prepared) == 1


@pytest.mark.postgres
def test_chinese_text_sorts_and_compares_in_postgresql(postgres_url: str) -> None:
    with psycopg.connect(_plain(postgres_url)) as connection:
        found = connection.execute("SELECT upper('热线a'), length('热线')").fetchone()
    assert found == ("热线A", 2)


@pytest.mark.browser
def test_the_browser_shows_chinese_in_shanghai_time(page: Page) -> None:
    page.set_content("<h1 id=title>市民热线</h1>")
    assert page.inner_text("#title") == "市民热线"
    wide, narrow = (page.evaluate(MEASURE, text) for text in ("热线", "ii"))
    assert wide > narrow * 2, "no Chinese font: glyphs have the width of Latin letters"
    assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "Asia/Shanghai"
