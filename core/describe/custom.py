"""自定义字段: the fields that an administrator gives to records, on top of those that everybody has."""

from __future__ import annotations

from core.fields import Boolean, Choice, Integer, Text
from core.i18n import _
from core.models import CustomField
from core.services.custom import Choices, CustomFieldRules, restore_field
from plugins import Entity, Field, Group, Verb

TYPES = {
    "text": _("Text"),
    "number": _("Number"),
    "money": _("Amount"),
    "date": _("Date"),
    "choice": _("Choice"),
    "boolean": _("Yes or no"),
}

CUSTOM_FIELD = Entity(
    key="core.custom_field",
    model=CustomField,
    title=_("Custom field"),
    plural=_("Custom fields"),
    icon="adjustments",
    sort="entity,position,name",
    label="label_{lang}",
    natural_key="name",
    fields=(
        Field(
            "entity",
            Text(64),
            _("Entity"),
            required=True,
            create_only=True,
            default=lambda ctx: "core.customer",
            help=_("Whose records have the field, such as core.customer, core.contact or core.activity."),
        ),
        Field(
            "name",
            Text(31),
            _("Name"),
            required=True,
            create_only=True,
            help=_("For programs, imports and filters: small letters, digits and _, such as floor_area."),
        ),
        Field("type", Choice(TYPES), _("Type"), required=True, create_only=True, column="kind"),
        Field("label_zh", Text(100), _("Chinese label"), required=True),
        Field("label_en", Text(100), _("English label"), required=True),
        Field(
            "choices",
            Choices(),
            _("Choices"),
            asked_when=("type", ("choice",)),
            help=_("One a line: code, Chinese label, English label, with | between them. One in use is only retired."),
        ),
        Field(
            "required",
            Boolean(),
            _("Required"),
            required=True,
            default=lambda ctx: False,
            help=_("For new records, and for others when they are next changed."),
        ),
        Field("position", Integer(), _("Position"), required=True, default=lambda ctx: 0),
        Field("active", Boolean(), _("Active"), required=True, default=lambda ctx: True),
    ),
    columns=("label_zh", "label_en", "entity", "name", "type", "required", "active"),
    groups=(
        Group(_("Field"), ("entity", "name", "type", "label_zh", "label_en")),
        Group(_("Values"), ("choices", "required")),
        Group(_("Place"), ("position", "active")),
    ),
    rules=CustomFieldRules(),
    verbs=(Verb("restore", _("Restore"), "delete", restore_field, on_binned=True),),
)
