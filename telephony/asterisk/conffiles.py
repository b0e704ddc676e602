"""Write Asterisk's configuration files from our settings and the templates beside this module."""

import re
from importlib import resources
from pathlib import Path

from telephony.asterisk.config import AsteriskSettings, sip_password
from telephony.asterisk.errors import BadConfiguration
from telephony.asterisk.plan_check import PROMPT_FORMATS, has_prompt, missing_survey_prompts
from telephony.asterisk.plan_files import PLAN_FILES, Template, plan_texts, write_files
from telephony.asterisk.program import AsteriskProgram

REQUIRED_PROMPTS = (
    *(
        f"zh/hotline/{name}"
        for name in (
            "greeting",
            "busy",
            "closed",
            "connecting",
            "moved",
            "refused",
            "voicemail",
            "voicemail-thanks",
            "call-back",
            "call-back-ask",
            "call-back-done",
            "call-back-hidden",
            "call-back-offer",
            "unreachable",
            "emergency-connecting",
            "emergency-unreachable",
            "greeting-menu",
            "menu-intro",
            "rate-service",
            "retry",
            "thanks",
        )
    ),
    *(
        f"zh/queue-{name}"
        for name in (
            "callswaiting",
            "holdtime",
            "minute",
            "minutes",
            "seconds",
            "thankyou",
            "thereare",
            "youarenext",
        )
    ),
    *(f"zh/digits/{number}" for number in (*range(11), *range(20, 100, 10))),
    "zh/digits/hundred",
    "zh/digits/thousand",
    "zh/pbx-transfer",
    "zh/beep",
)
FOLDERS = (
    "etc",
    "lib/keys",
    "data/sounds",
    "spool",
    "run",
    "log/cdr-csv",
    "log/cel-custom",
    "cache",
)
AMI_RESPONSES = ("OriginateResponse", "FullyBooted")  # all that a session which acts must hear
AMI_NOISE = ("RTCPSent", "RTCPReceived", "TestEvent", "ChallengeSent", "SuccessfulAuth", "CEL")
# Eventfilter by name came with these releases; before them only the slower text match exists.
FILTER_BY_NAME_SINCE = {20: 10, 21: 5, 22: 0}
UNSAFE_IN_PATH = re.compile(r"""[\s,;(){}\[\]"'$&|\\<>=@]""")


def missing_prompts(prompts: Path) -> list[str]:
    """Names of prompts and music that the dialplan plays and `prompts` lacks."""
    missing = [name for name in REQUIRED_PROMPTS if not has_prompt(prompts, name)]
    # Mandarin always, any other language whole or not at all.
    others = (folder.parent.name for folder in prompts.glob("*/hotline") if folder.is_dir())
    for language in sorted({"zh", *others}):
        missing += missing_survey_prompts(prompts, language)
    missing = list(dict.fromkeys(missing))
    music = prompts / "moh"
    if not any(file.suffix in PROMPT_FORMATS for file in music.glob("*")):
        missing.append("moh/*.wav")
    return missing


def write_configuration(settings: AsteriskSettings, program: AsteriskProgram) -> None:
    """Create the folders and write every file below `settings.etc`.

    May be run again while Asterisk runs: each file is replaced as a whole.

    Raises:
        BadConfiguration: a prompt is missing, or a value cannot be written safely.
        BadPlan: the same of the switch plan; no file was touched.
    """
    _check(settings)
    planned = plan_texts(settings, settings.plan)
    for name in FOLDERS:
        (settings.root / name).mkdir(parents=True, exist_ok=True)
    settings.recordings.mkdir(parents=True, exist_ok=True)
    settings.etc.chmod(0o700)  # holds the passwords
    _link_data(settings, program)
    values = _values(settings, program)
    own = {name: Template(text).substitute(values) for name, text in _templates().items()}
    write_files(settings.etc, {**own, **planned})


