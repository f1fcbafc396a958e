"""What a file's columns and texts probably mean. A proposal is only ever shown: its user says what holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from core.db.folding import fold
from core.entities.mapping import MATCHABLE
from core.entities.table import Row
from core.models import Import
from core.security.catalog import attribute
from core.services.chunks import chunked
from core.services.importing.choices import Choices, remembered
from core.services.importing.store import columns_of
from core.services.work import Ctx
from plugins import Entity, Field

Words = Callable[[str], Iterable[str]]  # a text in each language
MOST_TEXTS = 200  # different texts of a column; one with more is not a matter of a few words
MOST_OPTIONS = 300
_NOISE = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Text:
    """A text of a column: how often it stands there, whether it is understood as it is, and what it may be."""

    text: str
    count: int
    known: bool
    to: str


def proposed(ctx: Ctx, entity: Entity, kept: Import, words: Words) -> tuple[Choices, Import | None]:
    """How the file is read if nobody says otherwise, and the import from which that was taken over."""
    headers = [column.name for column in columns_of(kept)]
    before = remembered(ctx, kept)
    if before is not None:
        choices = Choices.of(before.choices)
        known = {field.name for field in choices.entity(entity).fields if not field.read_only}
        return replace(choices, columns={name: at for name, at in choices.columns.items() if name in known}), before
    columns = _columns(entity, headers, words)
    key = entity.natural_key
    return Choices(columns, key if key in columns and is_matchable(entity.field(key)) else None), None


def is_matchable(field: Field) -> bool:
    """Whether a record can be told by this field."""
    return field.type.kind in MATCHABLE


def _columns(entity: Entity, headers: Sequence[str], words: Words) -> dict[str, str]:
    """Fields by the columns that bear their name, or a title of theirs, with or without the entity's before it; else by
    the synonyms that are declared, of which the first that is there counts.
    """
    mine = [_plain(word) for word in words(entity.title)]
    by_word: dict[str, str] = {}
    for field in reversed([one for one in entity.fields if not one.read_only]):
        for word in (*words(field.title), field.name):
            by_word[_plain(word)] = field.name
    found: dict[str, str] = {}
    for exact in (True, False):
        for header in headers:
            if header in found.values():
                continue
            plain = _plain(header)
            tried = [plain] if exact else [plain.removeprefix(word).removesuffix(word) for word in mine]
            name = next((by_word[one] for one in tried if one in by_word), None)
            if name is not None and name not in found:
                found[name] = header
    left = {_plain(header): header for header in reversed(headers) if header not in found.values()}
    for field in entity.fields:
        if field.name not in found and not field.read_only:
            for plain in [one for one in map(_plain, field.synonyms) if one in left][:1]:
                found[field.name] = left.pop(plain)
    return found


def _plain(text: str) -> str:
    return _NOISE.sub("", fold(text))


# --- texts that stand for something ----------------------------------------------------------------------


def is_listed(field: Field) -> bool:
    """Whether a field's values are some of a list, so that a text can stand for one of them."""
    return field.type.kind in ("choice", "reference")


def texts_of(
    ctx: Ctx, entity: Entity, rows: Iterable[Row], headers: Sequence[str], choices: Choices, words: Words
) -> dict[str, list[Text]]:
    """The texts of each listed field that are not understood as they are, or were told to be something else."""
    at = {
        name: headers.index(column)
        for name, column in choices.columns.items()
        if column in headers and is_listed(entity.field(name))
    }
    counts: dict[str, Counter[str]] = {name: Counter() for name in at}
    for row in rows:
        if row.fault is None:
            for name, place in at.items():
                if (cell := row.cells[place].strip()) and len(counts[name]) <= MOST_TEXTS:
                    counts[name][cell] += 1
    found = {}
    for name, counted in counts.items():
        if len(counted) <= MOST_TEXTS:
            told = choices.values.get(name, {})
            meant = _meant(ctx, entity.field(name), list(counted), words)
            texts = [
                Text(text, count, meant[text] == text, told.get(text, "" if meant[text] == text else meant[text] or ""))
                for text, count in counted.most_common()
            ]
            found[name] = [one for one in texts if not one.known or one.to]
    return found


def _meant(ctx: Ctx, field: Field, texts: Sequence[str], words: Words) -> Mapping[str, str | None]:
    """What each text is taken for: itself if it is a value, the value that is called so, or None."""
    kind: Any = field.type
    if kind.kind == "choice":
        by_word = {_plain(word): code for code, title in kind.choices.items() for word in words(title)}
        return {text: text if text in kind.choices else by_word.get(_plain(text)) for text in texts}
    return _records(ctx, kind, texts)


def _records(ctx: Ctx, kind: Any, texts: Sequence[str]) -> dict[str, str | None]:
    """The keys of records that the actor sees, by key or by name; a name that several have tells nothing."""
    target = ctx.catalog.get(kind.entity)
    if target is None:
        return dict.fromkeys(texts)
    key, names = _key_and_names(ctx, target)
    found: dict[str, set[str]] = {}
    for chunk in chunked(texts):
        for column in (key, *names):
            for shown, value in ctx.db.execute(_of(kind, target).add_columns(column, key).where(column.in_(chunk))):
                found.setdefault(shown, set()).add(value)
    own = {text for text in texts if text in found.get(text, ())}
    return {text: text if text in own else _only(found.get(text, set())) for text in texts}


def keys_of(ctx: Ctx, field: Field, texts: Sequence[str]) -> list[str]:
    """What somebody says for records that a reference may name, by key or name: their keys, or what he said."""
    found = _records(ctx, field.type, sorted(set(texts)))
    return [found[text] or text for text in texts]


def _only(found: set[str]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None


def _of(kind: Any, target: Entity) -> Any:
    model: Any = target.model
    agreed = [attribute(model, target.field(name)) == value for name, value in kind.within]
    return select().select_from(model).where(*agreed)


def _key_and_names(ctx: Ctx, target: Entity) -> tuple[Any, list[Any]]:
    """The columns by which a target is named in files, and of its names those that the actor may ask by."""
    fields = {target.label.format(lang=language): None for language in ("zh", "en")}
    named = [one for one in target.fields if one.name in fields and ctx.rights.may_ask(target, one)]
    seen = [one for one in named if not target.public or one.name in target.public]
    model: Any = target.model
    return attribute(model, target.field(target.natural_key)), [attribute(model, one) for one in seen]


def options_of(ctx: Ctx, field: Field) -> list[tuple[str, str]]:
    """The first of the records that a reference may name: their keys and names."""
    kind: Any = field.type
    target = ctx.catalog.get(kind.entity)
    if target is None:
        return []
    key, names = _key_and_names(ctx, target)
    statement = _of(kind, target).add_columns(key, *names[:1]).order_by(key).limit(MOST_OPTIONS)
    return [(row[0], row[-1] or row[0]) for row in ctx.db.execute(statement) if row[0]]
