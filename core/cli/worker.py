"""`kehu worker`."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import Any

import click

from core.cli.runners import Runners
from core.cli.site import site
from core.services.jobs.runner import Runner


@click.command("worker")
@click.option("--runners", default=1, show_default=True, type=click.IntRange(1, 64), help="How many jobs at a time.")
@click.option("--child", is_flag=True, hidden=True, help="Run jobs in this process until standard input ends.")
@click.pass_context
def command(ctx: click.Context, runners: int, child: bool) -> None:
    """Run background jobs until SIGTERM or Ctrl-C; what is running comes to an end first."""
    here = site(ctx)
    kernel = here.ready()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if child:
        _as_child(Runner(kernel))
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: stop.set())
    together = Runners(kernel, here.ini, runners)
    together.start()
    click.echo(f"Kehu runs jobs, {runners} at a time.")
    stop.wait()
    together.stop()


def _as_child(runner: Runner) -> None:
    """Whatever comes in says that there is something to do; the end of the input is the end."""

    def listen() -> None:
        while os.read(0, 4096):  # a reader with a lock would be in the way when Python ends
            runner.bell.set()
        runner.stop()

    def stop(_signal: int, _frame: Any) -> None:
        runner.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then says so
    threading.Thread(target=listen, name="kehu-bell", daemon=True).start()
    runner.loop()
