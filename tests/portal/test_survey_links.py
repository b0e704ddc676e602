"""The page behind a message's link, and the messages as an administrator sees them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dispatch.domain.ports import NoMessenger, OutgoingText
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState
from dispatch.models.followups import FollowUp
from dispatch.models.judging import SurveyLink, TextMessage
from dispatch.models.tickets import Ticket
from dispatch.models.ties import Attachment
from dispatch.service import followup_rows, survey_links
from hotline.messaging import Outbox, end_expired, timers
from tests.portal.test_auth import form_token
from tests.portal.town import KeptMessages, Town, open_town

GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
GOOD = {"solved": "resolved", "rating": "satisfied"}
BAD = {"solved": "unresolved", "rating": "dissatisfied", "redo": "yes"}


@pytest.fixture(scope="module")
def asked_file(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's database with one ticket whose answer waits for its follow-up."""
    folder = tmp_path_factory.mktemp("asked")
    shutil.copy(town_file, folder)
    made = open_town(folder)
    made.app.state.live.stop()
    one_more(made)
    made.database.dispose()
    return folder / town_file.name


@pytest.fixture
def town(asked_file: Path, tmp_path: Path) -> Iterator[Town]:
    """A town of its own for each test, with that ticket."""
    shutil.copy(asked_file, tmp_path)
    made = open_town(tmp_path)
    made.app.state.live.stop()
    yield made
    made.database.dispose()


def answered_ticket(town: Town) -> str:
    """The ticket that waits for its follow-up."""
    with town.database.read() as session:
        return session.query(Ticket).one().number


def one_more(town: Town) -> str:
    """A ticket whose audited answer waits for its follow-up."""
    number = town.ticket(content="小区南门外烧烤摊占道，联系电话13812345678，油烟很大")
    at, unit = f"/api/v1/tickets/{number}", town.system("chengguan")
    town.system("li").post(f"{at}/dispatch", json={"department": "CG"})
    unit.post(f"{at}/acknowledge", json={})
    unit.post(f"{at}/contact", json={"note": "已电话联系"})
    body = {"public_reply": "已劝离摊主，安排每日巡查。"}
    assert unit.post(f"{at}/complete", json=body).status_code == 200
    assert town.system("zhong").post(f"{at}/pass-audit", json={}).status_code == 200
    return number


def rules_of(town: Town) -> Rules:
    """The rules in force in the town."""
    rules: Rules = town.app.state.context.rules
    return rules


def invited(town: Town, number: str) -> None:
    """Every call was in vain: the requester gets a message."""
    with town.database.work() as session:
        ticket = session.query(Ticket).filter_by(number=number).one()
        row = followup_rows.open_row(session, ticket)
        assert row is not None
        survey_links.invite(session, ticket, row, rules_of(town), now=town.clock.now)


def outbox(town: Town) -> Outbox:
    """What sends the town's messages."""
    context = town.app.state.context
    return Outbox(town.database, context.messenger, context.signer, "https://12345.example")


def link_of(town: Town, number: str) -> str:
    """The path of the link in the message that was sent."""
    invited(town, number)
    return sent_link(town)


def sent_link(town: Town) -> str:
    """Send what waits; return the path in the newest message."""
    messenger = town.app.state.context.messenger
    assert isinstance(messenger, KeptMessages)
    assert outbox(town).send_due(rules_of(town), town.clock.now) == 1
    found = re.search(r"https://12345\.example(/s/\S+) ", messenger.sent[-1].words)
    assert found is not None, messenger.sent
    return found[1]


def press(client: TestClient, path: str, **typed: str) -> tuple[int, str]:
    """Send the form of the page; status and page."""
    csrf = form_token(client, path)
    page = client.post(path, data={"csrf": csrf, **typed})
    return page.status_code, page.text


def status(town: Town, number: str) -> str:
    """Where the ticket stands."""
    return str(town.system("zhong").get(f"/api/v1/tickets/{number}").json()["status"])


def test_a_citizen_answers_by_the_link_without_script_and_the_ticket_is_closed(town: Town) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    client = town.anyone()
    page = client.get(path)
    assert page.status_code == 200
    assert "城市管理局" in page.text
    assert "每日巡查" in page.text
    assert "<script" not in page.text
    assert press(client, path, **GOOD, comment="处理得快")[0] == 200
    assert status(town, number) == "closed"
    with town.database.read() as session:
        row = session.query(FollowUp).one()
        assert (row.method, row.state) == (FollowUpMethod.LINK.value, FollowUpState.DONE.value)
        assert (row.solved, row.rating, row.comment) == ("resolved", "satisfied", "处理得快")


