"""Attachments: the file goes in as the body of a POST and comes out at `/content`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import BinaryIO

from pyramid.request import Request
from pyramid.response import Response

from core.errors import Invalid
from core.fields import INT_MAX
from core.http import paths
from core.http.files import FIELD, download, files_of, is_form, refuse_too_large
from core.i18n import _
from core.rest import collection
from core.rest.body import allow, query, record_id, wrong
from core.rest.collection import FLAG
from core.rest.reply import one
from core.rest.routes import Route
from core.rest.spec import ID, Json, Spec, done, parameter
from core.security.catalog import Catalog, is_business
from core.services import attachments, records
from core.services.work import Ctx
from plugins import Entity

PATH = paths.collection(attachments.KEY)
PARAMETERS = {
    "entity": parameter("entity", {"type": "string"}, "the kind of record, such as core.customer", required=True),
    "record": parameter("record", {"type": "integer", "minimum": 1}, "its id", required=True),
    "name": parameter("name", {"type": "string"}, "the file's name; of a form the file may have its own"),
}
INLINE = parameter("inline", FLAG, "let a browser show an image instead of saving it")


def routes(catalog: Catalog) -> Iterable[Route]:
    entity = catalog[attachments.KEY]
    yield Route("attachments", PATH, view, partial(_described, entity), entity)
    yield Route("attachments.content", f"{PATH}/{{id}}/content", content, _described_content, entity)


def _described(entity: Entity, spec: Spec) -> Json:
    item = dict(collection.described(entity, PATH, spec)[PATH])
    item["post"] = spec.call(
        entity.title,
        {"201": done(spec.record(entity))},
        tag=entity.key,
        parameters=[*PARAMETERS.values()],
        refusals=("400", "403", "404", "413", "422", "507"),
    )
    form = {"type": "object", "required": [FIELD], "properties": {FIELD: {"type": "string", "format": "binary"}}}
    item["post"]["requestBody"] = {
        "description": "the file, of whatever type",
        "required": True,
        "content": {"application/octet-stream": {}, "multipart/form-data": {"schema": form}},
    }
    return {PATH: item}


def _described_content(spec: Spec) -> Json:
    answers: Json = {
        "200": {"description": "the bytes", "content": {"*/*": {}}},
        "304": {"description": "as If-None-Match says"},
    }
    call = spec.call(_("Download"), answers, tag=attachments.KEY, parameters=[ID, INLINE], refusals=("400", "404"))
    return {f"{PATH}/{{id}}/content": {"get": call}}


def view(entity: Entity, request: Request) -> Response:
    """GET lists those of one record, POST adds one."""
    return upload(entity, request) if request.method == "POST" else collection.view(entity, request)


def upload(entity: Entity, request: Request) -> Response:
    """The bytes of whatever content type, with `?entity=&record=&name=`; or a form with one file."""
    ctx: Ctx = request.ctx
    parameters = query(request, PARAMETERS)
    key, number = _place(ctx, parameters)
    name = parameters.get("name", "")
    if not name.strip() and not is_form(request):
        wrong("name", _("Name the file."))
    refuse_too_large(request)
    attachments.require_addable(ctx, key, number)
    sent, source = _form_file(request) if is_form(request) else ("", request.body_file)
    return one(request, entity, attachments.add(ctx, key, number, name or sent, source), 201)


def _place(ctx: Ctx, parameters: dict[str, str]) -> tuple[str, int]:
    entity, number = ctx.catalog.get(parameters.get("entity", "")), parameters.get("record", "")
    if entity is None or not is_business(entity):
        wrong("entity", _("Files cannot be attached to records of this kind."))
    if not re.fullmatch("[1-9][0-9]{0,18}", number, re.ASCII):
        wrong("record", _("Give the id of the record."))
    return entity.key, min(int(number), INT_MAX + 1)


def _form_file(request: Request) -> tuple[str, BinaryIO]:
    files = list(files_of(request))
    if len(files) != 1:
        raise Invalid(errors={FIELD: [_("Send one file.")]})
    return files[0]


def content(entity: Entity, request: Request) -> Response:
    """GET the bytes; `?inline=1` lets a browser show an image."""
    allow(request, "GET")
    inline = query(request, ("inline",)).get("inline", "0")
    if inline not in ("0", "1"):
        wrong("inline", _("Give 0 or 1."))
    return download(request, records.find(request.ctx, entity, record_id(request)), inline=inline == "1")
