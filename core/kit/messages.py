"""A plugin's own words: collected from its sources, translated by its author, looked up as the kernel's are.

All messages are of one domain: a plugin's catalogue is `LANGUAGE/LC_MESSAGES/kehu.po` in its folder for
them. What the kernel has words for needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from core.errors import KehuError
from core.i18n import DOMAIN, LANGUAGES
from plugins import Manifest

LANGUAGE = LANGUAGES[0]
CATALOGUE = f"{LANGUAGE}/LC_MESSAGES/{DOMAIN}.po"
SOURCES = [("**.py", "python"), ("**.jinja2", "jinja2")]
OPTIONS = {"**.jinja2": {"encoding": "utf-8", "newstyle_gettext": "true", "trimmed": "true"}}


@dataclass(frozen=True)
class Words:
    """What a plugin says in English, and what its catalogue has for it in the other language."""

    file: Path
    said: tuple[str, ...]
    translated: frozenset[str]

    @property
    def missing(self) -> list[str]:
        """What nobody has translated yet, by the order of the sources."""
        return [message for message in self.said if message not in self.translated]


def root_of(manifest: Manifest) -> Path:
    """The folder of the plugin's package."""
    return Path(str(import_module(manifest.package).__file__)).parent


def file_of(manifest: Manifest) -> Path:
    """The plugin's catalogue, whether it is there or not."""
    return root_of(manifest) / (manifest.locale or ":locale").lstrip(":") / CATALOGUE


def collect(manifest: Manifest) -> Words:
    """Write the messages of the plugin's sources into its catalogue, keep what is translated, compile it.

    KehuError where the manifest says that it has none.
    """
    if manifest.locale is None:
        raise KehuError(
            f"the manifest of {manifest.name} says locale=None; make a folder locale/ in its package and take that out"
        )
    file = file_of(manifest)
    catalogue = _read(file) or Catalog(
        LANGUAGE,
        DOMAIN,
        header_comment=f"# {manifest.title} in Chinese.",
        project=manifest.name,
        version=manifest.version,
        fuzzy=False,
    )
    said = Catalog(LANGUAGE, DOMAIN, creation_date=catalogue.creation_date)  # what says the same stays the same
    for message in _said(root_of(manifest)):
        said.add(message)
    catalogue.update(said, no_fuzzy_matching=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as source:
        write_po(source, catalogue, width=0, ignore_obsolete=True)
    with file.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, catalogue)
    return _words(file, catalogue)


def look(manifest: Manifest) -> Words:
    """As `collect`, without writing anything."""
    file = file_of(manifest)
    catalogue = _read(file) or Catalog(LANGUAGE, DOMAIN)
    return Words(file, tuple(map(_first, _said(root_of(manifest)))), frozenset(_translated(catalogue)))


def is_compiled(file: Path) -> bool:
    """Whether the catalogue beside it, which the site reads, is made of this one."""
    beside = file.with_suffix(".mo")
    if not beside.is_file():
        return False
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, LANGUAGE, DOMAIN))
    compiled.seek(0)
    with beside.open("rb") as kept:
        return _messages(kept) == _messages(compiled)


def _messages(compiled: IO[bytes]) -> dict[str, Any]:
    """The messages without the head, which names the release of Babel that compiled them."""
    return {str(message.id): message.string for message in read_mo(compiled) if message.id}


def kernel() -> frozenset[str]:
    """What the kernel has words for."""
    with (files("core") / "locale" / LANGUAGE / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return frozenset(_translated(read_mo(file)))


def _said(root: Path) -> Iterator[str | tuple[str, ...]]:
    """Each message of the sources once: a text, or singular and plural."""
    known = set(kernel())
    for _file, _line, message, _comments, _context in extract_from_dir(str(root), SOURCES, OPTIONS):
        if _first(message) not in known:
            known.add(_first(message))
            yield message


def _words(file: Path, catalogue: Catalog) -> Words:
    said = [_first(message.id) for message in catalogue if message.id]
    return Words(file, tuple(said), frozenset(_translated(catalogue)))


def _translated(catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id and all(texts):
            yield _first(message.id)


def _first(message: str | tuple[str, ...] | list[str]) -> str:
    return message if isinstance(message, str) else message[0]


def _read(file: Path) -> Catalog | None:
    if not file.is_file():
        return None
    with file.open("rb") as source:
        return read_po(source, LANGUAGE, DOMAIN)
