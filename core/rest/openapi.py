"""The OpenAPI 3.1 document, generated from the entities."""

from __future__ import annotations

from functools import partial
from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from core.entities.listing import MOST
from core.http.paths import API, collection
from core.rest.body import allow, query
from core.rest.reply import as_json
from plugins import Entity, Field

_REFERENCE = {
    "oneOf": [
        {"type": "integer", "description": "id"},
        {"type": "string", "description": "natural key"},
        {"type": "object", "description": "as read: id, label, key; or restricted"},
        {"type": "null"},
    ]
}
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": ["string", "null"]},
    "integer": {"type": ["integer", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "money": {"type": ["string", "number", "null"], "description": "decimal, such as 1234.50"},
    "date": {"type": ["string", "null"], "format": "date"},
    "moment": {"type": ["string", "null"], "format": "date-time"},
    "choice": {"type": ["string", "null"]},
    "reference": _REFERENCE,
    "references": {"type": "array", "items": _REFERENCE},
    "target": {"type": "object", "description": 'one of {"user": …}, {"unit": …}, {"role": …}'},
    "document": {},
}
_META = {
    "id": {"type": "integer"},
    "version": {"type": "integer"},
    "created_at": {"type": "string", "format": "date-time"},
    "created_by": _REFERENCE,
    "updated_at": {"type": "string", "format": "date-time"},
    "updated_by": _REFERENCE,
}


def view(context: Any, request: Request) -> Response:
    """GET: what this server does, for programs."""
    allow(request, "GET")
    query(request, ())
    return as_json(document(request.kernel.catalog, request.say, request.kernel.settings.title))


def document(catalog: Any, say: Any, title: str) -> dict[str, Any]:
    """The document in one language; `say` translates titles."""
    paths: dict[str, Any] = {f"{API}/me": {"get": _call("Who one is", {"200": _ok({"type": "object"})})}}
    schemas = {}
    for entity in catalog:
        schemas[entity.key] = _schema(entity, say)
        paths |= _paths(entity, say)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas | {"Problem": _PROBLEM},
        },
    }


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "current": {"type": "object"},
    },
}


def _schema(entity: Entity, say: Any) -> dict[str, Any]:
    properties = {field.name: _property(field, say) for field in entity.fields}
    return {"type": "object", "title": say(entity.title), "properties": {**_META, **properties}}


def _property(field: Field, say: Any) -> dict[str, Any]:
    kind: Any = field.type
    found = {**_TYPES[kind.kind], "title": say(field.title)}
    if field.read_only:
        found["readOnly"] = True
    if kind.kind == "choice":
        found["enum"] = [*kind.choices, None]
    elif kind.kind in ("reference", "references"):
        found["x-kehu-entity"] = kind.entity
    return found


def _paths(entity: Entity, say: Any) -> dict[str, Any]:
    base = f"{API}{collection(entity.key)}"
    record = {"$ref": f"#/components/schemas/{entity.key}"}
    body = {"required": True, "content": {"application/json": {"schema": record}}}
    page = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": record},
            "next": {"type": ["string", "null"]},
            "total": {"type": ["integer", "null"]},
        },
    }
    call = partial(_call, tag=entity.key)
    versioned = [_ID, {"name": "If-Match", "in": "header", "schema": {"type": "string"}}]
    paths = {
        base: {
            "x-kehu-entity": entity.key,
            "get": call(say(entity.plural), {"200": _ok(page)}, parameters=_QUERY, refusals=("400", "403")),
            "post": call(say(entity.title), {"201": _ok(record)}, body=body, refusals=_WRITE),
        },
        f"{base}/{{id}}": {
            "get": call(say(entity.title), {"200": _ok(record)}, parameters=[_ID], refusals=("400", "404")),
            "patch": call("", {"200": _ok(record)}, parameters=versioned, body=body, refusals=_CHANGE),
            "delete": call("", {"204": {"description": "deleted"}}, parameters=versioned, refusals=_CHANGE),
        },
    }
    for verb in entity.verbs:
        arguments = {field.name: _property(field, say) for field in verb.arguments}
        needed = [field.name for field in verb.arguments if field.required]
        schema = {"type": "object", "properties": arguments, **({"required": needed} if needed else {})}
        answer = {"200": _ok(record)}
        paths[f"{base}/{{id}}/actions/{verb.name}"] = {
            "post": call(
                say(verb.title),
                answer,
                parameters=versioned,
                body={"content": {"application/json": {"schema": schema}}},
                refusals=_CHANGE,
            )
        }
    return paths


_WRITE = ("400", "403", "409", "413", "415", "422")
_CHANGE = (*_WRITE, "404", "428")
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_QUERY = [
    {"name": name, "in": "query", "schema": schema}
    for name, schema in (
        ("q", {"type": "string"}),
        ("filter", {"type": "string", "description": 'a JSON condition such as ["=","state","formal"]'}),
        ("sort", {"type": "string", "description": "field names, a minus before each descending one"}),
        ("limit", {"type": "integer", "minimum": 1, "maximum": MOST}),
        ("cursor", {"type": "string"}),
        ("fields", {"type": "string"}),
        ("count", {"enum": ["0", "1"]}),
        ("deleted", {"enum": ["0", "1"]}),
    )
]


def _ok(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "done", "content": {"application/json": {"schema": schema}}}


def _call(
    summary: str,
    answers: dict[str, Any],
    *,
    tag: str = "me",
    parameters: Any = (),
    body: Any = None,
    refusals: Any = (),
) -> dict[str, Any]:
    problem = {"description": "refused", "content": {"application/problem+json": {"schema": _REFUSED}}}
    found: dict[str, Any] = {
        "summary": summary,
        "tags": [tag],
        "responses": {**answers, **dict.fromkeys(("401", "503", *refusals), problem)},
    }
    if parameters:
        found["parameters"] = list(parameters)
    if body:
        found["requestBody"] = body
    return found


_REFUSED = {"$ref": "#/components/schemas/Problem"}
