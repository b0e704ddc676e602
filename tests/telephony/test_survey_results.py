"""Every way a follow-up call can end, on a real Asterisk, by keys, by silence and by causes."""

from __future__ import annotations

import itertools
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from dispatch.domain.calls import SurveyAnswer, SurveyResult
from dispatch.domain.judging_rules import SurveyRules
from dispatch.domain.ports import PLAIN_SURVEY, FollowUpCall
from telephony.asterisk.callers import Manner
from telephony.asterisk.config import SHIPPED_PROMPTS
from telephony.asterisk.media import read_alaw
from telephony.connector import TelephonyConnector
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk, shortened_prompts
from tests.fixtures_hotline import until
from tests.telephony.test_connector import TimedSink, connected

pytestmark = pytest.mark.asterisk

ONCE = replace(PLAIN_SURVEY, tries=1)
RUNG = "13700137000"
KEY_WAIT_S, LONG_WAIT_S = 2.0, 30.0
_numbers = itertools.count(9000)


class Line:
    """A connector, and the citizen's telephone at the other end of the trunk."""

    def __init__(
        self, asterisk: AsteriskUnderTest, sink: TimedSink, telephony: TelephonyConnector
    ) -> None:
        self.asterisk = asterisk
        self.sink = sink
        self.telephony = telephony

    def order(self, survey: SurveyRules) -> int:
        """Order a call; its number."""
        follow_up = next(_numbers)
        self.telephony.dialer.dial(FollowUpCall(follow_up, RUNG, f"fu-{follow_up}", survey))
        return follow_up

    def ask(
        self,
        keys: str = "",
        survey: SurveyRules = ONCE,
        *,
        manner: Manner = Manner.ANSWER,
        seconds: float = 60,
        audio: bytes = b"",
    ) -> tuple[SurveyResult, list[SurveyAnswer]]:
        """Call the citizen and wait for the end: how it ended, what was answered."""
        rung = self.asterisk.rung_citizen(manner, keys=keys, seconds=seconds, audio=audio)
        with rung.start():
            follow_up = self.order(survey)
            until(lambda: bool(self.sink.ends(follow_up)), 40)
        return self.ended(follow_up)

    def ended(self, follow_up: int) -> tuple[SurveyResult, list[SurveyAnswer]]:
        """The one end of a call, and its answers."""
        [end] = self.sink.ends(follow_up)
        answers = [item for item in self.sink.news if isinstance(item, SurveyAnswer)]
        return end.result, [item for item in answers if item.follow_up_id == follow_up]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder, sink = tmp_path_factory.mktemp("survey"), TimedSink()
    prompts = shortened_prompts(folder / "prompts", seconds=0.2)
    # A simulated person presses half a second after the prompt, a crowded machine later.
    with (
        private_asterisk(folder, prompts=prompts, key_wait_s=KEY_WAIT_S) as asterisk,
        connected(asterisk, sink, folder) as telephony,
    ):
        yield Line(asterisk, sink, telephony)


@contextmanager
def waiting_long(line: Line) -> Iterator[None]:
    """Questions wait for their key longer than any test takes."""
    with line.asterisk.probe() as probe:
        probe.action("Setvar", Variable="KEYWAIT", Value=str(LONG_WAIT_S))
        try:
            yield
        finally:
            probe.action("Setvar", Variable="KEYWAIT", Value=str(KEY_WAIT_S))


def said(answers: list[SurveyAnswer]) -> list[str | None]:
    return [answer.digit for answer in answers]


def voice(name: str) -> bytes:
    return read_alaw(SHIPPED_PROMPTS / "demo/answerers" / f"{name}.wav")


def test_two_keys_are_a_whole_answer(line: Line) -> None:
    result, answers = line.ask("15")
    assert (result, said(answers)) == (SurveyResult.COMPLETED, ["1", "5"])
    assert {answer.language for answer in answers} == {"zh"}


def test_a_question_is_said_again_by_star_or_nine(line: Line) -> None:
    result, answers = line.ask("*293")
    assert (result, said(answers)) == (SurveyResult.COMPLETED, ["2", "3"])


def test_a_question_is_not_said_again_for_ever(line: Line) -> None:
    result, answers = line.ask("****")
    assert (result, said(answers)) == (SurveyResult.WRONG_KEYS, [None, None])


def test_a_wrong_key_is_asked_again_as_often_as_the_policy_says(line: Line) -> None:
    result, answers = line.ask("7814", replace(ONCE, tries=3))
    assert (result, said(answers)) == (SurveyResult.COMPLETED, ["1", "4"])


def test_silence_to_the_end(line: Line) -> None:
    result, answers = line.ask()
    assert (result, said(answers)) == (SurveyResult.SILENT, [None, None])