def test_the_page_names_no_person_and_no_telephone(town: Town) -> None:
    page = town.anyone().get(link_of(town, answered_ticket(town))).text
    assert "陈晓梅" not in page
    assert "13812345678" not in page


def test_the_page_is_kept_by_nobody_and_told_to_nobody(town: Town) -> None:
    page = town.anyone().get(link_of(town, answered_ticket(town)))
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert 'name="robots" content="noindex' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"


def test_an_unhappy_answer_with_a_wish_and_a_picture_goes_to_the_centre(town: Town) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    client = town.anyone()
    csrf = form_token(client, path)
    files = [("files", ("now.gif", BytesIO(GIF), "image/gif"))]
    page = client.post(path, data={"csrf": csrf, **BAD, "comment": "摊子又回来了"}, files=files)
    assert page.status_code == 200
    assert "1 张照片" in page.text
    assert "先看您说的情况" in page.text
    assert status(town, number) == "review"
    seen = town.browser("zhong").get(f"/tickets/{number}").text
    assert "摊子又回来了" in seen
    assert "请求重办" in seen
    assert "now.gif" in seen
    with town.database.read() as session:
        assert session.query(FollowUp).one().redo_wanted
        assert session.query(Attachment).one().part == "survey"


def test_on_a_confidential_ticket_the_unit_reads_neither_words_nor_pictures(town: Town) -> None:
    number = answered_ticket(town)
    with town.database.work() as session:
        session.query(Ticket).one().confidential = True
    path = link_of(town, number)
    client = town.anyone()
    csrf = form_token(client, path)
    files = [("files", ("me.gif", BytesIO(GIF), "image/gif"))]
    client.post(path, data={"csrf": csrf, **BAD, "comment": "我是三楼老陈"}, files=files)
    for login, told in (("zhong", True), ("chengguan", False)):
        page = town.browser(login).get(f"/tickets/{number}").text
        assert ("我是三楼老陈" in page) is told
        assert ("me.gif" in page) is told


def test_a_file_that_cannot_be_taken_does_not_lose_the_answer(town: Town) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    client = town.anyone()
    csrf = form_token(client, path)
    files = [("files", ("x.exe", BytesIO(b"MZ\x90\x00" * 50), "image/png"))]
    page = client.post(path, data={"csrf": csrf, **GOOD}, files=files)
    assert page.status_code == 200
    assert "x.exe" in page.text
    assert status(town, number) == "closed"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"rating": "satisfied", "comment": "已写好的话"}, "请选择这件事解决了没有"),
        ({"solved": "resolved", "comment": "已写好的话"}, "请选择您对办理是否满意"),
        ({**GOOD, "rating": "best", "comment": "已写好的话"}, "请选择您对办理是否满意"),
        ({**GOOD, "comment": "已写好的话" * 300}, "最多 1000 个字"),
    ],
)
def test_a_gap_is_said_beside_its_question_and_nothing_is_lost(
    town: Town, typed: dict[str, str], sentence: str
) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    client = town.anyone()
    code, page = press(client, path, **typed)
    assert code == 422
    assert page.count(sentence) == 2
    assert "已写好的话" in page
    assert status(town, number) == "follow_up"
    assert press(client, path, **GOOD)[0] == 200


def test_a_link_is_used_once(town: Town) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    client = town.anyone()
    csrf = form_token(client, path)
    assert client.post(path, data={"csrf": csrf, **GOOD}).status_code == 200
    again = client.post(path, data={"csrf": csrf, **BAD})
    assert again.status_code == 409
    assert "您已经评价过了" in again.text
    assert "您已经评价过了" in client.get(path).text
    assert status(town, number) == "closed"


def test_a_link_runs_out_and_a_person_takes_over(town: Town) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    town.clock.advance(days=8)
    page = town.anyone().get(path)
    assert page.status_code == 410
    assert "链接已经过期" in page.text
    assert end_expired(town.database, rules_of(town), town.clock.now) == 1
    assert end_expired(town.database, rules_of(town), town.clock.now) == 0
    with town.database.read() as session:
        first, then = session.query(FollowUp).order_by(FollowUp.id).all()
        assert (first.state, first.result) == (FollowUpState.UNREACHED.value, "expired")
        assert (then.method, then.state) == (
            FollowUpMethod.PERSON.value,
            FollowUpState.PENDING.value,
        )
    assert status(town, number) == "follow_up"
    assert town.anyone().get(path).status_code == 410


