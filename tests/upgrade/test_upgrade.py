"""Every release that was ever made is upgraded to this one, with its data, on each database.

Nothing that could be read before reads otherwise afterwards (new fields may have come), and the site
goes on: it is searched, written to, and what the old release did can be undone.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.boot import boot
from core.migrations import runner
from core.services import lifecycle
from core.services.chain import verify
from core.services.login import Visitor, log_in
from core.services.search import rebuild
from core.settings import read
from tests.support.databases import create_database, drop_database
from tests.support.site import PASSWORD, Site
from tests.upgrade.dumps import dump, restore
from tests.upgrade.life import CUSTOMERS, NAMES, client, facts
from tests.upgrade.make import FILES, RELEASES

KEPT = sorted(folder.name for folder in RELEASES.iterdir() if folder.is_dir())


@pytest.fixture(params=KEPT)
def release(request: pytest.FixtureRequest) -> Path:
    return RELEASES / str(request.param)


class Upgraded(Site):
    """A site whose database comes out of a release's dump."""

    def __init__(self, dumped: Path, url: str, files: Path) -> None:
        restore(dumped, url)
        self.settings = read({"kehu.database_url": url, "kehu.files": str(files)}, {})
        self.kernel = boot(self.settings)
        runner.upgrade(url, self.kernel.manifests)
        self.kernel.run(lifecycle.sync, write=True)
        rebuild.rebuild(self.kernel)


@pytest.fixture
def site(release: Path, database_kind: str, tmp_path: Path) -> Iterator[Upgraded]:
    shutil.copytree(release / FILES, tmp_path / FILES)
    url = create_database(database_kind, tmp_path)
    made = Upgraded(release / f"{database_kind}.sql.gz", url, tmp_path / FILES)
    yield made
    made.close()
    drop_database(url)


@pytest.mark.databases
def test_nothing_reads_otherwise(site: Upgraded, release: Path, database_kind: str) -> None:
    before = json.loads((release / f"{database_kind}.json").read_text(encoding="utf-8"))
    after = facts(site)
    known = {path: before_gifts(path, was, after.get(path)) for path, was in before.items()}
    changed = {path: (was, now) for path, (was, now) in known.items() if not is_still(was, now)}
    assert changed == {}
    assert [standing.is_current for standing in runner.standing(site.settings.database_url, [])] == [True]
    assert site.kernel.run(verify, write=False) is None


def before_gifts(path: str, was: Any, now: Any) -> tuple[Any, Any]:
    """Both without what a later release gives once: lines of the administrator's role for what is new in it."""
    if not path.startswith("/core/roles/") or now is None or len(now["grants"]) <= len(was["grants"]):
        return was, now
    left = {name: value for name, value in was.items() if name not in ("version", "updated_at", "updated_by")}
    return left, now | {"grants": now["grants"][: len(was["grants"])]}


def is_still(was: Any, now: Any) -> bool:
    """Whether all that a document said is said still, in whatever else it says."""
    if isinstance(was, dict):
        return isinstance(now, dict) and all(name in now and is_still(value, now[name]) for name, value in was.items())
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return all(is_still(one, other) for one, other in zip(was, now, strict=True))
    return bool(was == now)


@pytest.mark.databases
def test_the_site_goes_on(site: Upgraded) -> None:
    admin = client(site)
    by_name = {one["name"]: one for one in admin.get(CUSTOMERS, limit="100").json["items"]}
    for fragment, name in (("华科信", NAMES[0]), ("huake", NAMES[0]), ("Söhne", NAMES[1]), ("62430003", NAMES[3])):
        assert by_name[name]["id"] in [one["id"] for one in admin.get("/search", q=fragment).json["items"]], fragment
    [paper] = admin.get("/core/attachments").json["items"]
    assert admin.get(f"/core/attachments/{paper['id']}/content").body == b"%PDF-1.7 offer"
    fresh = admin.customer("后来的公司")
    assert fresh["code"] > max(one["code"] for one in by_name.values())
    admin.patch(f"{CUSTOMERS}/{fresh['id']}", {"custom.rank": 7, "version": 1})
    assert client(site, "wu").names() == [NAMES[0], NAMES[2]]  # one was shared, one is formal
    assert log_in(site.kernel, "admin", PASSWORD, Visitor("203.0.113.7", "later"))


@pytest.mark.databases
def test_what_the_old_release_did_can_be_undone(site: Upgraded) -> None:
    admin = client(site)
    last = next(one for one in admin.get(CUSTOMERS, limit="100").json["items"] if one["name"] == NAMES[7])
    assert last["note"] == "to be undone by a later release"
    [edit] = [one for one in admin.get(f"{CUSTOMERS}/{last['id']}/history").json["items"] if one["action"] == "edit"]
    admin.post(f"/changes/{edit['change']}/undo", status=200)
    assert admin.get(f"{CUSTOMERS}/{last['id']}").json["note"] is None
    [merge] = [
        one
        for one in admin.get("/changes", limit="100").json["items"]
        if any(did["action"] == "merge" for did in one["did"])
    ]
    admin.post(f"/changes/{merge['change']}/undo", status=200)
    assert NAMES[5] in admin.names()


@pytest.mark.databases
def test_a_dump_brings_everything_back(tmp_path: Path, database_kind: str) -> None:
    """Or else an upgrade would be tried on less than there was."""
    url, other = (create_database(database_kind, tmp_path) for _ in range(2))
    site = Site(url)
    site.customer(NAMES[0])
    site.close()
    dump(url, tmp_path / "a.sql.gz")
    restore(tmp_path / "a.sql.gz", other)
    dump(other, tmp_path / "b.sql.gz")
    one, same = (said(tmp_path / name) for name in ("a.sql.gz", "b.sql.gz"))
    assert NAMES[0] in "".join(one)
    assert one == same


def said(file: Path) -> list[str]:
    """The statements of a dump; its remarks tell when and of which database it was made."""
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    return [line for line in lines if not line.startswith(("--", "/*", "\\"))]
