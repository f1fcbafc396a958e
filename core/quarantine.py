"""Which of the enabled plugins stay off because something is wrong with them, and what that is.

A plugin is on or off as a whole: whatever fails at the start, the site is built again without it and
those that need it. Two exceptions: `kehu.plugin_failure = strict`, where every fault stops the start,
and a plugin that is `critical`: to leave out a restriction would open what it closes.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from core.errors import KehuError
from core.settings import Settings, check_plugin_settings
from plugins import Fault, Found, Manifest, PluginError, resolve, sift, with_dependants


class CriticalPlugin(KehuError):
    """A plugin that restricts access cannot run, so the site must not."""


def choose(settings: Settings, found: dict[str, Found]) -> tuple[tuple[Manifest, ...], tuple[Fault, ...]]:
    """The enabled plugins that fit together, in their order, and why the others are off.

    Raises DependencyError with all that is wrong unless the site quarantines.
    """
    if not settings.quarantines:
        ordered, faults = resolve(found, settings.plugins), tuple[Fault, ...]()
    else:
        ordered, wrong = sift(found, settings.plugins)
        faults = tuple(Fault(name, why, _switch_off(name)) for name, why in sorted(wrong.items()))
        known = [found[name].manifest for name in wrong if name in found]
        refuse_without([manifest.name for manifest in known if manifest and manifest.critical])
    installed = [one.manifest for one in found.values() if one.manifest is not None]
    check_plugin_settings(settings, installed, unknown={fault.plugin for fault in faults})
    return ordered, faults


def leave_out(
    settings: Settings, ordered: Sequence[Manifest], error: PluginError, mend: str = ""
) -> tuple[tuple[Manifest, ...], tuple[Fault, ...]]:
    """The plugins without the one that has failed and those that need it, and their faults.

    Raises the error where it is nobody's alone or the site is strict; CriticalPlugin.
    """
    if error.plugin is None or not settings.quarantines:
        raise error
    gone = with_dependants(ordered, error.plugin)
    if not gone:
        raise error
    refuse_without([manifest.name for manifest in gone if manifest.critical], error)
    first, *others = gone
    faults = [_fault(first, error, mend)]
    faults += [Fault(one.name, f"needs {first.name}, which is off", _switch_off(one.name)) for one in others]
    return tuple(one for one in ordered if one not in gone), tuple(faults)


def explain(fault: Fault) -> str:
    """What, where and how to mend, in one line."""
    where = f" (at {fault.where})" if fault.where else ""
    return f"plugin {fault.plugin} is off: {fault.why}{where}; {fault.mend}"


def refuse_without(names: Sequence[str], error: BaseException | None = None) -> None:
    """CriticalPlugin if there are any: the site must not run without them."""
    if names:
        raise CriticalPlugin(
            f"{' and '.join(names)} restricts access and cannot run, so the site does not start"
            f"{f' ({error})' if error else ''}; mend it, or give the restriction up: kehu plugin disable {names[0]}"
        ) from error


def _fault(manifest: Manifest, error: PluginError, mend: str) -> Fault:
    why = str(error).removeprefix(f"plugin {manifest.name!r}: ")
    trace = "".join(traceback.format_exception(error))
    return Fault(manifest.name, why, mend or _switch_off(manifest.name), where(manifest, error), trace)


def _switch_off(name: str) -> str:
    return f"mend it and restart, or run: kehu plugin disable {name}"


def where(manifest: Manifest, error: BaseException | None) -> str:
    """The last line of the plugin's own code or templates in the traceback."""
    found = ""
    spec = find_spec(manifest.package) if manifest.package else None
    root = Path(spec.origin).parent if spec is not None and spec.origin else None
    while error is not None:
        for frame, line in traceback.walk_tb(error.__traceback__):
            path = Path(frame.f_code.co_filename)
            if root is not None and path.is_relative_to(root):
                found = f"{manifest.package}/{path.relative_to(root).as_posix()}:{line}"
        if isinstance(error, SyntaxError) and error.filename:
            found = f"{manifest.package}/{Path(error.filename).name}:{error.lineno}"
        error = error.__cause__
    return found
