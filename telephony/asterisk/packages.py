"""Fetch a distribution package with everything it needs into a folder, without root.

Plain apt with private state folders and an empty dpkg status computes the whole closure (down to
the C library), so the extracted tree runs by its own loader on any host of the same architecture.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from telephony.asterisk.errors import InstallFailed

Say = Callable[[str], None]
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OWN_SUITE = "own"

# Values after the machine's own configuration: its proxies and transports stay in force, its
# hooks do not run, and nothing outside `work` is written.
CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
Dir::State "{work}/state/";
Dir::State::status "{work}/state/status";
Dir::State::lists "{work}/state/lists/";
Dir::Cache "{work}/cache/";
Dir::Cache::archives "{work}/cache/archives/";
Dir::Log "{work}/log/";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
APT::Keep-Downloaded-Packages "true";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
{sources}"""
OTHER_SUITE_SOURCES = """\
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One place packages come from: the machine's own sources, or a named Debian suite."""

    name: str
    source_line: str | None = None


def candidate_suites(say: Say) -> list[Suite]:
    """The machine's own suite first; on Debian then forky and sid from the same mirror."""
    suites = [Suite(name=OWN_SUITE)]
    if not _is_debian():
        return suites
    mirror = _mirror_base()
    if mirror is None:
        say("未能从 apt 配置得到镜像地址，只使用本机软件源")
        return suites
    signed = f"[signed-by={DEBIAN_KEYRING}] " if DEBIAN_KEYRING.exists() else ""
    return suites + [
        Suite(name=name, source_line=f"deb {signed}{mirror} {name} main")
        for name in ("forky", "sid")
    ]


@dataclass
class PrivateApt:
    """An apt of our own inside `work`; knows one suite."""

    work: Path
    suite: Suite
    say: Say
    complaints: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Write the configuration and read the suite's package lists (failures are kept)."""
        for folder in ("state/lists/partial", "cache/archives/partial", "log"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        (self.work / "state/status").write_text("")
        sources = ""
        if self.suite.source_line:
            (self.work / "sources.list").write_text(self.suite.source_line + "\n")
            sources = OTHER_SUITE_SOURCES.format(work=self.work)
        text = CONFIGURATION.format(work=self.work, sources=sources)
        (self.work / "apt.conf").write_text(text)
        done = self._run("apt-get", "update", "-q")
        # One broken third-party source must not hide the package in another: judge by candidate.
        self.complaints += [
            line for line in done.stdout.splitlines() if line.startswith(("E:", "W:", "Err:"))
        ]

    def candidate_version(self, package: str) -> str | None:
        """The version apt would install from this suite, None when it has none."""
        done = self._run("apt-cache", "policy", package)
        found = re.search(r"Candidate: (\S+)", done.stdout)
        return found[1] if found and found[1] != "(none)" else None

    def download(self, package: str) -> list[Path]:
        """Download `package` and its closure; returns the archive files."""
        total = sum(
            line.startswith("Inst ")
            for line in self._run("apt-get", "install", "-y", "-s", package).stdout.splitlines()
        )
        self.say(f"共 {total} 个软件包（含依赖），开始下载")
        last: list[str] = []
        count = 0
        for line in self._stream("apt-get", "install", "-y", "-q", "--download-only", package):
            last = [*last[-7:], line]
            if line.startswith("Get:"):
                count += 1
                if count % 25 == 0:
                    self.say(f"已下载 {count}/{total}")
        archives = sorted((self.work / "cache/archives").glob("*.deb"))
        if not total or len(archives) < total:
            raise InstallFailed(
                f"下载 {package} 未完成（{len(archives)}/{total}）。请检查网络和软件源后重试；"
                f"apt 的最后输出：\n" + "\n".join(last)
            )
        return archives

    def _command(self, *arguments: str) -> list[str]:
        program, *rest = arguments
        return [program, "-c", str(self.work / "apt.conf"), *rest]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_plain_environment(),
            check=False,
        )

    def _stream(self, *arguments: str) -> Iterator[str]:
        with subprocess.Popen(
            self._command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_plain_environment(),
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                yield line.rstrip()


def extract(archives: list[Path], target: Path, say: Say) -> None:
    """Unpack every archive below `target`; no maintainer script runs."""
    target.mkdir(parents=True, exist_ok=True)
    # Merged /usr first: older packages still carry files below /lib, the loader looks below /usr.
    for name in ("bin", "sbin", "lib", "lib64"):
        (target / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (target / name).exists():
            (target / name).symlink_to(f"usr/{name}")

    def unpack(archive: Path) -> None:
        # dpkg-deb's own -x would put a real lib/ in the place of our link to usr/lib.
        tar = ["tar", "-x", "-C", str(target), "--keep-directory-symlink", "--no-same-owner"]
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE
        ) as content:
            done = subprocess.run(
                tar, stdin=content.stdout, capture_output=True, text=True, check=False
            )
        if done.returncode or content.returncode:
            raise InstallFailed(f"解包 {archive.name} 失败：{done.stderr.strip()}；请检查磁盘空间")

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for number, _ in enumerate(pool.map(unpack, archives), start=1):
            if number % 50 == 0:
                say(f"已解包 {number}/{len(archives)}")


def require_tools() -> None:
    """apt and dpkg-deb must be on the machine; raises InstallFailed naming the way out."""
    missing = [name for name in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(name)]
    if missing:
        raise InstallFailed(
            f"本机没有 {'、'.join(missing)}，不是 Debian 或 Ubuntu 系统。"
            "请自行安装 Asterisk 20–22 与 SIPp，或改用容器方式：make containers-test"
        )


def _is_debian() -> bool:
    release = Path("/etc/os-release")
    text = release.read_text(encoding="utf-8", errors="replace") if release.exists() else ""
    return re.search(r'^ID="?debian"?\s*$', text, re.MULTILINE) is not None


def _mirror_base() -> str | None:
    """The base address of the machine's main Debian mirror, from its own apt configuration.

    Asks what an update would fetch: unlike the list of index targets, the answer is there before
    the first `apt-get update` of a fresh machine.
    """
    done = subprocess.run(
        ["apt-get", "update", "--print-uris"],
        capture_output=True,
        text=True,
        env=_plain_environment(),
        check=False,
    )
    pairs = re.findall(r"^'(\S+?)/dists/(\S+?)/InRelease'", done.stdout, re.MULTILINE)
    codename = _codename()
    # The plain release suite, not its security or updates companion on another address.
    for uri, release in pairs:
        if release in {codename, "stable", "testing", "unstable", "sid"}:
            return str(uri)
    return str(pairs[0][0]) if pairs else None


def _codename() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8", errors="replace")
    found = re.search(r'^VERSION_CODENAME="?(\w+)"?', text, re.MULTILINE)
    return found[1] if found else ""


def _plain_environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
