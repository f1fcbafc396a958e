"""The enabled plugins: which, whether they fit together, and in what order they come."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from .discovery import Found
from .errors import DependencyError, did_you_mean
from .manifest import Manifest, parse_dependency


def parse_names(text: str) -> tuple[str, ...]:
    """The names in a line like `"a, b c"`, each once, in the order of the line."""
    return tuple(dict.fromkeys(name for name in re.split(r"[,\s]+", text) if name))


def resolve(found: Mapping[str, Found], enabled: Iterable[str]) -> tuple[Manifest, ...]:
    """The manifests of the enabled plugins, each after those it depends on or goes after.

    The order follows from the manifests alone, never from the order of `enabled`; plugins that are
    free of each other stand by name. DependencyError lists all that is wrong at once.
    """
    order, problems = _judge(found, enabled)
    if problems:
        raise DependencyError([sentence for _name, sentence in problems])
    return order


def sift(found: Mapping[str, Found], enabled: Iterable[str]) -> tuple[tuple[Manifest, ...], dict[str, str]]:
    """As `resolve`, but without those that do not fit: the others in their order, and what is wrong by plugin."""
    names, wrong = set(enabled), dict[str, str]()
    while True:
        order, problems = _judge(found, names, wrong)
        if not problems:
            return order, wrong
        sentences: dict[str, list[str]] = {}
        for name, sentence in problems:
            sentences.setdefault(name, []).append(sentence)
        wrong |= {name: "; ".join(found) for name, found in sentences.items()}
        names -= wrong.keys()


def with_dependants(ordered: Iterable[Manifest], name: str) -> tuple[Manifest, ...]:
    """The plugin of that name and all that need it, directly or not, in the order given."""
    gone: list[Manifest] = []
    for manifest in ordered:  # what it depends on stands before it
        needs = {parse_dependency(text)[0] for text in manifest.depends}
        if manifest.name == name or any(one.name in needs for one in gone):
            gone.append(manifest)
    return tuple(gone)


def usable(found: Mapping[str, Found], name: str) -> Manifest:
    """The manifest of an installed plugin; DependencyError if it is not there or not sound."""
    if problem := _unusable(found, name):
        raise DependencyError([problem])
    manifest = found[name].manifest
    assert manifest is not None
    return manifest


def with_needs(found: Mapping[str, Found], name: str) -> tuple[str, ...]:
    """The name and those of all plugins that it needs, directly or not, so far as they are installed."""
    names, waiting = list[str](), [name]
    while waiting:
        one = waiting.pop()
        if one not in names:
            names.append(one)
            manifest = _manifest(found, one)
            waiting += [parse_dependency(text)[0] for text in manifest.depends] if manifest else []
    return tuple(names)


Problem = tuple[str, str]  # the plugin that is in the way, and a sentence


def _judge(
    found: Mapping[str, Found], enabled: Iterable[str], off: Container[str] = ()
) -> tuple[tuple[Manifest, ...], list[Problem]]:
    names = sorted(set(enabled))
    problems = [(name, problem) for name in names if (problem := _unusable(found, name))]
    chosen = {name: manifest for name in names if (manifest := _manifest(found, name))}
    for name, manifest in chosen.items():
        problems.extend((name, problem) for problem in _unmet(manifest, found, chosen, off))
    problems.extend(_conflicts(chosen))
    order, cycles = _sort(chosen)
    problems.extend(cycles)
    return tuple(chosen[name] for name in order), problems


def _manifest(found: Mapping[str, Found], name: str) -> Manifest | None:
    return found[name].manifest if name in found else None


def _unusable(found: Mapping[str, Found], name: str) -> str | None:
    if name not in found:
        return f"unknown plugin {name!r}{did_you_mean(name, found)}"
    if found[name].manifest is None:
        return f"plugin {name!r} is quarantined: {found[name].problem}"
    return None


def _unmet(
    manifest: Manifest, found: Mapping[str, Found], chosen: Mapping[str, Manifest], off: Container[str]
) -> Iterator[str]:
    for text in manifest.depends:
        name, versions = parse_dependency(text)
        needs = f"plugin {manifest.name!r} needs {text!r}"
        if name in off:
            yield f"{needs}, which is off"
            continue
        if name not in found:
            yield f"{needs}, which is not installed{did_you_mean(name, found)}"
            continue
        needed = found[name].manifest
        if needed is None:
            yield f"{needs}, which is quarantined"
            continue
        if name not in chosen:
            yield f"{needs}, which is not enabled"
        # A pre-release counts as the version it leads to; else no one could try his work on the next one.
        if not versions.contains(needed.version, prereleases=True):
            yield f"{needs}, but {needed.version} is installed"


def _conflicts(chosen: Mapping[str, Manifest]) -> list[Problem]:
    pairs = {
        tuple(sorted((manifest.name, other)))
        for manifest in chosen.values()
        for other in manifest.conflicts
        if other in chosen
    }
    return [(other, f"plugins {one!r} and {other!r} cannot be enabled together") for one, other in sorted(pairs)]


def _sort(chosen: Mapping[str, Manifest]) -> tuple[list[str], list[Problem]]:
    """Names in order, and each cycle of needs.

    `after` is a wish: in a cycle it gives way, so that two plugins may speak of each other. A cycle
    of needs alone is opened at one edge once it is reported, so that the next one comes to light.
    """
    edges = _edges(chosen)
    cycles: list[Problem] = []
    while True:
        sorter: TopologicalSorter[str] = TopologicalSorter({name: [] for name in chosen})
        for later, earlier in edges:
            sorter.add(later, earlier)
        try:
            sorter.prepare()
        except CycleError as exc:
            steps = _steps(exc.args[1])
            wishes = [step for step in steps if edges[step] == _WISH]
            if not wishes:
                sentence = "cycle: " + ", ".join(f"{a!r} needs {b!r}" for a, b in steps)
                cycles.append((steps[0][0], sentence))
            del edges[(wishes or steps)[0]]
        else:
            return _drain(sorter), cycles


_NEED, _WISH = "needs", "goes after"


def _edges(chosen: Mapping[str, Manifest]) -> dict[tuple[str, str], str]:
    """(later, earlier) → what puts them so, in order of names."""
    edges: dict[tuple[str, str], str] = {}
    for name, manifest in sorted(chosen.items()):
        for other in sorted(manifest.after):
            edges[name, other] = _WISH
        for other in sorted(parse_dependency(text)[0] for text in manifest.depends):
            edges[name, other] = _NEED
    return {(later, earlier): why for (later, earlier), why in edges.items() if earlier in chosen}


def _steps(cycle: list[str]) -> list[tuple[str, str]]:
    """The edges of graphlib's closed list, from later to earlier, beginning at the least name."""
    ring = cycle[:0:-1]
    start = ring.index(min(ring))
    ring = ring[start:] + ring[:start]
    return list(zip(ring, ring[1:] + ring[:1], strict=True))


def _drain(sorter: TopologicalSorter[str]) -> list[str]:
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return order
