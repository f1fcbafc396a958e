"""Refusals: that they name fields which are there, so that the sentence is shown beside one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from core.kit.bench import Bench
from core.kit.code import sources, tree
from core.kit.finding import Finding
from plugins import Entity
from plugins.errors import did_you_mean

Place = tuple[Path, str]  # a file and a class in it


def refusals(bench: Bench) -> Iterator[Finding]:
    of_rules = {_place(entity): (entity.key, _of_record(entity)) for entity in bench.entities}
    of_all = {name for entity in bench.kernel.catalog for name in _of_record(entity) | _of_verbs(entity)}
    for path in sources(bench.root):
        for node in tree(path).body:
            inside = node.name if isinstance(node, ast.ClassDef) else ""
            where, known = of_rules.get((path, inside), ("any entity", of_all))
            for name, line in _named(node):
                if name not in known:
                    yield Finding(
                        f"a refusal names {name!r}, which is no field of {where}{did_you_mean(name, known)}",
                        f"{path}:{line}",
                        "the sentence then stands beside no field, and nobody knows what to mend.",
                        "name the field as the entity does; what is about the whole is the detail: Invalid(_(…)).",
                    )


def _place(entity: Entity) -> Place:
    rules = type(entity.rules)
    return Path(str(import_module(rules.__module__).__file__)), rules.__name__


def _of_record(entity: Entity) -> set[str]:
    return {field.name for field in entity.fields} | set(entity.rules.switches)


def _of_verbs(entity: Entity) -> set[str]:
    return {argument.name for verb in entity.verbs for argument in verb.arguments}


def _named(within: ast.AST) -> Iterator[tuple[str, int]]:
    """The names in `errors={"name": …}` of all calls in there, and their lines."""
    for node in ast.walk(within):
        if isinstance(node, ast.Call):
            for given in node.keywords:
                if given.arg == "errors" and isinstance(given.value, ast.Dict):
                    for key in given.value.keys:
                        if isinstance(key, ast.Constant) and isinstance(key.value, str):
                            yield key.value, key.lineno
