"""A small town with one account of each role, and browsers that are signed in to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from dispatch.bus import Database
from dispatch.db import Base, Session
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.ports import NoSuggester, OutgoingText, SilentDialer, SilentSeats
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.files.import_folder import ImportFolder
from dispatch.files.recordings import RecordingFolder
from dispatch.files.store import FolderStore
from dispatch.files.vault import Keyring
from dispatch.service import accounts, catalogue, tokens
from dispatch.service.intake import RequestForm, open_ticket
from dispatch.service.rulebook import RuleBook
from portal.app import create_app
from portal.auth import SESSION_COOKIE, hash_password
from portal.deps import PortalContext, SoftphoneConfig

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in the city
PASSWORD = "a sentence for a password"
PASSWORD_HASH = hash_password(PASSWORD)

STAFF: dict[str, tuple[Role, str | None]] = {
    "wang": (Role.AGENT, None),
    "zhao": (Role.AGENT, None),
    "li": (Role.DISPATCHER, None),
    "qian": (Role.DISPATCHER, None),
    "hui": (Role.FOLLOW_UP, None),
    "ban": (Role.SUPERVISOR, None),
    "zhong": (Role.CENTER, None),
    "zhuren": (Role.CENTER, None),
    "chengguan": (Role.DEPARTMENT, "CG"),
    "juzhang": (Role.DEPARTMENT, "CG"),
    "zhujian": (Role.DEPARTMENT, "ZJ"),
    "zhang": (Role.LEADER, None),
    "root": (Role.ADMIN, None),
    "jijian": (Role.DISCIPLINE, None),
}
APPROVERS = frozenset({"zhuren", "juzhang"})
EXTENSIONS = {"wang": "8001", "zhao": "8002", "ban": "8301"}


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        """The moment it shows."""
        return self.now

    def advance(self, **by: float) -> None:
        """Let time pass: advance(hours=13)."""
        self.now += timedelta(**by)


class KeptMessages:
    """Hands messages to nobody and keeps them, as a hotline that is tried out does."""

    reaches_people = False

    def __init__(self) -> None:
        self.sent: list[OutgoingText] = []

    def send(self, text: OutgoingText) -> str:
        """Keep it."""
        self.sent.append(text)
        return text.key


@dataclass
class Town:
    """The application with its database and clock."""

    database: Database
    clock: Clock
    app: FastAPI
    probes: dict[str, str | None] = field(default_factory=dict)

    def anyone(self) -> TestClient:
        """A browser of somebody not signed in; redirects are not followed."""
        return TestClient(
            self.app,
            follow_redirects=False,
            raise_server_exceptions=False,
            headers={"accept": "text/html"},
        )

    def monitor(self, address: str = "127.0.0.1") -> TestClient:
        """A program that watches over the hotline from this address."""
        return TestClient(self.app, raise_server_exceptions=False, client=(address, 50_000))

    def browser(self, login: str) -> TestClient:
        """A browser signed in as this person, that sends the form token with every request."""
        client = self.anyone()
        fresh = self.session(login)
        client.cookies.set(SESSION_COOKIE, fresh.token)
        client.headers["X-CSRF-Token"] = fresh.csrf
        return client

    def session(self, login: str) -> accounts.NewSession:
        """A session of this person, without the password's slowness."""
        with self.database.work() as session:
            found = accounts.password_hash_of(session, login)
            assert found is not None
            return accounts.start_session(session, found[0], now=self.clock.now)

    def system(self, login: str) -> TestClient:
        """Another system that calls /api/v1 with this person's token."""
        with self.database.work() as session:
            token = tokens.create_token(session, login, now=self.clock.now)
        client = TestClient(self.app, raise_server_exceptions=False)
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    def actor(self, login: str) -> Actor:
        """The person as services take them."""
        with self.database.work() as session:
            return self._actor(session, login)

    def ticket(self, login: str = "wang", **more: object) -> str:
        """Open a ticket; return its number."""
        form = RequestForm(
            **{
                "content": "小区南门外烧烤摊占道经营，油烟很大，影响休息",
                "kind": RequestKind.COMPLAINT,
                "phone": "13812345678",
                "requester_name": "陈晓梅",
                **more,
            }  # type: ignore[arg-type]
        )
        with self.database.work() as session:
            actor = self._actor(session, login)
            return open_ticket(session, actor, form, now=self.clock.now).number

    def _actor(self, session: Session, login: str) -> Actor:
        owner = tokens.token_owner(session, tokens.create_token(session, login, now=self.clock.now))
        assert owner is not None
        return owner.actor


def found_town(folder: Path) -> Path:
    """Make the town's database; return its file, to be copied."""
    database = Database(f"sqlite:///{folder / 'town.db'}")
    Base.metadata.create_all(database.engines.write)
    with database.work() as session:
        unit = {"tier": 1, "kind": "bureau", "division": None, "phone": None}
        catalogue.put_departments(
            session,
            [
                {"code": "CG", "name": "城市管理局", "short_name": "城管局", **unit},
                {"code": "ZJ", "name": "住房和城乡建设局", "short_name": "住建局", **unit},
            ],
        )
        catalogue.put_categories(
            session,
            [{"code": "0101", "name": "占道经营", "parent": None, "level": 1}],
        )
        catalogue.put_lines(
            session,
            [{"number": "12345", "name": "政务服务便民热线", "state": "main", "queue": "hotline"}],
        )
        for login, (role, department) in STAFF.items():
            accounts.create_staff(
                session,
                login=login,
                name=f"{login}员",
                role=role,
                password_hash=PASSWORD_HASH,
                department=department,
                extension=EXTENSIONS.get(login),
                approver=login in APPROVERS,
            )
    database.dispose()
    return folder / "town.db"


def open_town(folder: Path) -> Town:
    """The application over the town's database in this folder."""
    database, clock = Database(f"sqlite:///{folder / 'town.db'}"), Clock()
    probes: dict[str, str | None] = {"telephony": None}
    keyring = Keyring("k1", {"k1": b"k" * 32})
    context = PortalContext(
        db=database,
        rulebook=RuleBook(database, Rules(load_profile("default"), load_calendar())),
        suggester=NoSuggester(),
        seats=SilentSeats(),
        dialer=SilentDialer(),
        recordings=RecordingFolder(folder, keyring),
        signer=keyring,
        messenger=KeptMessages(),
        attachments=FolderStore(folder / "attachments"),
        imports=ImportFolder(folder / "imports"),
        open_data=folder / "open-data",
        clock=clock,
        city_name="临川市",
        softphone=SoftphoneConfig("ws://127.0.0.1:8388/ws", "127.0.0.1", lambda _: "secret"),
        probes={"telephony": lambda: probes["telephony"]},
    )
    return Town(database, clock, create_app(context), probes)
