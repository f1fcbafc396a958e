"""Answers in JSON."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.reader import Reader, nested
from core.http.paths import API, collection
from core.rest.problems import dumps
from plugins import Entity


class JsonReader(Reader):
    """Gives documents as JSON has them: fields of others in objects."""

    def documents(self, *args: Any, **options: Any) -> list[dict[str, Any]]:
        return [nested(document) for document in super().documents(*args, **options)]


def reader(request: Request) -> Reader:
    """Turns records into documents for whoever asks, labels in the reply's language."""
    ctx = request.ctx
    return JsonReader(ctx.db, ctx.system, ctx.rights, request.locale_name, request.say)


def as_json(document: Any, status: int = 200) -> Response:
    return Response(status=status, content_type="application/json", charset="utf-8", body=dumps(document))


def one(request: Request, entity: Entity, record: Any, status: int = 200) -> Response:
    """A record with its ETag; one just made also says where it is."""
    document = reader(request).document(entity, record)
    if request.ctx.work.warnings:
        document["warnings"] = request.ctx.work.warnings
    response = as_json(document, status)
    response.headers["ETag"] = f'"{record.version}"'
    if status == 201:
        response.headers["Location"] = f"{API}{collection(entity.key)}/{record.id}"
    return response
