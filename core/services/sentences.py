"""Sentences that are kept until somebody reads them, in his language."""

from __future__ import annotations

from typing import Any

from translationstring import TranslationString

from core.errors import KehuError

Sentence = str | dict[str, Any]  # plain JSON


def kept(message: Any) -> Sentence:
    """A message as JSON."""
    if not isinstance(message, TranslationString):
        return str(message)
    gaps = {name: kept(value) for name, value in (message.mapping or {}).items()}
    return {"text": str(message), "domain": message.domain, "gaps": gaps}


def read(sentence: Sentence) -> str:
    """The message again, to be translated."""
    if isinstance(sentence, str):
        return sentence
    gaps = {name: read(value) for name, value in sentence["gaps"].items()}
    return TranslationString(sentence["text"], domain=sentence["domain"], mapping=gaps)


def reasons(error: KehuError) -> list[tuple[str | None, Sentence]]:
    """Why something was refused: each reason with the field that it is about, if it is about one."""
    found: list[tuple[str | None, Sentence]] = [
        (name, kept(message)) for name, messages in error.errors.items() for message in messages
    ]
    return found or [(None, kept(error.detail or error.title))]
