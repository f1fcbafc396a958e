"""Settings: the ini file's `kehu.*` lines, overlaid by `KEHU_*` variables, checked and typed."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from core.errors import KehuError
from plugins import Setting, parse_names
from plugins.errors import did_you_mean

NOT_SETTINGS = {"KEHU_INI", "KEHU_SHARED", "KEHU_NOW", "KEHU_FAULT"}
PLUGIN_FAILURE = ("", "strict", "quarantine")
DATABASE_FILE = "kehu.db"
MOST_FILES = 2000  # a file's size in bytes must fit the database's integers


class SettingsError(KehuError):
    """A setting is unknown or cannot be read; says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """What an installation can set. The names are those of the ini file without `kehu.`."""

    database_url: str = ""
    plugins: tuple[str, ...] = ()
    time_zone: str = "Asia/Shanghai"  # business dates, and what `today` means
    title: str = "Kehu"
    production: bool = False
    testing: bool = False
    plugin_failure: str = ""  # strict | quarantine; default: quarantine in production, else strict
    session_days: int = 14
    duplicates_reveal: str = "unit"  # what is told of a duplicate that the asker may not see: unit, or owner too
    duplicate_probes: int = 60  # times an hour that somebody may meet such a one
    formal_on: str = "order"  # what makes a customer formal: its first order, or contract
    jobs: bool = True  # whether `kehu serve` runs jobs too
    job_days: int = 30  # how long jobs that have ended are kept
    files: str = ""  # the folder of attached files
    files_most: int = 25  # MB that a file may have
    of_plugins: Mapping[str, Any] = field(default_factory=dict)

    @property
    def quarantines(self) -> bool:
        """Whether a plugin that fails is left out; else it stops the start."""
        return (self.plugin_failure or ("quarantine" if self.production else "strict")) == "quarantine"


def read(lines: Mapping[str, str], environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Settings from ini lines and the environment; `folder` is where the embedded database lies.

    Raises SettingsError for unknown names and unreadable values.
    """
    values = {name.removeprefix("kehu."): value for name, value in lines.items() if name.startswith("kehu.")}
    for name, value in (os.environ if environ is None else environ).items():
        if name.startswith("KEHU_") and name not in NOT_SETTINGS:
            values[name.removeprefix("KEHU_").lower().replace("__", ".")] = value
    known = {item.name: item.type for item in fields(Settings) if item.name != "of_plugins"}
    for name in [name for name in values if name.replace(".", "_") in known]:
        values[name.replace(".", "_")] = values.pop(name)  # `kehu.duplicates.reveal` reads better than an underscore
    of_plugins = {name: values.pop(name) for name in list(values) if "." in name}
    for name in values:
        if name not in known:
            hint = did_you_mean(f"kehu.{name}", [f"kehu.{one}" for one in known])
            raise SettingsError(f"unknown setting kehu.{name}{hint}")
    here = (folder or Path.cwd()).resolve()
    typed: dict[str, Any] = {name: _typed(f"kehu.{name}", str(known[name]), value) for name, value in values.items()}
    settings = Settings(**typed, of_plugins=of_plugins)
    if not settings.database_url:
        settings = replace(settings, database_url=f"sqlite:///{here / DATABASE_FILE}")
    settings = replace(settings, files=str(_files(settings, here)))
    _check(settings)
    return settings


def _files(settings: Settings, here: Path) -> Path:
    """Where attached files lie: as set, else beside the embedded database or else the ini file.

    The folder is called after the database, so that no two databases ever share one.
    """
    if settings.files:
        return here / settings.files
    kind, _colon, rest = settings.database_url.partition("://")
    database = Path(rest.partition("?")[0].partition("/")[2])
    beside = database.resolve().parent if kind.startswith("sqlite") and database.name != ":memory:" else here
    return beside / f"{database.stem or 'kehu'}-files"


def check_plugin_settings(settings: Settings, manifests: Any, unknown: Collection[str] = ()) -> None:
    """Every `kehu.NAME.x` must be declared by the installed plugin NAME, and readable as its type.

    Those of `unknown` plugins cannot be judged and pass.
    """
    declared: dict[str, Setting] = {f"{m.name}.{s.name}": s for m in manifests for s in m.settings}
    for name, value in settings.of_plugins.items():
        if name not in declared and name.partition(".")[0] in unknown:
            continue
        if name not in declared:
            raise SettingsError(f"unknown setting kehu.{name}{did_you_mean(name, declared)}")
        _typed(f"kehu.{name}", declared[name].type.__name__, value)


def _typed(name: str, kind: str, value: str) -> Any:
    value = value.strip()
    if kind.startswith("tuple"):
        return parse_names(value)
    if kind == "bool":
        known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
        if value.casefold() not in known:
            raise SettingsError(f"{name} is true or false, not {value!r}")
        return known[value.casefold()]
    if kind == "int":
        if not value.isdecimal():
            raise SettingsError(f"{name} is a whole number, not {value!r}")
        return int(value)
    return value


def _check(settings: Settings) -> None:
    try:
        zoneinfo.ZoneInfo(settings.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise SettingsError(
            f"kehu.time_zone: there is no zone {settings.time_zone!r}; write it like Asia/Shanghai"
        ) from None
    if settings.duplicates_reveal not in ("unit", "owner"):
        raise SettingsError(f"kehu.duplicates.reveal is unit or owner, not {settings.duplicates_reveal!r}")
    if settings.formal_on not in ("order", "contract"):
        raise SettingsError(f"kehu.formal_on is order or contract, not {settings.formal_on!r}")
    if settings.plugin_failure not in PLUGIN_FAILURE:
        raise SettingsError(
            f"kehu.plugin_failure is strict or quarantine, not {settings.plugin_failure!r}; strict: a plugin that fails"
            " stops the start; quarantine: the site serves without it"
        )
    if not 1 <= settings.files_most <= MOST_FILES:
        raise SettingsError(f"kehu.files_most is a number of MB from 1 to {MOST_FILES}")
    if settings.testing and settings.production:
        raise SettingsError("kehu.testing and kehu.production exclude each other; switch one off")
