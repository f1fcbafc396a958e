"""Fields of a plugin that are asked for with some values of the record's own."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from core.api import fields
from core.app import make_app
from core.describe import CUSTOMER
from core.security.others import extended
from plugins import ContractError, Extension, Field
from tests.support.site import Site
from tests.web.conftest import Browser


def asking(*when: Any) -> Extension:
    """The plugin's extension, its budget asked for so."""
    wishes = (
        Field("no_alcohol", fields.Boolean(), "No alcohol"),
        Field("budget", fields.Money(), "Budget", asked_when=when),
    )
    return Extension(of="core.customer", model=import_module("kehu_gifts.models").Wishes, title="Gifts", fields=wishes)


def test_they_are_asked_by_whole_names(site: Site) -> None:
    for when in (("kind", ("person",)), ("gifts.no_alcohol", (False,))):
        entity = extended(CUSTOMER, "gifts", asking(*when))
        assert entity.field("gifts.budget").asked_when == when
    for when, why in (
        (("no_alcohol", (False,)), "names 'no_alcohol', which is no field of it: did you mean 'gifts.no_alcohol'"),
        (("kind", ("persn",)), "has 'persn', which is no choice of 'kind': did you mean 'person'"),
    ):
        with pytest.raises(ContractError, match=f"plugin 'gifts': .*field 'gifts.budget': asked_when {why}"):
            extended(CUSTOMER, "gifts", asking(*when))


def test_forms_and_pages_go_by_it(site: Site) -> None:
    desk = Browser(make_app(site.kernel))
    desk.log_in()
    page = desk.get("/core/customers/new")
    [line] = page.html.select('.fld[data-field="gifts.no_alcohol"]')
    assert line["data-asked"] == '["kind", ["person"]]'
    assert "unasked" in line["class"]
    facts = {}
    for kind in ("company", "person"):
        page = desk.get(f"/core/customers/{site.customer(kind, kind=kind)}")
        facts[kind] = {one["data-field"] for one in page.html.select("dd[data-field]")}
    assert facts["person"] - facts["company"] == {"gifts.no_alcohol"}
