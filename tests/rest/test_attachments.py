"""Files on records, through REST: what comes in, who gets it, and that nothing half is kept."""

from __future__ import annotations

import datetime as dt
import gc
import hashlib
import io
import json
import os
import resource
import sqlite3
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from webob import Request as Plain
from webtest import TestApp

from core.app import make_app
from core.errors import TooLarge
from core.models import Attachment, Audit
from core.services import attachments, records, writes
from core.services.attachments import SWEEP, orphans, standing, sweep
from core.services.files import FileStore, store_of
from core.services.jobs.runner import run_now
from core.services.login import new_token
from tests.rest.conftest import Api
from tests.support.site import Site

FILES = "/core/attachments"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 10


def of(customer: int) -> str:
    return json.dumps(["and", ["=", "entity", "core.customer"], ["=", "record", customer]])


def stored(site: Site) -> list[Path]:
    """Everything that lies in the store, whatever it is."""
    return [path for path in Path(site.settings.files).rglob("*") if path.is_file()]


def content(client: Any, number: int, status: int = 200, **query: str) -> Any:
    return client.get(f"{FILES}/{number}/content", status, **query)


# --- the way there and back -----------------------------------------------------------------------


@pytest.mark.databases
def test_a_file_comes_back_as_it_was(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    made = client.attach(customer, "报价 2026.pdf", PDF)
    document = made.json
    digest = hashlib.sha256(PDF).hexdigest()
    assert made.headers["Location"].removeprefix("http://localhost") == f"/api/v1{FILES}/{document['id']}"
    assert made.headers["Change-Id"]
    expected = {"entity": "core.customer", "record": customer, "name": "报价 2026.pdf", "media_type": "application/pdf"}
    assert expected.items() <= document.items()
    assert (document["size"], document["sha256"], document["created_by"]["key"]) == (len(PDF), digest, "admin")
    assert "stored" not in document
    assert client.get(f"{FILES}/{document['id']}").json == document
    assert client.get(FILES, filter=of(customer), count="1").json == {"items": [document], "next": None, "total": 1}
    reply = content(client, document["id"])
    assert reply.body == PDF
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Content-Length"] == str(len(PDF))
    assert reply.headers["ETag"] == f'"{digest}"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    shown = reply.headers["Content-Disposition"]
    assert shown.startswith('attachment; filename="__ 2026.pdf"; ')
    assert unquote(shown.partition("filename*=UTF-8''")[2]) == "报价 2026.pdf"


@pytest.mark.databases
def test_deleting_hides_it_and_restoring_brings_it_back(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    number = client.attach(customer, "a.txt", b"text").json["id"]
    client.delete(f"{FILES}/{number}", status=428)
    client.delete(f"{FILES}/{number}", version=7, status=409)
    client.delete(f"{FILES}/{number}", version=1)
    client.get(f"{FILES}/{number}", status=404)
    content(client, number, 404)
    assert client.get(FILES, filter=of(customer)).json["items"] == []
    assert [one["id"] for one in client.get(FILES, filter=of(customer), deleted="1").json["items"]] == [number]
    client.act(f"{FILES}/{number}", "restore")
    assert content(client, number).body == b"text"


def test_what_the_client_claims_counts_for_nothing(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    path = f"/api/v1{FILES}?{urlencode({'entity': 'core.customer', 'record': customer, 'name': 'x.png'})}"
    for claimed in ("text/html", "image/svg+xml", "application/json", "message/rfc822", "nonsense"):
        reply = client.app.post(path, b"<script>alert(1)</script>", headers=client.headers, content_type=claimed)
        assert reply.json["media_type"] == "application/octet-stream", claimed
        assert reply.json["size"] == 25


RUNNABLE = {
    "page.html": b"<!doctype html><script>alert(1)</script>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "page.xhtml": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
    "page.mht": b"MIME-Version: 1.0\r\nContent-Type: multipart/related",
    "script.js": b"alert(1)",
    "shell.pHaR": b"<?php system(1);",
    "a.png": b"<html><script>alert(1)</script>",
    "a.svg.png": b"<svg onload='alert(1)'/>",
    "text.txt": b"<html><script>alert(1)</script>",
    "table.csv": b"=cmd|' /C calc'!A0,1",
    "both.gif": b"GIF89a/*" + b"\x00" * 20 + b"*/=1;alert(1)",
    "paper.pdf": b"%PDF-1.7 <script>alert(1)</script>",
}


@pytest.mark.parametrize("name", RUNNABLE)
def test_nothing_that_is_uploaded_runs(site: Site, api: Callable[..., Any], name: str) -> None:
    client = api()
    number = client.attach(client.customer("Acme")["id"], name, RUNNABLE[name]).json["id"]
    asked: Any
    for asked in ({}, {"inline": "1"}):
        reply = content(client, number, **asked)
        kind = reply.headers["Content-Type"]
        assert kind in ("application/octet-stream", "text/plain", "text/csv", "image/gif", "application/pdf")
        assert "sandbox" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        inline = asked and kind.startswith("image/")
        assert reply.headers["Content-Disposition"].startswith("inline" if inline else "attachment")


def test_an_image_may_stand_in_a_page(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    number = client.attach(client.customer("Acme")["id"], "a.pdf", PNG).json["id"]
    assert content(client, number).headers["Content-Disposition"].startswith("attachment")
    reply = content(client, number, inline="1")
    assert (reply.headers["Content-Type"], reply.headers["Content-Disposition"][:6]) == ("image/png", "inline")
    assert content(client, number, 400, inline="yes").json["errors"]["inline"]


def test_what_one_has_already_is_not_sent_again(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    number = client.attach(client.customer("Acme")["id"], "a.txt", b"text").json["id"]
    tag = content(client, number).headers["ETag"]
    path = f"/api/v1{FILES}/{number}/content"
    same = client.app.get(path, headers=client.headers | {"If-None-Match": tag}, status=304)
    assert (same.body, same.headers["ETag"]) == (b"", tag)
    assert client.app.get(path, headers=client.headers | {"If-None-Match": '"other"'}).body == b"text"
    head = client.app.head(path, headers=client.headers)
    assert (head.body, head.headers["Content-Length"]) == (b"", "4")


HOSTILE = {
    "../../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    "/etc/shadow": "shadow",
    "C:\\合同\\a.pdf": "a.pdf",
    "..": "file",
    "/": "file",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "LPT1.pdf": "_LPT1.pdf",
    "COM¹": "_COM¹",
    "a\u202egpj.exe": "agpj.exe",
    "a\u200b\ufeffb.txt": "ab.txt",
    "a\r\nSet-Cookie: x=1.txt": "aSet-Cookie_ x=1.txt",
    "a\tb": "ab",
    'a"b;c.txt': "a_b;c.txt",
    "a<b>c|d?e*f:g": "a_b_c_d_e_f_g",
    "a.txt. . .": "a.txt",
    "  a.txt  ": "a.txt",
    "客" * 300 + ".pdf": "客" * 196 + ".pdf",
    "x" * 300: "x" * 200,
    "a." + "b" * 300: "a." + "b" * 198,
    "e\u0301.txt": "é.txt",
    "👩\u200d💻.txt": "👩\u200d💻.txt",
    "%2e%2e%2fa.txt": "%2e%2e%2fa.txt",
}


@pytest.mark.parametrize("given", HOSTILE, ids=ascii)
def test_a_hostile_name_becomes_a_harmless_one(site: Site, api: Callable[..., Any], given: str) -> None:
    client = api()
    made = client.attach(client.customer("Acme")["id"], given, b"x").json
    assert made["name"] == HOSTILE[given]
    reply = content(client, made["id"])
    header = reply.headers["Content-Disposition"]
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert unquote(header.partition("filename*=UTF-8''")[2]) == HOSTILE[given]
    root = Path(site.settings.files)
    [path] = stored(site)
    assert path.relative_to(root).as_posix() == f"{path.name[:2]}/{path.name[2:4]}/{path.name}"


def test_a_form_with_a_file_is_taken_too(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    query = urlencode({"entity": "core.customer", "record": client.customer("Acme")["id"]})
    path = f"/api/v1{FILES}?{query}"
    made = client.app.post(path, upload_files=[("file", "报价.pdf", PDF)], headers=client.headers, status=201).json
    assert (made["name"], made["size"]) == ("报价.pdf", len(PDF))
    two = [("file", "a.txt", b"a"), ("file", "b.txt", b"b")]
    for files in (two, [("other", "a.txt", b"a")]):
        refused = client.app.post(path, upload_files=files, headers=client.headers, status=422)
        assert refused.json["errors"]["file"]
    assert len(stored(site)) == 1


BROKEN_FORMS = {
    "no boundary": ("multipart/form-data", b"--x"),
    "not closed": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf a fi',
    ),
    "cut between files": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwhole\r\n--x\r\n',
    ),
    "nested": (
        "multipart/form-data; boundary=b0",
        b"".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n".encode() for n in range(3000)),
    ),
}


@pytest.mark.parametrize("kind", BROKEN_FORMS)
def test_a_broken_form_leaves_nothing(site: Site, api: Callable[..., Any], kind: str) -> None:
    client = api()
    query = urlencode({"entity": "core.customer", "record": client.customer("Acme")["id"]})
    claimed, body = BROKEN_FORMS[kind]
    # WebTest makes a form of its own of what it is told is one; a header is left alone.
    headers = client.headers | {"Content-Type": claimed}
    reply = client.app.post(f"/api/v1{FILES}?{query}", body, headers=headers, status=400)
    assert reply.json["detail"]
    assert stored(site) == []


WHOLE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"a" * 5000 + b"\r\n"
UNREADABLE = WHOLE + b"--x\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "status"), [(WHOLE + b"--x--\r\n", 201), (UNREADABLE, 400)], ids=["taken", "unreadable"]
)
def test_no_file_of_a_form_stays_open(
    site: Site, api: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, body: bytes, status: int
) -> None:
    opened: list[Any] = []
    make = tempfile.TemporaryFile

    def noted(*given: Any, **named: Any) -> Any:
        opened.append(make(*given, **named))
        return opened[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", noted)
    client = api()
    query = urlencode({"entity": "core.customer", "record": client.customer("Acme")["id"]})
    headers = client.headers | {"Content-Type": "multipart/form-data; boundary=x"}
    client.app.post(f"/api/v1{FILES}?{query}", body, headers=headers, status=status)
    assert opened
    assert all(file.closed for file in opened)


# --- faults of the request, in the order of judgement ----------------------------------------------


def test_faults_are_judged_in_their_order(site: Site, api: Callable[..., Any]) -> None:
    admin = api()
    customer = admin.customer("Acme")["id"]
    site.user("li")
    li = api("li")
    path = f"/api/v1{FILES}"
    li.app.post(path, b"x", status=401)
    for query, field in (
        ({}, "entity"),
        ({"entity": "core.customer", "record": "1"}, "name"),
        ({"entity": "core.nothing", "record": "1", "name": "a"}, "entity"),
        ({"entity": "core.user", "record": "1", "name": "a"}, "entity"),
        ({"entity": "core.attachment", "record": "1", "name": "a"}, "entity"),
        ({"entity": "core.customer", "record": "-1", "name": "a"}, "record"),
        ({"entity": "core.customer", "record": "x", "name": "a"}, "record"),
        ({"entity": "core.customer", "record": "1", "name": "a", "size": "4"}, "size"),
        ({"entity": "core.customer", "record": "1", "name": "a\x00b"}, "name"),
    ):
        refused = li.app.post(f"{path}?{urlencode(query)}", b"x", headers=li.headers, status=400)
        assert field in refused.json["errors"], query
    li.app.put(f"{path}?{urlencode({'entity': 'core.customer'})}", b"x", headers=li.headers, status=405)
    big = b"x" * (25 * 2**20 + 70_000)
    assert "25 MB" in li.attach(customer, "a", big, 413).json["detail"]
    assert li.attach(customer, "a", b"", 404).body == li.attach(2**31, "a", b"", 404).body
    empty = admin.attach(customer, "a", b"", 422)
    assert empty.json["errors"]["file"]
    assert stored(site) == []


def test_a_file_may_be_as_large_as_the_limit_and_not_a_byte_more(database_url: str, tmp_path: Path) -> None:
    site = Site(database_url, files=str(tmp_path / "files"), files_most="9")
    secret = site.kernel.run(lambda work: new_token(work, "admin"), write=True)
    assert secret is not None
    client = Api(TestApp(make_app(site.kernel)), secret)
    customer = client.customer("Acme")["id"]
    body = os.urandom(9 * 2**20)
    number = client.attach(customer, "a", body).json["id"]
    assert content(client, number).body == body
    assert "9 MB" in client.attach(customer, "a", body + b"x", 413).json["detail"]
    assert len(stored(site)) == 1
    site.close()


def test_nobody_writes_an_attachment_by_its_fields(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    number = client.attach(customer, "a.txt", b"x").json["id"]
    for body in (
        {"name": "b.txt"},
        {"record": 99},
        {"stored": "00"},
        {"sha256": "0" * 64},
        {"media_type": "text/html"},
    ):
        client.patch(f"{FILES}/{number}", body | {"version": 1}, 422)
    assert content(client, number).body == b"x"
    row = {"entity": "core.customer", "record": customer, "name": "a", "size": 1, "sha256": "0" * 64}
    [result] = client.post(f"{FILES}/bulk", {"rows": [row]}, 200).json["rows"]
    assert result["status"] == 422


# --- who ------------------------------------------------------------------------------------------


@pytest.fixture
def company(site: Site, api: Callable[..., Any]) -> Callable[..., Any]:
    for code, kind in (("east", "branch"), ("d1", "dealer"), ("d2", "dealer")):
        site.unit(code, kind)
    site.role("viewer", [{"entity": "core.customer", "action": "view", "reach": "all"}])
    site.role("filer", [{"entity": "core.attachment", "action": "view", "reach": "all"}])
    site.role(
        "both", [{"entity": key, "action": "view", "reach": "all"} for key in ("core.customer", "core.attachment")]
    )
    site.user("li", "east")
    site.user("deng", "d1", ["dealer"])
    site.user("du", "d2", ["dealer"])
    site.user("vi", "hq", ["viewer"])
    site.user("fi", "hq", ["filer"])
    site.user("bo", "hq", ["both"])
    return api


@pytest.mark.databases
def test_who_sees_the_record_sees_its_files_and_nobody_else(site: Site, company: Callable[..., Any]) -> None:
    admin = company()
    files = {}
    for name, owner, secrecy in (("li", "li", 1), ("deng", "deng", 1), ("secret", "li", 2)):
        customer = admin.customer(name, owner=owner, secrecy=secrecy)["id"]
        files[name] = (customer, admin.attach(customer, f"{name}.txt", name.encode()).json["id"])
    sees = {
        "li": {"li"},
        "deng": {"deng"},
        "du": set(),
        "vi": {"li", "deng"},
        "fi": set(),
        "bo": {"li", "deng"},
        "admin": {"li", "deng", "secret"},
    }
    for login, seen in sees.items():
        client = company(login)
        for name, (customer, number) in files.items():
            listed = client.get(FILES, filter=of(customer)).json["items"]
            assert [one["id"] for one in listed] == ([number] if name in seen else []), (login, name)
            if name in seen:
                assert content(client, number).body == name.encode()
                continue
            for path in (f"{FILES}/{number}", f"{FILES}/{number}/content"):
                hidden, absent = client.get(path, 404), client.get(path.replace(str(number), "987654"), 404)
                assert hidden.body == absent.body
                assert sorted(hidden.headers.items()) == sorted(absent.headers.items())
            assert client.delete(f"{FILES}/{number}", 1, 404).body == client.delete(f"{FILES}/987654", 1, 404).body
            assert client.attach(customer, "x", b"x", 404).body == client.attach(987_654, "x", b"x", 404).body
            assert client.act(f"{FILES}/{number}", "restore", status=404)
        everything = client.get(FILES, 200 if login in ("admin", "fi", "bo") else 400)
        if everything.status_int == 200:
            assert {one["name"].partition(".")[0] for one in everything.json["items"]} == seen
        else:
            assert "record" in everything.json["errors"]["filter"][0]


@pytest.mark.databases
def test_a_list_of_all_has_what_one_gets_one_by_one(site: Site, company: Callable[..., Any]) -> None:
    """On records of each kind: with an owner, with a customer, with people."""
    admin = company()
    everything = []
    for owner, secrecy in (("li", 1), ("deng", 1), ("du", 1), ("li", 2)):
        customer = admin.customer(f"{owner} {secrecy}", owner=owner, secrecy=secrecy)["id"]
        contact = admin.post("/core/contacts", {"name": "A", "customer": customer}).json["id"]
        with_it = admin.post("/core/activities", {"kind": "note", "subject": "A", "customer": customer}).json["id"]
        without = {"kind": "task", "subject": "B", "owner": owner, "participants": ["vi"]}
        alone = admin.post("/core/activities", without).json["id"]
        for key, number in (
            ("core.customer", customer),
            ("core.contact", contact),
            ("core.activity", with_it),
            ("core.activity", alone),
        ):
            query = urlencode({"entity": key, "record": number, "name": "a.txt"})
            made = admin.app.post(f"/api/v1{FILES}?{query}", b"a", headers=admin.headers, status=201)
            everything.append(made.json["id"])
    admin.delete("/core/customers/1", version=1)
    seen = []
    roles = {"li": "sales_rep", "deng": "dealer", "vi": "viewer", "bo": "both", "fi": "filer"}
    for number, login in enumerate(roles):
        other = f"x{number}"
        unit = {"li": "east", "deng": "d1"}.get(login, "hq")
        site.user(other, unit, [roles[login], "filer"])
        client = company(other)
        one_by_one = {
            one
            for one in everything
            if client.app.get(f"/api/v1{FILES}/{one}", headers=client.headers, expect_errors=True).status_int == 200
        }
        listed = client.get(FILES, limit="500", count="1").json
        assert {one["id"] for one in listed["items"]} == one_by_one, login
        assert listed["total"] == len(one_by_one)
        seen.append(len(one_by_one))
    assert seen == [0, 3, 6, 6, 0]
    assert len(admin.get(FILES).json["items"]) == 13


def test_only_who_may_edit_the_record_adds_and_removes(site: Site, company: Callable[..., Any]) -> None:
    admin = company()
    customer = admin.customer("Acme", owner="li")["id"]
    number = company("li").attach(customer, "a.txt", b"a").json["id"]
    viewer = company("vi")
    assert content(viewer, number).body == b"a"
    viewer.attach(customer, "b.txt", b"b", 403)
    viewer.delete(f"{FILES}/{number}", 1, 403)
    viewer.act(f"{FILES}/{number}", "restore", status=404)
    company("li", read_only=True).attach(customer, "b.txt", b"b", 403)
    company("li").delete(f"{FILES}/{number}", 1)
    viewer.act(f"{FILES}/{number}", "restore", status=404)
    assert viewer.get(FILES, filter=of(customer), deleted="1").json["items"] == []
    assert len(stored(site)) == 1


def test_a_share_opens_the_files_for_as_long_as_it_lasts(site: Site, company: Callable[..., Any]) -> None:
    admin = company()
    customer = admin.customer("Acme", owner="li")["id"]
    number = admin.attach(customer, "a.txt", b"a").json["id"]
    du = company("du")
    content(du, number, 404)
    admin.act(f"/core/customers/{customer}", "share", {"to": {"user": "du"}, "actions": ["view"]})
    assert content(du, number).body == b"a"
    du.attach(customer, "b.txt", b"b", 403)
    admin.act(f"/core/customers/{customer}", "unshare", {"to": {"user": "du"}})
    content(du, number, 404)


def test_files_go_and_return_with_their_record(site: Site, company: Callable[..., Any]) -> None:
    admin = company()
    made = admin.customer("Acme", owner="li")
    path, number = f"/core/customers/{made['id']}", admin.attach(made["id"], "a.txt", b"a").json["id"]
    admin.delete(path, version=1)
    for client in (admin, company("li"), company("bo")):
        content(client, number, 404)
        assert client.get(FILES, filter=of(made["id"])).json["items"] == []
    assert admin.get(FILES).json["items"] == []
    admin.attach(made["id"], "b.txt", b"b", 404)
    admin.act(path, "restore")
    assert content(company("li"), number).body == b"a"
    assert len(admin.get(FILES).json["items"]) == 1


def test_files_go_over_to_the_customer_that_theirs_is_merged_into(site: Site, company: Callable[..., Any]) -> None:
    admin = company()
    source, target = (admin.customer(name)["id"] for name in ("A", "B"))
    number = admin.attach(source, "a.txt", b"a").json["id"]
    admin.act(f"/core/customers/{target}", "merge", {"source": source})
    assert [one["id"] for one in admin.get(FILES, filter=of(target)).json["items"]] == [number]
    assert content(admin, number).body == b"a"


def test_a_filter_goes_on_narrowing_within_the_record(site: Site, company: Callable[..., Any]) -> None:
    admin = company()
    customer, other = (admin.customer(name, owner="li")["id"] for name in ("A", "B"))
    for one, name in ((customer, "a.txt"), (customer, "b.txt"), (other, "a.txt")):
        admin.attach(one, name, name.encode())
    li = company("li")

    def listed(condition: Any, status: int = 200) -> Any:
        return li.get(FILES, status, filter=json.dumps(condition))

    both = [["=", "entity", "core.customer"], ["=", "record", customer]]
    assert [one["name"] for one in listed(["and", *both]).json["items"]] == ["b.txt", "a.txt"]
    assert [one["name"] for one in listed(["and", *both, ["=", "name", "a.txt"]]).json["items"]] == ["a.txt"]
    assert listed(["and", *both, ["=", "record", other]]).json["items"] == []
    for wide in (["or", *both], ["not", ["and", *both]], both[0], both[1], ["=", "created_by", "admin"]):
        listed(wide, 400)
    listed(["and", both[0], ["in", "record", [customer, other]]], 400)
    page = li.get(FILES, filter=of(customer), limit="1").json
    assert [one["name"] for one in li.get(FILES, filter=of(customer), cursor=page["next"]).json["items"]] == ["a.txt"]


def test_the_trail_has_name_and_digest_of_what_came_and_went(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    number = client.attach(client.customer("Acme")["id"], "a.txt", b"text").json["id"]
    client.delete(f"{FILES}/{number}", 1)
    client.act(f"{FILES}/{number}", "restore")

    def rows(ctx: Any) -> Any:
        mine = select(Audit.action, Audit.changes).where(Audit.entity == "core.attachment", Audit.record_id == number)
        return ctx.system.execute(mine.order_by(Audit.id)).all()

    found = site.run(rows)
    assert [action for action, _changes in found] == ["create", "delete", "restore"]
    digest = hashlib.sha256(b"text").hexdigest()
    for (_action, changes), key in zip(found[:2], ("new", "old"), strict=True):
        written = {change["field"]: change[key] for change in changes}
        assert (written["name"], written["sha256"]) == ("a.txt", digest)


# --- rows and files -------------------------------------------------------------------------------


def test_a_transaction_that_fails_takes_its_file_along(site: Site) -> None:
    customer = site.customer("Acme")

    class Stop(Exception):
        pass

    def work(ctx: Any) -> None:
        attachments.add(ctx, "core.customer", customer, "a", io.BytesIO(b"a"))
        try:
            with ctx.savepoint():
                attachments.add(ctx, "core.customer", customer, "b", io.BytesIO(b"b"))
                assert len(stored(site)) == 2
                raise Stop
        except Stop:
            assert len(stored(site)) == 1
        raise Stop

    with pytest.raises(Stop):
        site.run(work)
    assert stored(site) == []


@pytest.mark.parametrize(("kinds", "left"), [(["busy"], 1), (["lost before"], 2), (["lost after"], 1)])
def test_a_repeated_request_keeps_one_attachment(
    site: Site, api: Callable[..., Any], trouble: list[str], kinds: list[str], left: int
) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    trouble += kinds
    number = client.attach(customer, "a.txt", b"text").json["id"]
    assert trouble == []
    assert [one["id"] for one in client.get(FILES, filter=of(customer)).json["items"]] == [number]
    assert content(client, number).body == b"text"
    # Whether a lost COMMIT took is not known at once: then the file stays until it is swept.
    assert len(stored(site)) == left
    site.kernel.run(lambda work: sweep(work, dt.timedelta(0)), write=False)
    assert len(stored(site)) == 1
    assert content(client, number).body == b"text"


def test_nothing_is_served_before_it_is_committed(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    with site.acting() as ctx:
        number = attachments.add(ctx, "core.customer", customer, "a", io.BytesIO(b"a")).id
        content(client, number, 404)
        assert client.get(FILES, filter=of(customer)).json["items"] == []
    assert content(client, number).body == b"a"


def test_the_sweep_takes_what_no_row_speaks_of_and_nothing_else(site: Site) -> None:
    customer = site.customer("Acme")
    kept = site.attach(customer, "a", b"a")
    binned = site.attach(customer, "b", b"b")
    site.run(lambda ctx: records.delete(ctx, ctx.catalog["core.attachment"], binned, 1))
    store = store_of(site.settings)
    lost = store.path(store.keep(io.BytesIO(b"lost")).stored)
    part = store.path("0" * 32).with_suffix(".part")
    part.parent.mkdir(parents=True)
    foreign = store.root / "README"
    for path in (part, foreign):
        path.write_bytes(b"half")
    misplaced = lost.with_name(f"ff{'e' * 30}")  # a name of ours where it does not belong
    misplaced.write_bytes(b"x")
    found = site.kernel.run(standing, write=False)
    assert found is not None
    assert (found.files, found.size, found.damaged, found.orphans) == (2, 2, (), 0)  # all are new yet
    an_hour_ago = dt.datetime.now().timestamp() - 3601
    os.utime(lost, (an_hour_ago, an_hour_ago))
    assert site.kernel.run(lambda work: [one.path for one in orphans(work)], write=False) == [lost]
    assert run_now(site.kernel, SWEEP.key).result == {"files": 1}
    assert not lost.exists()
    assert site.kernel.run(lambda work: sweep(work, dt.timedelta(0)), write=False) == 1
    assert not part.exists()
    assert foreign.exists()
    assert misplaced.exists()
    with site.acting() as ctx:
        row = ctx.system.get(Attachment, kept)
        assert row is not None
        assert store.is_whole(row.stored, row.size, row.sha256)


@pytest.mark.parametrize("harm", ["changed", "shorter", "longer", "gone", "a folder"])
def test_a_damaged_file_is_not_served(
    site: Site, api: Callable[..., Any], harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = api()
    number = client.attach(client.customer("Acme")["id"], "a.txt", b"text").json["id"]
    [path] = stored(site)
    if harm in ("gone", "a folder"):
        path.unlink()
    if harm == "a folder":
        path.mkdir()
    if harm in ("changed", "shorter", "longer"):
        path.write_bytes({"changed": b"tex!", "shorter": b"tex", "longer": b"textx"}[harm])
    refused = content(client, number, 503)
    assert refused.json["code"] == "DAMAGED"
    incident = refused.json["detail"].rsplit(maxsplit=1)[-1].rstrip(".。")
    assert incident in caplog.text
    assert str(path) not in refused.text
    assert client.get(f"{FILES}/{number}").json["name"] == "a.txt"
    found = site.kernel.run(standing, write=False)
    assert found is not None
    assert found.damaged == (f"{number} a.txt",)


@contextmanager
def no_larger_than(size: int) -> Iterator[None]:
    """As on a disk that is full after so many bytes of one file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_full_disk_keeps_nothing_and_says_so(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    with no_larger_than(2**20):
        refused = client.attach(customer, "a", os.urandom(2 * 2**20), 507)
    gc.collect()  # WebOb's half-written file, which cannot be flushed, is closed here and now
    assert "room" in refused.json["title"]
    assert stored(site) == []
    assert client.get(FILES, filter=of(customer)).json["items"] == []
    client.attach(customer, "a", os.urandom(2 * 2**20))


def test_a_full_store_keeps_nothing_and_says_so(
    site: Site, api: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert client.attach(customer, "a", b"text", 507).json["status"] == 507
    monkeypatch.setattr(os, "fsync", real)
    assert stored(site) == []
    client.attach(customer, "a", b"text")


def test_a_store_that_cannot_be_written_is_unavailable(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    Path(site.settings.files).write_text("a file where the folder should be")
    assert client.attach(customer, "a", b"text", 503).headers["Retry-After"]


def test_a_full_database_is_said_too(site: Site, api: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    client = api()
    customer = client.customer("Acme")["id"]

    def full(ctx: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError("", None, error)

    with monkeypatch.context() as patched:
        patched.setattr(writes, "flush", full)
        client.attach(customer, "a", b"text", 507)
    assert stored(site) == []


def test_files_are_for_nobody_else_to_read(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    client.attach(client.customer("Acme")["id"], "a", b"text")
    [path] = stored(site)
    assert path.stat().st_mode & 0o777 == 0o600
    root = Path(site.settings.files)
    assert {folder.stat().st_mode & 0o077 for folder in (root, path.parent, path.parent.parent)} == {0}


def test_a_cut_body_is_refused_and_leaves_nothing(site: Site, api: Callable[..., Any], app: Any) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    query = urlencode({"entity": "core.customer", "record": customer, "name": "a"})
    for declared in (1000, 100_000, 20 * 2**20):
        request = Plain.blank(f"/api/v1{FILES}?{query}", method="POST", headers=client.headers)
        request.environ["wsgi.input"] = io.BytesIO(b"x" * 500)
        request.environ["CONTENT_LENGTH"] = str(declared)
        request.environ["webob.is_body_seekable"] = False
        reply = request.get_response(app.app)
        assert reply.status_int == 400
        assert reply.json["title"] == "The body is cut off."
    assert stored(site) == []


def test_a_bomb_is_just_a_file(site: Site, api: Callable[..., Any]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * (200 * 2**20))
        archive.writestr("../../evil", b"x")
    client = api()
    made = client.attach(client.customer("Acme")["id"], "bomb.zip", packed.getvalue()).json
    assert (made["media_type"], made["size"]) == ("application/zip", len(packed.getvalue()))
    assert len(stored(site)) == 1


def test_many_upload_at_once(site: Site, api: Callable[..., Any]) -> None:
    client = api()
    customer = client.customer("Acme")["id"]
    done: list[tuple[int, bytes]] = []

    def upload(number: int) -> None:
        body = bytes([number]) * (100_000 + number)
        done.append((api().attach(customer, f"{number}.bin", body).json["id"], body))

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(stored(site)) == 8
    for number, body in done:
        assert content(client, number).body == body


def test_an_upload_is_never_held_in_memory(tmp_path: Path) -> None:
    class Endless:
        """More than the limit, made while it is read."""

        most = 0

        def read(self, size: int) -> bytes:
            self.most = max(self.most, size)
            return b"x" * size

    store = FileStore(tmp_path / "files", 50 * 2**20)
    source: Any = Endless()
    with pytest.raises(TooLarge):
        store.keep(source)
    assert source.most <= 2**20
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
