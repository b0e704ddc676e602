"""What the kernel says about other processes (Linux /proc)."""

from pathlib import Path

PROC = Path("/proc")


def command_line(pid: int) -> str:
    """The command line of a process, empty when it is gone or not ours to see."""
    try:
        return (
            (PROC / str(pid) / "cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode("utf-8", "replace")
        )
    except OSError:
        return ""


def still_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        state = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def port_owner(port: int) -> str | None:
    """'进程 1234 name' holding a TCP or UDP port on this machine, None when not to be seen."""
    inodes = _socket_inodes(port)
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            links = _open_files(entry)
            name = (entry / "comm").read_text(errors="replace").strip()
        except OSError:
            continue  # ended meanwhile, or another user's
        if links & inodes:
            return f"被进程 {entry.name} {name} 占用"
    return None


def holds_port(pid: int, port: int) -> bool:
    """Whether the process itself has the TCP or UDP port open."""
    inodes = _socket_inodes(port)
    try:
        return not inodes.isdisjoint(_open_files(PROC / str(pid)))
    except OSError:
        return False  # ended, or one of its files was closed this moment


def _open_files(process: Path) -> set[str]:
    return {str(file.readlink()) for file in (process / "fd").iterdir()}


def _socket_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        try:
            rows = (PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            listening = columns[3] == "0A" or table.startswith("udp")
            if listening and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{columns[9]}]")
    return found