def test_the_clock_sends_messages_and_ends_links_by_itself(town: Town) -> None:
    number = answered_ticket(town)
    invited(town, number)
    rulebook = town.app.state.context.rulebook
    work = {name: job for _, name, job in timers(outbox(town), rulebook)}
    work["messages"](town.clock.now)
    work["messages"](town.clock.now)
    assert len(town.app.state.context.messenger.sent) == 1
    work["expired-links"](town.clock.now)
    assert sent_state(town) == FollowUpState.SENT.value
    town.clock.advance(days=8)
    work["expired-links"](town.clock.now)
    assert sent_state(town) == FollowUpState.UNREACHED.value


def sent_state(town: Town) -> str:
    """Where the first attempt stands."""
    with town.database.read() as session:
        return session.query(FollowUp).order_by(FollowUp.id).limit(1).one().state


def test_who_answered_on_the_telephone_is_not_asked_by_the_link(town: Town) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    body = {"reached": True, "solved": "resolved", "rating": "satisfied"}
    answer = town.system("hui").post(f"/api/v1/tickets/{number}/follow-up", json=body)
    assert answer.status_code == 200, answer.text
    page = town.anyone().get(path)
    assert page.status_code == 409
    assert "您已经评价过了" in page.text


def test_a_link_of_a_matter_that_is_handled_anew_asks_nothing(town: Town) -> None:
    number = answered_ticket(town)
    path = link_of(town, number)
    answer = town.system("zhong").post(f"/api/v1/tickets/{number}/reopen", json={"reason": "复查"})
    assert answer.status_code == 200, answer.text
    page = town.anyone().get(path)
    assert page.status_code == 404
    assert "不再使用" in page.text


@pytest.mark.parametrize("change", ["mark", "id", "shape"])
def test_a_forged_link_opens_nothing(town: Town, change: str) -> None:
    first = link_of(town, answered_ticket(town))
    second = link_of(town, one_more(town))
    id_, mark = first.removeprefix("/s/").split("-")
    other, _ = second.removeprefix("/s/").split("-")
    forged = {
        "mark": f"/s/{id_}-{'a' if mark[0] != 'a' else 'b'}{mark[1:]}",
        "id": f"/s/{other}-{mark}",
        "shape": "/s/../../etc",
    }[change]
    page = town.anyone().get(forged)
    assert page.status_code == 404
    assert "每日巡查" not in page.text


def test_looking_for_links_is_slowed_down_and_a_true_one_still_opens(town: Town) -> None:
    path = link_of(town, answered_ticket(town))
    client = town.anyone()
    tried = [client.get(f"/s/{n}-{'a' * 26}").status_code for n in range(32)]
    assert tried[:29] == [404] * 29
    assert tried[-1] == 429
    assert client.get(path).status_code == 200


def test_nothing_in_the_database_opens_a_link(town: Town) -> None:
    path = link_of(town, answered_ticket(town))
    mark = path.rpartition("-")[2]
    with town.database.read() as session:
        link, message = session.query(SurveyLink).one(), session.query(TextMessage).one()
        stored = [str(v) for v in (*vars(link).values(), *vars(message).values())]
    assert not any(mark in value for value in stored)


def test_a_citizen_rates_at_the_end_of_the_progress(town: Town) -> None:
    number = answered_ticket(town)
    with town.database.read() as session:
        code = session.query(Ticket).one().query_code
    client = town.anyone()
    csrf = form_token(client, "/resident")
    page = client.post("/resident", data={"csrf": csrf, "number": number, "code": code})
    assert 'action="/resident/rate#rate"' in page.text
    asked = {"csrf": csrf, "number": number, "code": code}
    gap = client.post("/resident/rate", data={**asked, "solved": "resolved", "comment": "写好"})
    assert gap.status_code == 422
    assert "请选择您对办理是否满意" in gap.text
    assert "写好" in gap.text
    wrong = client.post("/resident/rate", data={**asked, "code": "000000x", **GOOD})
    assert wrong.status_code == 404
    assert client.post("/resident/rate", data={**asked, **GOOD}).status_code == 200
    assert status(town, number) == "closed"
    again = client.post("/resident/rate", data={**asked, **BAD})
    assert again.status_code == 409
    after = client.post("/resident", data=asked)
    assert 'action="/resident/rate#rate"' not in after.text


