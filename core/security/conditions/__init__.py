"""The condition language: one meaning, in SQL and in Python.

A condition is JSON, `["and", ["=", "state", "formal"], [">=", "annual_revenue", 1000]]`. Grants,
filters, saved views, automation and segments all speak it. `parse` checks it against an entity,
`to_sql` makes it a criterion, `evaluate` judges one row; the two always agree.

What holds everywhere:

- A condition is true or false, never unknown. Null equals only null: `=` null and `empty` are
  the same, `!=` is the plain complement of `=`, and order, `contains`, `starts` and `under` are
  false for null.
- A path through a missing record reads as null.
- Text compares by code point. `contains` and `starts` look for the literal text, on searchable
  fields in its folded form (`search_fold`, phones `phone_fold`). A needle that folds to nothing
  is found nowhere.
- Against a moment, `today` is the whole day in the site's time zone.
"""

from __future__ import annotations

from core.security.conditions.evaluate import Resolver, evaluate
from core.security.conditions.parse import parse
from core.security.conditions.sql import to_sql
from core.security.conditions.syntax import BadCondition, Condition, SqlContext

__all__ = ["BadCondition", "Condition", "Resolver", "SqlContext", "evaluate", "parse", "to_sql"]
