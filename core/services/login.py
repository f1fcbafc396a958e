"""Logging in and out, and finding out who a cookie or a token belongs to (M23).

An unknown login, a wrong password and a locked name take the same time and say the same.
"""

from __future__ import annotations

import datetime as dt
import getpass
import os
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from core.db.folding import fold
from core.db.guard import GuardedSession
from core.errors import Invalid, NotFound, TooMany
from core.i18n import _
from core.models import Epoch, LoginAttempt, LoginSession, Notification, Token, User
from core.security import passwords
from core.security.identity import Identity
from core.security.store import Epochs
from core.services.work import Ctx, Kernel, Work

MOST_FAILURES = 5
LIVING = (User.active, User.deleted_at.is_(None))
LOCKED_FOR = dt.timedelta(minutes=15)

# Asked with every request, and so made once: whoever comes with a secret, and the numbers of the epochs
# read along with him.
_OWN = (User.language, User.theme, User.density, User.amounts, User.first_views, User.favourites)
_FACTS = (User.id, User.login, User.name, User.unit_id, *_OWN)
_EPOCHS = tuple(
    select(Epoch.number).where(Epoch.name == name).scalar_subquery().label(f"{name}_epoch")
    for name in ("rights", "shares")
)
_UNREAD = (
    select(func.count())
    .select_from(Notification)
    .where(Notification.user_id == User.id, Notification.read.is_(False))
    .correlate(User)
    .scalar_subquery()
    .label("unread")
)
_BY_SESSION = (
    select(LoginSession.id.label("came_with"), _UNREAD, *_FACTS, *_EPOCHS)
    .join(User, User.id == LoginSession.user_id)
    .where(
        LoginSession.secret_hash == bindparam("secret_hash"),
        LoginSession.expires_at > bindparam("now"),
        LoginSession.epoch == User.epoch,
        *LIVING,
    )
)
_BY_TOKEN = (
    select(Token.id.label("came_with"), Token.read_only, *_FACTS, *_EPOCHS)
    .join(User, User.id == Token.user_id)
    .where(
        Token.secret_hash == bindparam("secret_hash"),
        Token.deleted_at.is_(None),
        or_(Token.expires_at.is_(None), Token.expires_at > bindparam("now")),
        *LIVING,
    )
)


class Left(Invalid):
    """Whoever asked for something is not there any more."""


@dataclass(frozen=True)
class Visitor:
    """From where somebody knocks."""

    address: str | None = None
    agent: str | None = None


def log_in(kernel: Kernel, login: str, password: str, visitor: Visitor) -> str | None:
    """A new session's secret, or None for a wrong login or password; the failure is counted.

    Raises TooMany while the name is locked: five failures lock it for fifteen minutes, known or not.
    The password is compared between two short transactions: it takes long, and writers wait for each other.
    """
    login = "" if "\x00" in login else login.strip()
    key = _attempt_key(login)
    stored = kernel.run(lambda work: _stored(work, login, key), write=False)
    right = passwords.fits(stored, password)
    return kernel.run(lambda work: _settle(work, login, key, stored if right else None, password, visitor), write=True)


def _stored(work: Work, login: str, key: str) -> str | None:
    """What is kept of the user's password. TooMany while the name is locked."""
    _refuse_locked(work, work.system.get(LoginAttempt, key))
    user = named(work.system, login)
    return user.password_hash if user is not None else None


def _settle(work: Work, login: str, key: str, proven: str | None, password: str, visitor: Visitor) -> str | None:
    """Open a session if the password kept is still the one that was `proven`, else count a failure."""
    session = work.elevated(_("Logging in"), write=True)
    attempt = session.get(LoginAttempt, key, with_for_update=True)
    _refuse_locked(work, attempt)
    user = named(session, login)
    if user is None or proven is None or user.password_hash != proven:
        _count_failure(work, session, attempt, key)
        if user is not None:
            work.journal.door, work.journal.address = "web", visitor.address
            work.journal.note("login-failed", "core.user", user.id)
        return None
    if attempt is not None:
        session.delete(attempt)
    if passwords.is_outdated(proven):
        user.password_hash = passwords.keep(password)
    return _open(work, user, visitor)


def _refuse_locked(work: Work, attempt: LoginAttempt | None) -> None:
    if attempt is not None and attempt.locked_until is not None and attempt.locked_until > work.now:
        seconds = int((attempt.locked_until - work.now).total_seconds()) + 1
        raise TooMany(_("This login name is locked for the moment. Try again later."), seconds)


def _count_failure(work: Work, session: GuardedSession, attempt: LoginAttempt | None, key: str) -> None:
    failures = (attempt.failures if attempt is not None else 0) + 1
    locked_until = None
    if failures >= MOST_FAILURES:
        failures, locked_until = 0, work.now + LOCKED_FOR
    if attempt is None:
        session.add(LoginAttempt(login_hash=key, failures=failures, locked_until=locked_until))
    else:
        attempt.failures, attempt.locked_until = failures, locked_until


def open_session(work: Work, login: str, visitor: Visitor) -> str:
    """The secret of a new session of an active user, for whoever has known him otherwise than by a password."""
    return _open(work, work.system.get_one(User, by_login(work, login, door="web").user_id), visitor)


