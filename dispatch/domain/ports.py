"""What the ticket domain needs of the outside, each with a shipped stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from dispatch.domain.errors import MessageNotSent, SealBroken
from dispatch.domain.judging_rules import SurveyRules
from dispatch.domain.vocabulary import Labelled


@dataclass(frozen=True)
class Evidence:
    """A word that spoke for a suggestion and how much it weighed."""

    token: str
    weight: float


@dataclass(frozen=True)
class Suggestion:
    """A proposed category or department; `label` is its code, `probability` 0 to 1."""

    label: str
    name: str
    probability: float
    evidence: tuple[Evidence, ...] = ()
    score: float = 0.0
    """What the model added up for this label: the weights of the evidence and `rest`."""
    rest: float = 0.0
    """The part of the score that is not shown word by word."""


@dataclass(frozen=True)
class Suggestions:
    """What a model proposes for one text, best first. Only a person or the catalogue decides."""

    categories: tuple[Suggestion, ...]
    departments: tuple[Suggestion, ...]
    model_version: str
    kind: Suggestion | None = None
    urgency: Suggestion | None = None
    """The likeliest urgency; the words that raised it are its evidence."""
    sure: bool = False
    """Whether the best category may be dispatched without a person: proven on unseen texts."""
    precision: float | None = None
    """Share right, on texts the model had not seen, of what is as sure as this; None: unproven."""
    area: Suggestion | None = None
    """The top-level category, where only that is proven and the best category is not."""
    unreadable: str = ""
    """Why nothing can be said (empty, gibberish, nothing the city deals with), for people."""


class DepartmentSuggester(Protocol):
    """Reads a request and proposes where it belongs."""

    def suggest(self, text: str, *, division: str | None = None) -> Suggestions:
        """Return proposals for the text; empty tuples when nothing can be said."""


class NoSuggester:
    """Suggests nothing, so that a city without a model still takes requests."""

    def suggest(self, text: str, *, division: str | None = None) -> Suggestions:
        """Return no proposals."""
        return Suggestions((), (), "none")


@dataclass(frozen=True)
class Near:
    """A ticket that reads alike; `likeness` 0 to 1."""

    ticket_id: int
    likeness: float


@dataclass(frozen=True)
class TicketText:
    """What a search knows of a ticket: what it says and where; `open` while its answer is to come.

    `category` is the category's code.
    """

    ticket_id: int
    text: str
    place: str
    division: str | None
    category: str | None
    at: datetime
    open: bool


class TicketSearch(Protocol):
    """Finds tickets by what they say, among all there are; whoever shows them asks the rights."""

    @property
    def ready(self) -> bool:
        """Whether every ticket is known to it; until then it finds nothing."""

    def same_event(
        self,
        text: str,
        *,
        place: str = "",
        division: str | None = None,
        since: datetime,
        now: datetime,
    ) -> tuple[Near, ...]:
        """Open tickets since then that probably tell of the same event, most alike first."""

    def answered(self, text: str, *, category: str | None = None) -> tuple[Near, ...]:
        """Closed tickets that read alike, most alike first; those of the category (code) before."""


class NoTicketSearch:
    """Finds nothing, for tests and for a city that does without."""

    ready = False

    def same_event(
        self,
        text: str,
        *,
        place: str = "",
        division: str | None = None,
        since: datetime,
        now: datetime,
    ) -> tuple[Near, ...]:
        """Return nothing."""
        return ()

    def answered(self, text: str, *, category: str | None = None) -> tuple[Near, ...]:
        """Return nothing."""
        return ()


PLAIN_SURVEY = SurveyRules(languages=("zh",), comment_s=0, tries=2, detect_machine=False)
"""Two questions in Mandarin, and nothing else."""


@dataclass(frozen=True)
class FollowUpCall:
    """One outbound call to place; `channel_id` is our own identity for it.

    `survey` is what the policy says of the questions when the call is placed.
    """

    follow_up_id: int
    number: str
    channel_id: str
    survey: SurveyRules = PLAIN_SURVEY


class Dialer(Protocol):
    """Places follow-up calls."""

    def dial(self, call: FollowUpCall) -> None:
        """Start the call and return at once.

        Raises:
            DialerUnavailable: the telephone system cannot take the order now.
        """


class SilentDialer:
    """Dials nobody and remembers everybody."""

    def __init__(self) -> None:
        self.dialled: list[FollowUpCall] = []

    def dial(self, call: FollowUpCall) -> None:
        """Remember the call."""
        self.dialled.append(call)


class AgentState(Labelled):
    """What an agent is doing; the desired part is ours, the rest follows the calls."""

    SIGNED_OUT = "signed_out", "未签入"
    READY = "ready", "就绪"
    PAUSED = "paused", "小休"
    RINGING = "ringing", "振铃"
    TALKING = "talking", "通话中"
    HELD = "held", "保持中"
    WRAP_UP = "wrap_up", "话后整理"


@dataclass(frozen=True)
class Membership:
    """A queue that a seat serves; a higher penalty is rung later."""

    queue: str
    penalty: int = 0


@dataclass(frozen=True)
class Seat:
    """An agent's place at the queues as we want it to be.

    `rings` is what is rung instead of the extension's own telephone, "" for that itself.
    """

    extension: str
    name: str
    state: AgentState
    reason: str = ""
    queues: tuple[Membership, ...] = (Membership("hotline"),)
    rings: str = ""
    node: str = ""


@dataclass(frozen=True)
class BusySeat:
    """A seat we think in a call: its extension, the telephone rung for it, what it does."""

    extension: str
    telephone: str
    state: AgentState


class SeatControl(Protocol):
    """Makes the telephone system agree with the seats we want."""

    def apply(self, seat: Seat) -> None:
        """Ask for the state; an unreachable system gets it later, from the stored wish.

        Raises:
            TelephonyUnavailable: not connected now; the wish stays stored.
        """


class SilentSeats:
    """Moves nobody and remembers every order."""

    def __init__(self) -> None:
        self.applied: list[Seat] = []

    def apply(self, seat: Seat) -> None:
        """Remember the order."""
        self.applied.append(seat)


@dataclass(frozen=True)
class StoredFile:
    """A file that was put away: its place below the store, its SHA-256 in hex, its bytes."""

    path: str
    sha256: str
    size: int


class AttachmentStore(Protocol):
    """Keeps files that people send, outside everything a web server gives out by itself."""

    def put(self, stream: BinaryIO, *, most: int) -> StoredFile:
        """Read the stream to its end and keep it; the same content twice is kept once.

        Raises:
            FileRefused: it has more than `most` bytes; nothing is kept.
        """

    def find(self, path: str) -> Path:
        """The file on this machine.

        Raises:
            NotFound: it is not there, or the path leads out of the store.
        """


class ScanVerdict(Labelled):
    """What a scan for malware found."""

    CLEAN = "clean", "已查毒"
    INFECTED = "infected", "发现病毒"
    UNSCANNED = "unscanned", "未扫描"


@dataclass(frozen=True)
class ScanResult:
    """The verdict, with the malware's name or the reason why nothing was scanned."""

    verdict: ScanVerdict
    note: str = ""


