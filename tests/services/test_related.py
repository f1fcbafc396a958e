"""What refers to a record: every reference of every entity, counted at once, as the actor may see it."""

from __future__ import annotations

import pytest

from core.services import records, related
from tests.support.site import Site


def counts(site: Site, key: str, number: int, user: str = "admin") -> dict[str, int]:
    with site.acting(user, write=False) as ctx:
        entity = ctx.catalog[key]
        found = related.relations(ctx, entity)
        numbers = related.counted(ctx, found, records.find(ctx, entity, number))
        return {one.key: n for one, n in zip(found, numbers, strict=True)}


@pytest.mark.databases
def test_each_reference_is_counted(site: Site) -> None:
    number = site.customer("Acme")
    child = site.customer("Child", parent=number)
    site.create("core.contact", {"customer": number, "name": "Zhao"})
    site.create("core.contact", {"customer": number, "name": "Qian"})
    site.create("core.contact", {"customer": child, "name": "Sun"})
    assert counts(site, "core.customer", number) == {
        "core.customer.parent": 1,
        "core.contact.customer": 2,
        "core.activity.customer": 0,
        "core.trade.customer": 0,
    }
    users = counts(site, "core.user", 1)
    assert (users["core.customer.owner"], users["core.contact.owner"]) == (2, 3)


@pytest.mark.databases
def test_very_many_are_not_counted_to_the_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(related, "MOST_COUNTED", 2)
    number = site.customer("Acme")
    for name in "abc":
        site.create("core.contact", {"customer": number, "name": name})
    assert counts(site, "core.customer", number)["core.contact.customer"] == 2


def test_nobody_counts_what_he_does_not_see(site: Site) -> None:
    rules = [{"entity": "core.customer", "field": "parent", "right": "none"}]
    site.role("blind", [], rules)
    site.user("li")
    site.user("wu", roles=("sales_rep", "blind"))
    number = site.customer("Acme", owner="li")
    site.customer("Hidden child", parent=number)
    site.customer("Own child", parent=number, owner="li")
    assert counts(site, "core.customer", number, "li")["core.customer.parent"] == 1
    mine = site.customer("Mine", owner="wu")
    assert "core.customer.parent" not in counts(site, "core.customer", mine, "wu")


def test_the_first_are_those_of_the_list(site: Site) -> None:
    number = site.customer("Acme")
    for name in ("Zhao", "Adams", "Baker", "Cole", "Dent", "East"):
        site.create("core.contact", {"customer": number, "name": name})
    with site.acting(write=False) as ctx:
        [contacts] = [one for one in related.relations(ctx, ctx.catalog["core.customer"]) if one.title == "Contacts"]
        record = records.find(ctx, ctx.catalog["core.customer"], number)
        assert [one.name for one in related.first(ctx, contacts, record)] == ["Adams", "Baker", "Cole", "Dent", "East"]
