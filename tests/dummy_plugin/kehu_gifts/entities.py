"""What a gift is, said once."""

from core.api import Ctx, _, fields, next_number
from plugins import Entity, Extension, Field, Group, Rules

from .models import Gift, Wishes


class GiftRules(Rules):
    """A gift without a code gets the next one."""

    def prepare(self, ctx: Ctx, record: Gift | None, values: dict, creating: bool) -> None:
        if creating and values.get("code") is None:
            values["code"] = next_number(ctx, "gifts.gift")


GIFT = Entity(
    key="gifts.gift",
    model=Gift,
    title=_("Gift"),
    plural=_("Gifts"),
    sort="-given_on",
    fields=(
        Field("code", fields.Text(32), _("Code"), create_only=True),
        Field("customer", fields.Reference("core.customer"), _("Customer"), required=True, create_only=True),
        Field("name", fields.Text(100), _("Name"), required=True, searchable=True),
        Field("given_on", fields.Date(), _("Given on"), required=True, default=lambda ctx: ctx.today),
        Field("price", fields.Money(), _("Price")),
    ),
    columns=("name", "customer", "given_on", "price"),
    groups=(Group(_("Gift"), ("name", "customer", "given_on", "price", "code")),),
    rules=GiftRules(),
)
ENTITIES = (GIFT,)

WISHES = Extension(
    of="core.customer",
    model=Wishes,
    title=_("Gifts"),
    fields=(
        Field("no_alcohol", fields.Boolean(), _("No alcohol"), asked_when=("kind", ("person",))),
        Field("budget", fields.Money(), _("Budget")),
        Field("favourite", fields.Reference("gifts.gift"), _("Favourite")),
    ),
    columns=("budget",),
)
EXTENSIONS = (WISHES,)
