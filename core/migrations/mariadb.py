"""Migrations on MariaDB, which commits at every DDL statement.

A killed upgrade leaves its first statements done and its version unwritten. It is run again from
the start of the migration, and what has been made or dropped already is passed over.
"""

from __future__ import annotations

from typing import Any

from alembic.ddl.mysql import MariaDBImpl, MySQLImpl
from sqlalchemy.exc import DBAPIError

_DONE_ALREADY = {
    1050,  # table exists
    1051,  # no such table to drop
    1060,  # column exists
    1061,  # index exists
    1091,  # no such column, index or constraint to drop
}
_SAME_FOREIGN_KEY = "errno: 121"


class _Repeatable(MySQLImpl):
    def _exec(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._exec(*args, **kwargs)
        except DBAPIError as error:
            said: Any = getattr(error.orig, "args", (None,))
            if said[0] not in _DONE_ALREADY and _SAME_FOREIGN_KEY not in str(said):
                raise
            return None


# Defining them is enough: alembic finds the implementation by the dialect's name.
class RepeatableOnMariaDB(_Repeatable, MariaDBImpl):
    __dialect__ = "mariadb"


class RepeatableOnMySQL(_Repeatable):
    __dialect__ = "mysql"
