"""`hotline demo …`: a city to try everything on."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dispatch.bus import Database
from dispatch.domain.rules import Rules
from dispatch.service import history
from hotline import founding, schema
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.city.catalog import load_city
from hotline.commands.asterisk import demo_call
from hotline.commands.classify import train_demo_model
from hotline.commands.output import say
from hotline.demo import Past
from hotline.furnishing import furnish
from hotline.keys import load_keyring
from hotline.settings import Settings
from portal.auth import hash_password

app = typer.Typer(help="演示城市：造数据、打测试电话、训练演示模型。", no_args_is_help=True)


@app.command()
def seed(
    seed: Annotated[int, typer.Option(help="随机种子：同样的种子得到同样的城市")] = 1,
    months: Annotated[int, typer.Option(min=1, max=60, help="造多少个月的历史")] = 12,
) -> None:
    """造一座地级市：三级单位、事项分类、号码、账号，和一年约十万个来电及其工单。"""
    settings = Settings()
    database = open_database(settings)
    schema.migrate(database)
    started = time.monotonic()
    founding.found_city(database, load_city())
    found_accounts(settings, database)
    rules = load_rules(settings)
    calls, tickets = seed_past(database, rules, seed=seed, months=months)
    keyring = load_keyring(settings.folder, utc_now())
    furnish(database, rules, keyring, settings.recordings, now=utc_now())
    database.dispose()
    seconds = time.monotonic() - started
    say(f"演示城市已建好：{calls:,} 个来电，{tickets:,} 张工单，用时 {seconds:.0f} 秒")


def found_accounts(settings: Settings, database: Database) -> dict[str, str]:
    """Make the demo accounts on this machine; return login → password."""
    return founding.found_staff(database, load_city(), settings.folder, hash_password)


def seed_past(database: Database, rules: Rules, *, seed: int, months: int) -> tuple[int, int]:
    """Write the past; return how many calls and tickets are new.

    A day that is there already is left as it is, so an interrupted run is finished by the next.
    """
    past = Past(load_city(), rules, seed=seed, until=utc_now())
    days = past.days(months)
    calls = tickets = 0
    columns = (TextColumn("造历史数据"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=False) as progress:
        task = progress.add_task("", total=len(days))
        for start in range(0, len(days), 7):
            week = [past.day(day) for day in days[start : start + 7]]
            contacts = [c for made, _ in week for c in made]
            made_tickets = [t for _, made in week for t in made]
            with database.work() as session:
                seen = history.known_call_ids(session, [c.call_id for c in contacts])
                numbers = history.known_numbers(session, [t.number for t in made_tickets])
                fresh = [t for t in made_tickets if t.number not in numbers]
                tickets += history.add_tickets(session, fresh)
                calls += history.add_contacts(
                    session, [c for c in contacts if c.call_id not in seen]
                )
            progress.update(task, advance=len(week))
    return calls, tickets


@app.command()
def call(
    from_number: Annotated[str, typer.Option("--from", help="主叫号码")] = "12900005678",
    line: Annotated[str, typer.Option(help="拨打的号码")] = "12345",
) -> None:
    """像市民一样拨打热线：说一段话（声音文件）后挂断，用来看弹屏。"""
    demo_call(from_number, line)


@app.command()
def model() -> None:
    """用演示语料训练分类模型，放到数据目录。"""
    settings = Settings()
    train_model(settings)
    say(f"演示模型已就绪：{settings.model}")


def train_model(settings: Settings) -> None:
    """Train on the demo corpus and put the model into use."""
    settings.model.parent.mkdir(parents=True, exist_ok=True)
    train_demo_model(settings.model)
