"""The recording player in a real browser: seeking, speeds, keys, the mask, words that jump."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from dispatch.files.recordings import RecordingFolder
from dispatch.files.sound import Sound, read_wav
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import ListeningLog, Recording
from dispatch.service import recording_masks
from telephony.asterisk.config import SHIPPED_PROMPTS
from tests.fixtures_hotline import until
from tests.portal.test_desk_browser import Visit, site, visit
from tests.portal.test_recordings import PATH, call, put_away, transcribed
from tests.portal.town import MONDAY, Town

__all__ = ["site", "visit"]
pytestmark = pytest.mark.browser


def spoken_call(town: Town, ticket: str) -> int:
    """A talk in which the citizen of the demonstration speaks, then the agent; masked 8 to 10 s."""
    contact = call(town, ticket)
    caller = read_wav(SHIPPED_PROMPTS / "demo/demo-caller.wav")
    agent = read_wav(SHIPPED_PROMPTS / "zh/hotline/thanks.wav")
    gap = np.zeros((len(caller.samples), 1), np.int16)
    folder: RecordingFolder = town.app.state.context.recordings
    for side, samples in (
        ("-citizen", caller.samples),
        ("-agent", np.concatenate([gap, agent.samples])),
    ):
        path = folder.folder / PATH.replace(".wav", f"{side}.wav")
        path.write_bytes(Sound(samples, 8000).wav())
    actor = town.actor("wang")
    with town.database.work() as session:
        row = session.get_one(Contact, contact)
        row.talk_s = (len(gap) + len(agent.samples)) / 8000
        row.ended_at = MONDAY + timedelta(seconds=row.talk_s)
        agent_row = session.scalars(select(Staff).where(Staff.login == "wang")).one()
        row.agent_id = agent_row.id
        recording_masks.begin(session, actor, contact, now=MONDAY + timedelta(seconds=8))
        recording_masks.end(session, actor, contact, now=MONDAY + timedelta(seconds=10))
    put_away(town)
    transcribed(
        town,
        (0.2, 4.5, 0, "你好，我住在望泽区云谷路八十六号院。"),
        (4.5, 7.6, 0, "我们小区门口的路灯坏了快一个星期了。"),
        (11.0, 15.0, 0, "麻烦你们尽快派人来修一下，谢谢。"),
        (16.0, 18.0, 1, "感谢您的评价，祝您生活愉快，再见。"),
    )
    return contact


def position(page: Page) -> float:
    return float(page.evaluate("document.querySelector('[data-player] audio').currentTime"))


def test_a_recording_is_sought_played_faster_and_read(town: Town, visit: Visit) -> None:
    number = town.ticket()
    spoken_call(town, number)
    page = visit("ban", f"/tickets/{number}")
    wave = page.locator(".player-wave")
    expect(wave).to_be_visible(timeout=20_000)
    expect(page.locator(".player audio")).to_be_hidden()
    expect(page.get_by_text("有 1 段已遮蔽")).to_be_visible(timeout=20_000)
    box = wave.bounding_box()
    assert box is not None
    length = float(page.locator("[data-player]").get_attribute("data-seconds") or 0)
    wave.click(position={"x": box["width"] / 2, "y": 20})
    until(lambda: position(page) > 0, 30)
    assert abs(position(page) - length / 2) < 1
    page.get_by_role("button", name="1.5 倍速").click()
    wave.focus()
    page.keyboard.press("ArrowLeft")
    until(lambda: abs(position(page) - (length / 2 - 5)) < 1, 30)
    page.keyboard.press("Space")
    until(lambda: position(page) > length / 2 - 4.5, 30)
    assert page.evaluate("document.querySelector('[data-player] audio').playbackRate") == 1.5
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="播放（空格）")).to_be_visible(timeout=20_000)
    page.get_by_text("转写文字").click()
    page.get_by_text("麻烦你们尽快派人来修一下").click()
    until(lambda: position(page) >= 11, 30)
    # Stands still where it was sought: the sentence is over in three seconds.
    page.evaluate(
        "(at) => { const sound = document.querySelector('[data-player] audio');"
        " sound.pause(); sound.currentTime = at; }",
        12,
    )
    expect(page.locator("[data-at][aria-current]")).to_contain_text("麻烦你们", timeout=20_000)
    with town.database.read() as session:
        kinds = session.scalars(select(ListeningLog.kind)).all()
    assert sorted(kinds) == ["play", "transcript"]


def test_the_masked_span_is_grey_and_the_lanes_carry_names(town: Town, visit: Visit) -> None:
    number = town.ticket()
    contact = spoken_call(town, number)
    page = visit("ban", f"/calls/{contact}")
    expect(page.locator(".player-lanes span")).to_have_text(["来电人", "话务员"])
    with town.database.read() as session:
        (mask,) = session.scalars(select(Recording.masks)).one()
    pixel = """([at]) => {
      const wave = document.querySelector('.player-wave'), paint = wave.getContext('2d');
      const length = Number(document.querySelector('[data-player]').dataset.seconds);
      return [...paint.getImageData(Math.round(at / length * wave.width), 3, 1, 1).data];
    }"""
    assert page.evaluate(pixel, [(mask[0] + mask[1]) / 2])[3] > 0
    assert page.evaluate(pixel, [mask[1] + 3])[3] == 0


def test_the_agent_takes_the_words_over_and_they_are_marked(town: Town, visit: Visit) -> None:
    contact = spoken_call(town, town.ticket())
    with town.database.work() as session:
        session.get_one(Contact, contact).ticket_id = None
    town.app.state.context = replace(town.app.state.context, speech=True)
    page = visit("wang", f"/agent/contact/{contact}")
    page.get_by_role("button", name="采用转写").click(timeout=20_000)
    content = page.locator('#request-form [name="content"]')
    expect(content).to_have_value(
        "【来自通话转写，请核对】你好，我住在望泽区云谷路八十六号院。"
        "我们小区门口的路灯坏了快一个星期了。麻烦你们尽快派人来修一下，谢谢。"
    )
    page.get_by_role("button", name="采用转写").click()
    assert content.input_value().count("【来自通话转写") == 1
