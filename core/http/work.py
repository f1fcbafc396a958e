"""One request, one unit of work: returning a response commits, raising rolls back.

A transaction that fails for a passing reason (deadlock, lost connection) is run again with a fresh
request; the client does not notice.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import EXCVIEW

from core.db import engine as engines
from core.db.database import ATTEMPTS, LostCommit
from core.errors import KehuError
from core.http.limits import bad_token
from core.security.identity import Identity
from core.services import login
from core.services.login import Visitor
from core.services.work import Ctx, Kernel, Work
from core.settings import Settings

SAFE = ("GET", "HEAD", "OPTIONS")
COOKIE = "kehu"
API = "/api/"
MOST_BYTES = 8 * 1024 * 1024  # of a body
UPLOAD = "/api/v1/core/attachments"
UPLOAD_FORM = "/core/attachments/add"
IMPORT_FORM = "/import"  # below the path of each entity's list
_FORM_BYTES = 64 * 1024  # what a form has around its file


def includeme(config: Configurator) -> None:
    config.add_request_method(lambda request: request.registry["kehu"], "kernel", reify=True)
    config.add_request_method(_work, "work", reify=True)
    config.add_request_method(_ctx, "ctx", reify=True)
    config.add_request_method(_visitor, "visitor", reify=True)
    config.add_tween("core.http.work.tween_factory", under=EXCVIEW)
    config.set_execution_policy(run)


def tween_factory(handler: Callable[[Request], Response], registry: Any) -> Callable[[Request], Response]:
    """Holds the request's unit of work open while the view runs."""

    def in_one_transaction(request: Request) -> Response:
        try:
            with ExitStack() as stack:
                request.environ["kehu.stack"] = stack
                response = handler(request)
                _name_change(request, response)
        except Exception as error:
            _see_to(request, error)
            raise
        return response

    return in_one_transaction


def _see_to(request: Request, error: BaseException | None) -> None:
    """What has to be written down although the request came to nothing."""
    while error is not None:
        if isinstance(error, KehuError) and error.aftermath is not None:
            request.kernel.run(error.aftermath, write=True)
        error = error.__cause__


def _name_change(request: Request, response: Response) -> None:
    work = request.__dict__.get("work")
    if work is not None and request.method not in SAFE:
        work.finish()
        response.headers.setdefault("Change-Id", work.journal.batch)  # a repeated reply names its own
        request.environ["kehu.unconfirmed"] = (work.journal.uuid, response)


def _work(request: Request) -> Work:
    kernel: Kernel = request.kernel
    stack: ExitStack = request.environ["kehu.stack"]
    # One name for all attempts: a COMMIT that lands late makes the next attempt fail, not double.
    change = request.environ.setdefault("kehu.change", str(uuid4()))
    return stack.enter_context(kernel.work(write=request.method not in SAFE, change=change))


def step_out(request: Request) -> None:
    """End the request's unit of work now: what follows takes several of its own, which would wait for it."""
    request.environ["kehu.stack"].close()
    for name in ("ctx", "work"):
        request.__dict__.pop(name, None)


def _ctx(request: Request) -> Ctx:
    """The context of whoever is logged in. Only for views that need a login."""
    return request.work.act_as(request.identity)


def _visitor(request: Request) -> Visitor:
    # Not client_addr, which believes a header that anybody can send.
    return Visitor((request.remote_addr or "")[:64] or None, request.user_agent)


def identify(request: Request) -> Identity | None:
    """Programs come with a token to the API, people with a cookie to the pages; never the other way."""
    if request.path_info.startswith(API):
        kind, _blank, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            return None
        found = login.by_token(request.work, secret.strip(), request.visitor)
        if found is None:
            bad_token(request)
        return found
    secret = request.cookies.get(COOKIE)
    return login.by_session(request.work, secret, request.visitor) if secret else None


def most_bytes(request: Request, settings: Settings) -> int:
    """How long a body may be: more where files are sent to."""
    is_upload = request.path_info in (UPLOAD, UPLOAD_FORM) or request.path_info.endswith(IMPORT_FORM)
    if request.method == "POST" and is_upload:
        return max(MOST_BYTES, settings.files_most * 2**20 + _FORM_BYTES)
    return MOST_BYTES


def run(environ: dict[str, Any], router: Any) -> Response:
    """Pyramid's execution policy: up to five attempts."""
    path = environ.get("PATH_INFO", "")
    if not _is_utf8(path):
        return early(path, 400, "The address is not UTF-8.")
    kernel: Kernel = router.registry["kehu"]
    with ExitStack() as stack:
        try:
            can_repeat = stack.enter_context(_kept_body(environ, kernel.settings))
        except OSError as error:
            if error.errno is None:  # WebOb's way to say that the client has gone
                return early(path, 400, "The body is cut off.")
            if engines.disk_full(error):
                return early(path, 507, "The server has no room left; nothing was saved.")
            raise
        for attempt in range(1, ATTEMPTS + 1):
            if can_repeat:
                environ["wsgi.input"].seek(0)
            with router.request_context(environ) as request:
                response: Response = router.invoke_request(request)
                if isinstance(request.exception, LostCommit) and (landed := _landed(request)):
                    return landed
                if not can_repeat or attempt == ATTEMPTS or not _is_passing(request.exception):
                    return response
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
    raise AssertionError("unreachable")


def early(path: str, status: int, title: str, detail: str = "") -> Response:
    """A refusal before there is a language to say it in."""
    if path.startswith(API):
        problem: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
        if detail:
            problem["detail"] = detail
        return Response(json_body=problem, status=status, content_type="application/problem+json")
    text = f"{title}: {detail}" if detail else title
    return Response(text, status=status, content_type="text/plain", charset="utf-8")


def _is_utf8(path: str) -> bool:
    """WSGI hands the path's bytes over as Latin-1; Pyramid fails on those that are no text."""
    try:
        path.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return False
    return True


@contextmanager
def _kept_body(environ: dict[str, Any], settings: Settings) -> Iterator[bool]:
    """Keeps the body so that it can be read again; not one that is too large to be taken anyway.

    A large one goes to a temporary file, before the transaction begins for which others may have to wait.
    """
    request = Request(environ)
    if (request.content_length or 0) > most_bytes(request, settings):
        yield False
        return
    request.make_body_seekable()
    kept = environ["wsgi.input"]
    try:
        yield True
    finally:
        kept.close()


def _landed(request: Request) -> Response | None:
    """The answer to a request whose COMMIT was lost on the way, if the database has its change."""
    change, response = request.environ.get("kehu.unconfirmed", (None, None))
    return response if change is not None and request.registry["kehu"].landed(change) else None


def _is_passing(error: BaseException | None) -> bool:
    return isinstance(error, LostCommit) or engines.retryable(error)
