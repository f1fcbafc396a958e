"""The decorators that tie hook implementations to their specifications."""

from __future__ import annotations

from typing import Final

from pluggy import HookimplMarker, HookspecMarker

PROJECT: Final = "kehu"

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)
