"""The page of the components: all icons, all kinds of values, in both languages, for whoever is logged in."""

from __future__ import annotations

from core.web.assets import icons
from tests.web.conftest import Browser, person


def test_it_shows_every_icon_and_every_way_to_write_a_value(site, app, browser_of):
    person(site, "li")
    page = browser_of("li").get("/design")
    shown = {one.text for one in page.html.select(".ds-icons .ellipsis")}
    assert shown == icons()
    assert {"masked", "closed", "late"} <= {one.text for one in page.html.select(".k-tbl th code")}
    assert page.html.select("[style]") == []
    Browser(app).get("/design", status=303)
