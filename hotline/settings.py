"""Settings: the only module that reads the environment."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatch.domain.errors import HotlineError

PREFIX = "HOTLINE_"
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
    extensions: str = Field(
        default="8001-8012,8101-8103,8201-8202,8301-8302,8401",
        pattern=r"^\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*$",
    )
    demo_months: int = Field(default=12, ge=0)
    """Months of history `hotline up` makes in an empty database; 0 makes no demo city."""
    sweep_seconds: float = Field(default=20, gt=0)
    follow_up_seconds: float = Field(default=5, gt=0)
    follow_up_lines: int = Field(default=4, ge=0)
    """How many follow-up calls may run at once; 0 stops them."""

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
    def model(self) -> Path:
        """The classifier's model in use."""
        return self.folder / "models" / "current"

    @property
    def agent_extensions(self) -> tuple[str, ...]:
        """The extensions that get a telephone endpoint: "8001-8012,8050"."""
        found: list[str] = []
        for part in self.extensions.split(","):
            first, _, last = part.strip().partition("-")
            found += [str(n) for n in range(int(first), int(last or first) + 1)]
        return tuple(found)

    @property
    def address(self) -> str:
        """The address people type."""
        return self.public_url or f"http://{self.host}:{self.port}"
