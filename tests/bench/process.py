"""What the real command costs: start-up, memory, and the import of a file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import Figure
from tests.bench.world import write_customers


def of_process(folder: Path) -> list[Figure]:
    """Start-up and memory of the real command, on SQLite."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KEHU_")}
    command = [sys.executable, "-c", "from core.cli import main; main()"]

    def timed(*args: str) -> float:
        began = time.monotonic()
        subprocess.run([*command, *args], cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began

    shortest = min(timed("--help") for _time in range(5))
    timed("init", "--admin-password", "x9-Long-Enough")
    began = time.monotonic()
    with subprocess.Popen(
        [*command, "serve", "--port", "0"], cwd=folder, env=environ, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        answered = time.monotonic() - began
        time.sleep(0.5)
        status = Path(f"/proc/{server.pid}/status").read_text()
        resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        server.terminate()
    return [
        Figure("kehu --help", shortest, "s", 0.5),
        Figure("kehu serve listens after", answered, "s", 3),
        Figure("idle memory of one process", resident / 1024, "MB", 150),
    ]


def of_import(folder: Path, rows: int) -> list[Figure]:
    """New customers out of a CSV file by the real command, with scope, audit and duplicate check on."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KEHU_")}
    environ["KEHU_DATABASE_URL"] = f"sqlite:///{folder}/import.db"

    def measured(*args: str) -> tuple[float, float]:
        """CPU seconds and the most memory, in MB, of a process of its own."""
        command = [sys.executable, "-c", "from core.cli import main; main()", *args]
        with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL) as process:
            _pid, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    measured("init", "--admin-password", "x9-Long-Enough")
    for name, most in (("one.csv", 1), ("many.csv", rows)):
        write_customers(folder / name, most)
    start, _memory = measured("import", "core.customer", "one.csv")
    spent, memory = measured("import", "core.customer", "many.csv")
    return [
        Figure("import of new customers", (spent - start) / rows * 1000 * 1000, "ms CPU for 1000 rows", 333),
        Figure(f"memory of an import of {rows} rows", memory, "MB", 250),
    ]
