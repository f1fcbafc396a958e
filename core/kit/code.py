"""Checks that read the plugin's source and run none of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from core.kit.bench import Bench
from core.kit.finding import Finding
from plugins.manifest import parse_dependency

PUBLIC = ("core.api",)
PAST_THE_SCOPE = {
    "text": "SQL as text",
    "exec_driver_sql": "SQL as text",
    "raw_connection": "a connection of its own",
    "connection": "the session's connection",
    "create_engine": "a connection of its own",
}


def manifest(bench: Bench) -> Iterator[Finding]:
    found = bench.found[bench.name]
    if found.problem:
        yield Finding(
            f"the manifest is refused: {found.problem}",
            f"distribution {found.dist}, entry point {bench.name}",
            "a plugin without a sound manifest cannot be switched on.",
            "mend what the sentence names; docs/plugins.md lists the manifest's fields.",
        )
        return
    path = bench.root / "__init__.py"
    for module, line in _imported(path, bench.manifest.package):
        if module.partition(".")[0] != "plugins":
            yield Finding(
                f"the package imports {module}",
                f"{path}:{line}",
                "the manifest of a plugin that is switched off is read, and nothing else of it must run.",
                "leave the manifest alone in __init__.py; move the rest to a module of its own.",
            )


def imports(bench: Bench) -> Iterator[Finding]:
    if bench.found[bench.name].problem:
        return
    manifest = bench.manifest
    depends = {parse_dependency(text)[0] for text in manifest.depends}
    others = {found.manifest.package: name for name, found in bench.found.items() if found.manifest}
    for path in sources(bench.root):
        for module, line in _imported(path, manifest.package):
            top = module.partition(".")[0]
            if top == "core" and not module.startswith(PUBLIC):
                yield Finding(
                    f"it imports {module}, which is private",
                    f"{path}:{line}",
                    "what is not in core.api may change in any release.",
                    "import it from core.api; what is missing there, ask for.",
                )
            other = others.get(top)
            if other and other not in (bench.name, *depends):
                yield Finding(
                    f"it imports {module} of the plugin {other!r}",
                    f"{path}:{line}",
                    f"without {other!r} switched on this plugin would not start.",
                    f'add "{other}" to depends in the manifest, or name its entities by key and say after.',
                )


def statements(bench: Bench) -> Iterator[Finding]:
    if bench.found[bench.name].problem:
        return
    for path in sources(bench.root):
        if "migrations" in path.relative_to(bench.root).parts:
            continue
        for node in ast.walk(tree(path)):
            name = _reached(node)
            if name in PAST_THE_SCOPE:
                yield Finding(
                    f"it uses {PAST_THE_SCOPE[name]}: {name}",
                    f"{path}:{getattr(node, 'lineno', 0)}",
                    "such a statement is not limited to what the person may see, so it is refused at run time.",
                    "select mapped classes through ctx.db; change rows through core.api.records.",
                )


def sources(root: Path) -> list[Path]:
    """The plugin's files of Python."""
    return sorted(path for path in root.rglob("*.py") if "__pycache__" not in path.parts)


def tree(path: Path) -> ast.Module:
    """What is written in one of them; nothing where it cannot be read."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:  # the check `starts` tells it
        return ast.Module(body=[], type_ignores=[])


def _imported(path: Path, package: str) -> Iterator[tuple[str, int]]:
    """The modules that a file imports, `from a import b` as `a.b` where a is a package of ours, and the lines."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield f"{package}.{node.module or ''}", node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "core":
            yield from ((f"core.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def _reached(node: ast.AST) -> str:
    """The name of what a node calls or reaches into; a column's type, `columns.text(100)`, is none."""
    if isinstance(node, ast.Attribute):
        return node.attr if node.attr != "text" else ""
    if not isinstance(node, ast.Call):
        return ""
    of_columns = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "text":
        is_type = of_columns and node.func.value.id in ("columns", "types")  # type: ignore[attr-defined]
        return "" if is_type else "text"
    is_length = bool(node.args) and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, int)
    return node.func.id if isinstance(node.func, ast.Name) and not is_length else ""
