"""`hotline classify` as a person or a script calls it."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.commands.classify import app
from tests.classifier.letters import requests


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "letters.csv"
    samples = requests()
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["诉求", "类别"])
        writer.writerows(zip(samples.texts, samples.labels, strict=True))
        writer.writerow(["", "噪音"])
    return path


@pytest.fixture(scope="module")
def trained(data: Path) -> Path:
    out = data.parent / "model"
    result = CliRunner().invoke(app, ["train", *_data(data), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "跳过第 20 行：文本为空" in result.stderr
    assert "交叉验证准确率" in result.stderr
    return out


def _data(path: Path) -> tuple[str, ...]:
    return ("--data", str(path), "--text", "诉求", "--label", "类别")


def test_evaluate_prints_the_published_figures_alone_on_stdout(data: Path, trained: Path) -> None:
    result = CliRunner().invoke(
        app,
        ["evaluate", "--model", str(trained), *_data(data), "--json"],
    )
    figures = json.loads(result.stdout)
    published = ["n", "accuracy", "macro_f1", "top3", "docs_per_s", "per_class"]
    judged = ["ece", "coverage", "levels", "out_of_scope"]
    assert sorted(figures) == sorted([*published, *judged])
    assert (figures["n"], figures["accuracy"], figures["top3"]) == (18, 1.0, 1.0)
    assert figures["per_class"]["噪音"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "n": 6}


def test_predict_prints_suggestions_with_probability_and_evidence(trained: Path) -> None:
    result = CliRunner().invoke(app, ["predict", "--model", str(trained), "--json", "拖欠工资"])
    suggestions = json.loads(result.stdout)["suggestions"]
    assert suggestions[0]["label"] == "欠薪"
    assert 0 < suggestions[0]["probability"] <= 1
    assert suggestions[0]["evidence"][0]["token"] == "拖欠工资"


@pytest.mark.parametrize("text", ["", "？？？"])
def test_predict_has_a_clear_answer_for_a_text_of_nothing(trained: Path, text: str) -> None:
    result = CliRunner().invoke(app, ["predict", "--model", str(trained), "--json", text])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"suggestions": []}
    assert "无法给出建议" in result.stderr


def test_predict_reads_a_megabyte_from_standard_input(trained: Path) -> None:
    result = CliRunner().invoke(
        app, ["predict", "--model", str(trained), "--json", "-"], input="拖欠工资" * 250_000
    )
    assert json.loads(result.stdout)["suggestions"][0]["label"] == "欠薪"


def test_a_wrong_column_ends_with_the_names_present(data: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app,
        ["train", "--data", str(data), "--label", "类别", "--out", str(tmp_path / "model")],
    )
    assert result.exit_code == 2
    assert "现有列：诉求、类别" in result.stderr
    assert not (tmp_path / "model").exists()


def test_a_single_label_ends_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("text,label\n噪音扰民,甲\n油烟扰民,甲\n", encoding="gbk")
    result = CliRunner().invoke(app, ["train", "--data", str(path), "--out", str(tmp_path / "m")])
    assert result.exit_code == 2
    assert "至少需要两个不同的类别" in result.stderr


def test_a_folder_without_a_model_ends_with_the_remedy(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["predict", "--model", str(tmp_path), "--json", "噪音"])
    assert result.exit_code == 2
    assert "请先训练" in result.stderr
