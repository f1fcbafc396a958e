"""`kehu serve`."""

from __future__ import annotations

import logging
import os
import signal
import socket
from functools import partial
from typing import Any

import click

from core.cli.runners import Runners
from core.cli.site import site
from core.errors import KehuError
from core.settings import Settings

DRAIN = 30  # seconds that requests in flight get after SIGTERM


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=6543, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@click.pass_context
def command(ctx: click.Context, host: str, port: int, workers: int) -> None:
    """Serve the site until SIGTERM or Ctrl-C; requests in flight are finished first.

    Background jobs are run too, in a process beside it, unless kehu.jobs is false.
    """
    _check_host(host, port)
    here = site(ctx)
    kernel = here.ready()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    runners = Runners(kernel, here.ini, 1 if kernel.settings.jobs else 0)
    if workers > 1:
        _serve_many(here.ini, host, port, workers, runners)
        return
    from core.app import make_app

    try:
        server = _server(make_app(kernel), host, port, kernel.settings)
    except OSError as error:
        raise KehuError(
            f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}; choose another --port"
        ) from None
    click.echo(f"Kehu serves http://{host}:{server.effective_port}")
    signal.signal(signal.SIGTERM, _stop)
    runners.start()
    try:
        server.run()
    finally:
        runners.stop()


def _check_host(host: str, port: int) -> None:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise KehuError(f"cannot listen on {host}: there is no such address; choose another --host") from None


def _server(app: Any, host: str, port: int, settings: Settings) -> Any:
    from waitress.server import create_server

    from core.cli.refusal import Channel
    from core.http.work import MOST_BYTES

    sockets: dict[int, Any] = {}
    server = create_server(
        app,
        map=sockets,
        host=host,
        port=port,
        threads=4,
        # The defaults give in to 300 slow clients.
        connection_limit=2000,
        channel_timeout=15,
        cleanup_interval=5,
        asyncore_use_poll=True,
        ident="kehu",
        # What is a little too large is refused in our words, what is far too large before it is read.
        max_request_body_size=2 * max(MOST_BYTES, settings.files_most * 2**20),
    )
    for one in sockets.values():  # a host may have several addresses
        one.channel_class = Channel
    # waitress gives running requests five seconds when it stops.
    server.task_dispatcher.shutdown = partial(server.task_dispatcher.shutdown, timeout=DRAIN)
    return server


def _stop(_signal: int, _frame: Any) -> None:
    raise SystemExit


def _serve_many(ini: Any, host: str, port: int, workers: int, runners: Runners) -> None:
    try:
        from granian import Granian
        from granian.constants import Interfaces
    except ModuleNotFoundError:
        raise KehuError("several workers need granian; run: pip install 'kehu[prod]'") from None
    os.environ["KEHU_INI"] = str(ini)
    runners.start()
    try:
        Granian(
            "core.app:from_ini", factory=True, address=host, port=port, interface=Interfaces.WSGI, workers=workers
        ).serve()
    finally:
        runners.stop()
