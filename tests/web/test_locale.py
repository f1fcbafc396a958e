"""The catalogues: every message is there, in Chinese too, and compiled."""

from __future__ import annotations

import io
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
LOCALE = ROOT / "core" / "locale"
PO = LOCALE / "zh_Hans" / "LC_MESSAGES" / "kehu.po"


@pytest.fixture(scope="module")
def catalogue():
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans", domain="kehu")


def extracted() -> set[str]:
    """The messages in the kernel's code and templates; of plural ones the singular."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = set()
    for _name, _line, message, _comments, _context in extract_from_dir(str(ROOT), methods, options):
        found.add(message[0] if isinstance(message, tuple) else message)
    return found


def ids(catalogue):
    return {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalogue if message.id}


def test_every_message_is_in_the_catalogues(catalogue):
    wanted = extracted()
    assert wanted - ids(catalogue) == set(), "run `make locale` and translate what is new"
    assert ids(catalogue) - wanted == set(), "run `make locale`"
    with (LOCALE / "kehu.pot").open("rb") as file:
        assert ids(read_po(file)) == wanted, "run `make locale`"


def test_every_message_is_translated(catalogue):
    for message in catalogue:
        if message.id:
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            assert all(texts), message.id
            assert not message.fuzzy, message.id


def test_translations_name_the_same_values(catalogue):
    for message in catalogue:
        if not message.id:
            continue
        given = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in texts:
            assert values(text) == values(given[-1]), message.id


def values(text: str) -> set[str]:
    return set(re.findall(r"\$\{\w+\}|%\(\w+\)s", text))


def test_translations_are_chinese(catalogue):
    for message in catalogue:
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in filter(None, texts if message.id else ()):
            assert set(text) - set(string.printable), message.id
            assert not re.search(r"[\u4e00-\u9fff][,;:?!]", text), f"half-width sign after Chinese: {text}"


def test_the_compiled_catalogue_is_of_this_source(catalogue):
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    with PO.with_suffix(".mo").open("rb") as kept:
        assert messages(read_mo(kept)) == messages(read_mo(compiled)), "run `make locale`"


def messages(catalogue):
    """The messages without the head, which names the release of Babel that compiled them."""
    return {(message.context, str(message.id)): message.string for message in catalogue if message.id}
