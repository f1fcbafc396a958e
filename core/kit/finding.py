"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Four sentences for the plugin's author; a `note` is something to know and no fault."""

    what: str
    where: str
    why: str
    fix: str
    note: bool = False

    def __str__(self) -> str:
        return f"{self.what} (in {self.where}). Why it matters: {self.why} What to do: {self.fix}"
