"""People who use one running hotline: by the interface with a token, and by the pages' forms."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any

from tests.fixtures_hotline import HotlineUnderTest, until

REPLY = "经现场核实，占道经营情况属实，已责令商户撤出并清洗路面。"


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.text)


def _ask(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Answer:
    try:
        with opener.open(request, timeout=60) as answer:
            return Answer(answer.status, answer.read().decode())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read().decode())


@dataclass
class Cast:
    """Everybody of the demo city, with a token of their own made on first use."""

    hotline: HotlineUnderTest
    _tokens: dict[str, str] = field(default_factory=dict)

    def call(self, login: str, method: str, path: str, body: object = None) -> Answer:
        """A request below /api/v1 as this person."""
        if login not in self._tokens:
            self._tokens[login] = self.hotline.command("token", "create", "--staff", login).strip()
        request = urllib.request.Request(
            f"{self.hotline.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._tokens[login]}",
                "Content-Type": "application/json",
            },
        )
        return _ask(urllib.request.build_opener(), request)

    def do(self, login: str, path: str, **body: object) -> Any:
        """POST and insist on success; the answer's JSON."""
        answer = self.call(login, "POST", path, body)
        assert answer.status in (200, 201), answer.text
        return answer.json

    def contacts(self, caller: str | None, *, direction: str = "inbound") -> list[dict[str, Any]]:
        """All calls of a number, newest first."""
        answer = self.call("admin", "GET", "/contacts?limit=200")
        assert answer.status == 200, answer.text
        return [
            item
            for item in answer.json["items"]
            if item["caller"] == caller and item["direction"] == direction
        ]

    def ended(self, caller: str | None, seconds: float = 15) -> dict[str, Any]:
        """The number's only call, once it is over."""
        until(
            lambda: (found := self.contacts(caller)) and all(c["ended_at"] for c in found),
            seconds,
            lambda: str(self.contacts(caller)),
        )
        (contact,) = self.contacts(caller)
        return contact

    def ticket_to(self, status: str, phone: str = "12900007777") -> str:
        """A new ticket walked on to open, dispatched, acknowledged, completed or follow_up."""
        made = self.do(
            "center",
            "/tickets",
            content="夜市口占道烧烤，油烟很大",
            kind="complaint",
            phone=phone,
            new_facts="今晚又来了一个新的摊位",
        )
        number = str(made["ticket"]["number"])
        steps: list[tuple[str, str, str, dict[str, object]]] = [
            ("open", "", "", {}),
            ("dispatched", "center", "dispatch", {"department": "GOV-990702"}),
            ("acknowledged", "landi", "acknowledge", {}),
            ("in_progress", "landi", "contact", {"note": "已电话联系"}),
            ("completed", "landi", "complete", {"public_reply": REPLY}),
            ("follow_up", "center", "pass-audit", {}),
        ]
        for reached, login, action, body in steps:
            if action:
                self.do(login, f"/tickets/{number}/{action}", **body)
            if reached == status:
                return number
        raise AssertionError(status)

    def ticket(self, number: str) -> dict[str, Any]:
        """The ticket as the centre reads it."""
        answer = self.call("center", "GET", f"/tickets/{number}")
        assert answer.status == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def events(self, number: str, kind: str) -> list[dict[str, Any]]:
        """The details of one kind of event in a ticket's history, oldest first."""
        answer = self.call("center", "GET", f"/tickets/{number}/events")
        return [event["details"] for event in answer.json if event["kind"] == kind]


class Visitor:
    """A person signed in to the pages, without a browser."""

    def __init__(self, hotline: HotlineUnderTest, login: str) -> None:
        self._url = hotline.url
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        password = hotline.passwords[login]
        assert self.press("/sign-in", "/sign-in", login=login, password=password).status == 200

    def read(self, path: str) -> Answer:
        """Open a page."""
        page = urllib.request.Request(self._url + path, headers={"Accept": "text/html"})
        return _ask(self._opener, page)

    def press(self, page: str, path: str, **typed: str) -> Answer:
        """Send a form of the page."""
        text = self.read(page).text
        found = re.search(r'name="csrf" (?:value|content)="([^"]+)"', text)
        assert found is not None, text[:500]
        body = urllib.parse.urlencode({"csrf": found[1], **typed}).encode()
        request = urllib.request.Request(
            self._url + path, data=body, headers={"Accept": "text/html"}
        )
        return _ask(self._opener, request)

    def call_now(self, number: str) -> Answer:
        """Order the follow-up call of a ticket."""
        return self.press("/desk?tab=follow", f"/tickets/{number}/call-now", version="1")

    def row(self, number: str) -> str:
        """The ticket's row on the follow-up desk, as words; empty when it is not there."""
        text = self.read("/desk?tab=follow").text
        found = re.search(rf'<tr id="row-{number}".*?</tr>', text, re.DOTALL)
        return re.sub(r"<[^>]+>|\s+", " ", found[0]) if found else ""
