"""Static files: ours, others', and how long browsers keep them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from webtest import TestApp

from core.web.assets import FOLDER, asset, icon
from core.web.design import COLOURS, sizes

ROOT = Path(__file__).parents[2]
SHEETS = sorted(path.name for path in FOLDER.glob("*.css") if path.name != "tokens.css")


def test_what_others_gave_is_as_the_lock_says():
    locked = json.loads((FOLDER / "vendor/vendor.lock.json").read_text())
    script = "import json, vendor; print(json.dumps(vendor.lock()))"
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "tools", capture_output=True, check=True, text=True
    )
    assert json.loads(found.stdout) == locked
    for folder in {Path(name).parts[0] for name in locked}:
        assert f"{folder}/LICENSE" in locked


def test_an_address_with_the_right_hash_may_be_kept_for_ever(app):
    client = TestApp(app)
    answer = client.get(asset("tokens.css"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/css"
    for old in ("/static/tokens.css", "/static/tokens.css?v=0"):
        assert "immutable" not in client.get(old).headers["Cache-Control"]


def test_pages_are_never_kept(admin):
    assert admin.get("/core/customers").headers["Cache-Control"] == "no-store"


def test_what_is_not_there_is_plainly_not_there(app):
    client = TestApp(app)
    for path in ("/static/nothing.css", "/static/../app.py", "/static/%2e%2e/templates/root.jinja2", "/static/%00"):
        assert client.get(path, status=404).content_type in ("text/plain", "text/html")


def test_an_unknown_icon_is_a_plain_one():
    assert icon("nothing-of-that-name").endswith("#i-list")
    assert icon("building").endswith("#i-building")


def test_every_page_loads_the_sheets_in_their_order(app):
    page = TestApp(app).get("/login")
    sheets = [link["href"].split("?")[0] for link in page.html.select("link[rel=stylesheet]")]
    assert sheets == [
        "/static/vendor/tabler-1.6.1/tabler.min.css",
        "/static/tokens.css",
        "/static/components.css",
        "/static/pages.css",
    ]


def test_every_class_that_is_styled_is_used():
    used = "\n".join(
        path.read_text() for path in (ROOT / "core/web").rglob("*") if path.suffix in (".jinja2", ".js", ".py")
    )
    kinds = {
        f"w-{kind}"
        for kind in ("name", "state", "boolean", "choice", "date", "moment", "integer", "money", "reference", "text")
    }
    places = {f"p-{place}" for place in ("name", "figure", "when", "below", "extra")}
    outcomes = {f"seg-{outcome}" for outcome in ("new", "upd", "skip", "bad")}
    levels = {f"{kind}{level}" for kind in ("r", "lv") for level in range(6)}
    shown = {f"t-{size.name}" for size in sizes()} | {name.removeprefix("--k-") for name in COLOURS}
    states = {"target", "prospect", "formal", "sealed", "past", "now", "todo"}
    for sheet in SHEETS:
        text = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", (FOLDER / sheet).read_text(), flags=re.DOTALL)
        for name in set(re.findall(r"\.(-?[a-z_][\w-]*)", text)) - kinds - places - states - outcomes - levels - shown:
            assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", used), f"{sheet}: .{name}"


def test_no_sheet_but_the_tokens_has_a_raw_colour():
    for sheet in SHEETS:
        text = re.sub(r"/\*.*?\*/", " ", (FOLDER / sheet).read_text(), flags=re.DOTALL)
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", text) == [], sheet
