"""The trunks of a switch plan, as PJSIP's endpoints, and the transports they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dispatch.domain.call_terms import TrunkKind, TrunkSecurity
from dispatch.domain.switch_plan import PlannedTrunk
from telephony.asterisk.config import AsteriskSettings

TRANSPORTS: Mapping[TrunkSecurity, str] = MappingProxyType(
    {
        TrunkSecurity.UDP: "udp",
        TrunkSecurity.TCP: "tcp",
        TrunkSecurity.TLS: "tls",
        TrunkSecurity.TLS_SRTP: "tls",
    }
)
QUALIFY_S = 60
"""How often a trunk is asked whether it lives."""


def needs_certificate(trunks: Sequence[PlannedTrunk]) -> bool:
    """Whether any trunk travels encrypted."""
    return any(TRANSPORTS[trunk.security] == "tls" for trunk in trunks)


def trunk_values(settings: AsteriskSettings, trunks: Sequence[PlannedTrunk]) -> dict[str, str]:
    """The values of `pjsip_trunks.conf`; the plan was checked."""
    used = {TRANSPORTS[trunk.security] for trunk in trunks}
    transports: list[str] = []
    if "tcp" in used:
        transports += _transport("tcp", f"{settings.sip_bind}:{settings.sip_port}")
    if "tls" in used:
        transports += _transport("tls", f"{settings.sip_bind}:{settings.sip_tls_port}")
        transports += _certificate(settings)
    sections = [line for trunk in trunks for line in _trunk(trunk)]
    return {"transports": "\n".join(transports), "trunks": "\n".join(sections)}


def _transport(protocol: str, bind: str) -> list[str]:
    return [
        f"[transport-{protocol}]",
        "type = transport",
        f"protocol = {protocol}",
        f"bind = {bind}",
    ]


def _certificate(settings: AsteriskSettings) -> list[str]:
    """A carrier's certificate is checked when the city has laid down whose word it takes."""
    lines = [
        "method = tlsv1_2",
        f"cert_file = {settings.tls_certificate}",
        f"priv_key_file = {settings.tls_key}",
    ]
    if settings.tls_authorities.is_file():
        return [*lines, f"ca_list_file = {settings.tls_authorities}", "verify_server = yes"]
    return [*lines, "verify_server = no"]


def _trunk(trunk: PlannedTrunk) -> list[str]:
    name = f"trunk-{trunk.code}"
    protocol = TRANSPORTS[trunk.security]
    suffix = "" if protocol == "udp" else f";transport={protocol}"
    # A semicolon begins a comment unless it is escaped.
    address = f"sip:{trunk.host}:{trunk.port}{suffix}".replace(";", r"\;")
    lines = [
        f"[{name}](carrier)",
        f"transport = transport-{protocol}",
        f"aors = {name}",
        f"from_user = {trunk.caller_id}",
        f"from_domain = {trunk.host}",
    ]
    if trunk.username:
        lines.append(f"outbound_auth = {name}")
    if trunk.security is TrunkSecurity.TLS_SRTP:
        lines += ["media_encryption = sdes", "media_encryption_optimistic = no"]
    lines += [
        f"[{name}]",
        "type = aor",
        f"contact = {address}",
        # A contact found silent is not dialled any more; this one is always tried.
        "qualify_frequency = 0",
        *_watch(trunk, address),
    ]
    if trunk.peers:
        lines += [f"[{name}]", "type = identify", f"endpoint = {name}"]
        lines += [f"match = {peer}" for peer in trunk.peers]
    return lines + _account(trunk, name, address)


def _watch(trunk: PlannedTrunk, address: str) -> list[str]:
    """A second name for a carrier's address, asked how it is; nobody calls in or out by it.

    The emergency services' exchange is not asked: a test call tells how it is.
    """
    if trunk.kind is TrunkKind.EMERGENCY:
        return []
    name = f"watch-{trunk.code}"
    return [
        f"[{name}](carrier)",
        f"transport = transport-{TRANSPORTS[trunk.security]}",
        f"aors = {name}",
        "identify_by = ip",
        *([f"outbound_auth = trunk-{trunk.code}"] if trunk.username else []),
        f"[{name}]",
        "type = aor",
        f"contact = {address}",
        f"qualify_frequency = {QUALIFY_S}",
    ]


def _account(trunk: PlannedTrunk, name: str, address: str) -> list[str]:
    """Username and password; registering tells the carrier where we are, and that it is us."""
    if not trunk.username:
        return []
    password = trunk.password.replace(";", r"\;")
    lines = [
        f"[{name}]",
        "type = auth",
        "auth_type = userpass",
        f"username = {trunk.username}",
        f"password = {password}",
    ]
    if not trunk.register:
        return lines
    return [
        *lines,
        f"[{name}]",
        "type = registration",
        f"transport = transport-{TRANSPORTS[trunk.security]}",
        f"outbound_auth = {name}",
        f"server_uri = {address}",
        f"client_uri = sip:{trunk.username}@{trunk.host}",
        f"contact_user = {trunk.caller_id}",
        "expiration = 300",
        "retry_interval = 30",
        "fatal_retry_interval = 300",
        "forbidden_retry_interval = 300",
        "auth_rejection_permanent = no",
        "max_retries = 1000000",
        # Calls that come in on this registration are known by it, from whatever address.
        "line = yes",
        f"endpoint = {name}",
    ]