def _open(work: Work, user: User, visitor: Visitor) -> str:
    secret = passwords.new_secret()
    session = work.elevated(_("Logging in"), write=True)
    session.execute(delete(LoginSession).where(LoginSession.expires_at < work.now))
    row = LoginSession(
        secret_hash=passwords.secret_hash(secret),
        user_id=user.id,
        epoch=user.epoch,
        created_at=work.now,
        seen_at=work.now,
        expires_at=work.now + dt.timedelta(days=work.kernel.settings.session_days),
        address=visitor.address,
        agent=(visitor.agent or "")[:200] or None,
    )
    session.add(row)
    session.flush()
    work.journal.identity = _identity(user, "web", session_id=row.id, address=visitor.address)
    work.journal.note("login", "core.user", user.id)
    return secret


def log_out(work: Work, identity: Identity) -> None:
    """End the session that the identity came with."""
    work.journal.identity = identity
    work.elevated(_("Logging out"), write=True).execute(
        delete(LoginSession).where(LoginSession.id == identity.session_id)
    )
    work.journal.note("logout", "core.user", identity.user_id)


def named(session: Session, login: str) -> User | None:
    """The active user of that login, in whatever case and width it is written."""
    known = or_(User.login_folded == fold(login), User.login == login)
    found = session.scalars(select(User).where(known, *LIVING)).all()
    exact = [user for user in found if user.login == login]  # older sites may have both `li` and `LI`
    return next(iter(exact), found[0] if len(found) == 1 else None)


def sessions(ctx: Ctx) -> list[LoginSession]:
    """Where the actor is logged in, the latest first."""
    statement = (
        select(LoginSession)
        .join(User, User.id == LoginSession.user_id)
        .where(User.id == ctx.identity.user_id, LoginSession.epoch == User.epoch, LoginSession.expires_at > ctx.now)
        .order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
    )
    return list(ctx.system.scalars(statement))


def end_session(ctx: Ctx, session_id: int) -> None:
    """End one of the actor's own logins. Raises NotFound."""
    own = (LoginSession.id == session_id, LoginSession.user_id == ctx.identity.user_id)
    ended: Any = ctx.work.elevated(_("Logging out"), write=True).execute(delete(LoginSession).where(*own))
    if not ended.rowcount:
        raise NotFound
    ctx.journal.note("logout", "core.user", ctx.identity.user_id)


def by_session(work: Work, secret: str, visitor: Visitor) -> Identity | None:
    """Who a cookie's secret belongs to; None when the session ended or the user changed since."""
    row = _found(work, _BY_SESSION, secret)
    return row and _identity(row, "web", session_id=row.came_with, address=visitor.address, unread=row.unread)


def by_token(work: Work, secret: str, visitor: Visitor) -> Identity | None:
    """Who an API token belongs to; None when it is unknown, is over or was ended."""
    row = _found(work, _BY_TOKEN, secret)
    return row and _identity(row, "rest", token_id=row.came_with, read_only=row.read_only, address=visitor.address)


def by_login(work: Work, login: str, *, door: str, on_behalf: str | None = None) -> Identity:
    """The identity of an active user at the command line or in a job. Invalid if there is none."""
    user = named(work.system, login)
    if user is None:
        raise Invalid(_("There is no active user ${login}.", mapping={"login": login}))
    return _identity(user, door, on_behalf=on_behalf)


def by_id(work: Work, user_id: int, *, door: str, on_behalf: str | None = None) -> Identity:
    """The identity of whoever asked for a job. Left if he has gone."""
    user = work.system.scalars(select(User).where(User.id == user_id, *LIVING)).one_or_none()
    if user is None:
        raise Left(_("The user who asked for this is gone or no longer active."))
    return _identity(user, door, on_behalf=on_behalf)


def system_user() -> str:
    """Who runs this program, for the audit of what nobody else is behind."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _found(work: Work, statement: Any, secret: str) -> Any:
    known_by = {"secret_hash": passwords.secret_hash(secret), "now": work.now}
    row = work.system.execute(statement, known_by).one_or_none()
    if row is not None:
        work.epochs = Epochs(row.rights_epoch, row.shares_epoch)
    return row


def _identity(user: Any, door: str, **more: Any) -> Identity:
    """`user` is a User or a row with its `_FACTS`."""
    own = {
        "language": user.language,
        "theme": user.theme,
        "density": user.density,
        "amounts": user.amounts,
        "first_views": user.first_views or {},
        "favourites": tuple((key, record_id) for key, record_id in user.favourites or ()),
    }
    return Identity(user.id, user.login, user.name, user.unit_id, door, **own, **more)


def new_token(work: Work, login: str, *, read_only: bool = False) -> str:
    """A new API token of a user; its text is shown this once."""
    owner = by_login(work, login, door="cli")
    session = work.elevated(_("New token"), write=True)
    token = Token(user_id=owner.user_id, read_only=read_only)
    session.add(token)
    session.flush()
    return str(token.secret)


def unlock(work: Work, login: str) -> None:
    """Forget the wrong passwords of a login name."""
    key = _attempt_key(login)
    work.elevated(_("Unlocked login"), write=True).execute(delete(LoginAttempt).where(LoginAttempt.login_hash == key))


def _attempt_key(login: str) -> str:
    return passwords.secret_hash(fold(login))
