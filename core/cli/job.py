"""`kehu job list` and `kehu job run`."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

import click
from sqlalchemy import func, select

from core.cli.site import site, why_not
from core.clock import local, to_show
from core.errors import KehuError
from core.fields import Moment
from core.i18n import in_english
from core.models import QueuedJob
from core.services.jobs import runner, schedule
from core.services.work import Kernel, Work


@click.group("job")
def command() -> None:
    """List the jobs, or run one now."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.pass_context
def listed(ctx: click.Context, as_json: bool) -> None:
    """The jobs that there are, when each is due next and what became of it last."""
    kernel = site(ctx).ready()
    last = kernel.run(_last, write=False) or {}
    rows: list[dict[str, Any]] = []
    for job in kernel.jobs.values():
        due, ran = schedule.next_moment(kernel, job), last.get(job.key)
        rows.append(
            {
                "key": job.key,
                "title": in_english(job.title),
                "schedule": job.schedule or None,
                "next": _moment(due),
                "last": ran and {"state": ran.state, "at": _moment(ran.updated_at), "error": ran.error},
            }
        )
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        when = f"next {_local(kernel, row['next'])}" if row["next"] else "when asked for"
        before = f"last {row['last']['state']} {_local(kernel, row['last']['at'])}" if row["last"] else "never run"
        click.echo(f"{row['key']:<28}{when:<24}{before:<32}{row['title']}")


def _last(work: Work) -> dict[str, Any]:
    """The newest job of each kind."""
    newest = select(func.max(QueuedJob.id)).group_by(QueuedJob.key)
    rows = work.system.execute(
        select(QueuedJob.key, QueuedJob.state, QueuedJob.updated_at, QueuedJob.error).where(QueuedJob.id.in_(newest))
    )
    return {row.key: row for row in rows}


def _moment(moment: dt.datetime | None) -> str | None:
    return Moment().to_json(moment)


def _local(kernel: Kernel, moment: str) -> str:
    return local(dt.datetime.fromisoformat(moment), kernel.clock.zone).isoformat(" ", "minutes")[:16]


@command.command("run")
@click.argument("key")
@click.option("--now", "moment", metavar="MOMENT", help="What time to tell the job, such as 2026-06-10T09:00:00+08:00.")
@click.option("--json", "as_json", is_flag=True, help="Print only the result, as JSON.")
@click.pass_context
def run(ctx: click.Context, key: str, moment: str | None, as_json: bool) -> None:
    """Run the job KEY at once and print its result."""
    told = None if moment is None else _read(moment)
    kernel = site(ctx).ready()
    if key not in kernel.jobs:
        raise KehuError(f"there is no job {key}{why_not(kernel, key, kernel.jobs)}; see: kehu job list")
    logging.basicConfig(level=logging.CRITICAL)
    ended = runner.run_now(kernel, key, told)
    if ended.state != "done":
        raise KehuError(f"{key} {ended.state}: {ended.error or 'see the log of the runner that has it'}")
    if as_json:
        click.echo(json.dumps(ended.result, ensure_ascii=False))
    else:
        click.echo(f"{key} is done. {_said(ended.result)}".rstrip())


def _said(result: Any) -> str:
    """The result for people."""
    if isinstance(result, dict):
        return ", ".join(f"{name}: {_said(value)}" for name, value in result.items())
    return "" if result is None else result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def _read(text: str) -> dt.datetime:
    try:
        return to_show(text)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None
