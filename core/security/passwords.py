"""Passwords: what is good enough, and argon2 to keep them; random secrets of `core.models.secret` along with them."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.fields import BadValue
from core.i18n import _
from core.models.secret import new_secret, secret_hash

__all__ = ["check_strength", "fits", "is_outdated", "keep", "new_secret", "random_password", "secret_hash"]

SHORTEST, LONGEST = 8, 200
REMEMBERED = 5

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's figures: 25 ms
_NOBODY = _hasher.hash("the password of nobody")


def check_strength(password: str, login: str = "") -> None:
    """BadValue unless it has eight characters of three kinds and is not made from the login (M23)."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda ch: not ch.isalnum())
    found = sum(any(kind(ch) for ch in password) for kind in kinds)
    if not SHORTEST <= len(password) <= LONGEST or found < 3:
        raise BadValue(
            _(
                "Use ${n} characters or more, of at least three kinds: lower case, upper case, digits, signs.",
                mapping={"n": SHORTEST},
            )
        )
    if login and login.casefold() in password.casefold():
        raise BadValue(_("Leave the login name out of the password."))


def keep(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether the password is the one. Takes as long when there is nothing stored."""
    try:
        return _hasher.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    return _hasher.check_needs_rehash(stored)


def random_password() -> str:
    """A password to print once: three kinds of characters, none that look alike."""
    letters, capitals, figures = "abcdefghjkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"
    parts = [
        "".join(secrets.choice(letters) for _i in range(5)),
        "".join(secrets.choice(capitals) for _i in range(5)),
    ]
    return "-".join([*parts, "".join(secrets.choice(figures) for _i in range(5))])
