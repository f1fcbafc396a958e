"""A plugin's manifest: pure data, read without importing anything else of the plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from .errors import ManifestError

API_VERSION: Final = 1
RESERVED_NAMES: Final = frozenset({"core", "custom"})

_NAME = re.compile(r"[a-z][a-z0-9_]{1,15}")
_DEPENDENCY = re.compile(rf"({_NAME.pattern})\s*([^a-z0-9_].*)?")
_MODULE = r"(?:\.[A-Za-z_]\w*)+"
_PATHS: Final = {
    "hooks": (re.compile(rf"{_MODULE}:[A-Za-z_]\w*"), ".hooks:plugin"),
    "models": (re.compile(_MODULE), ".models"),
    "migrations": (re.compile(r":\w+(?:/\w+)*"), ":migrations"),
    "templates": (re.compile(r":\w+(?:/\w+)*"), ":templates"),
    "locale": (re.compile(r":\w+(?:/\w+)*"), ":locale"),
}
_SETTING_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_SETTING_TYPES: Final = (str, int, bool)

SettingType: TypeAlias = type[str] | type[int] | type[bool]


@dataclass(frozen=True)
class Setting:
    """One line `kehu.<plugin>.<name>` of the ini file, read as a `type`: str, int or bool.

    `default=None` means: not set. `help` says in a sentence what it is for.
    """

    name: str
    type: SettingType
    default: str | int | bool | None = None
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What Kehu knows of a plugin before it is enabled.

    `name` prefixes tables, routes, settings and keys; `title` and `summary` say what the plugin is. `version`
    is the plugin's, `api` that of the SDK it was written for, `settings` its lines of the ini file. `depends`
    entries (`"customers>=1.2"`) must be enabled and come first; `after` only sets the order; `conflicts` may
    not be enabled beside it.
    `hooks` and `models` are modules relative to the package, imported only when the plugin is enabled;
    `migrations`, `templates` and `locale` are folders of the package, None where it has none.
    `critical` says that the plugin restricts what people may do: a site that cannot run it does not
    start, whatever `kehu.plugin_failure` says. `package` is the import package; discovery fills it in.
    """

    name: str
    title: str
    summary: str = ""
    version: str
    # Not API_VERSION: a manifest that does not say was written for the first API, whatever runs it.
    api: int = 1
    depends: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    critical: bool = False
    hooks: str = ".hooks:plugin"
    models: str | None = ".models"
    migrations: str | None = ":migrations"
    templates: str | None = ":templates"
    locale: str | None = ":locale"
    settings: tuple[Setting, ...] = ()
    package: str = ""


def parse_dependency(text: str) -> tuple[str, SpecifierSet]:
    """Split `"customers>=1.2"` into name and versions; ManifestError if it is neither."""
    match = _DEPENDENCY.fullmatch(text.strip())
    if match is None:
        raise ManifestError(f"{text!r} is not a plugin name with an optional version")
    try:
        return match[1], SpecifierSet(match[2] or "")
    except InvalidSpecifier as exc:
        raise ManifestError(f"{text!r} does not name a version that can be compared") from exc


def validate(manifest: Manifest) -> list[str]:
    """Everything that is wrong with a manifest, one sentence each; empty when it is sound."""
    checks = (_identity, _relations, _paths, _settings)
    return [problem for check in checks for problem in check(manifest)]


def _identity(manifest: Manifest) -> Iterator[str]:
    if not _is_name(manifest.name):
        yield f"{manifest.name!r} is no name of a plugin: 2 to 16 of a-z, 0-9 and _, a letter first, such as 'gifts'"
    elif manifest.name in RESERVED_NAMES:
        yield f"name {manifest.name!r} is reserved"
    if not isinstance(manifest.title, str) or not manifest.title.strip():
        yield "title must be a text that is not empty"
    if not isinstance(manifest.summary, str):
        yield "summary must be a text"
    try:
        Version(manifest.version)
    except (InvalidVersion, TypeError):
        yield f"version {manifest.version!r} is not a version number"
    if not isinstance(manifest.critical, bool):
        yield "critical must be True or False"
    if manifest.api != API_VERSION:
        yield f"is written for plugin API {manifest.api!r}, but this is {API_VERSION}"


def _relations(manifest: Manifest) -> Iterator[str]:
    for attribute in ("depends", "after", "conflicts"):
        entries = getattr(manifest, attribute)
        # A forgotten comma makes ("sales") a plain string, whose letters would pass for names.
        if not isinstance(entries, tuple) or not all(isinstance(entry, str) for entry in entries):
            yield f"{attribute} must be a tuple of texts, as in ('sales',)"
            continue
        for entry in entries:
            try:
                name = parse_dependency(entry)[0] if attribute == "depends" else entry
            except ManifestError as exc:
                yield f"{attribute}: {exc}"
                continue
            if not _is_name(name):
                yield f"{attribute}: {entry!r} is not a plugin name"
            elif name == manifest.name:
                yield f"{attribute}: a plugin cannot name itself"


def _paths(manifest: Manifest) -> Iterator[str]:
    for attribute, (pattern, example) in _PATHS.items():
        value = getattr(manifest, attribute)
        if value is None and attribute != "hooks":
            continue
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"{attribute} {value!r} must look like {example!r}"


def _settings(manifest: Manifest) -> Iterator[str]:
    settings = manifest.settings
    if not isinstance(settings, tuple) or not all(isinstance(entry, Setting) for entry in settings):
        yield "settings must be a tuple of Setting"
        return
    seen: set[str] = set()
    for setting in settings:
        # No double underscore: it parts plugin and setting in environment variables.
        if not isinstance(setting.name, str) or not _SETTING_NAME.fullmatch(setting.name):
            yield f"setting {setting.name!r} does not match ^{_SETTING_NAME.pattern}$"
        elif setting.name in seen:
            yield f"setting {setting.name!r} is declared twice"
        else:
            seen.add(setting.name)
        if setting.type not in _SETTING_TYPES:
            yield f"setting {setting.name!r}: type must be str, int or bool"
        elif setting.default is not None and type(setting.default) is not setting.type:
            yield f"setting {setting.name!r}: default {setting.default!r} is not {setting.type.__name__}"


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None
