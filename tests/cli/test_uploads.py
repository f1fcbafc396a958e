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
    head = (
        "POST /api/v1/core/attachments?entity=core.customer&record=1&name=a.bin HTTP/1.1\r\n"
        f"Host: localhost\r\nConnection: close\r\nAuthorization: Bearer {server[1]}\r\n{headers}\r\n\r\n"
    )
    return say(server, head.encode(), *pieces, wait=wait)


def say(server: tuple[int, str], *pieces: bytes, wait: bool = True) -> bytes:
    """What the server answers to these bytes."""
    with socket.create_connection(("127.0.0.1", server[0]), timeout=60) as connection:
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


def test_what_the_server_does_not_read_is_refused_as_the_application_would(server: tuple[int, str]) -> None:
    def problem(answer: bytes) -> tuple[int, dict[str, Any]]:
        head, _blank, body = answer.partition(b"\r\n\r\n")
        assert b"Content-Type: application/problem+json" in head
        assert b"Connection: close" in head
        document = json.loads(body)
        assert int(head.split()[1]) == document["status"]
        return document["status"], document

    status, document = problem(talk(server, "Content-Length: 900000000"))
    assert status == 413
    assert "25 MB" in document["detail"]
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    assert problem(talk(server, "Transfer-Encoding: chunked", chunk * 51))[1] == document
    to = "POST /api/v1/core/customers HTTP/1.1\r\nHost: localhost\r\n"
    json_type = "Content-Type: application/json\r\nContent-Length: 900000000\r\n\r\n"
    assert problem(say(server, f"{to}{json_type}".encode()))[0] == 401
    assert problem(say(server, f"{to}Authorization: Bearer {server[1]}\r\n{json_type}".encode()))[0] == 413
    assert problem(talk(server, "Content-Length: many"))[0] == 400
    assert problem(talk(server, "Transfer-Encoding: gzip"))[0] == 501
    assert problem(talk(server, "X-Long: " + "x" * 300_000))[0] == 431
    page = say(server, b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n")
    assert b" 413 " in page.splitlines()[0]
    assert b"text/html" in page
    assert b"text/plain" in say(server, b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
