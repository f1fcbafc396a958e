"""The rules of API tokens: whose, how strong, how long."""

from __future__ import annotations

from typing import Any

from core.errors import Invalid
from core.i18n import _
from core.models import Token, User
from core.services.powers import require_admin
from core.services.work import Ctx
from plugins import Rules


class TokenRules(Rules):
    """One makes tokens for oneself, an administrator for anybody; none outlives the token that made it.

    Who takes one back may have lost it to somebody: it never works again.
    """

    gone = _("A token that was ended never works again. Make a new one.")

    def prepare(self, ctx: Ctx, record: Token | None, values: dict[str, Any], creating: bool) -> None:
        if not creating:
            return
        user_id = values.get("user")
        if user_id is not None and user_id != ctx.identity.user_id:
            require_admin(ctx)
            if not ctx.system.get_one(User, user_id).active:
                raise Invalid(errors={"user": [_("This user is not active any more.")]})
        self._check_end(ctx, values)

    def _check_end(self, ctx: Ctx, values: dict[str, Any]) -> None:
        maker = ctx.system.get_one(Token, ctx.identity.token_id) if ctx.identity.token_id else None
        if maker is not None and maker.expires_at is not None:
            end = values.setdefault("expires", maker.expires_at)
            if end is None or end > maker.expires_at:
                raise Invalid(errors={"expires": [_("Not later than the end of the token that you use.")]})
        if values.get("expires") is not None and values["expires"] <= ctx.now:
            raise Invalid(errors={"expires": [_("This moment is over already.")]})
