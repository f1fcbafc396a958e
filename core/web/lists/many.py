"""What is done with many records of a list: chosen, said, tried, done, and taken back.

The pages of one deed post to each other all that has been said so far. Nothing is stored before the last one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest, Forbidden, Invalid, NotFound
from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business, verb_of
from core.security.judge import refusal
from core.services import many, records
from core.services.intake import Intake
from core.services.many import DELETE, EDIT, Deed, Tally, Which
from core.services.sentences import read as sentence
from core.services.work import Ctx
from core.web.addresses import came_from, local
from core.web.forms.build import drawn, read
from core.web.forms.sheet import zone_of
from core.web.forms.texts import to_services, to_texts
from core.web.frame import frame
from core.web.query import parse
from core.web.record import record_id
from core.web.templating import page
from core.web.values import Value, display
from core.web.verbs import arguments_of, asked_of
from core.web.words import action_title
from plugins import Entity, Field

CHOSEN = "change"  # says which of the fields of a form are meant


@dataclass(frozen=True)
class Offer:
    """Something that can be done with many records."""

    name: str
    title: str
    icon: str


@dataclass(frozen=True)
class Reason:
    """Why records are skipped: how many, and what the first of them are called."""

    text: str
    number: int
    names: tuple[str, ...]


def offers(ctx: Ctx, entity: Entity) -> list[Offer]:
    """What the list offers for the chosen records."""
    if not is_business(entity):
        return []
    found = [Offer(EDIT, _("Edit"), "edit")] if many.editable(ctx, entity) else []
    found += [Offer(verb.name, verb.title, "arrow-right") for verb in many.verbs(ctx, entity)]
    return found + ([Offer(DELETE, _("Delete"), "trash")] if many.may_delete(ctx, entity) else [])


# --- what is meant ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """All that has been said so far: which records, and what is to be done with them."""

    offer: Offer
    which: Which
    total: int
    hidden: tuple[tuple[str, str], ...]  # what says so, for the next form
    back: str  # the list as it was


def _asked(request: Request, ctx: Ctx, entity: Entity) -> Asked:
    name = request.POST.get("do")
    offer = next((one for one in offers(ctx, entity) if one.name == name), None)
    if offer is None:
        raise Forbidden(refusal(name if name in (EDIT, DELETE) else EDIT))
    hidden: list[tuple[str, str]] = [("do", offer.name)]
    if request.POST.get("all"):
        query = parse(request.POST)
        which = Which.found(ctx, entity, query.filter, query.q)
        hidden += [("all", "1"), *((name, query.text(name)) for name in ("q", "filter"))]
    else:
        which = Which.named(_ids(request))
        hidden += [("id", str(one)) for one in which.ids]
    path = collection(entity.key)
    sent = request.POST.get("back")
    back = local(sent if isinstance(sent, str) and sent else came_from(request, path), path)
    return Asked(offer, which, which.count(ctx, entity), (*hidden, ("back", back)), back)


def _ids(request: Request) -> list[int]:
    texts = request.POST.getall("id")
    if not all(isinstance(one, str) and one.isascii() and one.isdigit() and len(one) < 12 for one in texts):
        raise BadRequest(_("The form cannot be read. Reload the page and try again."))
    return [int(one) for one in texts if int(one) > 0]


def _inputs(ctx: Ctx, entity: Entity, offer: Offer) -> list[Field]:
    """What is asked for besides."""
    if offer.name == EDIT:
        return many.editable(ctx, entity)
    verb = verb_of(entity, offer.name)
    return asked_of(verb) if verb is not None else []


# --- the steps -------------------------------------------------------------------------------------------


def choose(entity: Entity, request: Request) -> Response:
    """POST the chosen records and what to do: the form for it, or at once its rehearsal where nothing is asked."""
    ctx: Ctx = request.ctx
    asked = _asked(request, ctx, entity)
    inputs = _inputs(ctx, entity, asked.offer)
    if not inputs:
        return _rehearsed(request, ctx, entity, asked, Deed(asked.offer.name), ())
    return _form(request, ctx, entity, asked, inputs, {}, {}, ())


def preview(entity: Entity, request: Request) -> Response:
    """POST the form: what would become of the records."""
    return _with_deed(entity, request, _rehearsed)


def run(entity: Entity, request: Request) -> Response:
    """POST what the rehearsal has shown: it is done, and its page says how far."""
    return _with_deed(entity, request, _started)


def _with_deed(entity: Entity, request: Request, then: Any) -> Response:
    ctx: Ctx = request.ctx
    asked = _asked(request, ctx, entity)
    inputs = _inputs(ctx, entity, asked.offer)
    texts = read(inputs, request)
    chosen = tuple(one for one in request.POST.getall(CHOSEN) if isinstance(one, str))
    meant = {name: text for name, text in texts.items() if asked.offer.name != EDIT or name in chosen}
    try:
        deed = Deed(asked.offer.name, _values(ctx, entity, asked.offer, inputs, meant))
    except Invalid as error:
        return _form(request, ctx, entity, asked, inputs, texts, error.errors, chosen, error.detail or "")
    sent = (*((CHOSEN, name) for name in chosen), *meant.items())
    answer: Response = then(request, ctx, entity, asked, deed, sent)
    return answer


def _values(
    ctx: Ctx, entity: Entity, offer: Offer, inputs: Sequence[Field], texts: Mapping[str, str]
) -> Mapping[str, Any]:
    """The values of the deed. Raises Invalid."""
    if offer.name != EDIT:
        verb = verb_of(entity, offer.name)
        return arguments_of(ctx, entity, verb, texts) if verb is not None else {}
    if not texts:
        raise Invalid(_("Tick at least one field."))
    sent = to_services(inputs, texts, zone_of(ctx))
    taken = Intake(ctx, entity, text=True).take(sent)
    for field in inputs:
        if field.name in taken.values and field.required and taken.values[field.name] is None:
            taken.wrong(field.name, _("This is needed."))
    if taken.errors:
        raise Invalid(errors=taken.errors)
    return sent


def _form(
    request: Request,
    ctx: Ctx,
    entity: Entity,
    asked: Asked,
    inputs: Sequence[Field],
    texts: Mapping[str, str],
    errors: Mapping[str, Any],
    chosen: Sequence[str],
    general: str = "",
) -> Response:
    begun = to_texts(inputs, {}, zone_of(ctx)) | dict(texts)
    form = drawn(request, ctx, inputs, {}, begun, {name: list(found) for name, found in errors.items()})
    stray = [message for name, found in errors.items() if name not in form for message in found]
    return _page(
        request,
        ctx,
        entity,
        asked,
        "form",
        status=422 if errors or general else 200,
        fields=list(form),
        chosen=chosen,
        problems=[request.say(message) for message in ((general, *stray) if general else stray)],
    )


def _rehearsed(
    request: Request, ctx: Ctx, entity: Entity, asked: Asked, deed: Deed, sent: Sequence[tuple[str, str]]
) -> Response:
    news = list(_news(request, ctx, entity, asked.offer, deed, dict(sent)))
    tally = many.rehearse(ctx, entity, asked.which, deed)
    tried = min(asked.total, tally.done)
    values: dict[str, Any] = {
        "news": news,
        "tally": tally,
        "tried": tried,
        "reasons": list(_reasons(request, ctx, entity, tally)),
        "sent": sent,
    }
    return _page(request, ctx, entity, asked, "preview", **values)


def _news(
    request: Request, ctx: Ctx, entity: Entity, offer: Offer, deed: Deed, texts: Mapping[str, str]
) -> Iterator[tuple[str, Value]]:
    """The title of each field that gets a value, and that value as the records will show it."""
    inputs = [field for field in _inputs(ctx, entity, offer) if field.name in deed.values]
    given = Intake(ctx, replace(entity, fields=tuple(inputs)), text=True)
    sent = to_services(inputs, {field.name: texts[field.name] for field in inputs}, zone_of(ctx))
    values = given.take(sent).values
    look, show = records.reader(ctx, request.locale_name), display(request, ctx)
    for field in inputs:
        if field.name in values:
            yield field.title, show.value(field, look.told(field, values[field.name]))


def _started(
    request: Request, ctx: Ctx, entity: Entity, asked: Asked, deed: Deed, sent: Sequence[tuple[str, str]]
) -> Response:
    number = many.start(ctx, entity, asked.which, deed)
    return HTTPSeeOther(f"{result_path(entity.key, number)}?{urlencode({'back': asked.back})}")


def follow(entity: Entity, request: Request) -> Response:
    """GET: how far it is."""
    ctx: Ctx = request.ctx
    progress = many.progress(ctx, record_id(request))
    if progress.entity != entity.key:
        raise NotFound
    return page(
        request,
        "many/progress",
        frame=frame(request, ctx, entity),
        entity=entity,
        path=collection(entity.key),
        back=local(request.GET.get("back"), collection(entity.key)),
        title=action_title(entity, progress.deed.name),
        progress=progress,
        tally=progress.tally,
        reasons=list(_reasons(request, ctx, entity, progress.tally)),
    )


def take_back(entity: Entity, request: Request) -> Response:
    """POST: stop it and set back what it did; its page says how far."""
    number = record_id(request)
    many.take_back(request.ctx, number)
    path = result_path(entity.key, number)
    origin = came_from(request, path)
    return HTTPSeeOther(origin if origin.partition("?")[0] == path else path)


def result_path(key: str, job_id: int) -> str:
    """The page that says how far a job is, and what became of the records."""
    return f"{collection(key)}/bulk/{job_id}"


def _page(
    request: Request, ctx: Ctx, entity: Entity, asked: Asked, step: str, *, status: int = 200, **values: Any
) -> Response:
    return page(
        request,
        f"many/{step}",
        status=status,
        frame=frame(request, ctx, entity),
        entity=entity,
        path=collection(entity.key),
        asked=asked,
        is_all=asked.which.until is not None,
        **values,
    )


def _reasons(request: Request, ctx: Ctx, entity: Entity, tally: Tally) -> Iterator[Reason]:
    """The reasons in the reader's language, the most frequent first. Of what he does not see there is no name."""
    wanted = [one for _number, ids in tally.refused.values() for one in ids]
    labels = records.reader(ctx, request.locale_name).labels(entity.key, wanted) if wanted else {}
    for reason, (number, ids) in sorted(tally.refused.items(), key=lambda item: -item[1][0]):
        names = tuple(str(labels[one].label) for one in ids if one in labels)
        yield Reason(request.say(sentence(json.loads(reason))), number, names)


def routes() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name, what follows the path of the list, and views by method."""
    number = "{id:[1-9][0-9]*}"
    yield "bulk", "bulk", {"POST": choose}
    yield "bulk.preview", "bulk/preview", {"POST": preview}
    yield "bulk.run", "bulk/run", {"POST": run}
    yield "bulk.job", f"bulk/{number}", {"GET": follow}
    yield "bulk.undo", f"bulk/{number}/undo", {"POST": take_back}
