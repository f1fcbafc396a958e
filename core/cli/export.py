"""`kehu export`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from core.cli.site import entity_of, site, system_user
from core.entities.csvfile import CsvWriter
from core.entities.table import Writer
from core.entities.xlsxfile import XlsxWriter
from core.security.identity import Identity
from core.services import login
from core.services.exports import export
from core.services.work import Work

FORMATS = (".csv", ".xlsx")


class Condition(click.ParamType):
    """A condition as JSON."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            self.fail(f"{value!r} is not JSON", param, ctx)


@click.command("export")
@click.argument("entity", metavar="ENTITY")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--filter", "filter_", type=Condition(), metavar="JSON", help='Such as ["=", "state", "formal"].')
@click.option("--as", "user", default="admin", show_default=True, metavar="LOGIN", help="Whose rights count.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def command(ctx: click.Context, entity: str, file: Path, filter_: Any, user: str, as_json: bool) -> None:
    """Export records of ENTITY, such as core.customer, into a CSV or XLSX file. The audit trail says who did.

    Fields appear as the user may read them, references by their keys; kehu import takes the file back.
    """
    if file.suffix.lower() not in FORMATS:
        raise click.UsageError(f"{file.name}: CSV and XLSX are what is written; end the name in .csv or .xlsx")
    here = site(ctx)
    kernel = here.ready()

    def who(work: Work) -> Identity:
        return login.by_login(work, user, door="cli", on_behalf=system_user())

    known = entity_of(here, entity)
    part = file.with_name(f".{file.name}.part")  # nobody takes half a file for a whole one
    try:
        with part.open("wb"):  # an audited export that cannot be written helps nobody
            pass
        found = export(kernel, known, who, filter=filter_)
        out: Writer = CsvWriter(part) if file.suffix.lower() == ".csv" else XlsxWriter(part, known.key)
        try:
            out.write(found.headers)
            number = 0
            hidden = not sys.stderr.isatty()
            with click.progressbar(length=found.count, label="Exporting", file=sys.stderr, hidden=hidden) as bar:
                for row in found.rows:
                    out.write(row)
                    number += 1
                    bar.update(1)
        finally:
            out.close()
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    click.echo(json.dumps({"exported": number}) if as_json else f"Exported {number}.")