def test_one_question_answered_and_the_other_not(line: Line) -> None:
    result, answers = line.ask("2")
    assert (result, said(answers)) == (SurveyResult.PARTIAL, ["2", None])


def test_hung_up_before_any_answer(line: Line) -> None:
    assert line.ask(seconds=0.2) == (SurveyResult.HUNG_UP, [])


def test_hung_up_half_way_what_was_said_counts(line: Line) -> None:
    with waiting_long(line), line.asterisk.rung_citizen(keys="1").start() as citizen:
        follow_up = line.order(ONCE)
        until(lambda: bool(line.sink.answers(follow_up)), 30)
        # The second question is being put, and waits until he has gone.
        citizen.hang_up()
        until(lambda: bool(line.sink.ends(follow_up)), 30)
    result, answers = line.ended(follow_up)
    assert (result, said(answers)) == (SurveyResult.PARTIAL, ["1"])


@pytest.mark.parametrize(
    ("manner", "result"),
    [
        (Manner.BUSY, SurveyResult.BUSY),
        (Manner.DECLINED, SurveyResult.DECLINED),
        (Manner.NO_SUCH_NUMBER, SurveyResult.NO_SUCH_NUMBER),
    ],
)
def test_a_call_that_is_not_taken_says_why(
    line: Line, manner: Manner, result: SurveyResult
) -> None:
    assert line.ask(manner=manner) == (result, [])


def test_the_citizen_chooses_a_language(line: Line) -> None:
    result, answers = line.ask("212", replace(ONCE, languages=("zh", "en")))
    assert (result, said(answers)) == (SurveyResult.COMPLETED, ["1", "2"])
    assert {answer.language for answer in answers} == {"en"}


def test_who_chooses_no_language_hears_the_usual_one(line: Line) -> None:
    """A language without prompts is not offered: key 2 is nobody's then."""
    result, answers = line.ask("812", replace(ONCE, languages=("zh", "en", "xx")))
    assert (result, said(answers)) == (SurveyResult.COMPLETED, ["1", "2"])
    assert {answer.language for answer in answers} == {"zh"}


def test_a_comment_is_kept_with_the_call(line: Line) -> None:
    talking = line.asterisk.rung_citizen(keys="11", audio=line.asterisk.voice)
    with talking.start() as citizen:
        follow_up = line.order(replace(ONCE, comment_s=3))
        until(lambda: bool(line.sink.ends(follow_up)), 40)
        assert citizen.wait(40).keys_pressed == "11"
    assert line.ended(follow_up)[0] is SurveyResult.COMPLETED
    call = line.sink.calls[f"fu-{follow_up}"]
    assert call.voicemail is not None
    assert call.voicemail.endswith(f"/fu-{follow_up}-comment.wav")
    with wave.open(str(line.asterisk.settings.recordings / call.voicemail), "rb") as sound:
        assert 1.5 < sound.getnframes() / sound.getframerate() < 4.5


def test_a_comment_broken_off_by_hanging_up_is_kept_too(line: Line) -> None:
    folder = line.asterisk.settings.recordings
    with line.asterisk.rung_citizen(keys="11", audio=line.asterisk.voice).start() as citizen:
        follow_up = line.order(replace(ONCE, comment_s=60))
        until(
            lambda: any(f.stat().st_size > 40_000 for f in folder.glob(f"*/fu-{follow_up}-*")), 40
        )
        citizen.hang_up()
        until(lambda: bool(line.sink.ends(follow_up)), 30)
        until(lambda: line.sink.calls[f"fu-{follow_up}"].ended_at is not None)
    assert line.ended(follow_up)[0] is SurveyResult.COMPLETED
    assert line.sink.calls[f"fu-{follow_up}"].voicemail is not None


DETECT = replace(ONCE, detect_machine=True)


@pytest.mark.parametrize("greeting", ["machine-carrier"])
def test_a_machine_takes_the_call(line: Line, greeting: str) -> None:
    assert line.ask(survey=DETECT, audio=voice(greeting))[0] is SurveyResult.MACHINE


@pytest.mark.parametrize("greeting", ["person-greeting"])
def test_a_person_who_greets_is_no_machine(line: Line, greeting: str) -> None:
    assert line.ask(survey=DETECT, audio=voice(greeting))[0] is SurveyResult.SILENT


def test_a_person_who_says_nothing_is_no_machine(line: Line) -> None:
    assert line.ask(survey=DETECT)[0] is SurveyResult.SILENT


def test_who_talks_like_a_machine_and_presses_keys_is_a_person(line: Line) -> None:
    result, answers = line.ask("13", DETECT, audio=voice("machine-owner"))
    assert (result, said(answers)) == (SurveyResult.COMPLETED, ["1", "3"])
