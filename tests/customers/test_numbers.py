"""Business numbers by rules: for all, or for a unit and those below it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.errors import Conflict, Invalid
from core.models import Customer
from core.services import bulk

KEY = "core.number_rule"


def codes(site):
    with site.acting(write=False) as ctx:
        return ctx.system.scalars(select(Customer.code).order_by(Customer.id)).all()


@pytest.mark.databases
def test_the_nearest_units_rule_counts(site):
    site.unit("east")
    site.unit("east-1", parent="east")
    site.create(KEY, {"entity": "core.customer", "unit": "east", "prefix": "E-", "digits": 3, "next": 7})
    for unit in ("hq", "east", "east-1", "hq"):
        site.customer("A", unit=unit, allow_duplicate=True)
    assert codes(site) == ["C000001", "E-007", "E-008", "C000002"]


def test_rows_of_a_file_are_numbered_by_their_units(site):
    site.unit("east")
    site.create(KEY, {"entity": "core.customer", "unit": "east", "prefix": "E", "digits": 2})
    with site.acting() as ctx:
        bulk.store(ctx, ctx.catalog["core.customer"], [{"name": "A", "unit": "east"}, {"name": "B"}])
    assert codes(site) == ["E01", "C000001"]


def test_prefixes_and_units_do_not_meet(site):
    site.unit("east")
    for values in ({"prefix": "C", "unit": "east"}, {"prefix": "D"}):
        with pytest.raises(Conflict):
            site.create(KEY, {"entity": "core.customer", **values})
    for entity in ("core.user", "nothing"):
        with pytest.raises(Invalid) as invalid:
            site.create(KEY, {"entity": entity, "prefix": "X"})
        assert list(invalid.value.errors) == ["entity"]
