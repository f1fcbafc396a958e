"""deform's widgets in our own templates. All of them hold plain text; the services read it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import colander
from deform.widget import Widget

from core.http.paths import collection
from core.i18n import _
from core.security.catalog import is_business
from core.web.format import noun
from core.web.forms.choices import Choice, Choices, Chooser
from core.web.forms.inputs import may_begin
from core.web.record import label_name
from plugins import Field

# Texts that are typed with other keys, by the names that fields of this kind have everywhere.
_KEYBOARDS = {"phone": "tel", "mobile": "tel", "email": "email", "website": "url"}
_FEW = 12  # choices that one looks through quicker than one types


class RawText(colander.SchemaType):
    """A text as it was sent. What it means is for the field's own type to say."""

    def serialize(self, node: Any, appstruct: Any) -> Any:
        return appstruct

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        return cstruct


class TextWidget(Widget):
    """An input on one line. `kind` is its HTML type; `mode` and `keyboard` are what a phone shows to type with, the
    first for figures.
    """

    template = "input"
    kind = "text"
    mode = ""
    keyboard = ""
    complete = "off"

    def serialize(self, field: Any, cstruct: Any, **kw: Any) -> Any:
        text = "" if cstruct in (colander.null, None) else cstruct
        return field.renderer(self.template, field=field, widget=self, text=text, **kw)

    def deserialize(self, field: Any, pstruct: Any) -> Any:
        if pstruct is colander.null:
            return colander.null
        if not isinstance(pstruct, str):
            raise colander.Invalid(field.schema, _("Give text."))
        return pstruct.replace("\r\n", "\n")


class AreaWidget(TextWidget):
    """Several lines; `code` for JSON."""

    template = "area"
    code = False


class SelectWidget(TextWidget):
    """One of a few. `groups` are (title, choices); `blank` adds an empty choice.

    With a `source` scripts let it be searched there, and made by the short form at `adding`, called `thing`.
    """

    template = "select"
    groups: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    blank = True
    source = ""
    adding = ""
    thing = ""

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(choice.key for _title, choices in self.groups for choice in choices)


class LookupWidget(TextWidget):
    """The key of one of many, with suggestions. Searched and made as one of a few is."""

    template = "lookup"
    choices: tuple[Choice, ...] = ()
    source = ""
    adding = ""
    thing = ""

    def label(self, text: str) -> str:
        """What the key stands for, as far as that is known here."""
        return next((one.label for one in self.choices if one.key == text), text)


class MoneyWidget(TextWidget):
    """An amount in the base currency."""

    template = "money"
    mode = "decimal"
    currency = ""


class CheckWidget(TextWidget):
    """Yes or no. An empty box sends nothing by itself, so a hidden `false` stands before it."""

    template = "check"


class ChecksWidget(TextWidget):
    """Some of a few, sent as a sequence or as keys with commas between them."""

    template = "checks"
    choices: tuple[Choice, ...] = ()

    def deserialize(self, field: Any, pstruct: Any) -> Any:
        if isinstance(pstruct, list) and all(isinstance(one, str) for one in pstruct):
            return ",".join(pstruct)
        return super().deserialize(field, pstruct)


def widget_of(field: Field) -> Widget:
    """The widget of a field, still without anything to choose from."""
    kind: Any = field.type
    match kind.kind:
        case "text" if kind.lines:
            return AreaWidget()
        case "choices":
            return AreaWidget()
        case "text" if field.name == "password":
            return TextWidget(kind="password", complete="new-password")
        case "integer":
            return TextWidget(mode="numeric")
        case "number":
            return TextWidget(mode="decimal")
        case "money":
            return MoneyWidget()
        case "text" if field.name in _KEYBOARDS:
            return TextWidget(keyboard=_KEYBOARDS[field.name])
        case "date":
            return TextWidget(kind="date")
        case "moment":
            return TextWidget(kind="datetime-local")
        case "boolean" if field.required:
            return CheckWidget()
        case "boolean" | "choice" | "reference" | "target":
            return SelectWidget()
        case "references":
            return ChecksWidget()
        case "document" if kind.options is not None:
            return ChecksWidget()
        case "document":
            return AreaWidget(code=True)
        case _:
            return TextWidget()


def with_choices(field: Field, chooser: Chooser, document: Any, say: Any) -> Widget:
    """The widget of a field with what there is to choose."""
    kind: Any = field.type
    widget = widget_of(field)
    if kind.kind == "choice":
        codes = [code for code in kind.offered or kind.choices if code not in kind.retired]
        present = document.get(field.name)
        codes += [present] if present in kind.retired else []
        return _select(field, [("", tuple(Choice(code, say(kind.choices[code])) for code in codes))])
    if kind.kind == "boolean" and not field.required:
        return _select(field, [("", (Choice("true", say(_("Yes"))), Choice("false", say(_("No")))))])
    if kind.kind == "reference":
        return _reference(field, chooser, document, say)
    if kind.kind == "money":
        return MoneyWidget(currency=chooser.ctx.base_currency)
    if kind.kind == "references":
        return ChecksWidget(choices=chooser.of(field, document).choices)
    if kind.kind == "document" and kind.options is not None:
        return ChecksWidget(choices=tuple(Choice(code, say(title)) for code, title in kind.options.items()))
    if kind.kind == "target":
        return _select(field, [_targets(chooser, name, say) for name in ("user", "unit", "role")])
    return widget


def _reference(field: Field, chooser: Chooser, document: Any, say: Any) -> Widget:
    found, ctx = chooser.of(field, document), chooser.ctx
    target = ctx.catalog[field.type.entity]  # type: ignore[attr-defined]
    widget = _select(field, [("", found.choices)]) if found.complete else LookupWidget(choices=found.choices)
    is_tree = any(choice.depth for choice in found.choices)
    if is_business(target) or not found.complete or (len(found.choices) > _FEW and not is_tree):
        path = collection(target.key)
        fits = chooser.filter(field, document)
        widget.source = f"{path}/lookup" + (
            f"?{urlencode({'filter': json.dumps(fits, ensure_ascii=False)})}" if fits else ""
        )
        if is_business(target) and may_begin(ctx, target):
            name = label_name(target, chooser.language)
            widget.adding, widget.thing = f"{path}/new?form=short&{name}=", noun(say(target.title), chooser.language)
    return widget


def _select(field: Field, groups: Any) -> SelectWidget:
    return SelectWidget(groups=tuple(groups), blank=not field.required)


def _targets(chooser: Chooser, name: str, say: Any) -> tuple[str, tuple[Choice, ...]]:
    entity = chooser.ctx.catalog[f"core.{name}"]
    found: Choices = chooser.all(entity.key)
    return say(entity.plural), tuple(Choice(f"{name}:{one.key}", one.label, one.depth) for one in found.choices)
