"""A form that a service refused comes back with what was typed and what is wrong.

The refusal is raised through the request's unit of work, so that nothing of the attempt is kept; the form is
drawn again in a unit of work of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from pyramid.request import Request
from pyramid.response import Response

from core.errors import KehuError
from core.services.work import Ctx
from core.web.frame import afresh
from core.web.login import to_login
from core.web.refusals import reply


class FormRefused(Exception):
    """`draw` makes the form's page; `texts` is what was sent, `base` what the form had held at first, `version`
    what the record was then.
    """

    def __init__(
        self,
        draw: Draw,
        error: KehuError,
        texts: Mapping[str, str],
        base: Mapping[str, str] | None = None,
        version: int = 0,
    ) -> None:
        super().__init__(str(error))
        self.draw, self.error, self.texts = draw, error, texts
        self.base, self.version = base, version

    @property
    def sentences(self) -> list[str]:
        """What is wrong, for a form that has no fields to say it at: the whole first."""
        return [*filter(None, [self.error.detail]), *self.error.messages]


Draw: TypeAlias = Callable[[Request, Ctx, "FormRefused | None"], Response]


def view(refused: FormRefused, request: Request) -> Response:
    """The exception view."""
    with afresh(request) as ctx:
        if ctx is None:
            return to_login(request)
        try:
            return refused.draw(request, ctx, refused)
        except KehuError as error:  # the record went, or the right, while the form was open
            gone = error
    return reply(request, gone)
