"""`hotline recordings …`: the keys of what lies at rest, and whether all of it is whole."""

from __future__ import annotations

import typer

from dispatch.domain.errors import RecordingUnavailable
from dispatch.files.recordings import RecordingFolder
from dispatch.service import recordings as service
from hotline import keys
from hotline.bootstrap import open_database, utc_now
from hotline.commands.output import put_json, refusals, say
from hotline.settings import Settings

app = typer.Typer(help="录音的密钥与完整性。", no_args_is_help=True)
BATCH = 200


@app.callback()
def recordings() -> None:
    """录音的密钥与完整性。"""


@app.command("rotate-key")
def rotate_key() -> None:
    """换一把新密钥：此后的录音用它加密，旧录音照常可听。"""
    with refusals():
        name = keys.rotate(Settings().folder, utc_now())
    say("请重启热线各进程以启用新密钥，并把 recording-keys.json 备份到与录音不同的地方")
    put_json({"current": name})


@app.command()
def verify() -> None:
    """逐段读出录音，与入库时的 SHA-256 核对；有一段不符，退出码为 1。"""
    settings = Settings()
    with refusals():
        folder = RecordingFolder(settings.recordings, keys.load_keyring(settings.folder, utc_now()))
        database = open_database(settings)
        good, bad, after = 0, 0, 0
        while True:
            with database.read() as session:
                rows = service.stored_after(session, after, limit=BATCH)
            for held, digest in rows:
                after = held.recording_id
                problem = _problem(folder, held, digest)
                if problem is None:
                    good += 1
                else:
                    bad += 1
                    say(f"{held.path}：{problem}")
            if len(rows) < BATCH:
                break
        database.dispose()
    put_json({"good": good, "bad": bad})
    if bad:
        raise typer.Exit(1)


def _problem(folder: RecordingFolder, held: service.Held, digest: str | None) -> str | None:
    try:
        same = folder.digest(held.path, held.key_id) == digest
    except RecordingUnavailable as error:
        return str(error)
    return None if same else "内容与入库时不同"
