"""People who use a site's pages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage
from webtest import TestApp, TestResponse

from core.app import make_app
from core.services import records
from core.services.users import set_password
from core.services.work import Ctx
from core.web.safety import COOKIE, proof
from tests.support.serving import served
from tests.support.site import PASSWORD, Site

ENGLISH = {"Accept-Language": "en"}


def give_password(site: Site, number: int) -> None:
    """Let the user log in with `PASSWORD`."""

    def task(ctx: Ctx) -> None:
        set_password(ctx, records.find(ctx, ctx.catalog["core.user"], number), {"password": PASSWORD})

    site.run(task)


def person(site: Site, login: str, unit: str = "hq", roles: Any = ("sales_rep",), **values: Any) -> int:
    """A user who can log in; his id."""
    number = site.user(login, unit, roles, **values)
    give_password(site, number)
    return number


def form_token(app: TestApp) -> dict[str, str]:
    """What a form of a page that this client opened sends back."""
    return {"csrf_token": proof(app.cookies[COOKIE], "0123456789abcdef")}


class Browser:
    """One person's browser, without scripts."""

    def __init__(self, app: Any, headers: Mapping[str, str] = ENGLISH) -> None:
        self.app = TestApp(app)
        self.headers = dict(headers)

    def get(self, path: str, status: int = 200) -> TestResponse:
        return self.app.get(path, headers=self.headers, status=status)

    def post(self, path: str, values: Any = (), status: int = 303) -> TestResponse:
        """A form of ours, with the token that our pages carry."""
        token = form_token(self.app)
        fields = dict(values) | token if isinstance(values, Mapping) else [*values, *token.items()]
        return self.app.post(path, fields, headers=self.headers, status=status)

    def log_in(self, login: str = "admin", password: str = PASSWORD, status: int = 303, **values: str) -> TestResponse:
        self.get("/login")
        return self.post("/login", {"login": login, "password": password, **values}, status)

    def follow(self, response: TestResponse, status: int = 200) -> TestResponse:
        return self.get(response.location.removeprefix("http://localhost"), status)

    def form(self, path: str) -> Any:
        """The form of an edit or new page."""
        return self.get(path).forms["sheet"]

    def send(self, form: Any, status: int = 303) -> TestResponse:
        return form.submit(headers=self.headers, status=status)


@pytest.fixture
def app(site: Site) -> Any:
    return make_app(site.kernel)


@pytest.fixture
def browser_of(app: Any) -> Callable[..., Browser]:
    """`browser_of("li")`: that user's browser, logged in; `browser_of()`: the administrator's."""

    def opened(login: str = "admin", **headers: str) -> Browser:
        browser = Browser(app, ENGLISH | headers)
        browser.log_in(login)
        return browser

    return opened


@pytest.fixture
def admin(browser_of: Callable[..., Browser]) -> Browser:
    return browser_of()


def names(page: TestResponse) -> list[str]:
    """The names in a list, from top to bottom."""
    return [cell.text.strip() for cell in page.html.select("tbody .p-name")]


def fact(page: TestResponse, name: str) -> str:
    """A field as a record's page shows it."""
    [shown] = page.html.select(f"dd[data-field={name}]")
    return " ".join(shown.text.split())


def spoken(page: TestResponse) -> str:
    """The whole page but for the tokens of its forms, which no two pages share."""
    return re.sub(r'(?<=name="csrf_token" value=")\w+', "", page.text)


def sql(page: TestResponse) -> int:
    """How many statements the page took."""
    return int(page.headers["Server-Timing"].partition("desc=")[2].partition(",")[0])


def in_an_hour() -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- in a real browser ---------------------------------------------------------------------------------

EXPECTED = re.compile(r"Failed to load resource.*status of 4\d\d")  # the browser's own note on an error page


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    with served(make_app(site.kernel)) as where:
        yield where


@pytest.fixture
def faults(context: BrowserContext) -> Iterator[list[str]]:
    """What the browser complains about, the policy's violations included: nothing, at the end of a test."""
    found: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            found.append(message.text)

    context.on("console", heard)
    context.on("weberror", lambda error: found.append(str(error.error)))
    yield found
    assert found == []


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "en-GB"}


@pytest.fixture
def li(site: Site) -> int:
    return person(site, "li")
