"""Where an installed program lies and how it is started."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from telephony.asterisk.errors import ProgramMissing

PROJECT_TOOLS = Path(__file__).resolve().parents[2] / ".tools"
OLDEST_ASTERISK, NEWEST_ASTERISK = 20, 22
SYSTEM_BINARIES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class Program:
    """A runnable program: `command` goes before its own arguments."""

    command: tuple[str, ...]
    version: str
    origin: str
    """'system', or the folder it was extracted to."""


@dataclass(frozen=True, kw_only=True)
class AsteriskProgram(Program):
    """Asterisk with the folders its configuration must name."""

    prefix: Path
    module_dir: Path

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version, e.g. (22, 10)."""
        return asterisk_release(self.version)

    @property
    def english_sounds(self) -> Path | None:
        """The stock English prompts, None when they are not installed."""
        for name in ("en_US_f_Allison", "en"):
            folder = self.prefix / "usr/share/asterisk/sounds" / name
            if folder.is_dir():
                return folder
        return None


def asterisk_release(version: str) -> tuple[int, int]:
    """(major, minor) out of '1:22.10.1~dfsg-1' or 'Asterisk 22.10.1'; (0, 0) if there is none."""
    found = re.search(r"(?:^|[:\s])(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def supported(version: str) -> bool:
    """Whether this Asterisk release is one we run on."""
    return OLDEST_ASTERISK <= asterisk_release(version)[0] <= NEWEST_ASTERISK


def system_asterisk() -> AsteriskProgram | None:
    """The machine's own Asterisk when its version is supported."""
    path = _which("asterisk")
    if path is None:
        return None
    version = _first_line([path, "-V"])
    modules = sorted(Path("/usr/lib").glob("*-linux-gnu*/asterisk/modules"))
    modules += [Path("/usr/lib/asterisk/modules"), Path("/usr/lib64/asterisk/modules")]
    module_dir = next((folder for folder in modules if folder.is_dir()), None)
    if not supported(version) or module_dir is None:
        return None
    return AsteriskProgram(
        command=(path,), version=version, origin="system", prefix=Path("/"), module_dir=module_dir
    )


def extracted_asterisk(tools: Path = PROJECT_TOOLS) -> AsteriskProgram | None:
    """The Asterisk extracted below `tools`, None when it is not there."""
    prefix = tools / "asterisk"
    binary = prefix / "usr/sbin/asterisk"
    module_dir = next(iter(sorted(prefix.glob("usr/lib/*/asterisk/modules"))), None)
    if not binary.exists() or module_dir is None or not _marker(prefix).exists():
        return None
    return AsteriskProgram(
        command=loader_command(prefix, binary),
        version=_marker(prefix).read_text().strip(),
        origin=str(prefix),
        prefix=prefix,
        module_dir=module_dir,
    )


def find_asterisk(tools: Path = PROJECT_TOOLS) -> AsteriskProgram:
    """The machine's own Asterisk, else the extracted one; raises ProgramMissing."""
    found = system_asterisk() or extracted_asterisk(tools)
    if found is None:
        raise ProgramMissing(
            "没有找到 Asterisk 20–22。请执行 make setup（或 python -m telephony.asterisk.install）"
        )
    return found


def find_sipp(tools: Path = PROJECT_TOOLS) -> Program:
    """SIPp from the PATH, else the extracted one; raises ProgramMissing."""
    path = _which("sipp")
    if path is not None:
        return Program(command=(path,), version="system", origin="system")
    prefix = tools / "sipp"
    binary = prefix / "usr/bin/sipp"
    if not binary.exists() or not _marker(prefix).exists():
        raise ProgramMissing(
            "没有找到 SIPp（模拟来电用）。请执行 make setup"
            "（或 python -m telephony.asterisk.install sipp）"
        )
    return Program(
        command=loader_command(prefix, binary),
        version=_marker(prefix).read_text().strip(),
        origin=str(prefix),
    )


def loader_command(prefix: Path, binary: Path) -> tuple[str, ...]:
    """Start `binary` by the loader and libraries of its own extracted tree."""
    loaders = sorted(prefix.glob("usr/lib64/ld-linux-*.so.*"))
    loaders += sorted(prefix.glob("usr/lib/ld-linux-*.so.*"))
    loaders += sorted(prefix.glob("usr/lib/*-linux-gnu*/ld-linux-*.so.*"))
    if not loaders:
        raise ProgramMissing(f"{prefix} 不完整：缺少动态链接器。请删除该目录后重新执行 make setup")
    folders: list[Path] = []
    for folder in sorted(prefix.glob("usr/lib/*-linux-gnu*")):
        folders += [folder, folder / "pulseaudio"]
    folders.append(prefix / "usr/lib")
    return (str(loaders[0]), "--library-path", ":".join(map(str, folders)), str(binary))


def _marker(prefix: Path) -> Path:
    return prefix / ".installed"


def _which(name: str) -> str | None:
    # Servers live in sbin, which an ordinary user's PATH often lacks.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_BINARIES}")


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return next(iter(done.stdout.splitlines()), "").strip()
