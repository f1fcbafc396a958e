"""The first step of an import: a file is chosen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.i18n import make_localizer
from pyramid.interfaces import ITranslationDirectories
from pyramid.request import Request
from pyramid.response import Response

from core.entities.files import FORMATS, kind_of, opened
from core.entities.table import Table
from core.errors import Forbidden, Invalid, NotFound
from core.http.files import FIELD, files_of, refuse_too_large
from core.http.paths import collection
from core.http.work import step_out
from core.i18n import LANGUAGES, _, spoken
from core.services.chunks import stored
from core.services.files import store_of
from core.services.importing.rehearsal import rehearse
from core.services.importing.store import KEY, keep
from core.services.imports import may_import
from core.services.media import clean_name
from core.services.work import Ctx
from core.web.addresses import record_path
from core.web.forms.again import FormRefused
from core.web.frame import frame, may_visit
from core.web.templating import page
from plugins import Entity


def ask(entity: Entity, request: Request) -> Response:
    """GET: the form for a file."""
    return _draw(request, request.ctx, None, entity=entity)


def take(entity: Entity, request: Request) -> Response:
    """POST a file (and the name of a sheet): kept, its columns understood, rehearsed; on to its import."""
    ctx: Ctx = request.ctx
    _require(ctx, entity)
    refuse_too_large(request)
    try:
        number = _kept(request, entity)
    except Invalid as error:
        raise FormRefused(partial(_draw, entity=entity), error, {}) from error
    return HTTPSeeOther(record_path(KEY, number))


def _kept(request: Request, entity: Entity) -> int:
    files = list(files_of(request))
    if len(files) != 1:
        raise Invalid(errors={FIELD: [_("Choose a file first.")]})
    [(name, source)] = files
    kind = kind_of(name)
    sheet = str(request.POST.get("sheet", "")).strip() or None
    identity, kernel, name = request.ctx.identity, request.kernel, clean_name(name)
    step_out(request)  # others may write while a long file is read
    with NamedTemporaryFile(suffix=kind) as file:
        shutil.copyfileobj(source, file)
        file.flush()
        table: Table = opened(Path(file.name), kind, sheet if kind == ".xlsx" else None)
        number = stored(kernel, lambda work: keep(work.act_as(identity), entity.key, name, table))
    rehearse(kernel, identity, number, words(request))
    return number


def words(request: Request) -> Callable[[str], Iterable[str]]:
    """A text in each language."""
    folders = request.registry.queryUtility(ITranslationDirectories, default=[])
    speak = [
        partial(spoken, translate=make_localizer(language, folders).translate, language=language)
        for language in LANGUAGES
    ]
    return lambda text: [one(text) for one in speak]


def _require(ctx: Ctx, entity: Entity) -> None:
    if not may_visit(ctx, entity):
        raise NotFound
    if not may_import(ctx, entity):
        raise Forbidden(
            _("You may not write records of ${entity} from a file.", mapping={"entity": entity.plural}),
        )


def _draw(request: Request, ctx: Ctx, refused: FormRefused | None, *, entity: Entity) -> Response:
    _require(ctx, entity)
    return page(
        request,
        "importing/upload",
        status=refused.error.status if refused else 200,
        frame=frame(request, ctx, entity),
        entity=entity,
        path=collection(entity.key),
        wrong=refused.sentences if refused else [],
        formats=",".join(FORMATS),
        most=store_of(ctx.kernel.settings).most,
    )
