"""How a value of a record is shown: what the reader may see of it, in his language."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pyramid.request import Request

from core.chinese import lunar
from core.chinese.amounts import in_words
from core.i18n import Words, _
from core.services.work import Ctx
from core.web import format as formats
from core.web.addresses import record_path
from core.web.frame import may_visit
from core.web.track import disc
from core.web.words import HEADS, names, word
from plugins import Field

NUMERIC = ("integer", "number", "money")
# Texts that lead somewhere, by the names that fields of this kind have everywhere.
_SCHEMES = {"email": "mailto:", "phone": "tel:", "mobile": "tel:"}
_WEB = re.compile(r"(https?://)?[\w-]+(\.[\w-]+)+([/?#:]\S*)?", re.IGNORECASE)
_DIALLED = re.compile(r"[\d+]+")


@dataclass(frozen=True)
class Value:
    """One value as the templates show it. `kind` names the way, `path` is where it leads, `aside` says it again
    as some people write it, `disc` is the class of a state's sign.

    Kinds: `empty closed masked text lines number late state link gone away many table document failed`.
    """

    kind: str
    text: str = ""
    path: str = ""
    items: tuple[Value, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    aside: str = ""
    disc: str = ""


EMPTY = Value("empty")
CLOSED = Value("closed")


@dataclass(frozen=True)
class Display:
    """Shows values to one reader. `brief` is for cells of a list."""

    language: str
    say: Callable[[str], str]
    zone: dt.tzinfo
    now: dt.datetime
    today: dt.date
    currency: str
    visited: frozenset[str]  # keys of the entities that have pages for him
    names: Mapping[str, Mapping[str, str]]  # of entities, jobs and so on, by key
    brief: bool = False
    amounts: str = "whole"

    def shown(self, field: Field, document: Mapping[str, Any], right: str = "edit") -> Value:
        """A field of a record's document; a field that is missing there is closed to the reader."""
        if field.name not in document:
            return CLOSED
        value = document[field.name]
        if right == "mask" and value is not None:
            return Value("masked", str(value))
        shown = self.value(field, value)
        if self._is_overdue(field, document):
            return replace(shown, kind="late")
        return shown

    def whole(self, field: Field, document: Mapping[str, Any], right: str = "edit") -> Value:
        """The same among the facts of the record itself, where there is room for what stands beside it."""
        shown = self.shown(field, document, right)
        return shown if shown.kind in ("closed", "masked") else replace(shown, aside=self._aside(field, document))

    def _aside(self, field: Field, document: Mapping[str, Any]) -> str:
        """An amount in words, the day on which a lunar birthday is kept."""
        value = document[field.name]
        if value is not None and getattr(field.type, "in_words", False) and self.language == "zh_Hans":
            return in_words(Decimal(value)) if self.currency == "CNY" else ""
        if value is not None and document.get(getattr(field.type, "lunar", "")):
            born = dt.date.fromisoformat(value)
            kept = formats.day(lunar.coming(born, self.today), self.language)
            return self.say(_("lunar ${day}, next on ${kept}", mapping={"day": lunar.name_of(born), "kept": kept}))
        return ""

    def _is_overdue(self, field: Field, document: Mapping[str, Any]) -> bool:
        """Whether a day or moment has passed, and the record does not say that it was kept."""
        kept, value = getattr(field.type, "kept", ""), document[field.name]
        if not kept or value is None or document.get(kept) is not False:
            return False
        if field.type.kind == "moment":
            return dt.datetime.fromisoformat(value) < self.now
        return dt.date.fromisoformat(value) < self.today

    def value(self, field: Field, value: Any) -> Value:
        """A value as its field's type writes it in JSON."""
        if value is None or value in ("", [], {}):
            return EMPTY
        show = getattr(self, f"_{field.type.kind}", None)
        shown: Value = show(field, value) if show else Value("text", str(value))
        return shown

    def past(self, field: Field | None, value: Any) -> Value:
        """An old or new value out of the trail; as it is kept, of a field that is not there (None)."""
        if isinstance(value, Mapping) and value.get("restricted"):
            return CLOSED
        if field is not None:
            return self.value(field, value)
        return EMPTY if value is None else Value("text", str(value))

    def text(self, field: Field, value: Any) -> str:
        """The value as plain text."""
        shown = self.value(field, value)
        return ", ".join(item.text for item in shown.items) if shown.kind == "many" else shown.text

    # --- by kind of field -------------------------------------------------------------------------

    def _text(self, field: Field, value: str) -> Value:
        if getattr(field.type, "lines", False):
            return Value("lines", value)
        scheme = _SCHEMES.get(field.name)
        if scheme and not self.brief:
            number = "".join(_DIALLED.findall(value))
            return Value("away", value, scheme + (number if scheme == "tel:" else value))
        if field.name == "website" and _WEB.fullmatch(value):
            return Value("away", value, value if value.lower().startswith("http") else f"https://{value}")
        if names := getattr(field.type, "names", ""):
            return Value("text", self.say(self.names[names].get(value, value)))
        return Value("text", value)

    def _integer(self, field: Field, value: int) -> Value:
        return Value("number", formats.number(value, self.language))

    def _number(self, field: Field, value: float) -> Value:
        return Value("number", formats.number(Decimal(str(value)), self.language))

    def _money(self, field: Field, value: str) -> Value:
        write = formats.short_money if self.brief and self.amounts == "short" else formats.money
        return Value("number", write(Decimal(value), self.currency, self.language))

    def _boolean(self, field: Field, value: bool) -> Value:
        return Value("text", self.say(_("Yes") if value else _("No")))

    def _date(self, field: Field, value: str) -> Value:
        return Value("number", formats.day(dt.date.fromisoformat(value), self.language))

    def _moment(self, field: Field, value: str) -> Value:
        moment = dt.datetime.fromisoformat(value)
        if self.brief:
            return Value("number", formats.short_moment(moment, self.language, self.zone, self.now))
        return Value("number", formats.moment(moment, self.language, self.zone))

    def _choice(self, field: Field, value: str) -> Value:
        title = self.say(field.type.choices.get(value, value))  # type: ignore[attr-defined]
        if field.name != "state":
            return Value("text", title)
        return Value("state", title, disc=disc(field.type, value))  # type: ignore[arg-type]

    def _reference(self, field: Field, value: Mapping[str, Any]) -> Value:
        return self._named(field.type.entity, value)  # type: ignore[attr-defined]

    def _references(self, field: Field, value: list[Mapping[str, Any]]) -> Value:
        return Value("many", items=tuple(self._named(field.type.entity, one) for one in value))  # type: ignore[attr-defined]

    def _target(self, field: Field, value: Mapping[str, Any]) -> Value:
        ((name, reference),) = value.items()
        return self._named(f"core.{name}", reference)

    def _any(self, field: Field, value: Mapping[str, Any]) -> Value:
        return self._named(value.get("entity", ""), value)

    def _named(self, key: str, reference: Mapping[str, Any]) -> Value:
        """A reference: a link if it leads to a page, a lock if the reader may not see what it names."""
        if "id" not in reference:
            return CLOSED
        label = str(reference["label"])
        if reference.get("deleted"):
            return Value("gone", label)
        return Value("link" if key in self.visited else "text", label, record_path(key, reference["id"]))

    def _document(self, field: Field, value: Any) -> Value:
        """Rows as a table, words as words, anything else as it is."""
        if isinstance(value, list) and all(isinstance(row, dict) for row in value):
            names = tuple(dict.fromkeys(name for row in value for name in row))
            rows = tuple(tuple(self._plain(name, row.get(name)) for name in names) for row in value)
            return Value("table", heads=tuple(HEADS.get(name, name) for name in names), rows=rows)
        if isinstance(value, list) and all(isinstance(code, str) for code in value):
            return Value("many", items=tuple(self._plain("action", code) for code in value))
        return Value("document", json.dumps(value, ensure_ascii=False, indent=2))

    def _changes(self, field: Field, value: list[Mapping[str, Any]]) -> Value:
        rows = tuple(
            (Value("text", line["field"]), *(self._past(line[name]) for name in ("old", "new"))) for line in value
        )
        return Value("table", heads=(_("Field"), _("Before"), _("After")), rows=rows)

    def _past(self, value: Any) -> Value:
        """An old or new value of any kind: what the audit has, with labels for references."""
        if isinstance(value, Mapping) and ("id" in value or value.get("restricted")):
            return Value("text", str(value["label"])) if "id" in value else CLOSED
        if value in (None, "", [], {}):
            return EMPTY
        if isinstance(value, list) and all(isinstance(one, Mapping) and "label" in one for one in value):
            return Value("text", ", ".join(str(one["label"]) for one in value))
        return self._plain("", value)

    def _choices(self, field: Field, value: list[Mapping[str, Any]]) -> Value:
        labels = [Words(one["label_en"], one["label_zh"]) for one in value if one["active"]]
        return Value("many", items=tuple(Value("text", self.say(label)) for label in labels))

    def _plain(self, name: str, value: Any) -> Value:
        if value is None or value is False:
            return EMPTY
        if value is True:
            return Value("text", self.say(_("Yes")))
        if isinstance(value, str):
            return Value("text", self.say(word(name, value, self.names["entity"])))
        return Value("text", json.dumps(value, ensure_ascii=False))


def display(request: Request, ctx: Ctx, *, brief: bool = False) -> Display:
    """For whoever asks."""
    return Display(
        language=request.locale_name,
        say=request.say,
        zone=ctx.kernel.clock.zone,
        now=ctx.now,
        today=ctx.today,
        currency=ctx.base_currency,
        visited=frozenset(entity.key for entity in ctx.catalog if may_visit(ctx, entity)),
        names=names(ctx),
        brief=brief,
        amounts=ctx.identity.amounts or "whole",
    )