def test_who_is_being_called_is_not_asked_on_the_page_as_well(town: Town) -> None:
    number = answered_ticket(town)
    called = town.browser("hui").post(f"/tickets/{number}/call-now")
    assert called.status_code == 303, called.text
    with town.database.read() as session:
        code = session.query(Ticket).one().query_code
    client = town.anyone()
    asked = {"csrf": form_token(client, "/resident"), "number": number, "code": code}
    assert 'action="/resident/rate#rate"' not in client.post("/resident", data=asked).text
    answer = client.post("/resident/rate", data={**asked, **GOOD})
    assert answer.status_code == 409
    assert "正在给您打电话" in answer.text


def test_the_administrator_sees_what_waits_and_takes_it_back(town: Town) -> None:
    number = answered_ticket(town)
    root = town.browser("root")
    assert "没有待发送的短信" in root.get("/admin/messages").text
    invited(town, number)
    page = root.get("/admin/messages").text
    assert number in page
    assert "138****5678" in page
    assert "（评价链接）" in page
    with town.database.read() as session:
        message = session.query(TextMessage).one().id
    assert root.post(f"/admin/messages/{message}/withdraw").status_code == 303
    assert "由root员撤回" in root.get("/admin/messages?show=withdrawn").text
    assert root.post(f"/admin/messages/{message}/withdraw").status_code == 409
    assert outbox(town).send_due(rules_of(town), town.clock.now) == 0
    with town.database.read() as session:
        first, then = session.query(FollowUp).order_by(FollowUp.id).all()
    assert first.result == "unsent"
    assert then.method == FollowUpMethod.PERSON.value


def test_without_a_gateway_a_person_takes_over_at_once_and_the_page_says_why(town: Town) -> None:
    number = answered_ticket(town)
    invited(town, number)
    sender = replace(outbox(town), messenger=NoMessenger())
    assert sender.send_due(rules_of(town), town.clock.now) == 0
    with town.database.read() as session:
        first, then = session.query(FollowUp).order_by(FollowUp.id).all()
    assert (first.state, first.result) == (FollowUpState.UNREACHED.value, "unsent")
    assert then.method == FollowUpMethod.PERSON.value
    page = town.browser("root").get("/admin/messages?show=failed").text
    assert "没有配置短信网关，改由人工回访" in page
    assert number in page


def test_nobody_is_written_to_at_night(town: Town) -> None:
    number = answered_ticket(town)
    town.clock.advance(hours=13)  # 23:00 in the city
    invited(town, number)
    assert outbox(town).send_due(rules_of(town), town.clock.now) == 0
    town.clock.advance(hours=10, minutes=1)
    assert outbox(town).send_due(rules_of(town), town.clock.now) == 1


def test_a_message_about_what_was_answered_meanwhile_is_not_sent(town: Town) -> None:
    number = answered_ticket(town)
    invited(town, number)
    body = {"reached": True, "solved": "resolved", "rating": "satisfied"}
    town.system("hui").post(f"/api/v1/tickets/{number}/follow-up", json=body)
    assert outbox(town).send_due(rules_of(town), town.clock.now) == 0
    assert town.app.state.context.messenger.sent == []
    with town.database.read() as session:
        assert session.query(TextMessage).one().state == "withdrawn"


def test_the_link_is_shown_only_where_messages_stay(town: Town) -> None:
    path = link_of(town, answered_ticket(town))
    root = town.browser("root")
    assert f'href="{path}"' in root.get("/admin/messages?show=sent").text
    messenger: KeptMessages = town.app.state.context.messenger
    messenger.reaches_people = True
    assert path not in root.get("/admin/messages?show=sent").text


def test_the_message_says_what_for_and_asks_for_no_secret(town: Town) -> None:
    link_of(town, answered_ticket(town))
    sent: list[OutgoingText] = town.app.state.context.messenger.sent
    assert sent[0].number == "13812345678"
    assert "不需要输入密码、验证码" in sent[0].words
    assert "烧烤" not in sent[0].words
