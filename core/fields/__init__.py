"""The kinds of values that a field can hold: one type object for every surface.

A type turns JSON and text into Python and back. `kind` is what the condition language and the
templates go by. Wrong input raises `BadValue` with a sentence for the person who sent it.
"""

from __future__ import annotations

from core.fields.records import AnyRecord, Changes, Document, Message, Reference, References, Target
from core.fields.values import (
    INT_MAX,
    NUMBER_MAX,
    BadValue,
    Boolean,
    Choice,
    Date,
    Integer,
    Moment,
    Money,
    Number,
    Text,
)

__all__ = [
    "INT_MAX",
    "NUMBER_MAX",
    "AnyRecord",
    "BadValue",
    "Boolean",
    "Changes",
    "Choice",
    "Date",
    "Document",
    "Integer",
    "Message",
    "Moment",
    "Money",
    "Number",
    "Reference",
    "References",
    "Target",
    "Text",
]
