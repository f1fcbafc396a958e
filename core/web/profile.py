"""One's own page: who one is, how it looks, the password, logins and API tokens."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import select

from core.errors import Invalid
from core.http.work import COOKIE
from core.i18n import _
from core.models import Token, User
from core.services import login, people, users
from core.services.work import Ctx
from core.web import toast
from core.web.forms.again import FormRefused
from core.web.frame import frame
from core.web.record import record_id
from core.web.templating import amounts, density, page
from core.web.toast import Toast

PATH = "/profile"
TOKEN = "core.token"
_MOST_TOKENS = 50
# What stands in the name that a browser gives itself; the first that fits counts.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("MicroMessenger", "WeChat"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def includeme(config: Configurator) -> None:
    config.add_route("web.profile", PATH)
    config.add_view(view, route_name="web.profile", request_method="GET")
    config.add_view(change, route_name="web.profile", request_method="POST")
    for name, pattern, act in (
        ("password", f"{PATH}/password", password),
        ("session", f"{PATH}/sessions/{{id:[1-9][0-9]*}}/end", end_session),
    ):
        config.add_route(f"web.profile.{name}", pattern)
        config.add_view(act, route_name=f"web.profile.{name}", request_method="POST")


def view(context: Any, request: Request) -> Response:
    """GET."""
    return _draw(request, request.ctx, None)


def _draw(request: Request, ctx: Ctx, refused: FormRefused | None) -> Response:
    user = ctx.system.get_one(User, ctx.identity.user_id)
    tokens = select(Token).where(Token.user_id == user.id).order_by(Token.id.desc()).limit(_MOST_TOKENS)
    now = {name: getattr(user, name) or "" for name in people.OWN}
    return page(
        request,
        "profile",
        status=refused.error.status if refused else 200,
        frame=frame(request, ctx, own=True),
        user=user,
        unit=ctx.work.org.nodes[user.unit_id].name,
        own=now | {name: text for name, text in (refused.texts if refused else {}).items() if name in now},
        errors=refused.error.errors if refused else {},
        density=density(request),
        amounts=amounts(request),
        sessions=[(one, called(one.agent)) for one in login.sessions(ctx)],
        current=ctx.identity.session_id,
        tokens=ctx.db.scalars(tokens).all(),
        may_make=ctx.rights.may_ever(ctx.catalog[TOKEN], "create"),
    )


def called(agent: str | None) -> str:
    """A browser as people call it: its name and the system that it runs on."""
    text = agent or ""
    found = [next((name for sign, name in known if sign in text), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in found if name) or text[:40]


def change(context: Any, request: Request) -> Response:
    """POST name, email and phone."""
    ctx: Ctx = request.ctx
    texts = {name: _text(request, name) for name in people.OWN}
    try:
        people.change_own(ctx, texts)
    except Invalid as error:
        raise FormRefused(_draw, error, texts) from error
    return toast.put(HTTPSeeOther(PATH), request, Toast("saved", texts["name"]))


def password(context: Any, request: Request) -> Response:
    """POST the `old` and the `new` one, and that once more. All other logins end; this one goes on."""
    ctx: Ctx = request.ctx
    request.limits.logins.check(request.remote_addr)
    try:
        if _text(request, "new") != _text(request, "again"):
            raise Invalid(errors={"again": [_("This is not the same as above.")]})
        users.change_own_password(ctx, _text(request, "old"), _text(request, "new"))
    except Invalid as error:
        if "old" in error.errors:
            request.limits.logins.count(request.remote_addr)
        raise FormRefused(_draw, error, {}) from error
    ctx.work.flush()
    ctx.system.expire_all()
    response = toast.put(HTTPSeeOther(PATH), request, Toast("done", request.say(_("New password"))))
    secret = login.open_session(ctx.work, ctx.identity.login, request.visitor)
    response.set_cookie(COOKIE, secret, httponly=True, samesite="Lax", secure=request.scheme == "https")
    return response


def end_session(context: Any, request: Request) -> Response:
    """POST: another login of one's own is over."""
    login.end_session(request.ctx, record_id(request))
    return toast.put(HTTPSeeOther(PATH), request, Toast("done", request.say(_("Login ended"))))


def _text(request: Request, name: str) -> str:
    value = request.POST.get(name, "")
    return value if isinstance(value, str) else ""
