"""The search over everything: all entities that the actor sees, by all fields that he may ask by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Unicode, case, literal, null, select, union_all

from core.db.base import AttachedTo
from core.db.folding import fold, search_fold
from core.db.phones import HOME_CODE, phone_needle
from core.db.types import text as text_type
from core.entities.finding import SPOKEN, Indexed, Offered, Place, indexed, may_search, ways_of_text
from core.entities.listing import mentions
from core.errors import BadRequest
from core.fields import BadValue, Text
from core.i18n import _
from core.security.conditions.sql import Position
from core.services import records
from core.services.search.narrowing import counts
from core.services.work import Ctx
from plugins import Entity

LEAST, LONGEST = 2, 200  # characters that are looked for
LIMIT, MOST = 20, 100  # hits in an answer
_LOOKED_AT = 200  # rows of an entity that are ranked
_COMMON = 1000  # tokens of one entity beyond which its rows are walked instead
FIRST = "core.customer"
EXACT, BEGINNING, WORD, INSIDE, SOUND = range(5)


@dataclass(frozen=True)
class Hit:
    """A record that was found, and the field by which; `label` as it reads in references."""

    entity: str
    id: int
    label: str
    field: str


def search(ctx: Ctx, text: str, limit: int = LIMIT, language: str = "en") -> list[Hit]:
    """The best hits: whole before beginning, word and part, names before other fields, customers first.

    Three statements, however many entities there are. Raises BadRequest for a text that is too short
    or too long.
    """
    text = _sound(text)
    searched = list(_searched(ctx))
    ranked = sorted(_rank(ctx, searched, text, language))[:limit]
    look = records.reader(ctx, language)
    look.look_up((key, one) for *_order, key, one, _field in ranked)
    return [
        Hit(key, one, label.label, field)
        for *_order, key, one, field in ranked
        if (label := look.label(key, one)) is not None
    ]


def _sound(text: str) -> str:
    """The text, if it is something to look for."""
    try:
        sound = Text(LONGEST).parse(text)
    except BadValue as bad:
        raise BadRequest(_("The query cannot be read."), errors={"q": [bad.message]}) from None
    if sound is None or max(len(search_fold(sound)), len(phone_needle(sound))) < LEAST:
        message = _("Give at least ${n} characters to look for.", mapping={"n": LEAST})
        raise BadRequest(_("The query cannot be read."), errors={"q": [message]})
    return sound


def _searched(ctx: Ctx) -> Iterator[tuple[Entity, list[Indexed]]]:
    """The entities of which the actor sees some, and the forms of the fields that he may ask by."""
    for entity in ctx.catalog:
        if issubclass(entity.model, AttachedTo) or not (entity.public or ctx.rights.may_ever(entity, "view")):
            continue
        forms = [one for one in indexed(ctx.catalog, entity.key) if may_search(ctx.rights, entity, one.field)]
        if forms:
            # The label first: where several fields hold the text, it is the one that is named.
            yield entity, sorted(forms, key=lambda one: (one.field.name != entity.label, one.form == SPOKEN))


def _rank(
    ctx: Ctx, searched: Sequence[tuple[Entity, list[Indexed]]], text: str, language: str
) -> Iterator[tuple[Any, ...]]:
    """(how well, whether not by the label, whether no customer, name, entity, id, field) of each hit."""
    if not searched:
        return
    ways = {entity.key: _way(ctx, entity, text) for entity, _forms in searched}
    rare = _rare(ctx, ways)
    width = max(len(forms) for _entity, forms in searched)
    arms = [_arm(ctx, *one, text, language, width, rare.get(one[0].key, ())) for one in searched]
    found = ctx.db.execute(select(arms[0]) if len(arms) == 1 else union_all(*(select(arm) for arm in arms)))
    by_key = {entity.key: (entity, forms) for entity, forms in searched}
    for key, record_id, name, *texts in found:
        entity, forms = by_key[key]
        for quality, field in sorted(_matches(entity, forms, texts, name or "", text))[:1]:
            is_open = ctx.rights.may_ask(entity, entity.field(entity.label)) if "{" not in entity.label else True
            order = (quality, field != entity.label, key != FIRST, (name or "") if is_open else "")
            yield (*order, key, record_id, field)


def _way(ctx: Ctx, entity: Entity, text: str) -> list[Place] | None:
    """The places of the index through which all that fits can be reached; None if not all can, or need not."""
    ways = ways_of_text(text, ctx.rights, entity) if ctx.rights.sees_others(entity) else None
    return None if ways is None else [place for choices in ways for place in choices[0]]


def _rare(ctx: Ctx, ways: Mapping[str, list[Place] | None]) -> dict[str, tuple[Place, ...]]:
    """Those of the ways that are short, by entity."""
    places = list(dict.fromkeys(place for way in ways.values() for place in way or ()))
    ctx.work.search.write(ctx.work.connection)
    counted = counts(ctx, places, _COMMON, {number for number, _stretch in places}) if places else None
    if counted is None:
        return {}
    return {key: tuple(way) for key, way in ways.items() if way and sum(counted[place] for place in way) <= _COMMON}


def _arm(
    ctx: Ctx, entity: Entity, forms: Sequence[Indexed], text: str, language: str, width: int, places: Sequence[Place]
) -> Any:
    """Rows of one entity that fit, with their label and folded texts, as many columns for each entity.

    Of what is rare the best come first; of what is common as many as come first.
    """
    model: Any = entity.model
    context = replace(ctx.rights.context, scoped=True)
    texts: list[Any] = [getattr(model, one.column).label(f"t{at}") for at, one in enumerate(forms)]
    texts += [null().label(f"t{at}") for at in range(len(forms), width)]
    label = getattr(model, entity.label.format(lang=language[:2]))
    key = literal(entity.key, text_type(64)).label("entity")
    statement = select(key, model.id, label.label("label"), *texts)
    statement = statement.where(mentions(text, ctx.rights, entity, context))
    if places:
        column, needle = getattr(model, forms[0].column), search_fold(text)
        first = case((column == needle, 0), (Position(column, literal(needle, Unicode())) == 1, 1), else_=2)
        statement = statement.where(Offered(model.id, places)).order_by(first, model.id)
    return statement.limit(_LOOKED_AT).subquery()


def _matches(
    entity: Entity, forms: Sequence[Indexed], texts: Sequence[str | None], name: str, text: str
) -> Iterator[tuple[int, str]]:
    """How well the record fits by each of its texts."""
    for one, stored in zip(forms, texts, strict=False):
        for needle in one.needles(text):
            if stored is None or needle not in stored:
                continue
            whole = (needle, HOME_CODE + needle) if one.form == "phone" else (needle,)
            if one.form == SPOKEN:
                yield SOUND, one.field.name
            elif stored in whole:
                yield EXACT, one.field.name
            elif stored.startswith(whole):
                yield BEGINNING, one.field.name
            elif one.field.name == entity.label and f" {fold(text)}" in fold(name):
                yield WORD, one.field.name
            else:
                yield INSIDE, one.field.name
