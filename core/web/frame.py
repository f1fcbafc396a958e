"""What stands around every page: navigation, search, the user's menu, a toast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from pyramid.request import Request

from core.http.paths import collection
from core.http.work import COOKIE
from core.i18n import _
from core.security.catalog import is_business
from core.services import favourites, login
from core.services.work import Ctx
from core.web import toast as toasts
from core.web.toast import Toast
from plugins import Entity, Fault

HOME = "/"
ADMIN = "/admin"


@dataclass(frozen=True)
class Place:
    """An entity's list, or the day, as the navigation names it; `title` and `plural` are to be translated.

    `letter` is the key that leads there after G, and to a new record after C.
    """

    key: str
    title: str
    plural: str
    path: str
    icon: str
    letter: str = ""


DAY = Place(HOME, _("Today"), _("Today"), HOME, "sun", "h")
STARTS = {"representative": _("Today"), "manager": _("Department"), "executive": _("Overview")}


@dataclass(frozen=True)
class Favourite:
    """A record that the user has marked, by its name."""

    name: str
    path: str
    icon: str


@dataclass(frozen=True)
class Frame:
    """`places` are the user's day, if he has one, and `business`; `here` is the key of the one that the page is
    about, `admin` whether it is one of the settings, `text` what was searched for; `plus` what a phone's round
    button creates; `unread` how many notifications wait; `faults` why plugins are off, told to administrators.
    """

    places: tuple[Place, ...]
    business: tuple[Place, ...]
    settings: tuple[Place, ...]
    creatable: tuple[Place, ...]
    plus: Place | None
    here: str | None
    admin: bool
    text: str
    favourites: tuple[Favourite, ...]
    login: str
    user: str
    unit: str
    unread: int
    toast: Toast | None
    faults: tuple[Fault, ...]


def is_administrator(ctx: Ctx) -> bool:
    """Whether the actor looks after the site: who may change roles."""
    return bool(ctx.rights.may_ever(ctx.catalog["core.role"], "edit"))


def may_visit(ctx: Ctx, entity: Entity) -> bool:
    """Whether the entity has pages for the actor."""
    return bool(entity.public) or ctx.rights.may_ever(entity, "view")


def has_home(ctx: Ctx) -> bool:
    """Whether there is a start page for the actor."""
    return ctx.rights.person.profile != "representative" or may_visit(ctx, ctx.catalog["core.activity"])


def is_written(entity: Entity) -> bool:
    """Whether people write records of the entity in forms at all."""
    return any(not field.read_only for field in entity.fields)


def _place(entity: Entity, letters: Mapping[str, str]) -> Place:
    path = collection(entity.key)
    return Place(entity.key, entity.title, entity.plural, path, entity.icon, letters.get(entity.key, ""))


def letters(entities: Iterable[Entity]) -> dict[str, str]:
    """A letter for each, by key: the first of its name that none before it has got."""
    taken = {DAY.key: DAY.letter}
    for entity in entities:
        name = entity.key.partition(".")[2]
        letter = next((one for one in name if one.isalpha() and one not in taken.values()), "")
        if letter:
            taken[entity.key] = letter
    return taken


def frame(
    request: Request,
    ctx: Ctx,
    entity: Entity | None = None,
    *,
    text: str = "",
    home: bool = False,
    admin: bool = False,
    own: bool = False,
) -> Frame:
    """The frame of a page about `entity`, of the day, of the settings (`admin`), or of one's `own` things; `text` is
    what was searched for.
    """
    visible = [one for one in ctx.catalog if may_visit(ctx, one)]
    # What only the kernel writes is read on the records that it is about.
    business = [one for one in visible if is_business(one) and not one.rules.closed]
    # An executive's pages are for reading (M32); what he may write has its buttons where it is.
    writes = ctx.rights.person.profile != "executive"
    creatable = [one for one in business if writes and ctx.rights.may_ever(one, "create")]
    here = entity is not None and is_written(entity) and ctx.rights.may_ever(entity, "create")
    nearest = [entity, *creatable] if entity and here and writes else creatable
    unit = ctx.work.org.nodes.get(ctx.identity.unit_id)
    place = partial(_place, letters=letters(business))
    lists = tuple(place(one) for one in business)
    start = STARTS[ctx.rights.person.profile]
    return Frame(
        places=(replace(DAY, title=start, plural=start), *lists) if has_home(ctx) else lists,
        business=lists,
        settings=tuple(place(one) for one in visible if not is_business(one)),
        creatable=tuple(place(one) for one in creatable),
        plus=place(nearest[0]) if nearest else None,
        here=DAY.key if home else entity.key if entity else None,
        admin=admin or (entity is not None and not is_business(entity)),
        text=text,
        favourites=tuple(
            Favourite(label.label, f"{collection(one.key)}/{label.id}", one.icon)
            for one, label in favourites.named(ctx, request.locale_name)
        ),
        login=ctx.identity.login,
        user=ctx.identity.name,
        unit=unit.name if unit else "",
        unread=ctx.identity.unread,
        toast=toasts.take(request) if entity or home or admin or own else None,
        faults=ctx.kernel.faults if is_administrator(ctx) else (),
    )


@contextmanager
def afresh(request: Request) -> Iterator[Ctx | None]:
    """A context in a unit of work of its own, to read with after the request's own was rolled back.

    None when nobody is logged in.
    """
    with request.kernel.work(write=False) as work:
        if not hasattr(request, "found_identity"):
            secret = request.cookies.get(COOKIE)
            request.found_identity = login.by_session(work, secret, request.visitor) if secret else None
        identity = request.found_identity
        yield work.act_as(identity) if identity is not None else None
