"""Whether people can read all that the plugin says in both languages."""

from __future__ import annotations

from collections.abc import Iterator

from translationstring import TranslationString

from core.i18n import DOMAIN
from core.kit import messages
from core.kit.bench import Bench
from core.kit.finding import Finding
from plugins import Field

SHOWN = 10


def translations(bench: Bench) -> Iterator[Finding]:
    words = messages.look(bench.manifest)
    begun, labels = words.file.is_file(), list(_labels(bench))
    plain = [f"{label!r} ({where})" for label, where in labels if not _is_message(label)]
    if plain:
        yield Finding(
            f"plain text is shown: {_some(plain)}",
            f"plugin {bench.name}",
            "it cannot be translated, so half of the people read a foreign language.",
            'say _("…"), with `from core.api import _`.',
            note=not begun,
        )
    known = words.translated | messages.kernel()
    said = dict.fromkeys([*words.said, *(str(label) for label, _where in labels if _is_message(label))])
    missing = [repr(one) for one in said if one not in known]
    if missing:
        yield Finding(
            f"there is no Chinese for {_some(missing)}",
            str(words.file),
            "Chinese users read English there.",
            f"run: kehu plugin messages {bench.name}; fill in what is empty there, and run it again.",
            note=not begun,
        )
    elif begun and not messages.is_compiled(words.file):
        yield Finding(
            "what the site reads is not made of this catalogue",
            str(words.file.with_suffix(".mo")),
            "people go on reading the old words.",
            f"run: kehu plugin messages {bench.name}",
        )


def _some(texts: list[str]) -> str:
    more = len(texts) - SHOWN
    return ", ".join(texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _is_message(label: str) -> bool:
    return isinstance(label, TranslationString) and label.domain == DOMAIN


def _labels(bench: Bench) -> Iterator[tuple[str, str]]:
    """Every text of the plugin's declarations that people read, and what it is the text of."""
    kernel = bench.kernel
    for entity in bench.entities:
        yield entity.title, f"entity {entity.key}"
        yield entity.plural, f"entity {entity.key}"
        for group in entity.groups:
            yield group.title, f"a group of {entity.key}"
        for verb in entity.verbs:
            yield verb.title, f"verb {verb.name} of {entity.key}"
            yield from _of_fields(verb.arguments, f"verb {verb.name} of {entity.key}")
        yield from _of_fields(tuple(one for one in entity.fields if "." not in one.name), entity.key)
    for key in kernel.extensions:
        if kernel.extensions.owner(key) == bench.name:
            extension = kernel.extensions.get(key)
            yield extension.title, f"fields on {extension.of}"
            yield from _of_fields(extension.fields, extension.of)
    for registry in (kernel.cards, kernel.panels, kernel.columns, kernel.list_views, kernel.jobs):
        for item in registry.values():
            if registry.owner(item.key) == bench.name and item.key not in kernel.subscribers:
                yield item.title, f"{registry.kind} {item.key}"


def _of_fields(fields: tuple[Field, ...], of: str) -> Iterator[tuple[str, str]]:
    for field in fields:
        choices: dict[str, str] = getattr(field.type, "choices", {})
        for text in (field.title, field.help, *choices.values()):
            if text:
                yield text, f"field {field.name} of {of}"
