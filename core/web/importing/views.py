"""The page of an import through all its steps, and what its buttons do."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.http.files import disposition
from core.http.paths import collection
from core.http.work import step_out
from core.i18n import _
from core.models import Import, QueuedJob
from core.security.catalog import verb_of
from core.services import records
from core.services.importing import process
from core.services.importing.choices import Choices
from core.services.importing.rehearsal import rehearse
from core.services.importing.store import DONE, DRAFT, KEY, REVERTED, Kept, failures, find, reasons_of
from core.services.imports import error_row, heads_of_errors, may_import
from core.services.jobs.queue import OPEN
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.forms.again import FormRefused
from core.web.frame import frame
from core.web.importing.draft import READINGS, RESULTS, Reason, chosen, draft, reason
from core.web.importing.upload import words
from core.web.query import Query
from core.web.record import record_id
from core.web.templating import page
from plugins import Entity

JOB = "core.job"
_MOST_REASONS = 12


def view(context: Any, request: Request) -> Response:
    """GET: what there is to say, where it stands, or what became of it."""
    return _draw(request, request.ctx, None, number=record_id(request))


def _draw(request: Request, ctx: Ctx, refused: FormRefused | None, *, number: int) -> Response:
    kept = find(ctx, number)
    entity = ctx.catalog.get(kept.entity)
    if entity is None:
        raise NotFound
    job = process.job_of(ctx, kept)
    step = _step(kept, job)
    shared: dict[str, Any] = {
        "frame": frame(request, ctx, entity),
        "kept": kept,
        "entity": entity,
        "job": job,
        "step": step,
        "path": collection(entity.key),
        "here": record_path(KEY, number),
        "stays": not ctx.rights.may_ever(entity, "delete"),  # what is created: undoing it is deleting it
    }
    if step == "map":
        only = request.GET.get("only", "")
        model = draft(request, ctx, kept, only if only in RESULTS else "")
        error = refused.error if refused else None
        return page(
            request,
            "importing/draft",
            status=error.status if error else 200,
            **shared,
            draft=model,
            only=only,
            results=RESULTS,
            readings=READINGS,
            error=error.detail if error else "",
        )
    if step == "run":
        return page(request, "importing/running", **shared)
    return page(
        request,
        "importing/result",
        **shared,
        reasons=_reasons(request, ctx, kept),
        left=_left(request, ctx, kept),
        may_import=may_import(ctx, entity),
        stored_url=_stored_url(entity, kept),
    )


def _stored_url(entity: Entity, kept: Import) -> str:
    """The list of what the import has created and updated; "" if that is nothing, or not there any more."""
    if kept.started_at is None or not (kept.created or kept.updated) or kept.state == REVERTED:
        return ""
    arms = []
    for at, by in (("created_at", "created_by"), ("updated_at", "updated_by")):
        until = [["<=", at, kept.ended_at.isoformat()]] if kept.ended_at is not None else []
        arms.append(["and", ["=", by, kept.user_id], [">=", at, kept.started_at.isoformat()], *until])
    return Query(filter=["or", *arms]).url(collection(entity.key))


def _step(kept: Import, job: QueuedJob | None) -> str:
    """`map`, `run` or `end`. A job that is gone has ended long ago."""
    if kept.state == DRAFT:
        return "map"
    over = kept.state in (DONE, REVERTED) or job is None or job.state not in OPEN
    return "end" if over else "run"


def _reasons(request: Request, ctx: Ctx, kept: Import) -> list[Reason]:
    title = {one.name: request.say(one.title) for one in ctx.catalog[kept.entity].fields}
    counted: Counter[str] = Counter()
    for (name, sentence), count in reasons_of(ctx.work, kept.id):
        counted[reason(request.say, title, name, sentence)] += count
    return [Reason(text, count) for text, count in counted.most_common(_MOST_REASONS)]


def _left(request: Request, ctx: Ctx, kept: Import) -> list[tuple[str, str, str]]:
    """Name, address and reason of records that an undo left as they are."""
    look = records.reader(ctx, request.locale_name)
    look.look_up((key, number) for key, number, _why in kept.left)
    found = []
    for key, number, why in kept.left:
        label = look.label(key, number)
        said = "; ".join(reason(request.say, {}, None, sentence) for _name, sentence in why)
        found.append((label.label if label else f"#{number}", record_path(key, number), said))
    return found


# --- the buttons --------------------------------------------------------------------------------------------


def choose(context: Any, request: Request) -> Response:
    """POST the mapping: tried anew. With `start`, and if nothing was changed since the last try: imported."""
    ctx: Ctx = request.ctx
    number = record_id(request)
    kept = find(ctx, number)
    if kept.state != DRAFT:
        return HTTPSeeOther(record_path(KEY, number))
    try:
        choices = chosen(request, kept, ctx.catalog[kept.entity])
        if "start" in request.POST and _is_same(choices, kept):
            process.start(ctx, number)
        else:
            identity, kernel = ctx.identity, request.kernel
            step_out(request)
            rehearse(kernel, identity, number, words(request), choices)
    except (Invalid, Conflict, Forbidden) as error:
        raise FormRefused(partial(_draw, number=number), error, {}) from error
    return HTTPSeeOther(record_path(KEY, number))


def _is_same(choices: Choices, kept: Import) -> bool:
    """Whether the page was rehearsed as it now stands; what it did not ask about is as it was."""
    before = Choices.of(kept.choices)
    asked = {name: {**before.values.get(name, {}), **texts} for name, texts in choices.values.items()}
    mine = {name: some for name, some in before.values.items() if some and name in choices.columns}
    return choices.to_json() | {"values": asked} == before.to_json() | {"values": mine}


def stop(context: Any, request: Request) -> Response:
    """POST: no part of the file after the present one."""
    return _on_job(request, "cancel")


def go_on(context: Any, request: Request) -> Response:
    """POST: from where it was stopped or failed."""
    return _on_job(request, "retry")


def _on_job(request: Request, name: str) -> Response:
    ctx: Ctx = request.ctx
    number = record_id(request)
    job = process.job_of(ctx, find(ctx, number))
    verb = verb_of(ctx.catalog[JOB], name)
    if job is not None and verb is not None:
        try:
            records.act(ctx, ctx.catalog[JOB], job.id, verb, {})
        except Conflict:
            return HTTPSeeOther(record_path(KEY, number))  # it was over before
    return HTTPSeeOther(record_path(KEY, number))


def revert(context: Any, request: Request) -> Response:
    """POST: all that was made and changed is set back, as far as nobody has changed it since."""
    number = record_id(request)
    process.revert(request.ctx, number)
    return HTTPSeeOther(record_path(KEY, number))


# --- the error file -----------------------------------------------------------------------------------------


def errors(context: Any, request: Request) -> Response:
    """GET: the rows that failed, as they were, with line and reason."""
    ctx: Ctx = request.ctx
    kept = find(ctx, record_id(request))
    response = Response(body="".join(_error_lines(request, ctx, kept)).encode("utf-8-sig"))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    name = kept.file.rpartition(".")[0] or kept.file
    response.headers["Content-Disposition"] = disposition("attachment", f"{name}-{request.say(_('errors'))}.csv")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _error_lines(request: Request, ctx: Ctx, kept: Import) -> Iterator[str]:
    headers = Kept(ctx.work, kept).headers
    entity = ctx.catalog.get(kept.entity)
    title = {one.name: request.say(one.title) for one in entity.fields} if entity else {}
    yield _line(heads_of_errors(headers))
    for row, why in failures(ctx.work, kept.id):
        yield _line(error_row(headers, row, "; ".join(reason(request.say, title, *one) for one in why)))


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
