"""${message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

<% home = "core.db import types" if config.attributes["plugin"] == "core" else "core.api import columns as types" %>\
from ${home}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}




def upgrade() -> None:
    ${upgrades if upgrades else "pass"}

