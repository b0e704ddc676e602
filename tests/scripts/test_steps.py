"""The steps of `make setup`: done once, again after a change, honest when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.steps import Step, StepError, fingerprint, perform, run


def counting_step(made: list[int], source: Path, product: Path) -> Step:
    def make() -> None:
        made.append(len(made))
        product.write_text("made")

    return Step(name="count", title="计数", run=make, inputs=[source, "3.11"], ready=product.exists)


def test_a_step_is_skipped_until_its_input_changes_or_its_product_is_gone(tmp_path: Path) -> None:
    source, product, stamps = tmp_path / "source", tmp_path / "product", tmp_path / "stamps"
    source.write_text("one")
    made: list[int] = []
    step = counting_step(made, source, product)
    assert perform([step], stamps) == perform([step], stamps) == 0
    assert len(made) == 1
    source.write_text("two")
    perform([step], stamps)
    assert len(made) == 2
    product.unlink()
    perform([step], stamps)
    assert len(made) == 3


def test_a_failed_step_names_cause_and_cure_and_stops_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later: list[str] = []

    def fail() -> None:
        raise StepError("磁盘已满", "请腾出空间后重试")

    steps = [
        Step(name="first", title="下载", run=fail),
        Step(name="second", title="安装", run=lambda: later.append("second")),
    ]
    assert perform(steps, tmp_path) == 1
    assert not later
    told = capsys.readouterr().err
    assert "下载失败" in told
    assert "磁盘已满" in told
    assert "请腾出空间后重试" in told
    assert perform(steps[1:], tmp_path) == 0, "what stopped is not remembered as done"


def test_a_known_phrase_in_the_output_gives_the_better_cure() -> None:
    with pytest.raises(StepError) as failure:
        run(
            ["sh", "-c", "echo Could not get lock; exit 3"],
            log="test-known-phrase",
            cure="重试",
            cures={"Could not get lock": "另一个 apt 正在运行"},
        )
    assert failure.value.cure == "另一个 apt 正在运行"
    assert "退出码 3" in failure.value.cause


def test_a_program_that_is_not_there_is_a_failure_with_a_cure() -> None:
    with pytest.raises(StepError, match="no-such-program"):
        run(["no-such-program"], log="test-missing", cure="请安装")


def test_the_fingerprint_follows_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("1")
    first = fingerprint([folder])
    (folder / "a").rename(folder / "b")
    second = fingerprint([folder])
    (folder / "b").write_text("2")
    assert len({first, second, fingerprint([folder])}) == 3
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "x").write_text("3")
    assert fingerprint([folder]) == fingerprint([folder])
