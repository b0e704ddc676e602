"""What the ticket domain needs of the outside, each with a shipped stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True)
class Suggestions:
    """What a model proposes for one text, best first. Only a person or the catalogue decides."""

    categories: tuple[Suggestion, ...]
    departments: tuple[Suggestion, ...]
    model_version: str


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
class FollowUpCall:
    """One outbound call to place; `channel_id` is our own identity for it."""

    follow_up_id: int
    number: str
    channel_id: str


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
    WRAP_UP = "wrap_up", "话后整理"


@dataclass(frozen=True)
class Seat:
    """An agent's place at the queue as we want it to be."""

    extension: str
    name: str
    state: AgentState
    reason: str = ""


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
