"""While an agent types, tickets of the same event are offered before he has chosen a category."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from classifier.near_search import NearSearch
from hotline.near_keeping import Writing
from tests.portal.town import Town

TYPED = {"content": "小区南门那边烧烤的油烟特别大，摆到路上来了", "place": "锦绣花园"}


def test_the_console_offers_what_the_index_finds_and_no_confidential_ticket(
    town: Town, tmp_path: Path
) -> None:
    shown = town.ticket(phone="13800000001", place="锦绣花园南门")
    hidden = town.ticket("zhong", phone="13800000002", place="锦绣花园南门", confidential=True)
    writing = Writing.begin(town.database, tmp_path / "near")
    while writing.build():
        pass
    writing.index.close()
    agent = town.browser("wang")
    assert shown not in agent.post("/agent/suggest", data=TYPED).text, "no index, no category"
    search = NearSearch(tmp_path / "near", dict)
    town.app.state.context = replace(town.app.state.context, search=search)
    page = agent.post("/agent/suggest", data=TYPED).text
    assert shown in page
    assert hidden not in page
