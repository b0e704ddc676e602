"""Sample files as offices export them."""

from pathlib import Path

import pytest

from classifier.errors import SamplesUnusable
from classifier.samples import read_samples


def _read(path: Path, content: bytes) -> list[tuple[str, str]]:
    path.write_bytes(content)
    samples = read_samples(path, text="内容", label="类别")
    return list(zip(samples.texts, samples.labels, strict=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_any_encoding_an_office_uses_is_read(tmp_path: Path, encoding: str) -> None:
    content = "类别,内容\n噪音,夜间施工扰民\n".encode(encoding)
    assert _read(tmp_path / "a.csv", content) == [("夜间施工扰民", "噪音")]


def test_broken_and_empty_rows_are_skipped_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("内容,类别\n好,甲\n少\n多,甲,余\n,甲\n空,\n\n末,乙\n", encoding="utf-8")
    samples = read_samples(path, text="内容", label="类别")
    assert samples.texts == ("好", "末")
    assert [(row.line, row.reason) for row in samples.skipped] == [
        (3, "有 1 列，应为 2 列"),
        (4, "有 3 列，应为 2 列"),
        (5, "文本为空"),
        (6, "标签为空"),
    ]


def test_a_missing_column_names_those_present(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("标题,正文\n甲,乙\n", encoding="utf-8")
    with pytest.raises(SamplesUnusable, match="缺少列：内容、类别；现有列：标题、正文"):
        read_samples(path, text="内容", label="类别")


@pytest.mark.parametrize("content", [b"", "内容,类别\n".encode(), b"\x81\xff\x00\xff"])
def test_a_file_without_rows_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SamplesUnusable):
        _read(tmp_path / "a.csv", content)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SamplesUnusable, match=r"gone\.csv"):
        read_samples(tmp_path / "gone.csv", text="内容", label="类别")


def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    content = ("内容,类别\n" + "水" * 1_000_000 + ",供水\n").encode()
    assert len(_read(tmp_path / "a.csv", content)[0][0]) == 1_000_000


def test_kind_and_urgency_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("紧急,内容,类别,类型\n一般,甲乙,1,投诉\n,丙丁,2,\n", encoding="utf-8")
    samples = read_samples(path, text="内容", label="类别", kind="类型", urgency="紧急")
    assert (samples.kinds, samples.urgencies) == (("投诉", ""), ("一般", ""))
    assert (samples.texts, samples.labels) == (("甲乙", "丙丁"), ("1", "2"))
    assert read_samples(path, text="内容", label="类别").kinds == ()
    with pytest.raises(SamplesUnusable, match="缺少列：等级"):
        read_samples(path, text="内容", label="类别", urgency="等级")
