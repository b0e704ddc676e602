"""Settings: the only module that reads the environment."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.domain.errors import HotlineError

PREFIX = "HOTLINE_"
EXTENSIONS = r"^\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*$"
MESSAGES = r"^(off|folder|https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/\S*)?)$"
"""A gateway is told citizens' numbers: in the clear only on this machine."""
Port = Annotated[int, Field(ge=1, le=65_535)]


class SettingRefused(HotlineError):
    """设置有误"""

    code = "setting-refused"


class Settings(BaseSettings):
    """What a city sets, as HOTLINE_… variables; docs/operations.md lists them.

    Times are seconds. Everything listens on loopback unless told otherwise.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    data_dir: Path = Path("var")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: Port = 8345
    public_url: str = ""
    profile: str = "default"
    asterisk_log: Path | None = None
    """Asterisk's log folder when it runs elsewhere, to read queue_log and CEL from."""
    ami_host: str = "127.0.0.1"
    ami_port: Port = 8338
    ami_secret: str = ""
    sip_port: Port = 8360
    sip_host: str = "127.0.0.1"
    asterisk_http_port: Port = 8388
    rtp_start: Port = 18400
    rtp_end: Port = 18999
    softphone_url: str = ""
    trunk_peers: str = "127.0.0.2"
    trunk_contact: str = "127.0.0.2:8362"
    system_name: str = "hot1"
    nodes: Path | None = None
    """TOML file of several telephone systems; without it the settings here are the only one."""
    extensions: str = Field(
        default="8001-8012,8101-8103,8201-8202,8301-8302,8401",
        pattern=EXTENSIONS,
    )
    desk_phones: str = Field(default="", pattern=r"^(\s*[89]\d{3}=[^\s,;=]+\s*(,|$))*$")
    """Telephones on desks that agents may let ring instead of the browser: 9001=host:port,…"""
    prompts: Path | None = None
    """A folder of the city's own recordings in place of the shipped voice."""
    speech: Literal["off", "whisper"] = "off"
    """Whether recordings are put into words, and by what."""
    clamd: str = ""
    """Socket of a ClamAV daemon, or host:port; empty leaves attachments unscanned."""
    messages: str = Field(default="off", pattern=MESSAGES)
    """Where text messages go: nowhere, into a folder, or to a gateway's address."""
    messages_token: str = ""
    """Shown to the gateway as a bearer token."""
    demo_months: int = Field(default=12, ge=0)
    """Months of history `hotline up` makes in an empty database; 0 makes no demo city."""
    recording_seconds: float = Field(default=15, gt=0)
    """How often recordings of finished calls are looked for and put away."""
    archive_hours: float = Field(default=6, ge=0)
    """How often the archive of the figures is brought up to date; 0 keeps none."""
    archive_from: int = Field(default=200_000, ge=0)
    """From so many tickets on; with fewer the live database counts faster."""
    sweep_seconds: float = Field(default=20, gt=0)
    follow_up_seconds: float = Field(default=5, gt=0)
    seat_check_seconds: float = Field(default=15, gt=0)
    """How often the queues' members are compared with the seats we want."""
    follow_up_lines: int = Field(default=4, ge=0)
    """How many follow-up calls may run at once; 0 stops them."""
    trunk_lines: int = Field(default=0, ge=0)
    """How many calls the trunks carry in all; 0 when that is not known."""
    follow_up_spare_lines: int = Field(default=4, ge=0)
    """Lines of the trunk that follow-up leaves to callers; counts only with `trunk_lines`."""

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_in_words(cls, values: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return check(values)
        except ValidationError as problem:
            wrong = "；".join(
                f"{PREFIX}{str(e['loc'][0]).upper()} 不能是“{e['input']}”"
                for e in problem.errors()
                if e["loc"]
            )
            raise SettingRefused(f"设置有误：{wrong}。docs/operations.md 列出了每一项") from problem

    @cached_property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data_dir.expanduser().resolve()

    @property
    def database(self) -> str:
        """The database's address: SQLite in the data folder unless told otherwise."""
        return self.database_url or f"sqlite:///{self.folder / 'hotline.db'}"

    @property
    def recordings(self) -> Path:
        """Where recordings lie."""
        return self.folder / "recordings"

    @property
    def attachments(self) -> Path:
        """Where files that people sent lie."""
        return self.folder / "attachments"

    @property
    def imports(self) -> Path:
        """Where files of history wait to be read in."""
        return self.folder / "imports"

    @property
    def open_data(self) -> Path:
        """Where published months of open data lie."""
        return self.folder / "open-data"

    @property
    def models(self) -> Path:
        """Where the classifier's models lie; the database says which one is in use."""
        return self.folder / "models"

    @property
    def model(self) -> Path:
        """The first model, from the first training."""
        return self.models / "current"

    @property
    def near(self) -> Path:
        """The index of tickets by what they say: a cache, built again when it is missing."""
        return self.folder / "near"

    @property
    def archive(self) -> Path:
        """The archive of the figures: can be taken again from the database at any time."""
        return self.folder / "archive"

    @property
    def desk_telephones(self) -> dict[str, str]:
        """Extension to address of each telephone on a desk."""
        parts = (part.strip().partition("=") for part in self.desk_phones.split(","))
        return {extension: address for extension, _, address in parts if extension}

    @property
    def address(self) -> str:
        """The address people type."""
        return self.public_url or f"http://{self.host}:{self.port}"


def extensions_of(text: str) -> tuple[str, ...]:
    """The extensions of a text such as "8001-8012,8050"."""
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        found += [str(n) for n in range(int(first), int(last or first) + 1)]
    return tuple(found)
