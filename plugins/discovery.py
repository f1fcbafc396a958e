"""Finding plugins: the manifests of all installed distributions, and nothing else of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import Final

from .errors import ManifestError
from .manifest import Manifest, validate

ENTRY_POINT_GROUP: Final = "kehu.plugins"


@dataclass(frozen=True)
class Found:
    """A plugin that was found. It is quarantined when `problem` says why; then `manifest` is None.

    `dist` is the distribution that offers it, None if it was handed over in code.
    """

    manifest: Manifest | None
    name: str
    dist: str | None
    version: str
    problem: str | None = None


def discover(extra: Iterable[Manifest] = ()) -> dict[str, Found]:
    """Every plugin that could be enabled or says why not, by name, in order of names.

    Reads the entry points of all installed distributions, which imports each plugin's package and
    none of its modules. `extra` manifests, with `package` set, take the place of installed ones.
    """
    found: dict[str, Found] = {}
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        here = _found(entry_point)
        other = found.get(here.name)
        found[here.name] = here if other is None else _claimed_twice(other, here)
    for manifest in extra:
        problem = "; ".join(validate(manifest)) or None
        sound = manifest if problem is None else None
        found[manifest.name] = Found(sound, manifest.name, None, manifest.version, problem)
    return dict(sorted(found.items()))


def _found(entry_point: EntryPoint) -> Found:
    name = entry_point.name
    dist = entry_point.dist.name if entry_point.dist else None
    version = entry_point.dist.version if entry_point.dist else ""
    try:
        manifest = _load(entry_point)
    except ManifestError as exc:
        return Found(None, name, dist, version, str(exc))
    # The code of a stranger runs here for the first time: whatever it does, the others must be found.
    except (Exception, SystemExit) as exc:
        return Found(None, name, dist, version, f"{entry_point.value}: {type(exc).__name__}: {exc}")
    return Found(manifest, name, dist, manifest.version)


def _load(entry_point: EntryPoint) -> Manifest:
    manifest = entry_point.load()
    if not isinstance(manifest, Manifest):
        raise ManifestError(f"{entry_point.value} is of type {type(manifest).__name__}, not Manifest")
    manifest = replace(manifest, package=entry_point.module)
    problems = validate(manifest)
    if manifest.name != entry_point.name:
        problems.append(f"name {manifest.name!r} differs from its entry point {entry_point.name!r}")
    if not hasattr(sys.modules[manifest.package], "__path__"):
        problems.append(f"{manifest.package} is a module; the manifest belongs in a package's __init__")
    elif not problems:
        problems.extend(_missing_folders(manifest))
    if problems:
        raise ManifestError("; ".join(problems))
    return manifest


def _missing_folders(manifest: Manifest) -> list[str]:
    root = files(manifest.package)
    named = {
        "migrations": manifest.migrations,
        "templates": manifest.templates,
        "locale": manifest.locale,
    }
    return [
        f"{attribute}: {manifest.package}{folder} is not a folder (say {attribute}=None if there is none)"
        for attribute, folder in named.items()
        if folder is not None and not root.joinpath(folder.removeprefix(":")).is_dir()
    ]


def _claimed_twice(one: Found, other: Found) -> Found:
    # Taking either would let an installed package replace another one's plugin unseen.
    dists = " and ".join(sorted(f"{entry.dist} {entry.version}" for entry in (one, other)))
    return Found(None, one.name, one.dist, one.version, f"offered by both {dists}")
