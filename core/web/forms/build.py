"""A deform form over fields of ours: to read what was sent, and to be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import colander
import deform
from pyramid.request import Request
from pyramid_jinja2 import IJinja2Environment

from core.errors import BadRequest
from core.i18n import _
from core.services.work import Ctx
from core.web.forms.choices import Chooser
from core.web.forms.texts import KEPT
from core.web.forms.widgets import RawText, widget_of, with_choices
from core.web.templating import TEMPLATES
from plugins import Field


class Renderer:
    """deform asks for a template by name; ours lie in `templates/form`."""

    def __init__(self, request: Request) -> None:
        self.environment = request.registry.getUtility(IJinja2Environment, name=".jinja2")
        self.always = {"kept": KEPT}

    def __call__(self, name: str, **values: Any) -> str:
        template = self.environment.get_template(f"{TEMPLATES}/form/{name}.jinja2")
        return str(template.render(**self.always, **values))


def _form(fields: Iterable[Field], widgets: Mapping[str, Any], prefix: str = "f", **kw: Any) -> deform.Form:
    schema = colander.SchemaNode(colander.Mapping())
    for field in fields:
        node = colander.SchemaNode(
            RawText(), name=field.name, title=field.title, missing=colander.drop, widget=widgets[field.name]
        )
        node.oid, node.of, node.wide = f"{prefix}-{field.name}", field, _is_wide(field)
        schema.add(node)
    return deform.Form(schema, **kw)


def _is_wide(field: Field) -> bool:
    """Whether the input takes the whole line."""
    kind: Any = field.type
    return kind.kind in ("document", "references", "choices") or (
        kind.kind == "text" and (kind.lines or kind.length > 200)
    )


def read(fields: Iterable[Field], request: Request) -> dict[str, str]:
    """The texts that a form of ours sent, by field; only those that were sent. Raises BadRequest."""
    wanted = list(fields)
    form = _form(wanted, {field.name: widget_of(field) for field in wanted})
    try:
        sent: dict[str, str] = form.validate(request.POST.items())
    except (ValueError, TypeError, IndexError, deform.ValidationFailure):
        raise BadRequest(_("The form cannot be read. Reload the page and try again.")) from None
    return sent


def drawn(
    request: Request,
    ctx: Ctx,
    fields: Iterable[Field],
    document: Mapping[str, Any],
    texts: Mapping[str, str],
    errors: Mapping[str, list[str]],
    *,
    prefix: str = "f",
) -> deform.Form:
    """The form with its choices, filled with `texts`; `document` is what the record says now. The `prefix` of its
    inputs' ids tells it from another form on the same page.
    """
    wanted = list(fields)
    chooser = Chooser(ctx, request.locale_name)
    say = request.say
    widgets = {field.name: with_choices(field, chooser, document, say) for field in wanted}
    form = _form(wanted, widgets, prefix, renderer=Renderer(request))
    form.cstruct = dict(texts)
    for name, messages in errors.items():
        if name in form:
            child = form[name]
            child.error = colander.Invalid(child.schema, [say(message) for message in messages])
    return form
