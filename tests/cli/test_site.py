"""Setting up a site and running it from the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PASSWORD
from tests.support.site import Site

Kehu = Callable[..., Any]


def test_init_sets_up_once_and_keeps_what_is_there(kehu: Kehu, tmp_path: Path) -> None:
    assert "Log in as admin" in kehu("init", "--admin-password", PASSWORD).stdout
    ini = (tmp_path / "kehu.ini").read_text()
    assert "kehu.database_url = sqlite:///%(here)s/kehu.db" in ini
    assert "exists already" in kehu("init", "--admin-password", "Other-Secret-2").stdout
    assert (tmp_path / "kehu.ini").read_text() == ini
    assert "core_00" in kehu("db", "current").stdout
    assert "The audit chain is whole." in kehu("audit", "verify").stdout
    lines = kehu("doctor").stdout.splitlines()
    assert all(line.startswith("ok") for line in lines), lines


def test_init_prints_a_password_when_none_is_given(kehu: Kehu) -> None:
    assert len(kehu("init").stdout.split()[-1]) >= 12
    refused = kehu("init", "--admin-password", "weak", code=1)
    assert "characters" in refused.stderr


def test_people_and_tokens(kehu: Kehu) -> None:
    kehu("init", "--admin-password", PASSWORD)
    kehu("user", "add", "li", "--name", "李慧", "--unit", "hq", "--role", "sales_rep", "--password", "Kept-2-Secret")
    token = kehu("token", "create", "li").stdout.splitlines()[-1].split()[-1]
    assert len(token) >= 43
    assert "unit" in kehu("user", "add", "x", "--name", "X", "--unit", "no", "--role", "sales_rep", code=1).stderr
    assert "taken" in kehu("user", "add", "li", "--name", "X", "--unit", "hq", "--role", "sales_rep", code=1).stderr
    assert "nobody" in kehu("token", "create", "nobody", code=1).stderr
    kehu("user", "passwd", "li", "--password", "Another-3-Secret")
    assert "nobody" in kehu("user", "passwd", "nobody", "--password", "Another-3-Secret", code=1).stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("sevre",), "serve"),
        (("user", "add", "li"), "--name"),
        (("serve", "--port", "http"), "--port"),
        (("--nothing",), "--nothing"),
    ],
)
def test_wrong_usage_is_exit_2(kehu: Kehu, args: tuple[str, ...], words: str) -> None:
    assert words in kehu(*args, code=2).stderr


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"KEHU_TIME_ZONE": "Mars/Base"}, "Mars/Base"),
        ({"KEHU_DATABSE_URL": "sqlite://"}, "database_url"),
        ({"KEHU_PLUGINS": "gfits"}, "gfits"),
        ({"KEHU_SALES__X": "1"}, "kehu.sales.x"),
        ({"KEHU_TESTING": "true", "KEHU_PRODUCTION": "true"}, "exclude"),
        ({"KEHU_SESSION_DAYS": "many"}, "session_days"),
        ({"KEHU_DATABASE_URL": "nothing://x"}, "nothing"),
        ({"KEHU_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "refused"),
    ],
)
def test_a_wrong_setting_is_one_sentence(kehu: Kehu, env: dict[str, str], words: str) -> None:
    said = kehu("init", env=env, code=1).stderr
    assert words in said
    assert "secret" not in said


def test_a_wrong_ini_is_one_sentence(kehu: Kehu, tmp_path: Path) -> None:
    (tmp_path / "kehu.ini").write_text("[app:main]\nuse = egg:kehu\nkehu.plugin = x\n")
    assert "kehu.plugins" in kehu("db", "current", code=1).stderr
    assert "no file" in kehu("-c", "absent.ini", "db", "current", code=1).stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "[app:main]"),
        (b"kehu.jobs = true\n", "line 1"),
        (b"[app:main]\nuse = egg:kehu\nsecret\n", "line 3"),
        (b"[app:main]\nuse = egg:kehu\nkehu.jobs = true\nkehu.jobs = false\n", "line 4"),
        (b"[app:main]\nuse = egg:kehu\nkehu.database_url = %(secret)s\n", "kehu.database_url"),
        (b"[app:main]\nuse = egg:kehu\nkehu.database_url = mysql://u:%secret@h/x\n", "kehu.database_url"),
        ("[app:main]\nuse = egg:kehu\n# 客户\n".encode("gb18030"), "UTF-8"),
    ],
)
def test_an_ini_that_is_none_is_one_sentence(kehu: Kehu, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "kehu.ini").write_bytes(content)
    said = kehu("db", "current", code=1).stderr
    assert words in said
    assert "unforeseen" not in said
    assert "secret" not in said
    assert "folder" in kehu("-c", ".", "db", "current", code=1).stderr


@pytest.mark.parametrize("host", ["256.1.1.1", "no such host", "x" * 300])
def test_a_host_that_there_is_not_is_one_sentence(kehu: Kehu, host: str) -> None:
    said = kehu("serve", "--host", host, code=1).stderr
    assert "--host" in said
    assert "unforeseen" not in said


def test_commands_want_a_site_that_is_set_up(kehu: Kehu, tmp_path: Path) -> None:
    for args in (("serve",), ("token", "create", "admin"), ("audit", "verify")):
        assert "kehu init" in kehu(*args, code=1).stderr
    assert "kehu init" in kehu("doctor", code=1).stdout
    assert not (tmp_path / "kehu.db").exists()


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom core.cli import kehu\n"
        "try: kehu.main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('sqlalchemy', 'pyramid', 'alembic', 'colander', 'deform') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


def test_serve_answers_and_stops_after_the_last_request(kehu: Kehu, tmp_path: Path) -> None:
    kehu("init", "--admin-password", PASSWORD)
    command = [sys.executable, "-c", "from core.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1]
        port = address.rpartition(":")[2]
        assert "choose another --port" in kehu("serve", "--port", port, code=1).stderr
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}/api/v1/me", timeout=10)
        assert refused.value.code == 401
        refused.value.close()
        server.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert server.wait(timeout=20) == 0
        assert time.monotonic() - began < 15
        assert server.stderr is not None
        assert "Traceback" not in server.stderr.read()


def test_several_workers_need_granian(kehu: Kehu, tmp_path: Path) -> None:
    kehu("init", "--admin-password", PASSWORD)
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "granian.py").write_text("raise ModuleNotFoundError('no granian', name='granian')")
    refused = kehu("serve", "--workers", "2", env={"PYTHONPATH": str(tmp_path / "without")}, code=1)
    assert "kehu[prod]" in refused.stderr


def test_doctor_says_which_file_is_damaged(kehu: Kehu, tmp_path: Path) -> None:
    site = Site(f"sqlite:///{tmp_path}/kehu.db")
    kehu("init", "--admin-password", PASSWORD, "--plugins", "")
    number = site.attach(site.customer("Acme"), "合同.pdf", b"%PDF-1.7")
    site.close()
    assert f"1 attachments, 0.0 MiB in {tmp_path}/kehu-files" in kehu("doctor").stdout
    [file] = (path for path in (tmp_path / "kehu-files").rglob("*") if path.is_file())
    file.write_bytes(b"%PDF-1.8")
    said = kehu("doctor", code=1).stdout
    assert f"{number} 合同.pdf; take" in next(line for line in said.splitlines() if line.startswith("BAD"))


def test_tokens_are_listed_and_ended(kehu: Kehu) -> None:
    kehu("init", "--admin-password", PASSWORD)
    kehu("token", "create", "admin", "--read-only")
    assert kehu("token", "list").stdout.split("\t")[:3] == ["1", "admin", "read"]
    assert kehu("token", "list", "nobody").stdout == ""
    assert "ended" in kehu("token", "end", "1").stdout
    assert kehu("token", "list").stdout == ""
    assert "Not found" in kehu("token", "end", "1", code=1).stderr
