"""Run the bench: a table, and `var/bench.json`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.bench.database import of_database
from tests.bench.measure import Figure
from tests.bench.pages import of_pages
from tests.bench.process import of_import, of_process
from tests.support.databases import create_database, drop_database, servers

FULL = bool(os.environ.get("FULL"))
SIZES = (10_000, 100_000, 1_000_000) if FULL else (10_000, 100_000)
ROWS = 1_000_000 if FULL else 20_000
GROWTH = 1.5  # the most that a list of few may cost in the largest site, to the smallest
GROWING = "rep0: list of 80, a part of a name"


def main() -> int:
    """0 when every promise is kept."""
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    found: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for where, figures in _measure(Path(folder)):
                found[where] = figures
                for figure in figures:
                    _print(where, figure)
        finally:
            servers.stop()
    Path("var").mkdir(exist_ok=True)
    document = {where: [asdict(figure) for figure in figures] for where, figures in found.items()}
    Path("var/bench.json").write_text(json.dumps(document, indent=1, ensure_ascii=False))
    return 0 if all(figure.is_kept for figures in found.values() for figure in figures) else 1


def _measure(folder: Path) -> Iterator[tuple[str, list[Figure]]]:
    yield "process", of_process(folder)
    for kind in ("sqlite", "postgresql"):
        costs = []
        for size in SIZES:
            url = create_database(kind, folder)
            figures = of_database(url, size)
            drop_database(url)
            costs.append(next(figure.value for figure in figures if figure.name == GROWING))
            yield f"{kind} {size}", figures
        yield f"{kind} growth", [Figure(f"{GROWING}, {SIZES[-1]} to {SIZES[0]}", costs[-1] / costs[0], "x", GROWTH)]
    yield "pages", list(of_pages(create_database("sqlite", folder), SIZES[0]))
    yield "import", of_import(folder, ROWS)


def _print(where: str, figure: Figure) -> None:
    aim = "" if figure.aim is None else f"{'ok' if figure.is_kept else 'MISSED'}, at most {figure.aim:g}"
    print(f"{where:<20}{figure.name:<64}{figure.value:>9.2f} {figure.unit:<8}{aim}", flush=True)


sys.exit(main())
