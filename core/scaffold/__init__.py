"""A new plugin as files: what `kehu plugin new` writes, and what the contract kit's own tests break."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from core.db.base import MAX_IDENTIFIER, short_name
from core.entities.naming import plural, singular
from core.errors import KehuError
from plugins import Manifest, validate

ROOT = files("core.scaffold")
ENDING = ".tmpl"
ENTITY = "[a-z][a-z0-9]*(?:_[a-z0-9]+)*"

TAKEN = {
    "base",
    "binnable",
    "customer_scoped",
    "entity",
    "field",
    "group",
    "record",
    "rules",
}  # what its modules import


def write(name: str, folder: Path, entity: str = "") -> Path:
    """Write the distribution of a new plugin `name` into a folder `kehu_NAME` of `folder`; that folder.

    `entity` is what one of its records is called, by default the plugin's name as a word for one.
    KehuError where a name cannot be one or the folder is there already.
    """
    entity = entity or singular(name)
    wrong = validate(Manifest(name=name, title=name, version="0.1"))
    if not re.fullmatch(ENTITY, entity):
        if entity != singular(name) or not wrong:
            wrong.append(f"{entity!r} is no name of an entity: small letters and digits, with single _ between words")
    elif keyword.iskeyword(entity) or entity in TAKEN:
        wrong.append(f"{entity!r} has a meaning in Python or the SDK; say --entity NAME")
    elif len(f"{name}_{entity}") > MAX_IDENTIFIER:
        wrong.append(f"the table {name}_{entity} has more than {MAX_IDENTIFIER} characters; say --entity NAME")
    if wrong:
        raise KehuError("; ".join(wrong))
    target = folder / f"kehu_{name}"
    if target.exists():
        raise KehuError(f"{target} is there already")
    words = _words(name, entity)
    for path, source in _templates(ROOT, ""):
        file = target / path.replace("package/", f"{words['package']}/").replace("/0001", f"/{name}_0001")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(source).substitute(words), encoding="utf-8")
    return target


def _words(name: str, entity: str) -> dict[str, str]:
    table = f"{name}_{entity}"
    return {
        "name": name,
        "dashed": name.replace("_", "-"),
        "package": f"kehu_{name}",
        "title": name.replace("_", " ").capitalize(),
        "camel": name.title().replace("_", ""),
        "entity": entity,
        "collection": plural(entity.replace("_", "-")),
        "thing": entity.replace("_", " ").capitalize(),
        "things": plural(entity.replace("_", " ")).capitalize(),
        "model": entity.title().replace("_", ""),
        "constant": entity.upper(),
        "pk": short_name("pk", table, "id"),
        "uq": short_name("uq", table, "code"),
        "ix": short_name("ix", table, "customer_id"),
        "fk": short_name("fk", table, "customer_id"),
    }


def _templates(folder: Traversable, path: str) -> list[tuple[str, str]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            found += _templates(item, f"{path}{item.name}/")
        elif item.name.endswith(ENDING):
            found.append((f"{path}{item.name.removesuffix(ENDING)}", item.read_text(encoding="utf-8")))
    return found
