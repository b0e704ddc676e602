"""The machine's keys for what lies at rest: `recording-keys.json` in the data folder, mode 0600."""

from __future__ import annotations

import base64
import json
import logging
import os
import secrets
from datetime import datetime
from pathlib import Path

from dispatch.domain.errors import HotlineError
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.vault import KEY_BYTES, Keyring, write_whole

log = logging.getLogger("hotline")

NAME = "recording-keys.json"


class KeysUnreadable(HotlineError):
    """密钥文件无法读取，请从备份恢复；丢失密钥，已加密的录音将无法播放"""

    code = "keys-unreadable"


def load_keyring(folder: Path, now: datetime) -> Keyring:
    """Read the keys, making the first one at first start.

    Raises:
        KeysUnreadable: the file is there and is not what this program wrote.
    """
    path = folder / NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        name, key = _new_key(now)
        # Two processes may start at once: the first to link the name wins, both then read it.
        draft = folder / f".keys-{secrets.token_hex(4)}"
        write_whole(draft, _packed(name, {name: key}))
        try:
            os.link(draft, path)
        except FileExistsError:
            log.info("keys were made by another process")
        finally:
            draft.unlink()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        keys = {name: base64.b64decode(key) for name, key in content["keys"].items()}
        current = content["current"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeysUnreadable from error
    if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise KeysUnreadable
    return Keyring(current, keys)


def rotate(folder: Path, now: datetime) -> str:
    """Add a key that seals from now on; the old ones stay to read by. Return its name."""
    ring = load_keyring(folder, now)
    name, key = _new_key(now)
    write_whole(folder / NAME, _packed(name, {**ring.keys, name: key}))
    return name


def _new_key(now: datetime) -> tuple[str, bytes]:
    return f"{now.astimezone(SHANGHAI):%Y%m%d}-{secrets.token_hex(3)}", secrets.token_bytes(
        KEY_BYTES
    )


def _packed(current: str, keys: dict[str, bytes]) -> bytes:
    plain = {name: base64.b64encode(key).decode() for name, key in keys.items()}
    return json.dumps({"current": current, "keys": plain}, indent=1).encode()
