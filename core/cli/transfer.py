"""`kehu import`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from core.cli.failures import sentence
from core.cli.site import entity_of, site, system_user
from core.entities.files import FORMATS, opened
from core.entities.mapping import plan, settled
from core.errors import KehuError
from core.security.identity import Identity
from core.services import login
from core.services.bulk import with_history
from core.services.imports import Failure, Options, Outcome, error_row, heads_of_errors, run
from core.services.work import Work

SHOWN = 20  # reasons on the terminal, when no error file is asked for


class Pair(click.ParamType):
    """`field=column`."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, sign, column = value.partition("=")
        if not (name.strip() and sign and column.strip()):
            self.fail(f"{value!r} is not FIELD=COLUMN", param, ctx)
        return name.strip(), column.strip()


class Value(click.ParamType):
    """`field:from=to`."""

    name = "value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str, str]:
        name, colon, rest = value.partition(":")
        before, sign, after = rest.partition("=")
        if not (name.strip() and colon and sign and before.strip()):
            self.fail(f"{value!r} is not FIELD:FROM=TO", param, ctx)
        return name.strip(), before.strip(), after.strip()


@click.command("import")
@click.argument("entity", metavar="ENTITY")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "mapped", multiple=True, type=Pair(), metavar="FIELD=COLUMN", help="May be given several times.")
@click.option("--value", "values", multiple=True, type=Value(), metavar="FIELD:FROM=TO", help="Read FROM as TO.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=Pair(),
    metavar="FIELD=FORM",
    help="dmy, mdy or ymd for dates; comma or point for numbers.",
)
@click.option("--blank-clears", is_flag=True, help="A blank cell means empty, not as it is.")
@click.option("--create-terms", is_flag=True, help="Add codes that the code lists do not have yet.")
@click.option("--historical", is_flag=True, help="Keep true dates and authors; allow the state formal.")
@click.option("--sheet", metavar="NAME", help="Of an XLSX workbook; the first one if none is named.")
@click.option("--match", metavar="FIELD", help="Change the record that has the same value here, instead of a new one.")
@click.option("--as", "user", default="admin", show_default=True, metavar="LOGIN", help="Whose rights count.")
@click.option("--dry-run", is_flag=True, help="Do everything, keep nothing. Others cannot write meanwhile.")
@click.option(
    "--errors", "errors", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Failed rows."
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    entity: str,
    file: Path,
    mapped: tuple[tuple[str, str], ...],
    values: tuple[tuple[str, str, str], ...],
    formats: tuple[tuple[str, str], ...],
    blank_clears: bool,
    create_terms: bool,
    historical: bool,
    sheet: str | None,
    match: str | None,
    user: str,
    dry_run: bool,
    errors: Path | None,
    as_json: bool,
) -> None:
    """Import the rows of a CSV (UTF-8 or GB18030) or XLSX file as records of ENTITY, such as core.customer.

    Columns that bear the name of a field feed it. A bad row is left out as a whole; the others are stored.
    """
    kind = file.suffix.lower()
    if kind not in FORMATS:
        raise click.UsageError(f"{file.name}: CSV and XLSX files are what is read; save it as .csv or .xlsx")
    if sheet is not None and kind != ".xlsx":
        raise click.UsageError("--sheet is for XLSX workbooks")
    if errors is not None and errors.resolve() == file.resolve():
        raise click.UsageError("--errors names the file that is read; choose another one")
    here = site(ctx)
    kernel = here.ready()
    known = entity_of(here, entity)
    table = opened(file, kind, sheet)
    planned = plan(
        with_history(known) if historical else known, table.headers, mapped, match, values, blank_clears=blank_clears
    )
    planned = settled(planned, table, formats)
    if table.encoding == "gb18030":
        click.echo("The file is read as GB18030.", err=True)
    if planned.ignored:
        click.echo(f"Columns that feed no field: {', '.join(planned.ignored)}", err=True)

    def who(work: Work) -> Identity:
        return login.by_login(work, user, door="cli", on_behalf=system_user())

    options = Options(dry_run=dry_run, create_terms=create_terms, historical=historical)
    total = Outcome()
    with _reasons(errors, table.headers) as tell, _progress(table.count) as bar:
        try:
            for outcome in run(kernel, planned, table.rows(), who, options):
                for failure in outcome.failures:
                    tell(failure)
                for result, number in outcome.counts.items():
                    total.counts[result] += number
                bar.update(outcome.rows)
        except Exception as error:
            if not total.rows or dry_run:
                raise
            raise KehuError(f"stopped, the first {total.rows} rows are done: {sentence(error)}") from error
    click.echo(json.dumps(total.counts) if as_json else _said(total, dry_run))


def _said(total: Outcome, dry_run: bool) -> str:
    counts = total.counts
    return (
        f"{'Nothing was kept. It would be: created' if dry_run else 'Created'} {counts['created']}, "
        f"updated {counts['updated']}, skipped {counts['skipped']} (unchanged), failed {counts['failed']}."
    )


@contextmanager
def _progress(length: int) -> Iterator[Any]:
    with click.progressbar(length=length, label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar


@contextmanager
def _reasons(path: Path | None, headers: tuple[str, ...]) -> Iterator[Callable[[Failure], None]]:
    """Where failures go: into the file, or the first of them onto the terminal when all is over."""
    if path is not None:
        with path.open("w", encoding="utf-8-sig", newline="", buffering=1) as file:  # a full disk shows at once
            yield _into(file, headers)
        return
    shown: list[str] = []
    number = 0

    def tell(failure: Failure) -> None:
        nonlocal number
        number += 1
        if len(shown) < SHOWN:
            shown.append(f"line {failure.row.line}: {sentence(failure.error)}")

    try:
        yield tell
    finally:
        for line in shown:
            click.echo(line, err=True)
        if number > len(shown):
            click.echo(f"… and {number - len(shown)} more; --errors FILE keeps them all", err=True)


def _into(file: TextIO, headers: tuple[str, ...]) -> Callable[[Failure], None]:
    out = csv.writer(file)
    out.writerow(heads_of_errors(headers))

    def tell(failure: Failure) -> None:
        out.writerow(error_row(headers, failure.row, sentence(failure.error)))

    return tell
