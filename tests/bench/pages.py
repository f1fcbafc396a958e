"""What pages cost: CPU at the server, and how long a browser waits to see something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from webob import Request

from core.app import make_app
from core.services import login
from core.services.login import Visitor
from core.services.work import Work
from tests.bench.measure import Figure, Measured
from tests.bench.world import REP, fill, index
from tests.support.chromium import launched
from tests.support.serving import served
from tests.support.site import Site

COLUMNS = "name,state,owner,level,region,annual_revenue,employees,updated_at"
PAGES = {
    "list of 50 with 8 columns": (f"/core/customers?columns={COLUMNS}", 12),
    "record": ("/core/customers/7", None),
}
ROUNDS = 15
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def of_pages(url: str, customers: int) -> Iterator[Figure]:
    """The list and a record of a representative, as his browser asks for them."""
    site = Site(url)
    fill(site, customers)
    index(site)

    def session(work: Work) -> str:
        return login.open_session(work, REP, Visitor())

    secret = str(site.kernel.run(session, write=True))
    app = make_app(site.kernel)
    measured = Measured(site.kernel.database.engine)
    copies: dict[str, bytes] = {}
    for name, (path, most) in PAGES.items():
        task = partial(_body, app, path, secret)
        copies[f"/copy{len(copies)}"] = task()
        yield from measured.request(f"page: {name}", task, most)
    with served(_beside(app, copies)) as address, sync_playwright() as playwright:
        browser = launched(playwright)
        for (name, (path, _most)), copy in zip(PAGES.items(), copies, strict=True):
            ratio = _ratio(browser, secret, address + path, address + copy)
            yield Figure(f"page: {name}: first paint to that of its copy", ratio, "x", 3)
        browser.close()
    site.close()


def _body(app: Any, path: str, secret: str) -> bytes:
    headers = {"Cookie": f"kehu={secret}", "Accept-Encoding": "gzip"}
    reply = Request.blank(path, headers=headers).get_response(app)
    assert reply.status_int == 200, reply.text
    assert reply.content_encoding == "gzip"
    return bytes(reply.body)


def _beside(app: Any, copies: dict[str, bytes]) -> Callable[..., Any]:
    """The application, and pages as it once made them: a static page of the same size and looks."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        copy = copies.get(environ["PATH_INFO"])
        if copy is None:
            return app(environ, start_response)
        headers = {"Content-Type": "text/html; charset=UTF-8", "Content-Encoding": "gzip", "Cache-Control": "no-store"}
        start_response("200 OK", [*headers.items(), ("Content-Length", str(len(copy)))])
        return [copy]

    return answer


def _ratio(browser: Browser, secret: str, page: str, copy: str) -> float:
    """The median of the one to the median of the other, taken in turns, with styles and scripts in the cache."""
    context = browser.new_context()
    context.add_cookies([{"name": "kehu", "value": secret, "url": page}])
    tab = context.new_page()
    times = [(_painted(tab, page), _painted(tab, copy)) for _round in range(ROUNDS + 1)][1:]
    context.close()
    return median(one for one, _other in times) / median(other for _one, other in times)


def _painted(tab: Page, address: str) -> float:
    """Milliseconds from asking for the page to its first content on the screen."""
    tab.goto(address, wait_until="networkidle")
    return float(tab.evaluate(PAINTED))
