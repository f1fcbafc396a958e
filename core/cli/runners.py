"""Processes that run jobs, one at a time each, and the thread that looks after them.

A process of its own for each: a job that hangs or takes its process down stops no page and no
other job, and what it held is given back as soon as it is gone.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from core.services.chunks import stored
from core.services.jobs import queue
from core.services.jobs.runner import DRAIN, HUNG, TOO_LONG, name_of
from core.services.work import Kernel

log = logging.getLogger(__name__)
START = (sys.executable, "-c", "from core.cli import main; main()")
PAUSE = 5.0  # seconds before a process that has ended is replaced: it may end again at once


class Runners:
    """`count` processes. Each ends when its standard input does, so none outlives this one."""

    def __init__(self, kernel: Kernel, ini: Path, count: int) -> None:
        self.kernel, self.ini, self.count = kernel, ini, count
        self._stopping = threading.Event()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._thread = threading.Thread(target=self._look_after, name="kehu-runners", daemon=True)

    def start(self) -> None:
        if self.count:
            self._thread.start()

    def stop(self) -> None:
        """Let each end the transaction that it is in; they have a while for it."""
        self._stopping.set()
        self.kernel.bell.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look_after(self) -> None:
        begun = -PAUSE
        while not self._stopping.is_set():
            for process in [one for one in self._processes if one.poll() is not None]:
                self._processes.remove(process)
                self._gone(process)
            if len(self._processes) < self.count and time.monotonic() - begun > PAUSE:
                begun = time.monotonic()
                self._processes += [self._begin() for _missing in range(self.count - len(self._processes))]
            if self.kernel.bell.wait(1):
                self.kernel.bell.clear()
                for process in self._processes:
                    _ring(process)
        self._end_all()

    def _begin(self) -> subprocess.Popen[bytes]:
        where = ("-c", str(self.ini)) if self.ini.exists() else ()
        environ = dict(os.environ)
        if "KEHU_NOW" in environ:
            environ["KEHU_NOW"] = self.kernel.clock.now().isoformat()
        return subprocess.Popen([*START, *where, "worker", "--child"], stdin=subprocess.PIPE, env=environ)

    def _gone(self, process: subprocess.Popen[Any]) -> None:
        """Give back what a process had that ended without being asked to."""
        if process.stdin is not None:
            process.stdin.close()
        log.warning("a runner of jobs has ended with %s", process.returncode)
        error = TOO_LONG if process.returncode == HUNG else queue.LOST
        try:
            stored(self.kernel, lambda work: queue.abandoned(work, name_of(process.pid), error))
        except Exception:  # its lease ends by itself
            log.exception("the jobs of the runner could not be given back")

    def _end_all(self) -> None:
        until = time.monotonic() + DRAIN + 5
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.returncode != 0:
                self._gone(process)
            elif process.stdin is not None:
                process.stdin.close()


def _ring(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        try:
            process.stdin.write(b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            log.debug("runner %s has just ended", process.pid)
