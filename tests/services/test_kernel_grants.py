"""The role `admin` names every administrative entity, on sites that are older than the entity too."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from core.models import PluginRecord, Role
from core.security.catalog import is_business
from core.services import lifecycle, missed, setup
from tests.support.site import Site


def grant(entity: str) -> dict[str, Any]:
    return {"entity": entity, "action": "*", "reach": "all", "condition": None, "deny": False}


def held(site: Site) -> set[str]:
    with site.acting(write=False) as ctx:
        return {line["entity"] for line in ctx.system.scalars(select(Role.grants).where(Role.code == "admin")).one()}


def take_away(site: Site, entity: str) -> None:
    with site.kernel.work(write=True) as work:
        role = work.elevated("test", write=True).scalars(select(Role).where(Role.code == "admin")).one()
        role.grants = [line for line in role.grants if line["entity"] != entity]


def sync(site: Site) -> bool:
    """Start the site, as it were. Whether there was anything to tell it."""
    news = not site.kernel.run(lifecycle.is_synced, write=False)
    if news:
        site.kernel.run(lifecycle.sync, write=True)
    return news


@pytest.mark.databases
def test_a_site_gets_what_is_new_once(site: Site) -> None:
    take_away(site, "core.job")  # as if the site were older than jobs
    assert sync(site)
    assert held(site) == {"*", *setup.ADMINISTRATIVE}
    take_away(site, "core.token")  # on purpose
    assert not sync(site)
    with site.kernel.work(write=True) as work:  # another administrative entity comes with a new version
        record = work.elevated("test", write=True).get_one(PluginRecord, "core")
        record.given = [line for line in record.given if line["entity"] != "core.audit"]
    take_away(site, "core.audit")
    assert sync(site)
    assert held(site) == {"*", *setup.ADMINISTRATIVE} - {"core.token"}
    assert not sync(site)


def test_a_new_site_has_them_all_and_nothing_twice(site: Site) -> None:
    before = held(site)
    sync(site)
    with site.acting(write=False) as ctx:
        grants = ctx.system.scalars(select(Role.grants).where(Role.code == "admin")).one()
        assert sorted(line["entity"] for line in grants) == sorted(before)
        assert missed.known_plugins(ctx.work) == ()  # the kernel is none that could be purged


def test_without_the_role_nothing_is_given(site: Site) -> None:
    with site.kernel.work(write=True) as work:
        session = work.elevated("test", write=True)
        session.scalars(select(Role).where(Role.code == "admin")).one().code = "chief"
    assert sync(site)
    assert not sync(site)


def test_every_entity_that_is_not_of_the_business_is_named(site: Site) -> None:
    others = {entity.key for entity in site.kernel.catalog if not is_business(entity)}
    assert others - set(setup.ADMINISTRATIVE) == {"core.import", "core.notification"}  # which are each one's own


def test_managers_of_an_older_site_may_ask_about_their_people(site: Site) -> None:
    mine = [line for line in setup.STARTER_ROLES["sales_manager"][1] if line["action"] == "explain"]
    with site.kernel.work(write=True) as work:
        session = work.elevated("test", write=True)
        role = session.scalars(select(Role).where(Role.code == "sales_manager")).one()
        role.grants = [line for line in role.grants if line["action"] != "explain"]
    assert sync(site)
    with site.acting(write=False) as ctx:
        grants = ctx.system.scalars(select(Role.grants).where(Role.code == "sales_manager")).one()
    assert [line for line in grants if line["action"] == "explain"] == mine
