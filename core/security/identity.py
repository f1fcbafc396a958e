"""Who acts, through which door. Built once per request, command or job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Identity:
    """The acting user and the door he came through.

    `on_behalf` names whoever stands behind it where that is not the user himself, such as the
    system's user at the command line.
    """

    user_id: int
    login: str
    name: str
    unit_id: int
    door: str
    language: str | None = None
    theme: str | None = None
    density: str | None = None
    amounts: str | None = None
    first_views: Mapping[str, int] = field(default_factory=dict, hash=False)
    favourites: tuple[tuple[str, int], ...] = ()
    session_id: int | None = None
    token_id: int | None = None
    read_only: bool = False
    on_behalf: str | None = None
    address: str | None = None
    unread: int = 0  # notifications, when the request began
