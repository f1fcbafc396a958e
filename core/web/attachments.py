"""Files on a record's page: listed, added, downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render
from pyramid.request import Request
from pyramid.response import Response

from core.errors import Invalid, NotFound
from core.http.files import FIELD, download, files_of, refuse_too_large
from core.http.paths import collection
from core.http.work import UPLOAD_FORM
from core.i18n import _
from core.models import Attachment
from core.services import attachments, records
from core.services.attached import may_change
from core.services.files import store_of
from core.services.media import IMAGES
from core.services.work import Ctx
from core.web import toast
from core.web.addresses import record_path
from core.web.record import record_id
from core.web.toast import Toast
from core.web.undo import offer
from plugins import Entity

KEY = attachments.KEY
TITLE = _("Attachments")
TEMPLATE = "core.web:templates/attachments.jinja2"
PATH = collection(KEY)


@dataclass(frozen=True)
class File:
    """A line of the panel. `path` is its page, under which `/content` and `/delete` lie."""

    name: str
    size: int
    at: Any
    by: str
    path: str
    version: int
    is_image: bool


def includeme(config: Configurator) -> None:
    config.add_route("web.upload", UPLOAD_FORM)
    config.add_view(add, route_name="web.upload", request_method="POST")
    config.add_route("web.content", f"{PATH}/{{id:[1-9][0-9]*}}/content")
    config.add_view(content, route_name="web.content", request_method="GET")


def panel(request: Request, ctx: Ctx, entity: Entity, record: Any) -> str:
    """The block on the page of a record that the actor has found: HTML."""
    found, total = attachments.of_record(ctx, entity, record)
    people = records.reader(ctx).labels("core.user", {one.created_by_id for one in found if one.created_by_id})
    values = {
        "files": [_file(one, people) for one in found],
        "more": total - len(found),
        "may_add": may_change(ctx, ctx.catalog[KEY], entity.key, record),
        "action": f"{UPLOAD_FORM}?{urlencode({'entity': entity.key, 'record': record.id})}",
        "field": FIELD,
        "most": store_of(ctx.kernel.settings).most,
        "zone": ctx.kernel.clock.zone,
        "now": ctx.now,
    }
    return str(render(TEMPLATE, values, request=request))


def _file(attachment: Attachment, people: Mapping[int, Any]) -> File:
    by = people.get(attachment.created_by_id or 0)
    return File(
        attachment.name,
        attachment.size,
        attachment.created_at,
        by.label if by else "",
        record_path(KEY, attachment.id),
        attachment.version,
        attachment.media_type in IMAGES,
    )


def add(context: Any, request: Request) -> Response:
    """POST a form with one or more files: all of them are kept or none."""
    ctx: Ctx = request.ctx
    key, number = request.GET.get("entity", ""), request.GET.get("record", "")
    if not (number.isascii() and number.isdigit() and len(number) < 11):
        raise NotFound
    attachments.require_addable(ctx, key, int(number))
    refuse_too_large(request)
    added = [attachments.add(ctx, key, int(number), name, source) for name, source in files_of(request)]
    if not added:
        raise Invalid(errors={FIELD: [_("Choose a file first.")]})
    response = HTTPSeeOther(record_path(key, int(number)))
    return toast.put(response, request, Toast("saved", ", ".join(one.name for one in added), offer(ctx)))


def content(context: Any, request: Request) -> Response:
    """GET the bytes."""
    ctx: Ctx = request.ctx
    attachment = records.find(ctx, ctx.catalog[KEY], record_id(request))
    return download(request, attachment, inline=request.GET.get("inline") == "1")
