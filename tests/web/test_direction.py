"""Names with marks that turn the direction of writing: they turn themselves, never what stands around."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page

from core.i18n import _, in_english, isolated
from tests.support.shots import log_in

TURNED = "\u202eevil\u2069\u202e"
CONTAINED = "\u2068\u202eevil\u202e\u2069"
MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(st.sampled_from(MARKS + "aא1 "), max_size=12))
def test_no_mark_reaches_beyond_its_text(text: str) -> None:
    shown = isolated(text)
    if not any(mark in text for mark in MARKS):
        assert shown == text
        return
    depths, depth = [], 0
    for character in shown:
        depth += {"LRI": 1, "RLI": 1, "FSI": 1, "PDI": -1}.get(unicodedata.bidirectional(character), 0)
        depths.append(depth)
    assert shown[0] == "\u2068"
    assert min(depths[:-1]) > 0  # the first mark ends at the very end
    assert depths[-1] == 0
    seen = str.maketrans("", "", "\u2068\u2069")
    assert shown.translate(seen) == text.translate(seen)
    assert isolated(shown) == f"\u2068{shown}\u2069"


def test_a_sentence_keeps_its_direction() -> None:
    message = _("Deleted: ${name}", mapping={"name": TURNED})
    assert in_english(message) == f"Deleted: {CONTAINED}"


def test_pages_keep_theirs_and_forms_the_name_as_it_is(site, admin) -> None:
    number = site.customer("A")
    form = admin.form(f"/core/customers/{number}/edit")
    form["name"] = TURNED
    page = admin.follow(admin.send(form))
    assert page.html.title.text == f"{CONTAINED} · Kehu"
    assert f"Saved: {CONTAINED}" in page.html.select_one(".k-toast").text
    assert page.html.h1.text == TURNED
    assert admin.form(f"/core/customers/{number}/edit")["name"].value == TURNED
    page = admin.post(f"/core/customers/{number}/delete", {"version": "2"})
    assert f"Deleted: {CONTAINED}" in admin.follow(page).html.select_one(".k-toast").text


def test_what_follows_a_name_follows_it(site, li, address, page: Page, faults) -> None:
    site.customer("Acme", "li")
    log_in(page, address, "li")
    places = page.evaluate(
        """name => {
            const line = document.createElement("p");
            const link = line.appendChild(document.createElement("a"));
            const after = line.appendChild(document.createElement("span"));
            link.textContent = name, after.textContent = "after";
            document.querySelector("main").append(line);
            return [link, after].map(one => one.getBoundingClientRect().left);
        }""",
        "\u202eevil",
    )
    assert places[0] < places[1]
