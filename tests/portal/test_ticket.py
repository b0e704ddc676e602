"""One page of a ticket for all roles, walked through its own forms."""

from __future__ import annotations

import re
import wave
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import DialerUnavailable
from dispatch.domain.ports import FollowUpCall, SilentDialer
from dispatch.domain.vocabulary import RequestKind
from dispatch.models.people import ViewLog
from dispatch.service import catalogue, followup_calls, intake
from dispatch.service.queries_ticket import ticket_view
from tests.portal.steps import REPLY, Walker
from tests.portal.town import Town


@pytest.fixture
def ticket(town: Town) -> Walker:
    """A fresh ticket about a barbecue."""
    return Walker(town, town.ticket())


def test_a_ticket_goes_its_whole_way_through_the_forms(ticket: Walker) -> None:
    ticket.walk_to("follow_up")
    answer = ticket.press(
        "hui", "follow-up", reached="yes", solved="resolved", rating="satisfied", note="很快"
    )
    assert answer.headers["location"] == f"/tickets/{ticket.number}?done=follow-up"
    page = ticket.page("chengguan")
    assert ticket.status() == "closed"
    assert "已解决" in page
    assert REPLY in page


def test_the_page_offers_each_role_only_its_own_buttons(ticket: Walker) -> None:
    ticket.walk_to("dispatched")

    def buttons(login: str) -> set[str]:
        page = ticket.page(login)
        names = ("acknowledge", "dispatch", "reassign", "complete", "pass-audit", "reopen")
        return {name for name in names if f'/{ticket.number}/{name}"' in page}

    assert buttons("chengguan") == {"acknowledge"}
    assert buttons("li") == buttons("zhong") == {"reassign"}
    assert buttons("hui") == buttons("zhang") == buttons("ban") == buttons("wang") == set()


def test_a_unit_without_the_ticket_sees_nothing(ticket: Walker) -> None:
    ticket.walk_to("dispatched")
    charlie = ticket.town.browser("zhujian")
    assert charlie.get(f"/tickets/{ticket.number}").status_code == 404
    for action in ("acknowledge", "contact", "complete", "draft"):
        answer = charlie.post(
            f"/tickets/{ticket.number}/{action}", data={"version": "2", "form": "complete"}
        )
        assert answer.status_code == 404
        assert "占道" not in answer.text
    assert ticket.number not in charlie.get(f"/search?q={ticket.number}").text.replace(
        f'value="{ticket.number}"', ""
    ).replace(f"“{ticket.number}”", "")


def test_a_former_unit_keeps_reading_but_may_not_act(ticket: Walker) -> None:
    ticket.walk_to("dispatched")
    moved = ticket.press("li", "reassign", department="ZJ", reason="不属城管职责")
    assert moved.status_code == 303
    page = ticket.page("chengguan")
    assert "改派" in page
    assert 'data-testid="acknowledge"' not in page
    answer = ticket.press("chengguan", "acknowledge")
    assert answer.status_code == 403
    assert ticket.status() == "dispatched"


def test_a_short_reply_is_refused_beside_its_field_and_kept(ticket: Walker) -> None:
    ticket.walk_to("acknowledged")
    answer = ticket.press("chengguan", "complete", public_reply="已办", internal_note="内部记一笔")
    assert answer.status_code == 422
    assert "公开答复至少写" in answer.text
    assert ">\n已办</textarea>" in answer.text
    assert ">\n内部记一笔</textarea>" in answer.text
    assert ticket.status() == "acknowledged"


def test_an_endless_reply_is_refused_with_its_length_and_kept(ticket: Walker) -> None:
    ticket.walk_to("acknowledged")
    answer = ticket.press("chengguan", "complete", public_reply="答" * 30_000)
    assert answer.status_code == 422
    assert "这一项有 30000 个字" in answer.text
    assert "答" * 30_000 in answer.text
    assert ticket.status() == "acknowledged"


