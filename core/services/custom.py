"""The rules of the fields that administrators define."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from core.entities.reader import META
from core.errors import Conflict, Invalid
from core.fields import BadValue, Text
from core.i18n import _
from core.models import CustomField, Epoch
from core.security import places
from core.security.others import CUSTOM, customized, is_customizable
from core.services.work import Ctx
from plugins import Entity, Rules

MOST_FIELDS = 60  # of one entity
MOST_CHOICES = 200
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
_CODE, _LABEL = Text(64), Text(100)


@dataclass(frozen=True)
class Choices:
    """`[{"code", "label_zh", "label_en", "active"}]`; a bare code is its own label. In text one a line:
    `gold | 金牌 | Gold`, with a `-` before what is retired.
    """

    kind = "choices"

    def parse(self, value: Any) -> list[dict[str, Any]] | None:
        if value is None:
            return None
        if not isinstance(value, list):
            raise BadValue(_("Give a list of choices."))
        if len(value) > MOST_CHOICES:
            raise BadValue(_("At most ${n} choices.", mapping={"n": MOST_CHOICES}))
        choices = [_choice(one, number) for number, one in enumerate(value, 1)]
        codes = [one["code"] for one in choices]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise BadValue(_("Twice in the list: ${codes}.", mapping={"codes": ", ".join(twice)[:200]}))
        return choices or None

    def parse_text(self, value: str) -> list[dict[str, Any]] | None:
        if value.strip().startswith("["):
            try:
                return self.parse(json.loads(value))
            except (json.JSONDecodeError, RecursionError):
                raise BadValue(_("Give a list of choices.")) from None
        return self.parse([_of_line(line) for line in value.splitlines() if line.strip()])

    def to_json(self, value: Any) -> Any:
        return value

    def to_text(self, value: Iterable[Mapping[str, Any]]) -> str:
        """The lines that `parse_text` reads."""
        return "\n".join(
            f"{'' if one['active'] else '-'}{one['code']} | {one['label_zh']} | {one['label_en']}" for one in value
        )


def _of_line(line: str) -> dict[str, Any]:
    retired = line.strip().startswith("-")
    parts = [part.strip() for part in line.strip().removeprefix("-").split("|")]
    if len(parts) > 3:
        raise BadValue(_("Write each line as: code | Chinese label | English label"))
    code, zh, en = (*parts, *[""] * (3 - len(parts)))
    return {"code": code, "label_zh": zh or code, "label_en": en or zh or code, "active": not retired}


def _choice(value: Any, number: int) -> dict[str, Any]:
    given = {"code": value} if isinstance(value, str) else value
    if not isinstance(given, dict) or not given.keys() <= {"code", "label_zh", "label_en", "active"}:
        raise BadValue(_("Choice ${n}: give code, label_zh, label_en and active.", mapping={"n": number}))
    try:
        code = _CODE.parse(given.get("code"))
        zh, en = (_LABEL.parse(given.get(name)) for name in ("label_zh", "label_en"))
    except BadValue as bad:
        raise BadValue(_("Choice ${n}: ${problem}", mapping={"n": number, "problem": bad.message})) from None
    active = given.get("active", True)
    if code is None or not isinstance(active, bool):
        raise BadValue(_("Choice ${n}: give code, label_zh, label_en and active.", mapping={"n": number}))
    if code.startswith("-") or "|" in f"{code}{zh}{en}":
        raise BadValue(_("Choice ${n}: no | in it, and no - before the code.", mapping={"n": number}))
    return {"code": code, "label_zh": zh or en or code, "label_en": en or zh or code, "active": active}


class CustomFieldRules(Rules):
    """Names that are free and can be typed, choices where they belong, none of them lost that is in use."""

    def prepare(self, ctx: Ctx, record: CustomField | None, values: dict[str, Any], creating: bool) -> None:
        wait_for_others(ctx)
        if record is None:
            entity = _entity(ctx, values.get("entity"))
            if entity is not None and values.get("name") is not None:
                _check_name(ctx, entity, values["name"])
                _check_number(ctx, entity)
        kind = values.get("type") if record is None else record.kind
        if record is None or "choices" in values:
            _check_choices(ctx, record, kind, values)


def wait_for_others(ctx: Ctx) -> None:
    """One change of the fields after the other: what is checked now must hold when this one is stored."""
    ctx.system.execute(select(Epoch.number).where(Epoch.name == "rights").with_for_update())


def _entity(ctx: Ctx, key: str | None) -> Entity | None:
    """Invalid unless the entity takes custom fields; None where none is named."""
    if key is None:
        return None
    entity = ctx.catalog.get(key)
    if entity is None or not is_customizable(entity):
        known = ", ".join(entity.key for entity in ctx.catalog if is_customizable(entity))
        raise Invalid(errors={"entity": [_("Custom fields are for: ${known}.", mapping={"known": known})]})
    return entity


def _check_name(ctx: Ctx, entity: Entity, name: str) -> None:
    if not _NAME.fullmatch(name):
        message = _("Use 2 to 31 small letters, digits and _, a letter first.")
        raise Invalid(errors={"name": [message]})
    own = {field.name for field in ctx.kernel.catalog[entity.key].fields} | set(META)
    plugins = {"core", CUSTOM, *(manifest.name for manifest in ctx.kernel.manifests)}
    if name in own | plugins:
        message = _("There is a field or a plugin of this name. Choose another one.")
        raise Invalid(errors={"name": [message]})
    _check_free(ctx, entity.key, name)


def _check_free(ctx: Ctx, entity_key: str, name: str) -> None:
    taken = select(CustomField.id).where(*_living(entity_key), CustomField.name == name)
    if ctx.system.scalar(taken) is not None:
        raise Conflict(
            _("${field} ${value} is taken already.", mapping={"field": "name", "value": name}),
            code="DUPLICATE",
            errors={"name": [_("This is taken already.")]},
        )


def _check_number(ctx: Ctx, entity: Entity) -> None:
    number = ctx.system.scalar(select(func.count()).select_from(CustomField).where(*_living(entity.key)))
    if number is not None and number >= MOST_FIELDS:
        message = _("${entity} has ${n} custom fields, which is the most.", mapping={"entity": entity.key, "n": number})
        raise Conflict(message, code="TOO_MANY")


def _living(entity_key: str) -> tuple[Any, ...]:
    return CustomField.entity == entity_key, CustomField.deleted_at.is_(None)


def _check_choices(ctx: Ctx, record: CustomField | None, kind: str | None, values: dict[str, Any]) -> None:
    choices = values.get("choices")
    if kind == "choice":
        if record is not None:
            values["choices"] = choices = [*(choices or ()), *_kept(ctx, record, choices or [])]
        if not choices:
            raise Invalid(errors={"choices": [_("Give at least one choice.")]})
        if len(choices) > MOST_CHOICES:
            raise Invalid(errors={"choices": [_("At most ${n} choices.", mapping={"n": MOST_CHOICES})]})
    elif choices is not None and kind is not None:
        raise Invalid(errors={"choices": [_("Only a field of type choice has choices.")]})


def _kept(ctx: Ctx, record: CustomField, choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choices that were left out but stand in records: they are retired instead."""
    left = {one["code"] for one in choices}
    missing = [one for one in record.choices or () if one["code"] not in left]
    if not missing:
        return []
    used = _used(ctx, record, [one["code"] for one in missing])
    return [one | {"active": False} for one in missing if one["code"] in used]


def _used(ctx: Ctx, record: CustomField, codes: list[str]) -> set[str]:
    """Those of the codes that some record has, the deleted ones included."""
    entity = ctx.kernel.catalog.get(record.entity)
    if entity is None:  # the plugin is off: nobody knows
        return set(codes)
    value = places.column(entity.model, customized(entity, [record]).fields[-1])
    return set(ctx.system.scalars(select(value).where(value.in_(codes)).distinct()))


def restore_field(ctx: Ctx, record: CustomField, arguments: Mapping[str, Any]) -> None:
    """Bring a field back, and with it the values that records had in it."""
    wait_for_others(ctx)
    entity = _entity(ctx, record.entity)
    if entity is not None:
        _check_free(ctx, entity.key, record.name)
        _check_number(ctx, entity)
    record.deleted_at = None
