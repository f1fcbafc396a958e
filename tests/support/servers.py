"""Private PostgreSQL and MariaDB servers on free loopback ports, thrown away afterwards.

They are tuned for speed and forget everything at a power cut; a killed process of ours loses
nothing on them that it would keep on a real one.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine
from sqlalchemy.exc import OperationalError

START_SECONDS = 120  # a loaded machine takes its time


class Unavailable(Exception):
    """A server cannot be had on this machine; the text says why."""


@dataclass(frozen=True)
class Account:
    """The account a server runs as: they refuse root, so root lends them another one."""

    name: str
    uid: int
    gid: int

    @classmethod
    def for_server(cls, preferred: str) -> Account:
        """The caller's own account; for root the server's usual one, or nobody."""
        if os.geteuid() != 0:
            entry = pwd.getpwuid(os.geteuid())
        else:
            known = {entry.pw_name: entry for entry in pwd.getpwall()}
            entry = known.get(preferred) or known["nobody"]
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Server:
    """A running server. `url` leads to its administrative database."""

    url: URL
    process: subprocess.Popen[bytes]
    directory: Path
    stop_signal: signal.Signals

    def stop(self) -> None:
        """End the server and remove its data."""
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory)


def start_postgresql() -> Server:
    """Start a PostgreSQL server in UTF-8 with the C.UTF-8 locale, or raise `Unavailable`."""
    initdb, postgres = (_program(name, _postgresql_folders()) for name in ("initdb", "postgres"))
    account = Account.for_server("postgres")
    directory, port = _private_directory("kehu-postgresql-", account), _free_port()
    data = directory / "data"
    initialise: list[str | Path] = [
        initdb, "--pgdata", data, "--username", "kehu", "--auth", "trust", "--no-sync",
        "--encoding", "UTF8", "--locale", "C.UTF-8",
    ]  # fmt: skip
    settings: dict[str, object] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": directory,
        "max_connections": 200,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    serve: list[str | Path] = [
        postgres,
        "-D",
        data,
        *(f"--{name}={value}" for name, value in settings.items()),
    ]
    url = URL.create("postgresql+psycopg", "kehu", host="127.0.0.1", port=port, database="postgres")
    return _start(initialise, serve, url, directory, account, signal.SIGQUIT)


def start_mariadb() -> Server:
    """Start a MariaDB server with binary, unpadded utf8mb4 comparison, or raise `Unavailable`."""
    install, mariadbd = (_program(name, [Path("/usr/sbin")]) for name in ("mariadb-install-db", "mariadbd"))
    account = Account.for_server("mysql")
    directory, port = _private_directory("kehu-mariadb-", account), _free_port()
    data = directory / "data"
    initialise: list[str | Path] = [
        install, "--no-defaults", f"--datadir={data}", f"--tmpdir={directory}", "--skip-test-db",
        "--auth-root-authentication-method=normal", "--innodb-log-file-size=16M",
    ]  # fmt: skip
    settings: dict[str, object] = {
        "datadir": data,
        "tmpdir": directory,
        "socket": directory / "socket",
        "pid-file": directory / "pid",
        "bind-address": "127.0.0.1",
        "port": port,
        "max-connections": 200,
        "character-set-server": "utf8mb4",
        "collation-server": "utf8mb4_nopad_bin",
        "innodb-flush-log-at-trx-commit": 0,
        "innodb-flush-method": "nosync",
        "innodb-log-file-size": "16M",
    }
    serve: list[str | Path] = [
        mariadbd,
        "--no-defaults",
        *(f"--{name}={value}" for name, value in settings.items()),
    ]
    url = URL.create("mariadb+pymysql", "root", host="127.0.0.1", port=port, database="mysql")
    return _start(initialise, serve, url, directory, account, signal.SIGTERM)


def _start(
    initialise: Sequence[str | Path],
    serve: Sequence[str | Path],
    url: URL,
    directory: Path,
    account: Account,
    stop_signal: signal.Signals,
) -> Server:
    """Run both commands as `account` in `directory`; return once the server answers."""
    log = directory / "log"
    process = None
    try:
        if _spawn(initialise, directory, account, stop_signal).wait() != 0:
            raise Unavailable(f"{initialise[0]} failed: {_tail(log)}")
        process = _spawn(serve, directory, account, stop_signal)
        server = Server(url, process, directory, stop_signal)
        _wait_until_it_answers(server, log)
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        shutil.rmtree(directory)
        raise
    return server


def _spawn(
    command: Sequence[str | Path], directory: Path, account: Account, end: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a command as `account` that gets the signal `end` when this process dies, however it dies."""
    leash: list[str | Path] = [_program("setpriv"), "--pdeathsig", end.name.removeprefix("SIG")]
    if os.geteuid() == 0:
        leash += ["--reuid", str(account.uid), "--regid", str(account.gid), "--clear-groups"]
    with (directory / "log").open("ab") as log:
        return subprocess.Popen(
            [*leash, "--", *command],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # an interrupt at the keyboard is ours to handle
        )


def _wait_until_it_answers(server: Server, log: Path) -> None:
    engine = create_engine(server.url, poolclass=NullPool)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            engine.connect().close()
            return
        except OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"{server.url.drivername} did not start: {_tail(log)}") from error
            time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1000:].strip()


def _program(name: str, folders: Sequence[Path] = ()) -> str:
    """The path of a program, looked for in `folders` and then on the PATH."""
    for folder in folders:
        if (folder / name).is_file():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"the program {name} is not installed")
    return found


def _postgresql_folders() -> list[Path]:
    """Where Debian keeps the servers, newest version first."""
    folders = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    return sorted(folders, key=lambda folder: int(folder.parent.name), reverse=True)


def _private_directory(prefix: str, account: Account) -> Path:
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=_fast_folder()))
    if os.geteuid() == 0:
        os.chown(directory, account.uid, account.gid)
    return directory


def _fast_folder() -> Path | None:
    """Memory, where there is enough of it: nothing here need survive the tests."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 2**30:
        return memory
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