def _templates() -> dict[str, str]:
    folder = resources.files("telephony.asterisk") / "templates"
    return {
        entry.name: entry.read_text("utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".conf") and entry.name not in PLAN_FILES
    }


def _values(settings: AsteriskSettings, program: AsteriskProgram) -> dict[str, object]:
    mapped = settings.host_addresses if settings.loopback_only else ()
    return {
        "root": settings.root,
        "module_dir": program.module_dir,
        "system_name": settings.system_name,
        "ami_port": settings.ami_port,
        "ami_events_secret": settings.secrets.ami_events,
        "ami_actions_secret": settings.secrets.ami_actions,
        "event_filters": "\n".join(_event_filters(program.release, "exclude", AMI_NOISE)),
        "response_filters": "\n".join(_event_filters(program.release, "include", AMI_RESPONSES)),
        "http_port": settings.http_port,
        "rtp_start": settings.rtp_ports[0],
        "rtp_end": settings.rtp_ports[1],
        "ice_host_candidates": "\n".join(f"{address} => 127.0.0.1" for address in mapped),
        "sip_bind": settings.sip_bind,
        "sip_port": settings.sip_port,
        "trunk_contact": settings.trunk_contact,
        "trunk_matches": "\n".join(f"match = {peer}" for peer in settings.trunk_peers),
        "media_address": (
            f"media_address = {settings.sip_bind}\nbind_rtp_to_media_address = yes"
            if settings.loopback_only
            else ""
        ),
        "agents": "\n".join(_agents(settings)),
        "ring_s": settings.ring_s,
        "voicemail_s": settings.voicemail_s,
        "voicemail_silence_s": settings.voicemail_silence_s,
        "queue_wait_s": settings.queue_wait_s,
        "key_wait_s": settings.key_wait_s,
        "prompts_dir": settings.prompts,
        "recordings_dir": settings.recordings,
        "modules": "\n".join(_modules(program)),
    }


def _event_filters(release: tuple[int, int], action: str, names: tuple[str, ...]) -> list[str]:
    since = FILTER_BY_NAME_SINCE.get(release[0])
    if since is not None and release[1] >= since:
        return [f"eventfilter(action({action}),name({name})) =" for name in names]
    sign = "!" if action == "exclude" else ""
    return [f"eventfilter = {sign}Event: {name}" for name in names]


def _agents(settings: AsteriskSettings) -> list[str]:
    lines: list[str] = []
    for extension in settings.agents:
        password = sip_password(settings.secrets.sip_master, extension)
        lines += [
            f"[{extension}](browser)",
            f"aors = {extension}",
            f"auth = {extension}",
            f"callerid = {extension} <{extension}>",
            f"[{extension}](browser-contact)",
            f"[{extension}](password)",
            f"username = {extension}",
            f"password = {password}",
        ]
    for extension, address in settings.desk_phones.items():
        lines += [
            f"[{extension}](desk-phone)",
            f"aors = {extension}",
            f"callerid = {extension} <{extension}>",
            f"[{extension}](fixed-contact)",
            f"contact = sip:{extension}@{address}",
        ]
    return lines


def _modules(program: AsteriskProgram) -> list[str]:
    """The modules we use that this build has; a few came or went between releases 20 and 22."""
    wanted = (resources.files("telephony.asterisk") / "templates/modules.txt").read_text("utf-8")
    present = {file.stem for file in program.module_dir.glob("*.so")}
    return [f"load = {name}.so" for name in wanted.split() if name in present]


def _link_data(settings: AsteriskSettings, program: AsteriskProgram) -> None:
    """Asterisk's data folder: our prompts, and what it will not start without."""
    data = settings.root / "data"
    stock = program.prefix / "usr/share/asterisk"
    targets = {
        # Modules register their options out of this; without it the core gives up.
        "documentation": stock / "documentation",
        "sounds/zh": settings.prompts / "zh",
        "sounds/en": program.english_sounds,
    }
    for name, target in targets.items():
        link = data / name
        link.unlink(missing_ok=True)
        if target is not None:
            link.symlink_to(target.resolve())


def _check(settings: AsteriskSettings) -> None:
    missing = missing_prompts(settings.prompts)
    if missing:
        raise BadConfiguration(
            f"缺少语音提示：{'、'.join(missing)}（目录 {settings.prompts}）。"
            "请补齐 8 kHz 单声道 wav 文件，或用 scripts/render_prompts.py 生成"
        )
    for folder in (settings.root, settings.recordings, settings.prompts):
        if not folder.is_absolute() or UNSAFE_IN_PATH.search(str(folder)):
            raise BadConfiguration(
                f"目录 {folder} 不能用于 Asterisk：须为绝对路径，不含空格、逗号、分号、括号等。"
                "请用 HOTLINE_DATA_DIR 换一个目录"
            )
    everyone = (*settings.agents, *settings.desk_phones)
    wrong = [extension for extension in everyone if not re.fullmatch(r"[89]\d{3}", extension)]
    if wrong or len(set(everyone)) != len(everyone):
        raise BadConfiguration(f"分机号须为 8 或 9 开头的四位数字且不重复：{'、'.join(wrong)}")
    texts = [
        *vars(settings.secrets).values(),
        *settings.trunk_peers,
        settings.trunk_contact,
        settings.sip_bind,
        settings.system_name,
        *settings.desk_phones.values(),
    ]
    if any(not text or re.search(r"[\s;,\[\]]", text) for text in texts):
        raise BadConfiguration("电话系统的密码、地址或系统名为空，或含空格、分号等不允许的字符")
