"""A plugin that says `deal.holder = user` changes the owner; the key is known only while the flush runs."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.models import Audit, User
from tests.scope.models import Deal
from tests.scope.scene import ANN, scene
from tests.scope.stage import Stage

pytestmark = pytest.mark.databases("sqlite")


def test_a_key_that_a_relationship_sets_is_written_down_and_counted(stage: Stage) -> None:
    stage.play(scene(stage.kernel.clock.now(), stage.terms()))
    with stage.kernel.work(write=True) as work:
        session = work.elevated("test", write=True)
        deal = session.get_one(Deal, 1001)
        before, version = deal.owner_id, deal.version
        deal.holder = session.get_one(User, ANN)
    assert before != ANN
    with stage.kernel.work(write=False) as work:
        row = work.system.scalars(select(Audit).order_by(Audit.id.desc()).limit(1)).one()
        assert (row.entity, row.record_id) == ("tst.deal", 1001)
        assert row.changes == [{"field": "owner", "old": before, "new": ANN}]
        assert work.system.get_one(Deal, 1001).version == version + 1
