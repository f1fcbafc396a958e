"""`kehu search`."""

from __future__ import annotations

import sys
from typing import Any

import click

from core.cli.site import site
from core.services.search import rebuild
from core.services.work import Kernel


@click.group("search")
def command() -> None:
    """The index that lists and the search over everything use."""


@command.command("rebuild")
@click.pass_context
def build(ctx: click.Context) -> None:
    """Build the search index anew, or go on where a run was cut off. Searches work meanwhile, but slowly."""
    kernel = site(ctx).ready()
    if not kernel.run(rebuild.missing, write=False):
        rebuild.begin(kernel)
    complete(kernel)
    click.echo("All that is searchable is indexed.")


def complete(kernel: Kernel) -> None:
    """Index what is not in the index yet, with a progress bar."""
    keys = kernel.run(rebuild.missing, write=False) or []
    if keys:
        length = kernel.run(lambda work: rebuild.count(work, keys), write=False)
        hidden = not sys.stderr.isatty()
        bar: Any
        with click.progressbar(length=length, label="Indexing", file=sys.stderr, hidden=hidden) as bar:
            rebuild.rebuild(kernel, bar.update)
