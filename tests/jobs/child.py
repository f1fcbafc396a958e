"""A process that runs jobs: `python -m tests.jobs.child URL LEASE`. It says `ready`, and stops at SIGTERM."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace
from typing import Any

from core.boot import boot
from core.services import records
from core.services.jobs.runner import Runner
from core.services.work import Ctx, Kernel
from core.settings import read
from plugins import Job, More, Registry
from tests.jobs.conftest import with_jobs


def make(ctx: Ctx, payload: Any) -> None:
    """One customer."""
    records.create(ctx, ctx.catalog["core.customer"], {"name": payload})


def make_slowly(ctx: Ctx, payload: Any) -> None:
    """One customer, and a moment in which to be killed."""
    make(ctx, payload)
    time.sleep(0.03)


def make_many(ctx: Ctx, payload: Any) -> Any:
    """A customer in each transaction, `total` in all."""
    make(ctx, f"{payload['name']}-{payload['done']}")
    done = payload["done"] + 1
    return More({**payload, "done": done}, done, payload["total"]) if done < payload["total"] else None


def hang(ctx: Ctx, payload: Any) -> None:
    make(ctx, "half done")
    time.sleep(600)


def wait(ctx: Ctx, payload: Any) -> None:
    make(ctx, "first")
    print("waiting", flush=True)
    time.sleep(payload)


JOBS = (
    Job(key="test.make", title="make", run=make_slowly),
    Job(key="test.many", title="many", run=make_many),
    Job(key="test.hang", title="hang", run=hang, limit=1, attempts=2),
    Job(key="test.wait", title="wait", run=wait),
)


def kernel_on(url: str) -> Kernel:
    """A kernel that has no other jobs: none of a schedule comes in between."""
    return with_jobs(replace(boot(read({"kehu.database_url": url}, {})), jobs=Registry("job")), *JOBS)


def main(url: str, lease: str) -> None:
    runner = Runner(kernel_on(url), lease=float(lease))
    signal.signal(signal.SIGTERM, lambda _signal, _frame: runner.stop())
    print("ready", flush=True)
    runner.loop()


if __name__ == "__main__":
    main(*sys.argv[1:])
