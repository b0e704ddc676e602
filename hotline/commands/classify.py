"""`hotline classify`: train a model, measure it, ask it."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from classifier.artefact import load_model, save_model
from classifier.evaluation import evaluate
from classifier.gazetteer import place_names
from classifier.pipeline import ModelCard
from classifier.samples import Samples, read_samples
from classifier.scope import Scope
from classifier.tokens import Tokenizer
from classifier.training import train
from dispatch.domain.errors import HotlineError
from hotline.city.catalog import load_city
from hotline.commands import learning

app = typer.Typer(name="classify", help="诉求分类模型：训练、评估、预测。", no_args_is_help=True)
learning.add_to(app)

CITY = Path(__file__).resolve().parents[1] / "city"

BAD_INPUT = 2
"""Exit code when what was handed in cannot be used."""

ROWS_TOLD = 5
"""Skipped rows described one by one; the rest is only counted."""

DataOption = Annotated[Path, typer.Option("--data", help="CSV 文件（UTF-8 或 GBK）")]
TextOption = Annotated[str, typer.Option("--text", help="文本所在的列名")]
LabelOption = Annotated[str, typer.Option("--label", help="类别所在的列名")]
ModelOption = Annotated[Path, typer.Option("--model", help="模型所在的文件夹")]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出到标准输出")]


@app.command("train")
def train_command(
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="模型写入的文件夹")],
    text: TextOption = "text",
    label: LabelOption = "label",
    kind: Annotated[str | None, typer.Option("--kind", help="诉求类型所在的列名")] = None,
    urgency: Annotated[str | None, typer.Option("--urgency", help="紧急程度所在的列名")] = None,
) -> None:
    """用已标注的诉求训练模型。"""
    console = Console(stderr=True, soft_wrap=True)
    try:
        samples = read_samples(data, text=text, label=label, kind=kind, urgency=urgency)
        _tell_skipped(samples, console)
        model = train(samples, now=datetime.now(UTC), progress=console.print)
        save_model(model, out)
    except (HotlineError, OSError) as error:
        _refuse(error, console)
    _tell_card(model.card, out, console)


@app.command("evaluate")
def evaluate_command(
    model: ModelOption,
    data: DataOption,
    text: TextOption = "text",
    label: LabelOption = "label",
    as_json: JsonOption = False,
) -> None:
    """用另一份已标注的诉求衡量模型。"""
    console = Console(stderr=True, soft_wrap=True)
    try:
        classifier = load_model(model)
        samples = read_samples(data, text=text, label=label)
    except (HotlineError, OSError) as error:
        _refuse(error, console)
    _tell_skipped(samples, console)
    result = evaluate(classifier, samples)
    if result.unknown_labels:
        console.print(f"模型不认识的类别：{'、'.join(result.unknown_labels)}", markup=False)
    if as_json:
        _print_json(result.to_json())
        return
    figures = result.figures
    typer.echo(
        f"{result.n} 条：准确率 {figures.accuracy:.4f}，宏平均 F1 {figures.macro_f1:.4f}，"
        f"前三命中 {figures.top3:.4f}，每秒 {result.docs_per_s:.0f} 条"
    )
    typer.echo(
        f"校准误差 {result.ece:.4f}；"
        + "，".join(
            f"最有把握的 {share:.0%} 准确率 {right:.4f}" for share, right in result.coverage.items()
        )
        + f"；不可判断的文本占 {result.out_of_scope:.2%}"
    )
    for column, one in figures.per_class.items():
        typer.echo(
            f"  {result.labels[column]}：准确 {one.precision:.3f}，召回 {one.recall:.3f}，"
            f"F1 {one.f1:.3f}（{one.n} 条）"
        )


@app.command("predict")
def predict_command(
    text: Annotated[str, typer.Argument(help="诉求文本；- 表示从标准输入读取")],
    model: ModelOption,
    as_json: JsonOption = False,
) -> None:
    """预测一条诉求的类别，并给出依据的词。"""
    console = Console(stderr=True, soft_wrap=True)
    try:
        classifier = load_model(model)
    except (HotlineError, OSError) as error:
        _refuse(error, console)
    spoken = sys.stdin.read() if text == "-" else text
    judged = next(classifier.judge([spoken]))
    suggestions = judged.suggestions
    if reason := Scope.of(classifier).refusal(spoken, judged):
        console.print(reason, markup=False)
    if not suggestions:
        console.print("无法给出建议")
    if as_json:
        _print_json(
            {
                "suggestions": [
                    {
                        "label": one.label,
                        "name": one.name,
                        "probability": round(one.probability, 6),
                        "evidence": [
                            {"token": word.token, "weight": word.weight} for word in one.evidence
                        ],
                        "rest": round(one.rest, 4),
                        "score": round(one.score, 4),
                    }
                    for one in suggestions
                ]
            }
        )
        return
    for one in suggestions:
        words = "、".join(word.token for word in one.evidence)
        typer.echo(f"{one.name}  {one.probability:.1%}  依据：{words or '—'}")


@app.command("train-demo")
def train_demo_command(
    out: Annotated[Path, typer.Option("--out", help="模型写入的文件夹")],
) -> None:
    """用演示城市的诉求训练模型。"""
    console = Console(stderr=True, soft_wrap=True)
    try:
        card = train_demo_model(out)
    except (HotlineError, OSError) as error:
        _refuse(error, console)
    _tell_card(card, out, console)


def train_demo_model(out: Path) -> ModelCard:
    """Train on the demo city's requests and write the model into the folder.

    The same corpus gives the same weights. Raises SamplesUnusable when it is too small.
    """
    city = load_city()
    samples = read_samples(
        CITY / "corpus.csv", text="text", label="category", kind="kind", urgency="urgency"
    )
    places = place_names(
        (division.name for division in city.divisions),
        (name for unit in city.departments for name in (unit.name, unit.short_name)),
    )
    model = train(
        samples,
        now=datetime.now(UTC),
        names={category.code: category.name for category in city.categories},
        parents={category.code: category.parent for category in city.categories},
        tokenizer=Tokenizer(names=places),
    )
    save_model(model, out)
    return model.card


def _tell_skipped(samples: Samples, console: Console) -> None:
    for row in samples.skipped[:ROWS_TOLD]:
        console.print(f"跳过第 {row.line} 行：{row.reason}", markup=False)
    if len(samples.skipped) > ROWS_TOLD:
        console.print(f"共跳过 {len(samples.skipped)} 行")


def _tell_card(card: ModelCard, out: Path, console: Console) -> None:
    console.print(
        f"模型 {card.version} 已写入 {out}：{card.texts} 条样本，"
        f"交叉验证准确率 {card.metrics['accuracy']:.4f}，"
        f"宏平均 F1 {card.metrics['macro_f1']:.4f}，校准误差 {card.metrics['ece']:.4f}",
        markup=False,
    )


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))


def _refuse(error: HotlineError | OSError, console: Console) -> NoReturn:
    message = str(error) if isinstance(error, HotlineError) else f"无法读写文件：{error}"
    console.print(message, markup=False, style="red")
    raise typer.Exit(BAD_INPUT)
