"""Moments at the ends of the calendar: refused at the door, and harmless where they are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from core.models import Activity, Share, Token
from core.services.login import new_token
from core.web import format as formats
from tests.support.site import Site
from tests.web.conftest import Browser

FIRST, LAST = dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize("at", ["9999-12-31T23:59", "0001-01-01T00:00", "0001-01-01T09:00"])
def test_a_form_refuses_a_year_that_nothing_can_hold(site: Site, admin: Browser, at: str) -> None:
    number = site.customer("Acme")
    values = {"kind": "task", "subject": "Far", "at": at, "customer": str(number)}
    page = admin.post("/core/activities/new", values, 422)
    assert "Give a year from 1000 to 9998." in page.text


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_what_no_zone_can_hold_is_said_in_utc(language: str, zone: str) -> None:
    for moment, year in ((FIRST, "0001"), (LAST, "9999")):
        for said in (
            formats.moment(moment, language, ZoneInfo(zone)),
            formats.short_moment(moment, language, ZoneInfo(zone), dt.datetime.now(dt.UTC)),
        ):
            assert year in said


@pytest.mark.parametrize("moment", [FIRST, LAST], ids=["first", "last"])
def test_a_stored_one_breaks_no_page(site: Site, browser_of: Callable[..., Browser], moment: dt.datetime) -> None:
    admin = browser_of()
    number = site.customer("Acme")
    activity = site.create(
        "core.activity", {"kind": "task", "subject": "Far", "at": "2026-06-30T09:00:00Z", "customer": number}
    )
    site.user("li")
    share = site.create(
        "core.share",
        {"entity": "core.customer", "record": number, "to": {"user": "li"}, "actions": ["view"]},
    )
    site.kernel.run(lambda work: new_token(work, "admin"), write=True)
    with site.acting() as ctx:
        stored = ctx.work.elevated("test", write=True)
        stored.execute(update(Activity).values(happens_at=moment, next_at=moment))
        stored.execute(update(Token).values(expires_at=LAST))
        stored.execute(update(Share).values(from_at=None, until_at=LAST))
    for path in (
        "/",
        "/core/activities",
        "/core/activities?sort=-at",
        f"/core/activities/{activity}",
        f"/core/activities/{activity}/edit",
        f"/core/customers/{number}",
        "/core/tokens",
        "/core/shares",
        f"/core/shares/{share}",
    ):
        admin.get(path)
