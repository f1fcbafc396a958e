"""Jobs at the command line: listed, run now, run by workers beside the server or alone (M37)."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.boot import boot
from core.models import QueuedJob
from core.services.jobs import queue
from core.services.work import Kernel
from core.settings import read
from tests.cli.conftest import PASSWORD, Result

Kehu = Callable[..., Result]
KEY = "core.housekeeping"
PATIENCE = 60


@pytest.fixture
def kernel(kehu: Kehu, tmp_path: Path) -> Iterator[Kernel]:
    """The kernel of the site in the test's folder."""
    kehu("init", "--admin-password", PASSWORD, "--plugins", "")
    found = boot(read({"kehu.database_url": f"sqlite:///{tmp_path / 'kehu.db'}"}, {}))
    yield found
    found.database.dispose()


def ask(kernel: Kernel) -> int:
    with kernel.work(write=True) as work:
        return queue.put(work, kernel.jobs.get(KEY), None, user_id=1, on_behalf=None)


def row(kernel: Kernel, number: int) -> QueuedJob:
    with kernel.work(write=False) as work:
        return work.system.scalars(select(QueuedJob).where(QueuedJob.id == number)).one()


def until(met: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.1)


@contextmanager
def running(folder: Path, *args: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """`kehu ARGS` in the background, once it has said that it is up."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KEHU_")}
    command = [sys.executable, "-c", "from core.cli import main; main()", *args]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=folder, env=clean | env, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Kehu ")
        try:
            yield process
        finally:
            process.kill()


def children(process: subprocess.Popen[str]) -> list[int]:
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(number) for file in {found, *threads} if file.exists() for number in file.read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_jobs_are_listed_with_what_comes_and_what_was(kehu: Kehu, kernel: Kernel) -> None:
    listed = kehu("job", "list").stdout
    assert re.search(rf"{re.escape(KEY)} +next \d{{4}}-\d\d-\d\d 03:30 +never run +Housekeeping", listed)
    kehu("job", "run", KEY)
    [found] = (one for one in json.loads(kehu("job", "list", "--json").stdout) if one["key"] == KEY)
    assert (found["key"], found["schedule"], found["last"]["state"]) == (KEY, "30 3 * * *", "done")
    assert found["next"].endswith(":30:00Z")


def test_a_job_is_run_at_once_and_its_result_printed(kehu: Kehu, kernel: Kernel) -> None:
    assert kehu("job", "run", KEY).stdout == f"{KEY} is done. sessions: 0, replies: 0, jobs: 0\n"
    said = kehu("job", "run", KEY, "--now", "2027-06-10T09:00:00+08:00", "--json").stdout
    assert json.loads(said) == {"sessions": 0, "replies": 0, "jobs": 1}  # by then the first is old


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("core.housekeping",), 1, "core.housekeeping"),
        ((KEY, "--now", "tomorrow"), 2, "2026-06-10T09:00:00+08:00"),
        ((KEY, "--now", "2026-06-10T09:00:00"), 2, "time zone"),
        ((KEY, "--now", "0001-01-01T00:00:00Z"), 2, "years 1970 to 8999"),
        ((KEY, "--now", "9999-12-31T23:59:59Z"), 2, "years 1970 to 8999"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    kehu: Kehu, kernel: Kernel, args: tuple[str, ...], code: int, words: str
) -> None:
    assert words in kehu("job", "run", *args, code=code).stderr


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_no_clock_starts_where_nothing_can_be_reckoned(kehu: Kehu, kernel: Kernel, now: str) -> None:
    told = kehu("job", "run", KEY, env={"KEHU_TESTING": "true", "KEHU_NOW": now}, code=1).stderr
    assert "KEHU_NOW" in told
    assert "years 1970 to 8999" in told
    with kernel.work(write=False) as work:
        assert work.system.scalars(select(QueuedJob)).all() == []


def test_a_job_that_runs_elsewhere_is_not_run_again(kehu: Kehu, kernel: Kernel) -> None:
    ask(kernel)
    assert kernel.run(lambda work: queue.claim(work, "other:1", 60), write=True) is not None
    assert "running already" in kehu("job", "run", KEY, code=1).stderr


def test_the_doctor_looks_at_jobs(kehu: Kehu, kernel: Kernel) -> None:
    assert re.search(r"^ok +jobs +\d+ known, 0 waiting or running$", kehu("doctor").stdout, re.M)
    number = ask(kernel)
    with kernel.work(write=True) as work:
        claim = queue.claim(work, "other:1", 60)
        assert claim is not None
        queue.failed(work, claim, "no", again=False)
    assert re.search(r"^BAD +jobs +1 failed for good", kehu("doctor", code=1).stdout, re.M)
    assert row(kernel, number).error == "no"


@pytest.mark.parametrize("args", [("worker", "--runners", "2"), ("serve", "--port", "0")])
def test_a_worker_and_a_server_run_jobs_and_stop_when_asked(
    kernel: Kernel, tmp_path: Path, args: tuple[str, ...]
) -> None:
    number = ask(kernel)
    with running(tmp_path, *args) as process:
        until(lambda: row(kernel, number).state == "done")
        runners = children(process)
        assert len(runners) == (2 if args[0] == "worker" else 1)
        assert row(kernel, number).runner is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert not any(alive(pid) for pid in runners)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_runners_do_not_outlive_their_server_and_are_replaced_when_they_die(kernel: Kernel, tmp_path: Path) -> None:
    with running(tmp_path, "worker") as process:
        until(lambda: children(process))
        [first] = children(process)
        os.kill(first, signal.SIGKILL)
        until(lambda: children(process) not in ([], [first]))
        number = ask(kernel)
        until(lambda: row(kernel, number).state == "done")
        [second] = children(process)
        process.kill()
        process.wait(PATIENCE)
        until(lambda: not alive(second))


def test_a_server_can_leave_jobs_to_others(kernel: Kernel, tmp_path: Path) -> None:
    with running(tmp_path, "serve", "--port", "0", KEHU_JOBS="false") as process:
        assert children(process) == []