class FileScanner(Protocol):
    """Looks for malware in a file before it is kept."""

    def scan(self, stream: BinaryIO) -> ScanResult:
        """Read the stream to its end. A scanner that cannot be reached says UNSCANNED."""


class NoScanner:
    """Scans nothing and says so."""

    def scan(self, stream: BinaryIO) -> ScanResult:
        """Return the honest verdict."""
        return ScanResult(ScanVerdict.UNSCANNED, "没有配置查毒服务")


class Seal(Protocol):
    """Closes small secrets with the machine's own key, so that the database holds none."""

    def seal_text(self, text: str) -> str:
        """Return the secret as it may be stored."""

    def unseal_text(self, sealed: str) -> str:
        """Return the secret itself.

        Raises:
            SealBroken: it was sealed with another key, or changed since.
        """


class NoSeal:
    """Stands in where the machine has no key: nothing is sealed, nothing opened."""

    def seal_text(self, text: str) -> str:
        """Refuse."""
        raise SealBroken("本机没有密钥，不能保存密码")

    def unseal_text(self, sealed: str) -> str:
        """Refuse."""
        raise SealBroken


class Signer(Protocol):
    """Signs words with the machine's own key, so that nobody else can make a link of ours."""

    def sign(self, text: str) -> str:
        """26 lower-case letters and digits that only this machine can make for the text."""

    def signed(self, text: str, mark: str) -> bool:
        """Whether the mark was made for this text, by the key of today or an earlier one."""


class NoSigner:
    """Stands in where the machine has no key: signs nothing, believes nothing."""

    def sign(self, text: str) -> str:
        """Refuse."""
        raise SealBroken("本机没有密钥，不能生成评价链接")

    def signed(self, text: str, mark: str) -> bool:
        """Nothing was signed here."""
        return False


@dataclass(frozen=True)
class OutgoingText:
    """A text message to hand over; `key` is the same for every try, so that none comes twice."""

    key: str
    number: str
    words: str


class Messenger(Protocol):
    """Hands text messages over to whoever delivers them."""

    @property
    def reaches_people(self) -> bool:
        """Whether messages leave this machine; where they do not, the administrator reads them."""

    def send(self, text: OutgoingText) -> str:
        """Hand over one message; return the gateway's own name for it, "" if it has none.

        Raises:
            MessageNotSent: it was not taken; `permanent` when trying again is of no use.
        """


class NoMessenger:
    """Sends nothing and says so: the people it concerns are asked by telephone."""

    reaches_people = True

    def send(self, text: OutgoingText) -> str:
        """Refuse for good."""
        raise MessageNotSent("没有配置短信网关，改由人工回访", permanent=True)


@dataclass(frozen=True)
class Said:
    """One sentence heard: seconds from the beginning, and the words."""

    start: float
    end: float
    words: str


class Transcriber(Protocol):
    """Turns speech into words."""

    @property
    def name(self) -> str:
        """What did it, for the record."""

    def sentences(self, samples: bytes, rate: int) -> Iterator[Said]:
        """The sentences of one voice, as they are found; takes a good part of its duration.

        `samples` are 16-bit little-endian, one channel, `rate` a second.
        """


class ScriptedTranscriber:
    """Stands in: hears what it was told to hear, voice after voice, and remembers the lengths."""

    name = "scripted"

    def __init__(self, *voices: tuple[Said, ...]) -> None:
        self._voices = list(voices)
        self.heard: list[float] = []

    def sentences(self, samples: bytes, rate: int) -> Iterator[Said]:
        """The next voice's sentences; nothing once the script is over."""
        self.heard.append(len(samples) / 2 / rate)
        yield from self._voices.pop(0) if self._voices else ()
