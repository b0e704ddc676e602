"""The telephone morning of the demo city: calls of the last two hours, told as Asterisk tells them.

Everything goes through the sink that takes the telephone's news, with a clock of its own, so that
contacts, agents' states, call-backs and recordings are what a real morning would have left.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dispatch.bus import Database
from dispatch.domain.call_terms import EndedBy, FlagKind
from dispatch.domain.calls import AgentSeen, CallOutcome, CallRecord, Direction
from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Disposition, RequestKind
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    accounts,
    catalogue,
    console_queries,
    intake,
    number_flag_queries,
    number_flags,
    outcomes,
    seats,
    skills,
)
from dispatch.service.intake import RequestForm
from dispatch.service.rulebook import RuleBook
from hotline.store import DatabaseSink
from telephony.asterisk.config import SHIPPED_PROMPTS
from telephony.writer import News

MADE = "demo-present-calls"
LENGTH = timedelta(minutes=120)
CITIZEN_VOICE = SHIPPED_PROMPTS / "demo" / "demo-caller.wav"
AGENT_VOICE = SHIPPED_PROMPTS / "zh" / "hotline" / "greeting.wav"
DIVISION = "990702001"
NODE = "hot1"
VOICEMAIL = CallOutcome.VOICEMAIL


@dataclass(frozen=True)
class _Call:
    """One call of the morning: when (minutes), whence, which line, and what became of it."""

    minute: float
    number: str
    line: str = "12345"
    agent: int = 0
    wait_s: float = 6
    talk_s: float = 95
    text: str = ""
    category: str = ""
    outcome: CallOutcome = CallOutcome.ANSWERED
    recorded: bool = False


NUISANCE = "12900010099"
HOSPITAL = "06505688120"
SKILLS = {1: {"dialect": 0}, 3: {"english": 0}, 5: {"enterprise": 0}, 6: {"enterprise": 2}}
ABANDONED = CallOutcome.ABANDONED_IN_QUEUE
CALLS = (
    _Call(2, "12900010001", "12329", 1, 5, 140, "公积金贷款提前还款要带什么材料", "0809"),
    _Call(6, "12900010002", "12345", 2, 9, 210, "夜市口路灯不亮三天了", "0209", recorded=True),
    _Call(11, "12900010003", "12315", 3, 12, 180, "超市卖过期酸奶不退款", "0601", recorded=True),
    _Call(14, "12900010004", "12345", 4, 7, 75, "养老金资格认证怎么办", "0804"),
    _Call(23, "12900010005", "12328", 1, 21, 130, "公交 8 路早高峰间隔太长", "0404"),
    _Call(31, "12900010006", outcome=ABANDONED, wait_s=38),
    _Call(34, "12900010006", outcome=ABANDONED, wait_s=52),
    _Call(39, "12900010007", outcome=CallOutcome.CALL_BACK, wait_s=35),
    _Call(47, "12900010008", "12345", 2, 16, 320, "隔壁工地早上六点就打桩", "0207"),
    *(_Call(minute, NUISANCE, agent=3, wait_s=4, talk_s=20) for minute in (50, 52, 55)),
    _Call(58, "12900010009", "12333", 5, 4, 160, "失业金怎么申领", "0805"),
    _Call(66, "12900010010", outcome=VOICEMAIL, wait_s=180),
    _Call(75, "12900010011", outcome=CallOutcome.ABANDONED_IN_IVR, wait_s=0),
    _Call(82, "12900010012", "12345", 6, 8, 240, "建设路井盖缺失，差点摔倒", "0503"),
    _Call(95, "12900010013", outcome=CallOutcome.OVERFLOWED, wait_s=180),
    _Call(104, "12900010006", "12345", 1, 11, 190, "打了三次才通，小区停水两天", "0301"),
)


def add_present_calls(
    database: Database, rulebook: RuleBook, recordings: Path, *, now: datetime
) -> bool:
    """Make the calls of the last two hours, once; return whether they are new."""
    with database.read() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
    morning = _Morning(database, rulebook, recordings, now - LENGTH)
    morning.sign_in()
    for place, call in enumerate(CALLS, start=1):
        morning.tell(place, call)
    morning.sign_out()
    morning.flag()
    with database.work() as session:
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    return True


class _Morning:
    """The people at their desks and a clock that follows the calls."""

    def __init__(
        self, database: Database, rulebook: RuleBook, recordings: Path, start: datetime
    ) -> None:
        self._database = database
        self._rulebook = rulebook
        self._recordings = recordings
        self._start = start
        self._now = start
        self._sink = DatabaseSink(database, rulebook, lambda: self._now)
        desks = sorted({call.agent for call in CALLS if call.agent})
        with database.read() as session:
            self._agents = {n: accounts.actor_named(session, f"agent{n}") for n in desks}

    def sign_in(self) -> None:
        """Everybody becomes ready as the morning begins."""
        self._everybody(AgentState.READY)
        with self._database.work() as session:
            supervisor = accounts.actor_named(session, "supervisor1")
            for place, chosen in SKILLS.items():
                staff_id = self._agents[place].staff_id
                assert staff_id is not None
                rules = self._rulebook.at(self._now)
                skills.set_skills(session, supervisor, staff_id, chosen, rules, now=self._now)

    def sign_out(self) -> None:
        """Nobody of the demo sits at a telephone when the system comes up."""
        self._now = self._start + LENGTH
        self._everybody(AgentState.SIGNED_OUT)

    def flag(self) -> None:
        """An agent proposes to flag a nuisance; a hospital's number goes first already."""
        rules = self._rulebook.at(self._now)
        with self._database.work() as session:
            heard = number_flag_queries.calls_of(session, NUISANCE, now=self._now)
            number_flags.propose(
                session,
                self._agents[3],
                number=NUISANCE,
                kind=FlagKind.HARASSMENT,
                reason="十分钟内三次来电，不说诉求，只有辱骂",
                evidence=[call.contact_id for call in heard],
                days=30,
                rules=rules,
                now=self._now,
            )
            supervisor, centre = (
                accounts.actor_named(session, login) for login in ("supervisor1", "center")
            )
            place = number_flags.propose(
                session,
                supervisor,
                number=HOSPITAL,
                kind=FlagKind.URGENT_PLACE,
                reason="市人民医院急诊科总机",
                days=90,
                rules=rules,
                now=self._now,
            )
            number_flags.decide(session, centre, place.id, approve=True, now=self._now)

    def _everybody(self, state: AgentState) -> None:
        rules = self._rulebook.at(self._now)
        with self._database.work() as session:
            for actor in self._agents.values():
                seats.set_seat(session, actor, state, rules, now=self._now)

    def tell(self, place: int, call: _Call) -> None:
        """Tell one call from its beginning to its end, and write it up if it was answered."""
        begun = self._start + timedelta(minutes=call.minute)
        uuid = f"demo-present-{place:02d}"
        answered = begun + timedelta(seconds=8 + call.wait_s) if call.agent else None
        lasted = call.talk_s if call.agent else 8 + call.wait_s
        ended = (answered or begun) + timedelta(seconds=lasted)
        extension = self._agents[call.agent].extension if call.agent else None
        queued = call.outcome is not CallOutcome.ABANDONED_IN_IVR
        record = CallRecord(
            call_id=uuid,
            call_uuid=uuid,
            direction=Direction.INBOUND,
            caller=call.number,
            line=call.line,
            queue="hotline" if queued else None,
            agent=extension,
            started_at=begun,
            queued_at=begun + timedelta(seconds=8) if queued else None,
            left_queue_at=None if call.agent or not queued else ended,
            answered_at=answered,
            talk_ended_at=ended if call.agent else None,
            ended_at=ended,
            outcome=call.outcome,
            recording=self._talk(begun, uuid) if call.recorded else None,
            voicemail=self._message(begun, uuid) if call.outcome is VOICEMAIL else None,
            ended_by=EndedBy.CITIZEN,
            node=NODE,
        )
        if extension is None or answered is None:
            self._take(ended, record)
            return
        steps = (
            (answered - timedelta(seconds=4), AgentState.RINGING),
            (answered, AgentState.TALKING),
            (ended, AgentState.READY),
        )
        for at, state in steps:
            seen = AgentSeen(extension=extension, state=state, since=at, call_id=uuid, node=NODE)
            self._take(at, *([record] if at == ended else []), seen)
        self._write_up(call, uuid, ended + timedelta(seconds=25))

    def _take(self, at: datetime, *news: News) -> None:
        self._now = at
        self._sink.take(news)

    def _talk(self, begun: datetime, uuid: str) -> str:
        """Lay both sides of a talk where the telephone system would have written them."""
        folder = self._folder(begun)
        shutil.copyfile(CITIZEN_VOICE, folder / f"{uuid}-citizen.wav")
        shutil.copyfile(AGENT_VOICE, folder / f"{uuid}-agent.wav")
        return f"{folder.name}/{uuid}.wav"

    def _message(self, begun: datetime, uuid: str) -> str:
        """Lay a message there that a caller left."""
        folder = self._folder(begun)
        shutil.copyfile(CITIZEN_VOICE, folder / f"{uuid}-voicemail.wav")
        return f"{folder.name}/{uuid}-voicemail.wav"

    def _folder(self, begun: datetime) -> Path:
        folder = self._recordings / f"{begun.astimezone(SHANGHAI):%Y%m%d}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _write_up(self, call: _Call, uuid: str, at: datetime) -> None:
        self._now = at
        rules = self._rulebook.at(at)
        form = RequestForm(
            content=call.text,
            kind=RequestKind.INQUIRY if call.talk_s < 170 else RequestKind.COMPLAINT,
            category=call.category,
            division=DIVISION,
            phone=call.number,
        )
        agent = self._agents[call.agent]
        with self._database.work() as session:
            contact = console_queries.current_contact(session, agent, now=at)
            assert contact is not None
            if not call.text:
                note = "只有辱骂，没有诉求"
                outcomes.end_contact(
                    session, agent, contact, Disposition.HARASSMENT, note, rules, now=at
                )
            elif form.kind is RequestKind.INQUIRY:
                answer = "已向来电人说明办理地点、时间和所需材料。"
                intake.answer_on_call(session, agent, form, answer, contact_id=contact, now=at)
            else:
                intake.open_ticket(session, agent, form, contact_id=contact, now=at)
            seats.set_seat(session, agent, AgentState.READY, rules, now=at)
