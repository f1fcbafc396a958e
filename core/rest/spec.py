"""The words of the OpenAPI 3.1 document in which each route describes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from core.entities.reader import HIDDEN
from core.security.catalog import Catalog
from plugins import Entity, Field

Json = dict[str, Any]

PROBLEM: Json = {
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
# As a program may write a reference: what it has read is taken too.
REFERENCE: Json = {
    "anyOf": [
        {"type": "integer", "description": "id"},
        {"type": "string", "description": "natural key"},
        {"$ref": "#/components/schemas/Reference"},
    ]
}
LABEL: Json = {
    "oneOf": [
        {
            "type": "object",
            "required": ["id", "label", "key"],
            "properties": {
                "id": {"type": "integer"},
                "label": {"type": ["string", "integer", "null"]},
                "key": {"type": ["string", "integer", "null"]},
                "deleted": {"const": True},
            },
        },
        {"type": "object", "required": ["restricted"], "properties": {"restricted": {"const": True}}},
    ]
}
REFERS: Json = {"$ref": "#/components/schemas/Reference"}
ID: Json = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": 'The version that was read, such as "3"; or send it as `version` in the body.',
    "schema": {"type": "string", "pattern": '^(W/)?"[0-9]{1,10}"$'},
}
MOMENT: Json = {"type": "string", "format": "date-time"}
VERSION: Json = {"type": ["integer", "null"]}
WRITES = ("400", "403", "409", "413", "415", "422")
CHANGES = (*WRITES, "404")


class Spec:
    """Writes schemas and calls in one language; `say` translates titles."""

    def __init__(self, catalog: Catalog, say: Callable[[str], str]) -> None:
        self.catalog, self.say = catalog, say

    # --- schemas ----------------------------------------------------------------------------------

    def components(self) -> Json:
        """The schemas by name: of each entity KEY as it reads, KEY.new and KEY.change as it is written."""
        found: Json = {"Problem": PROBLEM, "Reference": LABEL}
        for entity in self.catalog:
            found[entity.key] = self._shown(entity)
            found[f"{entity.key}.new"] = self._written(entity, new=True)
            found[f"{entity.key}.change"] = self._written(entity, new=False)
        return found

    def record(self, entity: Entity) -> Json:
        """A record as it reads."""
        return {"$ref": f"#/components/schemas/{entity.key}"}

    def new(self, entity: Entity) -> Json:
        """What a new record is made from."""
        return {"$ref": f"#/components/schemas/{entity.key}.new"}

    def change(self, entity: Entity) -> Json:
        """The fields of a record to change."""
        return {"$ref": f"#/components/schemas/{entity.key}.change"}

    def arguments(self, fields: Iterable[Field], *, versioned: bool = True) -> Json:
        """What a verb takes; `versioned`: the version of its record too."""
        fields = tuple(fields)
        version = {"version": VERSION} if versioned else {}
        schema: Json = {
            "type": "object",
            "properties": version | {field.name: self.value(field) for field in fields},
            "additionalProperties": False,
        }
        needed = [field.name for field in fields if field.required]
        return schema | ({"required": needed} if needed else {})

    def _shown(self, entity: Entity) -> Json:
        meta: Json = {
            "id": {"type": "integer"},
            "version": {"type": "integer"},
            "created_at": MOMENT,
            "created_by": {"oneOf": [REFERS, {"type": "null"}]},
            "updated_at": MOMENT,
            "updated_by": {"oneOf": [REFERS, {"type": "null"}]},
        }
        fields = {field.name: self.value(field, shown=True) for field in entity.fields}
        return {
            "type": "object",
            "title": self.say(entity.title),
            "required": ["id", "version"],  # any other may be left out: by `fields`, or hidden from the reader
            "properties": {**meta, **_folded(fields)["properties"]},
        }

    def _written(self, entity: Entity, *, new: bool) -> Json:
        fields = [field for field in entity.fields if not field.read_only]
        needed = [field.name for field in fields if new and field.required and field.default is None]
        properties = {"version": VERSION, **{field.name: self.value(field) for field in fields}}
        if new:
            properties |= {name: {"type": "boolean"} for name in entity.rules.switches}
        return {**_folded(properties, needed), "title": self.say(entity.title)}

    def value(self, field: Field, *, shown: bool = False) -> Json:
        """A field's value as it reads (`shown`) or as it is written."""
        schema = _read(field) if shown else _sent(field)
        schema = {**schema, "title": self.say(field.title)}
        kind: Any = field.type
        if field.read_only:
            schema["readOnly"] = True
        if kind.kind in ("reference", "references"):
            schema["x-kehu-entity"] = kind.entity
        return schema

    # --- calls ------------------------------------------------------------------------------------

    def call(
        self,
        summary: str,
        answers: Mapping[str, Json],
        *,
        tag: str,
        parameters: Sequence[Json] = (),
        body: Json | None = None,
        optional: bool = False,
        refusals: Iterable[str] = ("400",),
    ) -> Json:
        """One method of an address. `body` is the schema of the JSON it takes, `optional`: or none."""
        problem = {
            "description": "refused",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        found: Json = {
            "summary": self.say(summary),
            "tags": [tag],
            "responses": {**answers, **dict.fromkeys(sorted({"401", "429", "503", *refusals}), problem)},
        }
        if parameters:
            found["parameters"] = list(parameters)
        if body is not None:
            found["requestBody"] = {"required": not optional, "content": {"application/json": {"schema": body}}}
        return found


def done(schema: Json) -> Json:
    """An answer in JSON."""
    return {"description": "done", "content": {"application/json": {"schema": schema}}}


def things(schema: Json) -> Json:
    """An object with these required properties."""
    return {"type": "object", "required": list(schema), "properties": schema}


def parameter(name: str, schema: Json, description: str = "", *, required: bool = False) -> Json:
    """One of the query string."""
    said = {"description": description} if description else {}
    return {"name": name, "in": "query", "schema": schema, **said, **({"required": True} if required else {})}


def _folded(properties: Json, needed: Iterable[str] = ()) -> Json:
    """The schema of an object, in which fields of others stand in objects of their own."""
    whole: Json = {"type": "object", "properties": {}}
    wanted = set(needed)
    for name, schema in properties.items():
        prefix, dot, rest = name.partition(".")
        place = whole["properties"].setdefault(prefix, {"type": "object", "properties": {}}) if dot else whole
        place["properties"][rest or name] = schema
        if name in wanted:
            place.setdefault("required", []).append(rest or name)
            if dot and prefix not in whole.setdefault("required", []):
                whole["required"].append(prefix)
    return whole


def _sent(field: Field) -> Json:
    kind: Any = field.type
    match kind.kind:
        case "text":
            schema: Json = {"type": "string", "maxLength": kind.length}
        case "integer":
            schema = {"type": "integer", "minimum": kind.low, "maximum": kind.high}
        case "boolean":
            schema = {"type": "boolean"}
        case "number":
            schema = {"type": "number"}
        case "money":
            schema = {"anyOf": [{"type": "string"}, {"type": "number"}], "description": "decimal, such as 1234.50"}
        case "date":
            schema = {"type": "string", "format": "date"}
        case "moment":
            schema = MOMENT
        case "choice":
            schema = {"enum": [*kind.choices]}
        case "reference":
            schema = REFERENCE
        case "references":
            schema = {"type": "array", "items": REFERENCE, "maxItems": 200}
        case "target":
            one = [{"type": "object", "required": [name], "properties": {name: REFERENCE}} for name in _TARGETS]
            schema = {"oneOf": one, "description": "whom: a user, a unit or a role"}
        case "any":
            schema = {"anyOf": [_ANY, {"type": "string", "pattern": "^[^:]+:."}]}
        case _:
            return {}
    return schema if field.required else _or_null(schema)


def _read(field: Field) -> Json:
    """The value, nothing, or what a mask leaves of it."""
    kind: Any = field.type
    match kind.kind:
        case "text" | "message":
            return {"type": ["string", "null"]}
        case "integer":
            schema: Json = {"type": "integer"}
        case "boolean":
            schema = {"type": "boolean"}
        case "number":
            schema = {"type": "number"}
        case "money":
            return {"type": ["string", "null"], "description": "decimal, such as 1234.50"}
        case "date" | "moment":
            schema = {"type": "string", "format": "date" if kind.kind == "date" else "date-time"}
        case "choice":
            schema = {"enum": [*kind.choices]}
        case "reference":
            schema = REFERS
        case "references":
            schema = {"type": "array", "items": REFERS}
        case "target":
            schema = {"type": "object", "additionalProperties": REFERS}
        case "any":
            schema = REFERS
        case _:
            return {}
    return {"anyOf": [schema, {"const": HIDDEN}, {"type": "null"}]}


_TARGETS = ("user", "unit", "role")
_ANY: Json = {
    "type": "object",
    "required": ["entity"],
    "properties": {"entity": {"type": "string"}, "id": {"type": "integer"}, "key": {"type": "string"}},
    "description": "a record of any entity, by its id or by its natural key; as text `core.customer:C000001`",
}


def _or_null(schema: Json) -> Json:
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
