"""Several telephone systems: what a file of them may say, and what it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.nodes import extensions_by_node, nodes_of
from hotline.settings import SettingRefused, Settings
from hotline.switchboard import asterisk_settings, softphone_url

TWO = """
[[node]]
name = "hot1"
extensions = "8001-8002"

[[node]]
name = "hot2"
ami_port = 8339
sip_port = 8370
http_port = 8389
rtp_start = 19000
rtp_end = 19599
extensions = "8003"
"""


def settings(folder: Path, text: str = "") -> Settings:
    """Settings in this folder, with a file of nodes when there is a text."""
    if not text:
        return Settings(data_dir=folder)
    file = folder / "nodes.toml"
    file.write_text(text, encoding="utf-8")
    return Settings(data_dir=folder, nodes=file)


def test_without_a_file_the_settings_are_the_only_node(tmp_path: Path) -> None:
    (node,) = nodes_of(settings(tmp_path))
    assert (node.name, node.ami_port, node.runs_here) == ("hot1", 8338, True)
    assert asterisk_settings(settings(tmp_path)).root == tmp_path / "asterisk"


def test_each_node_has_its_own_place_ports_and_extensions(tmp_path: Path) -> None:
    ours = settings(tmp_path, TWO)
    first, second = nodes_of(ours)
    assert extensions_by_node((first, second)) == {"8001": "hot1", "8002": "hot1", "8003": "hot2"}
    made = asterisk_settings(ours, second)
    assert (made.root, made.system_name) == (tmp_path / "asterisk-hot2", "hot2")
    assert (made.sip_port, made.http_port, made.ami_port) == (8370, 8389, 8339)
    assert made.agents == ("8003",)
    assert softphone_url(ours, second) == "ws://127.0.0.1:8389/ws"
    assert "8339" not in softphone_url(ours, first)


def test_a_node_elsewhere_is_not_started_here(tmp_path: Path) -> None:
    (node,) = nodes_of(settings(tmp_path, '[[node]]\nname = "far"\nlog = "/mnt/far/log"\n'))
    assert not node.runs_here


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "没有"),
        ("[[node", "不能读取"),
        ('[[node]]\nname = "Hot 1"', "name"),
        ('[[node]]\nname = "hot1"\ncolour = "red"', "colour"),
        ('[[node]]\nname = "hot1"\nsip_port = "many"', "sip_port"),
        ('[[node]]\nname = "hot1"\nextensions = "8001-"', "extensions"),
        (TWO.replace("hot2", "hot1"), "name"),
        (TWO.replace("8339", "8338"), "管理接口"),
        (TWO.replace("8370", "8361"), "SIP"),
        (TWO.replace("19000", "18500"), "RTP"),
        (TWO.replace('"8003"', '"8002-8003"'), "分机"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_a_reason(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingRefused, match=said):
        nodes_of(settings(tmp_path, text))


def test_a_configuration_is_written_for_an_asterisk_elsewhere(tmp_path: Path) -> None:
    environment = {**os.environ, "HOTLINE_DATA_DIR": str(tmp_path / "data")}

    def hotline(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hotline", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert hotline("migrate").returncode == 0
    done = hotline("asterisk", "configure", "--to", str(tmp_path / "etc"))
    assert done.returncode == 0, done.stderr
    assert "core reload" in done.stderr
    written = {file.name for file in (tmp_path / "etc").glob("*.conf")}
    assert {"queues.conf", "extensions_lines.conf", "pjsip_trunks.conf"} <= written
    assert "[enterprise]" in (tmp_path / "etc" / "queues.conf").read_text("utf-8")
    refused = hotline("asterisk", "configure", "--node", "nowhere")
    assert refused.returncode == 2
    assert "nowhere" in refused.stderr