def test_a_character_no_database_keeps_is_left_out(ticket: Walker) -> None:
    ticket.walk_to("acknowledged")
    answer = ticket.press("chengguan", "complete", public_reply=f"{REPLY}\0完")
    assert answer.status_code == 303
    assert f"{REPLY}完" in ticket.page("chengguan")


def test_what_is_typed_is_shown_as_text(ticket: Walker) -> None:
    ticket.walk_to("acknowledged")
    answer = ticket.press("chengguan", "complete", public_reply="<b>x</b>")
    assert "<b>x</b>" not in answer.text
    assert "&lt;b&gt;x&lt;/b&gt;" in answer.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"department": ""}, "请选择承办单位"),
        ({"department": "火星管理局"}, "没有叫“火星管理局”的承办单位"),
        ({"department": "CG", "category": "没有这一类"}, "没有“没有这一类”这个事项分类"),
    ],
)
def test_a_dispatch_to_nobody_is_refused_and_kept(
    ticket: Walker, typed: dict[str, str], sentence: str
) -> None:
    answer = ticket.press("li", "dispatch", opinion="请尽快办理", **typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert ">\n请尽快办理</textarea>" in answer.text


def test_two_categories_of_one_name_are_not_confused(town: Town) -> None:
    with town.database.work() as session:
        rows: list[dict[str, Any]] = [
            {"code": "03", "name": "公交", "parent": None, "level": 1},
            {"code": "0301", "name": "服务态度", "parent": "03", "level": 2},
            {"code": "04", "name": "医院", "parent": None, "level": 1},
            {"code": "0401", "name": "服务态度", "parent": "04", "level": 2},
        ]
        catalogue.put_categories(session, rows)
    ticket = Walker(town, town.ticket(category="0401"))
    found = re.search(r'name="category"[^>]*value="([^"]*)"', ticket.page("li"))
    assert found is not None
    assert found[1] == "医院 / 服务态度"
    ticket.press("li", "dispatch", department="CG", category=found[1])
    with town.database.read() as session:
        view = ticket_view(session, town.actor("zhong"), ticket.number)
    assert view.card.category_code == "0401"


@pytest.mark.parametrize("version", ["", "x", "٣", "-1", "9" * 30])
def test_a_form_without_a_sound_version_changes_nothing(ticket: Walker, version: str) -> None:
    answer = ticket.press("li", "dispatch", department="CG", version=version)
    assert answer.status_code == 422
    assert ticket.status() == "open"


def test_two_people_at_once_one_wins_and_the_other_loses_no_word(ticket: Walker) -> None:
    ticket.walk_to("completed")
    late = ticket.town.browser("zhong")
    fields = ticket.form(late, "send-back")
    ticket.press("zhong", "pass-audit")
    answer = late.post(
        f"/tickets/{ticket.number}/send-back",
        data={**fields, "reason_code": "no_basis", "reason": "没有写明依据，请补充"},
    )
    assert answer.status_code == 409
    assert "刚刚被其他人处理过" in answer.text
    assert "审核通过" in answer.text.split('data-testid="refusal"')[1].split("</section>")[0]
    assert "没有写明依据，请补充" in answer.text
    assert ticket.status() == "follow_up"


def test_a_stale_form_keeps_its_words_where_they_may_be_sent_again(ticket: Walker) -> None:
    ticket.walk_to("acknowledged")
    colleague = ticket.town.browser("chengguan")
    fields = ticket.form(colleague, "complete")
    ticket.press("chengguan", "contact", note="已联系")
    answer = colleague.post(
        f"/tickets/{ticket.number}/complete", data={**fields, "public_reply": REPLY}
    )
    assert answer.status_code == 409
    form = answer.text.split('id="form-complete"')[1].split("</section>")[0]
    assert REPLY in form
    assert f'name="version" value="{int(fields["version"]) + 1}"' in form


def test_confidential_requesters_are_hidden_from_the_unit(town: Town) -> None:
    ticket = Walker(town, town.ticket(confidential=True)).walk_to("dispatched")
    page = ticket.page("chengguan")
    assert "13812345678" not in page
    assert "陈晓梅" not in page
    assert "已保密" in page
    assert "13812345678" in ticket.page("zhong")


def test_leaders_see_the_requester_only_masked(ticket: Walker) -> None:
    page = ticket.page("zhang")
    assert "13812345678" not in page
    assert "138****5678" in page
    assert "陈晓梅" not in page


def test_internal_notes_stay_between_the_unit_and_the_centre(ticket: Walker) -> None:
    ticket.walk_to("in_progress")
    ticket.press("chengguan", "complete", public_reply=REPLY, internal_note="涉及在查案件")
    assert "涉及在查案件" in ticket.page("chengguan")
    assert "涉及在查案件" in ticket.page("zhong")
    assert "涉及在查案件" not in ticket.page("zhang")


def test_who_opens_a_ticket_is_written_down_once_per_look(ticket: Walker) -> None:
    for _ in range(3):
        ticket.page("zhang")
    ticket.town.clock.advance(minutes=10)
    ticket.page("zhang")
    reader = ticket.town.actor("zhang").staff_id
    with ticket.town.database.read() as session:
        looks = session.scalars(select(ViewLog.what).where(ViewLog.staff_id == reader)).all()
    assert looks == ["ticket", "ticket"]


def test_a_draft_waits_for_its_author_alone(ticket: Walker) -> None:
    ticket.walk_to("acknowledged")
    author = ticket.town.browser("chengguan")
    saved = author.post(
        f"/tickets/{ticket.number}/draft",
        data={"form": "complete", "public_reply": "写到一半的答复"},
    )
    assert saved.status_code == 200
    assert ">\n写到一半的答复</textarea>" in ticket.page("chengguan")
    assert "写到一半的答复" not in ticket.page("zhong")
    ticket.press("chengguan", "complete", public_reply=REPLY)
    ticket.press("zhong", "send-back", reason_code="no_basis", reason="请补充依据")
    assert "写到一半的答复" not in ticket.page("chengguan")


def test_a_returned_reply_says_why(ticket: Walker) -> None:
    ticket.walk_to("completed")
    ticket.press("zhong", "send-back", reason_code="no_basis", reason="没有写明依据")
    page = ticket.page("chengguan")
    assert "待补正" in page
    assert "没有写明依据" in page


def test_a_follow_up_is_ordered_once(ticket: Walker) -> None:
    ticket.walk_to("follow_up")
    ticket.press("hui", "call-now")
    again = ticket.press("zhong", "call-now")
    assert again.status_code == 409
    dialer = ticket.town.app.state.context.dialer
    assert isinstance(dialer, SilentDialer)
    assert [call.number for call in dialer.dialled] == ["13812345678"]
    assert "系统正在呼叫诉求人" in ticket.page("hui")


class DeadDialer:
    """A telephone system that is away."""

    def dial(self, call: FollowUpCall) -> None:
        """Take no order."""
        raise DialerUnavailable


def test_a_follow_up_nobody_can_dial_goes_back_in_line(ticket: Walker) -> None:
    ticket.walk_to("follow_up")
    context = ticket.town.app.state.context
    ticket.town.app.state.context = type(context)(**{**vars(context), "dialer": DeadDialer()})
    answer = ticket.press("hui", "call-now")
    assert answer.status_code == 503
    assert "电话系统暂时无法外呼" in answer.text
    with ticket.town.database.read() as session:
        assert followup_calls.running_calls(session) == 0
    assert 'data-testid="call-now"' in ticket.page("hui")


def test_a_follow_up_needs_an_answer_or_a_failed_call(ticket: Walker) -> None:
    ticket.walk_to("follow_up")
    assert "请选择是否接通" in ticket.press("hui", "follow-up", note="说很满意").text
    unsaid = ticket.press("hui", "follow-up", reached="yes", note="说很满意")
    assert unsaid.status_code == 422
    assert "说很满意" in unsaid.text
    for status in ("follow_up", "closed"):
        assert ticket.press("hui", "follow-up", reached="no").status_code == 303
        assert ticket.status() == status


def test_the_centre_reopens_a_closed_ticket(ticket: Walker) -> None:
    ticket.walk_to("follow_up")
    ticket.press("hui", "follow-up", reached="yes", solved="resolved")
    assert ticket.press("zhong", "reopen", reason="诉求人来电称反弹").status_code == 303
    assert ticket.status() == "reopened"
    assert "第 2 轮办理" in ticket.page("zhong")


def recorded(town: Town, recording: str) -> int:
    """A ticket's contact with this recording; return the contact's id."""
    with town.database.work() as session:
        call = CallRecord(
            call_id=f"c-{recording}",
            call_uuid=None,
            direction=Direction.INBOUND,
            caller="13812345678",
            line="12345",
            queue="hotline",
            agent="8001",
            ringing=None,
            started_at=town.clock.now,
            queued_at=town.clock.now,
            answered_at=town.clock.now,
            talk_ended_at=town.clock.now,
            ended_at=town.clock.now,
            outcome=CallOutcome.ANSWERED,
            recording=recording,
        )
        contact = intake.record_call(session, call, now=town.clock.now)
    form = intake.RequestForm(content="烧烤占道扰民", kind=RequestKind.COMPLAINT)
    actor = town.actor("wang")
    with town.database.work() as session:
        intake.open_ticket(session, actor, form, contact_id=contact, now=town.clock.now)
    return contact


def write_sound(path: Path) -> bytes:
    """A tenth of a second of silence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 800)
    return path.read_bytes()


def test_a_recording_plays_whole_or_by_range_for_the_centre(town: Town) -> None:
    sound = write_sound(town.app.state.context.recordings.folder / "20261123" / "a.wav")
    contact = recorded(town, "20261123/a.wav")
    browser = town.browser("ban")
    assert browser.get(f"/recordings/{contact}").content == sound
    part = browser.get(f"/recordings/{contact}", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, sound[10:20])
    with town.database.read() as session:
        assert "recording" in session.scalars(select(ViewLog.what)).all()


@pytest.mark.parametrize("login", ["chengguan", "zhang", "root"])
def test_recordings_are_for_the_centre_alone(town: Town, login: str) -> None:
    write_sound(town.app.state.context.recordings.folder / "a.wav")
    contact = recorded(town, "a.wav")
    assert town.browser(login).get(f"/recordings/{contact}").status_code == 403


@pytest.mark.parametrize("name", ["../outside.wav", "/etc/hostname", "a/../../outside.wav", "."])
def test_a_recording_never_leads_out_of_its_folder(town: Town, name: str) -> None:
    write_sound(town.app.state.context.recordings.folder.parent / "outside.wav")
    contact = recorded(town, name)
    answer = town.browser("ban").get(f"/recordings/{contact}")
    assert answer.status_code == 404
    assert b"RIFF" not in answer.content


def test_a_link_in_the_folder_that_leads_out_is_not_followed(town: Town) -> None:
    folder = town.app.state.context.recordings.folder
    write_sound(folder.parent / "outside.wav")
    (folder / "link.wav").symlink_to(folder.parent / "outside.wav")
    contact = recorded(town, "link.wav")
    assert town.browser("ban").get(f"/recordings/{contact}").status_code == 404


def test_a_button_leads_back_only_to_the_desk(ticket: Walker) -> None:
    there = ticket.press("li", "dispatch", department="CG", next="https://elsewhere.example/")
    assert there.headers["location"] == f"/tickets/{ticket.number}?done=dispatch"
