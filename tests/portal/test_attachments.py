"""Files on pages: sent by forms without scripts, given back so that no browser runs them."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.dispatch.samples import BAD, GOOD, JPG, PNG
from tests.portal.steps import Walker
from tests.portal.town import Town


@pytest.fixture
def ticket(town: Town) -> Walker:
    """A ticket of the town."""
    return Walker(town, town.ticket())


def send(
    walker: Walker, login: str, *files: tuple[str, bytes], **typed: str
) -> tuple[TestClient, Response]:
    """Send files by the ticket page's own form."""
    browser = walker.town.browser(login)
    fields = walker.form(browser, "attach")
    answer = browser.post(
        f"/tickets/{walker.number}/attach",
        data={**fields, **typed},
        files=[("files", (name, content, "application/octet-stream")) for name, content in files],
    )
    return browser, answer


def links(page: str) -> dict[str, str]:
    """Addresses of the files on a page, by name."""
    return {n: a for a, n in re.findall(r'<a href="(/attachments/\d+)"[^>]*>([^<]+)</a>', page)}


def test_files_are_added_and_given_back_as_what_they_are(ticket: Walker) -> None:
    browser, answer = send(ticket, "li", ("照片.jpg", JPG), ("决定书.pdf", GOOD["决定书.pdf"][0]))
    assert answer.status_code == 303, answer.text
    found = links(ticket.page("li"))
    assert set(found) == {"照片.jpg", "决定书.pdf"}
    picture = browser.get(found["照片.jpg"])
    assert picture.content == JPG
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-disposition"].startswith("inline")
    assert "sandbox" in picture.headers["content-security-policy"]
    assert "script-src" not in picture.headers["content-security-policy"]
    assert picture.headers["cache-control"] == "no-store"
    saved = browser.get(found["照片.jpg"] + "?save=true")
    assert saved.headers["content-disposition"].startswith("attachment")


def test_what_a_browser_does_not_show_is_only_saved(ticket: Walker) -> None:
    name = "说明.docx"
    browser, answer = send(ticket, "li", (name, GOOD[name][0]))
    assert answer.status_code == 303
    given = browser.get(links(ticket.page("li"))[name])
    assert given.headers["content-disposition"].startswith("attachment")


def test_the_good_files_of_a_batch_are_kept_and_the_bad_ones_named(ticket: Walker) -> None:
    _, answer = send(ticket, "li", ("网页.jpg", BAD["网页.jpg"]), ("照片.jpg", JPG))
    assert answer.status_code == 422
    assert "已收下 1 个文件" in answer.text
    assert "“网页.jpg”没有收下" in answer.text
    assert set(links(answer.text)) == {"照片.jpg"}


@pytest.mark.parametrize("name", ["空.jpg", "程序.exe", "藏压缩包.jpg", "炸弹.jpg"])
def test_a_hostile_file_is_refused_in_words(ticket: Walker, name: str) -> None:
    _, answer = send(ticket, "li", (name, BAD[name]))
    assert answer.status_code == 422
    assert "没有收下" in answer.text
    assert links(ticket.page("li")) == {}


def test_no_file_chosen_is_said_beside_the_field(ticket: Walker) -> None:
    _, answer = send(ticket, "li")
    assert answer.status_code == 422
    assert "请选择要上传的文件" in answer.text


def test_a_name_with_tricks_is_shown_as_plain_words(ticket: Walker) -> None:
    _, answer = send(ticket, "li", ("../../etc/<b>x</b>.jpg", JPG))
    assert answer.status_code == 303
    assert "<b>x</b>" not in ticket.page("li")


def test_files_are_found_only_by_those_who_see_the_ticket(ticket: Walker) -> None:
    send(ticket, "li", ("照片.jpg", JPG))
    address = links(ticket.page("li"))["照片.jpg"]
    assert ticket.town.browser("chengguan").get(address).status_code == 404
    assert ticket.town.browser("root").get(address).status_code == 403
    assert ticket.town.anyone().get(address).status_code == 303


def test_a_confidential_requester_s_papers_are_not_for_the_unit(town: Town) -> None:
    ticket = Walker(town, town.ticket(confidential=True))
    send(ticket, "li", ("身份证.jpg", JPG))
    address = links(ticket.page("li"))["身份证.jpg"]
    ticket.press("li", "dispatch", department="CG")
    page = ticket.page("chengguan")
    assert "身份证" not in page
    assert "另有 1 个附件" in page
    assert town.browser("chengguan").get(address).status_code == 404


def test_the_unit_adds_its_evidence_and_takes_it_back_with_a_reason(ticket: Walker) -> None:
    ticket.press("li", "dispatch", department="CG")
    _, answer = send(ticket, "chengguan", ("现场.png", PNG), part="evidence")
    assert answer.status_code == 303, answer.text
    page = ticket.page("zhong")
    assert "联系证据" in page
    number = links(page)["现场.png"].rsplit("/", 1)[1]
    assert ticket.press("chengguan", "detach", attachment=number, reason="").status_code == 422
    assert ticket.press("chengguan", "detach", attachment="x", reason="a").status_code == 422
    answer = ticket.press("chengguan", "detach", attachment=number, reason="传错了")
    assert answer.status_code == 303
    page = ticket.page("zhong")
    assert links(page) == {}
    assert "传错了" in page


def test_too_many_at_once_are_named(ticket: Walker) -> None:
    files = [(f"{n}.jpg", JPG + bytes([n])) for n in range(12)]
    _, answer = send(ticket, "li", *files)
    assert answer.status_code == 422
    assert "已收下 10 个文件" in answer.text
    assert "一次最多上传 10 个" in answer.text


def test_only_the_addresses_that_take_files_take_a_large_body(ticket: Walker) -> None:
    browser = ticket.town.browser("li")
    large = {"note": "x" * (5 * 1024 * 1024)}
    assert browser.post(f"/tickets/{ticket.number}/amend", data=large).status_code == 413
    picture = PNG + b"\0" * (6 * 1024 * 1024)
    _, answer = send(ticket, "li", ("大图.png", picture))
    assert answer.status_code == 303


def test_a_file_without_the_form_s_token_is_refused(ticket: Walker) -> None:
    browser = ticket.town.browser("li")
    del browser.headers["X-CSRF-Token"]
    answer = browser.post(
        f"/tickets/{ticket.number}/attach", data={"version": "1"}, files={"files": ("a.jpg", JPG)}
    )
    assert answer.status_code == 403
