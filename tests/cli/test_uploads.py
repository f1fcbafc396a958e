"""Uploads to the real server: cut off, of unknown length, and far too large."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PASSWORD

Kehu = Callable[..., Any]


@pytest.fixture
def server(kehu: Kehu, tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Port and token of a site with customer 1, served."""
    kehu("init", "--admin-password", PASSWORD, "--plugins", "")
    (tmp_path / "c.csv").write_text("name\nAcme\n")
    kehu("import", "core.customer", "c.csv")
    token = kehu("token", "create", "admin").stdout.split()[-1]
    command = [sys.executable, "-u", "-c", "from core.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        found = re.search(r":(\d+)$", running.stdout.readline().strip())
        assert found is not None
        yield int(found[1]), token
        running.send_signal(signal.SIGTERM)


def talk(server: tuple[int, str], headers: str, *pieces: bytes, wait: bool = True) -> bytes:
    """What the server answers to an upload of these pieces; `wait=False`: hang up instead."""
    port, token = server
    head = (
        "POST /api/v1/core/attachments?entity=core.customer&record=1&name=a.bin HTTP/1.1\r\n"
        f"Host: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{headers}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head.encode())
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while wait and (part := connection.recv(65536)):
            answer += part
        return answer


def test_uploads_to_a_real_server(server: tuple[int, str], tmp_path: Path) -> None:
    store = tmp_path / "kehu-files"

    def stored() -> list[Path]:
        return [path for path in store.rglob("*") if path.is_file()]

    talk(server, "Content-Length: 3000000", b"x" * 2_970_000, wait=False)  # cut at 99 %
    assert b" 413 " in talk(server, "Content-Length: 900000000").splitlines()[0]
    assert b" 400 " in talk(server, "Content-Length: many", b"x").splitlines()[0]
    assert stored() == []
    answer = talk(server, "Transfer-Encoding: chunked", b"5\r\nhello\r\n", b"6\r\n world\r\n", b"0\r\n\r\n")
    assert b" 201 " in answer.splitlines()[0]
    document = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert document["size"] == 11
    [path] = stored()
    assert path.read_bytes() == b"hello world"
    large = b"z" * 20_000_000
    answer = talk(server, f"Content-Length: {len(large)}", large)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["size"] == len(large)
