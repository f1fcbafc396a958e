"""`kehu faults`."""

from __future__ import annotations

import click

from core.faults import POINTS


@click.command("faults")
def command() -> None:
    """List the points at which KEHU_FAULT=POINT[:n] kills a process of a site with kehu.testing."""
    width = max(map(len, POINTS))
    for point, meaning in sorted(POINTS.items()):
        click.echo(f"{point:<{width}}  {meaning}")
