"""The steps of a ticket's way, walked through the pages' own forms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi.testclient import TestClient
from httpx2 import Response

from tests.portal.town import Town

REPLY = "经现场核实，占道烧烤情况属实，已责令清离并安排每晚巡查。"


@dataclass
class Walker:
    """Presses the buttons of one ticket as the people of the town would."""

    town: Town
    number: str

    def press(self, login: str, action: str, **typed: str) -> Response:
        """Open the page, fill in its form and send it; `typed` wins over what stood there."""
        browser = self.town.browser(login)
        fields = self.form(browser, action)
        return browser.post(f"/tickets/{self.number}/{action}", data={**fields, **typed})

    def form(self, browser: TestClient, action: str) -> dict[str, str]:
        """The hidden fields of a form as the page sends them."""
        page = browser.get(f"/tickets/{self.number}").text
        version = re.search(r'data-version="(\d+)"', page)
        assert version is not None, page[:400]
        seen = re.search(r'name="seen" value="(\d+)"', page)
        return {"version": version[1], "seen": seen[1] if seen else ""}

    def page(self, login: str) -> str:
        """The ticket's page as this person sees it."""
        answer = self.town.browser(login).get(f"/tickets/{self.number}")
        assert answer.status_code == 200, answer.text[:400]
        return answer.text

    def status(self) -> str:
        """Where the ticket stands."""
        found = re.search(r'data-status="(\w+)"', self.page("zhong"))
        assert found is not None
        return found[1]

    def walk_to(self, status: str, unit: str = "城管局", login: str = "chengguan") -> Walker:
        """Go the usual way as far as this status."""
        steps: list[tuple[str, str, str, dict[str, str]]] = [
            ("dispatched", "li", "dispatch", {"department": unit}),
            ("acknowledged", login, "acknowledge", {}),
            ("in_progress", login, "contact", {"note": "电话联系，约定今晚查看"}),
            ("completed", login, "complete", {"public_reply": REPLY}),
            ("follow_up", "zhong", "pass-audit", {}),
        ]
        for reached, person, action, typed in steps:
            answer = self.press(person, action, **typed)
            assert answer.status_code == 303, answer.text
            if reached == status:
                return self
        raise ValueError(status)
