"""House rules no stock checker knows."""

from __future__ import annotations

import configparser
import ipaddress
import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("dispatch", "telephony", "classifier", "analytics", "portal", "hotline")
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)/|npmmirror|deb\.debian\.org|archive\.ubuntu\.com"
    r"|tuna\.tsinghua|mirrors?\.(?:aliyun|ustc|163|huaweicloud)"
)
ELSEWHERE = re.compile(r"(?<![\w/.-])(?:\.\./)?shared/(?:docs|data|tools|telephony)|/work/")
ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
OURSELVES = "tests/architecture/test_house_rules.py"


def tracked_texts() -> list[tuple[str, str]]:
    """Return name and text of every file under version control that is text."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    texts = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if name == OURSELVES or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" not in content[:4096]:
            texts.append((name, content.decode("utf-8", errors="replace")))
    return texts


def registries_of_this_machine() -> set[str]:
    """Return the hosts this machine fetches packages from, as pip, npm and apt are told."""
    words = [value for name, value in os.environ.items() if name.lower().endswith("_url")]
    told = [
        *(Path("/etc/pip.conf"), Path.home() / ".pip/pip.conf", Path.home() / ".npmrc"),
        *Path("/etc/apt").glob("sources.list.d/*"),
    ]
    words += [path.read_text(errors="replace") for path in told if path.is_file()]
    links = re.findall(r"https?://[^\s\"']+", "\n".join(words))
    hosts = {urlsplit(link).hostname for link in links}
    return {host for host in hosts if host and host not in {"localhost", "127.0.0.1"}}


def test_no_registry_or_mirror_is_named() -> None:
    own = registries_of_this_machine()
    found = [
        f"{name}: {match}"
        for name, text in tracked_texts()
        for match in {*REGISTRIES.findall(text), *(host for host in own if host in text)}
    ]
    assert not found, "\n".join(found)


def test_the_project_stands_alone() -> None:
    found = [
        f"{name}: {match}"
        for name, text in tracked_texts()
        for match in set(ELSEWHERE.findall(text))
    ]
    assert not found, "\n".join(found)


def test_no_address_of_a_private_network_is_written_down() -> None:
    found = []
    for name, text in tracked_texts():
        for match in set(ADDRESS.findall(text)):
            try:
                address = ipaddress.IPv4Address(match)
            except ValueError:
                continue
            private = any(
                address in ipaddress.IPv4Network(network)
                for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
            )
            if private:
                found.append(f"{name}: {match}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_files_are_empty(package: str) -> None:
    written = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("__init__.py")
        if "node_modules" not in path.parts and path.read_text(encoding="utf-8").strip()
    ]
    assert not written


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_named_for_what_it_does(package: str) -> None:
    vague = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        if path.stem in VAGUE and "node_modules" not in path.parts
    ]
    assert not vague


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / package).rglob("*.py")
        if "node_modules" not in path.parts
        and (text := path.read_text(encoding="utf-8").strip())
        and not text.startswith(('"""', "'''", 'r"""'))
    ]
    assert not silent


def test_every_setting_is_explained_on_the_operations_page() -> None:
    page = ROOT / "docs" / "operations.md"
    if find_spec("hotline.settings") is None or not page.exists():
        pytest.skip("docs/operations.md or hotline/settings.py is not written yet")
    from hotline.settings import Settings

    prefix = Settings.model_config.get("env_prefix", "")
    explained = page.read_text(encoding="utf-8")
    names = [f"{prefix}{field}".upper() for field in Settings.model_fields]
    assert names
    missing = [name for name in names if name not in explained]
    assert not missing


def test_every_exact_version_is_a_plain_pin() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 50
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.!+-]+(?: ; .+)?", line)] == []


def test_the_npm_lock_names_no_place() -> None:
    lock = (ROOT / "portal/frontend/package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
    npmrc = configparser.ConfigParser()
    npmrc.read_string("[npm]\n" + (ROOT / "portal/frontend/.npmrc").read_text(encoding="utf-8"))
    assert npmrc["npm"]["omit-lockfile-registry-resolved"] == "true"
    assert "registry" not in npmrc["npm"]
