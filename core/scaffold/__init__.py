"""A new plugin as files: what `kehu plugin new` writes, and what the contract kit's own tests break."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from core.db.base import short_name
from core.errors import KehuError
from plugins import Manifest, validate

ROOT = files("core.scaffold")
ENDING = ".tmpl"


def write(name: str, folder: Path) -> Path:
    """Write the distribution of a new plugin `name` into a folder `kehu_NAME` of `folder`; that folder.

    KehuError where the name cannot be one or the folder is there already.
    """
    wrong = validate(Manifest(name=name, title=name, version="0.1"))
    if wrong:
        raise KehuError("; ".join(wrong))
    target = folder / f"kehu_{name}"
    if target.exists():
        raise KehuError(f"{target} is there already")
    words = _words(name)
    for path, source in _templates(ROOT, ""):
        file = target / path.replace("package/", f"{words['package']}/").replace("/0001", f"/{name}_0001")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(source).substitute(words), encoding="utf-8")
    return target


def _words(name: str) -> dict[str, str]:
    entity = name.removesuffix("s") or name
    table = f"{name}_{entity}"
    return {
        "name": name,
        "dashed": name.replace("_", "-"),
        "package": f"kehu_{name}",
        "title": name.replace("_", " ").capitalize(),
        "camel": name.title().replace("_", ""),
        "entity": entity,
        "thing": entity.replace("_", " ").capitalize(),
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
