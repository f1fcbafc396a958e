"""What can go wrong in a way that the person, the program or the file can mend.

Services raise these; each door says them in its own form. Messages are translatable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.i18n import _, in_english


class KehuError(Exception):
    """A refusal with an HTTP status. `code` is a stable word for programs, such as `DUPLICATE`; `more` are
    further members of the answer, plain JSON and fit for whoever asked. `detail` is a sentence, `errors` maps
    fields to lists of them; TypeError for anything else.
    """

    status = 400
    title = _("The request cannot be read")
    aftermath: Callable[[Any], None] | None = None  # done in a unit of work of its own, when all else is rolled back
    at_fault: frozenset[tuple[type, int]] = frozenset()  # stored records, by model and id, for which many are refused

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Mapping[str, Sequence[str]] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(detail, str | None):
            raise TypeError(f"detail is a sentence, not {detail!r:.80}; what is wrong with fields: errors={{…}}")
        if wrong := next((name for name, messages in (errors or {}).items() if isinstance(messages, str)), None):
            raise TypeError(f'errors holds a list of sentences for each field: errors={{{wrong!r}: [_("…")]}}')
        super().__init__(detail or self.title)
        self.detail, self.code = detail, code
        self.more = dict(more or {})
        self.errors = {name: list(messages) for name, messages in (errors or {}).items()}
        for name, messages in self.errors.items():  # for whoever reads a traceback
            self.add_note(f"{name}: {' '.join(in_english(message) for message in messages)}")

    @property
    def messages(self) -> list[str]:
        """What is wrong with the fields, whichever they are."""
        return [message for messages in self.errors.values() for message in messages]

    @property
    def reasons(self) -> list[str]:
        """Why it was refused: what is wrong with the fields, or else one sentence."""
        return self.messages or [self.detail or self.title]


class BadRequest(KehuError):
    """400: malformed, or a fault of the query string."""


class NotFound(KehuError):
    """404: absent or not visible; nobody is told which."""

    status = 404
    title = _("Not found")


class Forbidden(KehuError):
    """403: seen, but not allowed."""

    status = 403
    title = _("You may see this, but not do it")


class Conflict(KehuError):
    """409: at odds with what is stored."""

    status = 409
    title = _("This conflicts with what is stored")


class Merged(Conflict):
    """409 for a change of a record that was merged into the one with the id `to`; who reads it is sent there."""

    title = _("This record was merged into another one")

    def __init__(self, to: int) -> None:
        super().__init__(code="MERGED")
        self.to = to


class Stale(Conflict):
    """409: somebody saved first. `record` is what is stored now, `current` what the reader sees of it."""

    title = _("Somebody saved first")

    def __init__(self, record: Any) -> None:
        super().__init__(_("This record was changed after you read it. Compare both versions and save again."))
        self.record = record
        self.current: Any = None


class Invalid(KehuError):
    """422: values that break a rule. `errors` maps each field to its messages."""

    status = 422
    title = _("Some values need correcting")


class TooLarge(KehuError):
    """413: more than the server takes at once."""

    status = 413
    title = _("The request is too large")


class NeedsVersion(KehuError):
    """428: a change without the version that was read."""

    status = 428
    title = _("Say which version you read")


class TooMany(KehuError):
    """429: wait, then try again. `seconds` says how long."""

    status = 429
    title = _("Too many attempts")

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class Unavailable(KehuError):
    """503: not now."""

    status = 503
    title = _("Not available at the moment, please try again")


class NoRoom(KehuError):
    """507: a disk is full; nothing of the request was kept."""

    status = 507
    title = _("The server has no room left; nothing was saved. Tell your administrator.")


def in_words(error: KehuError) -> str:
    """A refusal in one English sentence: for terminals, logs and jobs."""
    if isinstance(error, Conflict) and error.detail:
        return in_english(error.detail)
    said = [in_english(error.detail or error.title)]
    said += [f"{name}: {in_english(message)}" for name, messages in error.errors.items() for message in messages]
    return "; ".join(said) if error.detail else "; ".join(said[1:] or said)
