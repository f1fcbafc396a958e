"""A panel or column that raises, hangs or is slow harms only itself."""

from __future__ import annotations

import dataclasses
import logging
import re
import threading
import time
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.app import make_app
from core.db.deadline import Overdue, deadline
from core.fields import Integer
from core.services.breaker import Breaker
from plugins import Column, Fault, Panel, Registry
from tests.support.site import Site
from tests.web.conftest import Browser, person

PAGE = "tests.web:templates/panel.jinja2"
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
    "mysql": "SELECT count(*) FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b",
    "mariadb": "SELECT count(*) FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b",
}


@pytest.mark.databases
def test_a_statement_ends_when_its_time_is_over(site: Site) -> None:
    with site.acting(write=False) as ctx:
        connection = ctx.work.connection
        with pytest.raises(DBAPIError), deadline(connection, 0.2), ctx.savepoint():
            connection.execute(text(ENDLESS[connection.dialect.name]))
        # The transaction lives on, and without the limit.
        with deadline(connection, 60), ctx.savepoint():
            assert connection.scalar(text("SELECT 1")) == 1
        if connection.dialect.name == "postgresql":
            assert connection.scalar(text("SHOW statement_timeout")) == "1min"
        if connection.dialect.name in ("mysql", "mariadb"):
            assert connection.scalar(text("SELECT @@max_statement_time")) == 0


@pytest.mark.databases
def test_no_statement_begins_when_the_time_is_over(site: Site) -> None:
    with site.acting(write=False) as ctx:
        with deadline(ctx.work.connection, 0.05), ctx.savepoint():
            time.sleep(0.1)
            with pytest.raises(Overdue):
                ctx.work.connection.scalar(text("SELECT 1"))
        assert ctx.work.connection.scalar(text("SELECT 1")) == 1


def test_three_failures_in_five_minutes_cut_off() -> None:
    now = [1000.0]
    breaker = Breaker(2, lambda: now[0])
    breaker.failed("a", "one")
    now[0] += 200
    breaker.failed("a", "two")
    assert breaker.cut("a") is None
    now[0] += 50
    breaker.failed("a", "three")
    assert breaker.cut("a") == "three"
    assert breaker.cut("b") is None
    now[0] += 51  # the first is five minutes old
    assert breaker.cut("a") is None
    breaker.failed("a", "four")
    assert breaker.cut("a") == "four"


def test_runs_that_hang_count_while_they_last() -> None:
    now = [0.0]
    breaker = Breaker(2, lambda: now[0])
    with breaker.running("a") as late, breaker.running("a"), breaker.running("a"):
        assert breaker.cut("a") is None
        now[0] = 3
        assert late()
        assert breaker.cut("a") == ""
    assert breaker.cut("a") is None


def pages(site: Site, *panels: Panel, columns: tuple[Column, ...] = (), **changes: Any) -> Browser:
    """The site with these panels and columns, logged in as its administrator."""
    blocks: Registry[Panel] = Registry("panel")
    for panel in panels:
        blocks.add("t", panel.key, panel)
    added: Registry[Column] = Registry("column")
    for column in columns:
        added.add("t", column.key, column)
    kernel = dataclasses.replace(site.kernel, panels=blocks, columns=added, breaker=Breaker(0.2), **changes)
    browser = Browser(make_app(kernel))
    browser.log_in()
    return browser


def panel(key: str, render: Any) -> Panel:
    return Panel(key=key, entity="core.customer", title=key, render=render)


def test_a_panel_that_keeps_failing_is_not_run_any_more(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    runs = []

    def fails(ctx: Any, record: Any) -> Any:
        runs.append(record.id)
        raise LookupError("lost")

    browser = pages(site, panel("t.bad", fails), panel("t.good", lambda ctx, record: (PAGE, {"words": "still here"})))
    number = site.customer("Acme")
    with caplog.at_level(logging.ERROR):
        shown = [browser.get(f"/core/customers/{number}").text for _time in range(5)]
    assert len(runs) == 3
    assert all("still here" in page and "Incident" in page for page in shown)
    numbers = [re.search(r"Incident\s+([0-9a-f]{8})", page)[1] for page in shown]  # type: ignore[index]
    assert numbers[2] == numbers[3] == numbers[4]
    assert f"incident {numbers[2]}: panel t.bad is cut off for some minutes" in caplog.text


def test_a_panel_that_is_slow_in_python_is_shown_and_then_cut_off(site: Site) -> None:
    def slow(ctx: Any, record: Any) -> Any:
        time.sleep(0.3)
        return PAGE, {"words": "came behindhand"}

    browser = pages(site, panel("t.slow", slow))
    number = site.customer("Acme")
    shown = [browser.get(f"/core/customers/{number}").text for _time in range(4)]
    assert ["came behindhand" in page for page in shown] == [True, True, True, False]


def test_panels_that_hang_leave_the_other_threads_free(site: Site) -> None:
    release, hanging = threading.Event(), threading.Semaphore(0)

    def hangs(ctx: Any, record: Any) -> Any:
        hanging.release()
        release.wait(30)
        return PAGE, {"words": "back"}

    browser = pages(site, panel("t.hangs", hangs))
    number = site.customer("Acme")
    threads = [threading.Thread(target=browser.get, args=(f"/core/customers/{number}",)) for _one in range(3)]
    try:
        for thread in threads:
            thread.start()
            assert hanging.acquire(timeout=20)
        time.sleep(0.3)
        assert "cut off" in browser.get(f"/core/customers/{number}").text
    finally:
        release.set()
        for thread in threads:
            thread.join()


def test_a_column_that_fails_shows_the_incident_in_its_cells(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    def fails(ctx: Any, ids: Any) -> Any:
        return {one: object() for one in ids}  # not what the type can write

    column = Column(key="t.n", entity="core.customer", title="N", type=Integer(), load=fails)
    site.customer("Acme")
    with caplog.at_level(logging.ERROR):
        page = pages(site, columns=(column,)).get("/core/customers")
    found = re.search(r"Incident ([0-9a-f]{8})", page.text)
    assert found is not None
    assert f"incident {found[1]}: column t.n failed" in caplog.text
    assert "Acme" in page.text


def test_administrators_alone_are_told_what_is_off(site: Site) -> None:
    fault = Fault("gifts", "cannot import <kehu_gifts.hooks>", "mend it", "kehu_gifts/hooks.py:1", "Traceback …")
    person(site, "li")
    browser = pages(site, faults=(fault,))
    shown = browser.get("/core/customers").text
    assert "Switched off because of a fault: gifts" in shown
    assert "cannot import &lt;kehu_gifts.hooks&gt; (kehu_gifts/hooks.py:1)" in shown
    assert "Traceback" not in shown
    other = Browser(make_app(dataclasses.replace(site.kernel, faults=(fault,))))
    other.log_in("li")
    assert "Switched off" not in other.get("/core/customers").text
