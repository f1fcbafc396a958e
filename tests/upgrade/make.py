"""Keep a site of this release, on each database, for later releases to upgrade from.

`python -m tests.upgrade.make` writes into `tests/upgrade/releases/VERSION`, once and for all: what a
release has written stays as it was.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

from tests.support.databases import KINDS, create_database, servers
from tests.support.site import Site
from tests.upgrade.dumps import dump
from tests.upgrade.life import facts, live

RELEASES = Path(__file__).parent / "releases"
FILES = "files"


def main() -> int:
    """1 if the release was kept before."""
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    folder = RELEASES / version("kehu")
    if folder.exists():
        print(f"{folder} is there already")
        return 1
    folder.mkdir(parents=True)
    try:
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as scratch:
                keep(kind, Path(scratch), folder)
    finally:
        servers.stop()
    return 0


def keep(kind: str, scratch: Path, folder: Path) -> None:
    site = Site(create_database(kind, scratch), files=str(scratch / FILES))
    live(site)
    (folder / f"{kind}.json").write_text(json.dumps(facts(site), ensure_ascii=False, indent=1, sort_keys=True))
    site.close()
    dump(site.settings.database_url, folder / f"{kind}.sql.gz")
    shutil.copytree(scratch / FILES, folder / FILES, dirs_exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
