"""Settings of the Asterisk we run; its configuration files are made from them."""

import base64
import hashlib
import hmac
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dispatch.domain.switch_plan import SwitchPlan

SHIPPED_PROMPTS = Path(__file__).resolve().parents[1] / "prompts"


@dataclass(frozen=True, kw_only=True)
class AsteriskSecrets:
    """Passwords; kept outside the configuration and handed in. Hidden from repr."""

    ami_events: str = field(repr=False)
    ami_actions: str = field(repr=False)
    sip_master: str = field(repr=False)
    """Every agent's SIP password is derived from it: see `sip_password`."""


@dataclass(frozen=True, kw_only=True)
class AsteriskSettings:
    """Everything the configuration is generated from.

    AMI and HTTP are always bound to the loopback; `sip_bind` is where the carrier reaches us.
    """

    root: Path
    """Asterisk's own folder: etc, lib, data, spool, run, log, cache."""
    recordings: Path
    secrets: AsteriskSecrets
    system_name: str = "hot1"
    sip_bind: str = "127.0.0.1"
    sip_port: int = 15060
    tls_port: int = 0
    """Where carriers reach us by TLS; 0: beside `sip_port`, as 5061 is beside 5060 (RFC 3261)."""
    http_port: int = 18088
    ami_port: int = 15038
    rtp_ports: tuple[int, int] = (16000, 17999)
    agents: tuple[str, ...] = ()
    """Extensions that sign in from a browser (WebRTC)."""
    desk_phones: Mapping[str, str] = field(default_factory=dict)
    """Extension -> 'address:port' of an ordinary SIP phone."""
    trunk_peers: tuple[str, ...] = ("127.0.0.2",)
    """Addresses or networks calls may come in from."""
    trunk_contact: str = "127.0.0.2:15070"
    """'host:port' that outbound calls are sent to."""
    host_addresses: tuple[str, ...] = ()
    """The machine's IPv4 addresses; offered to the browser as 127.0.0.1 when on loopback only."""
    prompts: Path = SHIPPED_PROMPTS
    queue_wait_s: int = 180
    queue_length: int = 200
    ring_s: int = 20
    key_wait_s: float = 6.0
    """Seconds a citizen has for pressing a key."""
    voicemail_s: int = 180
    """Longest message of a caller."""
    voicemail_silence_s: int = 5
    """Silence that ends it."""
    plan: SwitchPlan = field(default_factory=SwitchPlan)
    """What is written at a start; a later one is written by `plan_files.AsteriskPlanFiles`."""

    @property
    def loopback_only(self) -> bool:
        return self.sip_bind.startswith("127.")

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def sip_tls_port(self) -> int:
        return self.tls_port or self.sip_port + 1

    @property
    def tls_certificate(self) -> Path:
        """Never below `lib/keys`: Asterisk takes what lies there for keys of its own."""
        return self.root / "tls" / "certificate.pem"

    @property
    def tls_key(self) -> Path:
        return self.root / "tls" / "key.pem"

    @property
    def tls_authorities(self) -> Path:
        """Laid down by the city: who may have signed a carrier's certificate."""
        return self.root / "tls" / "authorities.pem"

    @property
    def websocket_url(self) -> str:
        """Where a browser on this machine signs in its softphone."""
        return f"ws://127.0.0.1:{self.http_port}/ws"


def sip_password(master: str, extension: str) -> str:
    """The SIP password of `extension`: HMAC-SHA256 of it under the master secret, 32 letters."""
    digest = hmac.new(master.encode(), f"sip:{extension}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode().lower()


def host_ipv4_addresses() -> tuple[str, ...]:
    """IPv4 addresses of this machine except the loopback's, as far as the system tells."""
    found: set[str] = set()
    try:
        infos = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        found.update(str(info[4][0]) for info in infos)
    except OSError:
        pass  # the host's own name need not resolve
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used
            found.add(probe.getsockname()[0])
        except OSError:
            pass  # no route: nothing but the loopback
    return tuple(sorted(address for address in found if not address.startswith("127.")))
