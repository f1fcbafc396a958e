"""Run the bench: a table, and `var/bench.json`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path

from tests.bench.figures import Figure, of_database, of_import, of_process
from tests.support.databases import create_database, servers

CUSTOMERS = 1_000_000 if os.environ.get("FULL") else 100_000


def main() -> int:
    """0 when every promise is kept."""
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    found: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            found["process"] = of_process(Path(folder))
            found["import"] = of_import(Path(folder), 1_000_000 if os.environ.get("FULL") else 20_000)
            for kind in ("sqlite", "postgresql"):
                found[kind] = of_database(create_database(kind, Path(folder)), CUSTOMERS)
        finally:
            servers.stop()
    for where, figures in found.items():
        for figure in figures:
            aim = "" if figure.aim is None else f"{'ok' if figure.is_kept else 'MISSED'}, at most {figure.aim:g}"
            print(f"{where:<12}{figure.name:<48}{figure.value:>10.2f} {figure.unit:<8}{aim}")
    Path("var").mkdir(exist_ok=True)
    document = {where: [asdict(figure) for figure in figures] for where, figures in found.items()}
    Path("var/bench.json").write_text(json.dumps({"customers": CUSTOMERS, "figures": document}, indent=1))
    return 0 if all(figure.is_kept for figures in found.values() for figure in figures) else 1


sys.exit(main())
