"""People and programs that log in, and the roles they hold."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db.base import Base, Binnable, Record
from core.db.types import JsonText, UtcDateTime, boolean, text
from core.models.secret import new_secret, secret_hash

user_role = Table(
    "core_user_role",
    Base.metadata,
    Column("user_id", ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("core_role.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Role(Record, Binnable, Base):
    """角色: grants `{entity, action, reach, condition, deny}` and field rights, as data (M28).

    `profile` is the kind of start page and menu that it gives (M32).
    """

    __tablename__ = "core_role"

    code: Mapped[str] = mapped_column(text(32), unique=True)
    name: Mapped[str] = mapped_column(text(200))
    grants: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)
    field_rights: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)
    profile: Mapped[str | None] = mapped_column(text(16))


class User(Record, Binnable, Base):
    """用户. `epoch` rises when password, roles, unit or activity change; older sessions end then.

    `first_views` are the saved views with which lists open for him, by entity; `favourites` are entities' keys
    and ids of records, the last one first.
    """

    OWNER = "id"
    UNIT = "unit_id"

    __tablename__ = "core_user"

    login: Mapped[str] = mapped_column(text(64), unique=True)
    login_folded: Mapped[str | None] = mapped_column(text(128), index=True, info={"fold": "key"})
    name: Mapped[str] = mapped_column(text(200))
    sort_key: Mapped[str | None] = mapped_column(text(255))
    email: Mapped[str | None] = mapped_column(text(200))
    phone: Mapped[str | None] = mapped_column(text(64))
    unit_id: Mapped[int] = mapped_column(ForeignKey("core_unit.id"), index=True)
    language: Mapped[str | None] = mapped_column(text(16))
    time_zone: Mapped[str | None] = mapped_column(text(64))
    theme: Mapped[str | None] = mapped_column(text(16))
    density: Mapped[str | None] = mapped_column(text(16))
    amounts: Mapped[str | None] = mapped_column(text(16))
    first_views: Mapped[dict[str, int] | None] = mapped_column(JsonText)
    favourites: Mapped[list[list[Any]] | None] = mapped_column(JsonText)
    clearance: Mapped[int] = mapped_column(default=1)
    active: Mapped[bool] = mapped_column(boolean(), default=True)
    password_hash: Mapped[str | None] = mapped_column(text(200))
    old_passwords: Mapped[list[str]] = mapped_column(JsonText, default=list)
    epoch: Mapped[int] = mapped_column(default=1)

    roles: Mapped[list[Role]] = relationship(secondary=user_role, order_by=Role.code, lazy="raise_on_sql")


class LoginSession(Base):
    """A logged-in browser. The cookie holds 256 random bits, the row their SHA-256."""

    __tablename__ = "core_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(text(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("core_user.id", ondelete="CASCADE"), index=True)
    epoch: Mapped[int] = mapped_column()
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    address: Mapped[str | None] = mapped_column(text(64))
    agent: Mapped[str | None] = mapped_column(text(200))


class Token(Record, Binnable, Base):
    """A program's key to the API; like a session, only its SHA-256 is kept. Deleting ends it.

    `secret` is only on an object that was just made: nobody reads it again.
    """

    OWNER = "user_id"
    PERSONAL = dict.fromkeys(("view", "create", "edit", "delete"), ("user_id",))

    __tablename__ = "core_token"

    secret_hash: Mapped[str] = mapped_column(text(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("core_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None] = mapped_column(text(200))
    read_only: Mapped[bool] = mapped_column(boolean(), default=False)
    expires_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column("ended_at", UtcDateTime)

    secret: ClassVar[str | None] = None

    def __init__(self, **values: Any) -> None:
        secret = new_secret()
        super().__init__(secret_hash=secret_hash(secret), **values)
        self.__dict__["secret"] = secret


class LoginAttempt(Base):
    """Wrong passwords in a row for a login name, known or not: both are locked alike (M23)."""

    __tablename__ = "core_login_attempt"

    login_hash: Mapped[str] = mapped_column(text(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
