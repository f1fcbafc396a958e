"""What a plugin's own tests have: a site with people in it, as the documents use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.api import Customer, Invalid, records, trades
from core.models import Notification
from core.web import format as formats
from plugins.testing import Site
from tests.plugins.dists import Site as Dists

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
PANEL = """
    @hookimpl
    def register_panels(self):
        from plugins import Panel

        def render(ctx, customer):
            given = {"customer": customer, "currency": ctx.base_currency, "none": None, "state": "target"}
            return "kehu_thanks:panel.jinja2", given

        return [Panel(key="thanks.all", entity="core.customer", title="T", render=render)]
"""
GRANTS = """
    @hookimpl
    def register_grants(self):
        from plugins import RoleGrant

        return [RoleGrant(role="sales_rep", entity="core.customer", action="view", reach="all")]
"""
TEMPLATE = """
<a href="{{ record_path("core.customer", customer.id) }}">at {{ customer.created_at|moment }}</a>
<a href="{{ list_path("core.customer", ["=", "state", state], ["=", "id", customer.id]) }}">list</a>
<b>{{ customer.created_at.date()|day }} {{ 1250|money(currency) }}
 {{- " " ~ 2|money("USD") }} {{ none|money("USD") }} {{ none|day }}</b>
"""


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Installs a plugin `thanks` with these hooks."""
    dists = Dists(tmp_path / "dists", monkeypatch)
    yield lambda hooks: dists.add_plugin("thanks", "kehu_thanks", {"hooks.py": hooks, "panel.jinja2": TEMPLATE})
    dists.forget()


def subscriber() -> str:
    """The example of a subscriber, as a plugin `thanks` would have it."""
    block = PAGE.read_text(encoding="utf-8").split("A whole one:\n\n```python\n")[1].split("```")[0]
    return block.replace("gifts.", "thanks.")


def test_the_subscriber_of_the_page_does_what_it_says(make: Callable[[str], None]) -> None:
    make(subscriber())
    with Site("thanks") as site:
        number = site.customer()
        with site.acting("ann") as ctx:
            sale: dict[str, Any] = {"document": "O1", "kind": "order", "on": ctx.today, "amount_base": Decimal(5)}
            trades.record(ctx, customer_id=number, source_key="thanks.order/1", **sale)
        with site.acting("ann", write=False) as ctx:
            assert ctx.db.get_one(Customer, number).state == "formal"
            assert ctx.system.scalars(select(Notification.kind)).all() == []
        assert site.run_jobs() == 1
        with site.acting("ann", write=False) as ctx:
            assert ctx.system.execute(select(Notification.kind, Notification.about_id)).all() == [
                ("thanks.thank", number)
            ]


def test_people_of_the_site_see_what_is_theirs(make: Callable[[str], None]) -> None:
    make(subscriber())
    with Site("thanks") as site:
        number = site.customer("ann", "Acme")
        for who, sees in (("ann", True), ("admin", True), ("bob", False), ("eve", False)):
            with site.acting(who) as ctx:
                assert (ctx.db.get(Customer, number) is not None) == sees
        with site.acting("ann") as ctx:
            records.change(ctx, ctx.catalog["core.customer"], number, {"name": "Acme Ltd"}, 1)
        assert site.client("ann").api("GET", f"/core/customers/{number}").json["name"] == "Acme Ltd"


def test_somebody_with_a_starter_role_has_what_the_plugin_gives_it(make: Callable[[str], None]) -> None:
    make(subscriber().replace("\n\nplugin = ", f"{GRANTS}\n\nplugin = "))
    with Site("thanks") as site:
        number = site.customer("ann", "Acme")
        site.user("rita", "sales_rep", unit="west")
        assert site.client("rita").api("GET", f"/core/customers/{number}").json["name"] == "Acme"
        assert site.client("bob").api("GET", f"/core/customers/{number}").status_int == 404


def test_a_refusal_says_in_a_traceback_what_is_wrong(make: Callable[[str], None]) -> None:
    make(subscriber())
    with Site("thanks") as site, site.acting("ann") as ctx:
        with pytest.raises(Invalid) as refused:
            records.create(ctx, ctx.catalog["core.customer"], {"name": "Acme", "employees": -2})
        with pytest.raises(KeyError, match=r"no entity core.custmer: did you mean 'core.customer'\?"):
            ctx.catalog["core.custmer"]
    assert refused.value.__notes__ == ["employees: Give a whole number from 0 to 2147483647."]


def test_a_template_can_show_days_and_amounts(make: Callable[[str], None]) -> None:
    make(subscriber().replace("\n\nplugin = ", f"{PANEL}\n\nplugin = "))
    with Site("thanks") as site:
        number = site.customer(name="Acme")
        site.customer(name="Zeta")
        page = site.client("ann").page(f"/core/customers/{number}").text
        day = formats.day(site.kernel.clock.now().date(), "en")
        found = site.client("ann").page(unescape(page.split('">list</a>')[0].rpartition('"')[2])).text
    assert not site.has_failed
    assert ("Acme" in found, "Zeta" in found) == (True, False)
    assert f'<a href="/core/customers/{number}">at ' in page
    assert f"<b>{day} ¥1,250 $2 — —</b>" in page
