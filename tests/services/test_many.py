"""One and the same done to many records: rehearsed, done in parts as a job, stopped, taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from core.errors import Conflict, Invalid, NotFound
from core.models import Customer, QueuedJob
from core.services import many, records
from core.services.jobs.runner import Runner, work_off
from core.services.many import DELETE, EDIT, Deed, Which

KEY = "core.customer"


def entity(ctx):
    return ctx.catalog[KEY]


def values(site, name):
    with site.acting(write=False) as ctx:
        return dict(ctx.system.execute(select(Customer.id, getattr(Customer, name))).all())


def start(site, which, deed, user="admin"):
    with site.acting(user) as ctx:
        chosen = Which.found(ctx, entity(ctx), *which) if isinstance(which, tuple) else Which.named(which)
        return many.start(ctx, entity(ctx), chosen, deed)


def told(site, job, user="admin"):
    with site.acting(user, write=False) as ctx:
        return many.progress(ctx, job)


@pytest.fixture
def few(monkeypatch):
    """Parts of three records, so that a handful takes several transactions."""
    monkeypatch.setattr(many, "PART", 3)


@pytest.mark.databases
def test_all_that_match_are_changed_in_parts_and_taken_back_as_a_whole(site, few):
    ids = [site.customer(f"C{at}", phone="1" if at % 2 else "2", employees=at) for at in range(9)]
    job = start(site, (["=", "phone", "1"], ""), Deed(EDIT, {"phone": "9", "employees": "7"}))
    assert (told(site, job).state, told(site, job).total, told(site, job).tally.done) == ("queued", 4, 0)
    work_off(site.kernel)
    done = told(site, job)
    assert (done.state, done.tally.changed, done.tally.same, done.tally.skipped) == ("done", 4, 0, 0)
    assert values(site, "phone") == {one: "9" if at % 2 else "2" for at, one in enumerate(ids)}
    with site.acting() as ctx:
        many.take_back(ctx, job)
    assert told(site, job).back_open
    work_off(site.kernel)
    done = told(site, job)
    assert (done.back, done.back_open) == ((4, 0), False)
    assert values(site, "phone") == {one: "1" if at % 2 else "2" for at, one in enumerate(ids)}
    assert values(site, "employees") == dict(zip(ids, range(9), strict=True))
    with pytest.raises(Conflict), site.acting() as ctx:
        many.take_back(ctx, job)


def test_a_record_that_leaves_the_filter_by_being_changed_is_changed_once_and_none_is_left_out(site, few):
    for at in range(8):
        site.customer(f"C{at}", phone="1")
    job = start(site, (["=", "phone", "1"], ""), Deed(EDIT, {"phone": "2"}))
    work_off(site.kernel)
    assert told(site, job).tally.changed == 8
    assert set(values(site, "phone").values()) == {"2"}


def test_what_comes_after_the_choice_is_not_meant(site):
    site.customer("Old")
    job = start(site, (None, ""), Deed(EDIT, {"phone": "2"}))
    new = site.customer("New")
    work_off(site.kernel)
    assert values(site, "phone")[new] is None
    assert told(site, job).tally.changed == 1


@pytest.mark.databases
def test_each_record_is_judged_by_itself(site):
    site.user("li")
    site.unit("east")
    mine, shared = site.customer("Mine", "li"), site.customer("Shared")
    hidden = site.customer("Hidden", unit="east")
    share = {"entity": KEY, "record": shared, "to": {"user": "li"}, "actions": ["view"]}
    site.create("core.share", share)
    same = site.customer("Same", "li", phone="9")
    which, deed = Which.named([mine, shared, hidden, same]), Deed(EDIT, {"phone": "9"})
    with site.acting("li") as ctx:
        tally = many.rehearse(ctx, entity(ctx), which, deed)
        assert (tally.changed, tally.same, tally.skipped) == (1, 1, 2)
        assert sorted(ids for _number, ids in tally.refused.values()) == [[shared], [hidden]]
        assert not ctx.journal.entries
    assert values(site, "phone") == {mine: None, shared: None, hidden: None, same: "9"}
    job = start(site, [mine, shared, hidden, same], deed, "li")
    work_off(site.kernel)
    done = told(site, job, "li")
    assert (done.tally.changed, done.tally.same, done.tally.skipped) == (1, 1, 2)
    assert values(site, "phone") == {mine: "9", shared: None, hidden: None, same: "9"}


def test_the_rights_count_that_one_has_when_it_is_done(site):
    site.role("writer", [{"entity": KEY, "action": "*", "reach": "all"}])
    user = site.user("ann", roles=("writer",))
    number = site.customer("Acme")
    job = start(site, [number], Deed(EDIT, {"phone": "9"}), "ann")
    with site.acting() as ctx:
        records.change(ctx, ctx.catalog["core.user"], user, {"roles": ["sales_rep"]}, 1)
    work_off(site.kernel)
    assert values(site, "phone") == {number: None}
    assert told(site, job, "ann").tally.skipped == 1


def test_deleting_goes_to_the_bin_and_comes_back(site):
    ids = [site.customer(f"C{at}") for at in range(3)]
    job = start(site, ids, Deed(DELETE))
    work_off(site.kernel)
    assert told(site, job).tally.changed == 3
    assert all(values(site, "deleted_at").values())
    with site.acting() as ctx:
        many.take_back(ctx, job)
    work_off(site.kernel)
    assert told(site, job).back == (3, 0)
    assert not any(values(site, "deleted_at").values())


def test_a_verb_is_done_where_it_can_be(site):
    site.user("li")
    target, prospect = site.customer("T"), site.customer("P", state="prospect")
    job = start(site, [target, prospect], Deed("qualify", {}))
    work_off(site.kernel)
    done = told(site, job)
    assert (done.tally.changed, done.tally.skipped) == (1, 1)
    assert values(site, "state") == {target: "prospect", prospect: "prospect"}
    given = start(site, [target, prospect], Deed("assign", {"owner": "li"}))
    work_off(site.kernel)
    assert told(site, given).tally.changed == 2
    assert len(set(values(site, "owner_id").values())) == 1
    no = start(site, [target], Deed("merge", {"source": prospect}))
    work_off(site.kernel)
    assert told(site, no).tally.skipped == 1


@pytest.mark.databases
def test_it_is_stopped_in_the_middle_and_what_was_done_is_taken_back(site, few):
    ids = [site.customer(f"C{at}", phone="1") for at in range(9)]
    job = start(site, (None, ""), Deed(EDIT, {"phone": "2"}))
    runner = Runner(site.kernel)
    runner.stopping.set()  # one transaction, and no more
    runner.step()
    assert told(site, job).tally.changed == 3
    assert sum(one == "2" for one in values(site, "phone").values()) == 3
    with site.acting() as ctx:
        many.take_back(ctx, job)
    work_off(site.kernel)
    done = told(site, job)
    assert (done.state, done.back, done.is_open) == ("cancelled", (3, 0), False)
    assert values(site, "phone") == dict.fromkeys(ids, "1")


def test_what_was_changed_again_later_stays(site):
    ids = [site.customer(f"C{at}") for at in range(3)]
    job = start(site, ids, Deed(EDIT, {"phone": "2"}))
    work_off(site.kernel)
    with site.acting() as ctx:
        records.change(ctx, entity(ctx), ids[1], {"phone": "3"}, 2)
        many.take_back(ctx, job)
    work_off(site.kernel)
    assert told(site, job).back == (2, 1)
    assert values(site, "phone") == {ids[0]: None, ids[1]: "3", ids[2]: None}


def test_nobody_follows_or_stops_what_somebody_else_does(site):
    site.user("li")
    job = start(site, [site.customer("C")], Deed(EDIT, {"phone": "2"}))
    for task in (many.progress, many.take_back):
        with pytest.raises(NotFound), site.acting("li") as ctx:
            task(ctx, job)
    with site.acting(write=False) as ctx:
        other = ctx.system.scalar(select(QueuedJob.id).where(QueuedJob.key != many.MANY.key)) or 0
        with pytest.raises(NotFound):
            many.progress(ctx, other)


def test_how_many_can_be_named(site):
    for wrong in ([], list(range(1, many.MOST + 2))):
        with pytest.raises(Invalid):
            Which.named(wrong)
    job = start(site, [10**30, site.customer("C")], Deed(EDIT, {"phone": "2"}))
    work_off(site.kernel)
    assert (told(site, job).tally.changed, told(site, job).tally.skipped) == (1, 1)


def test_what_may_be_edited_by_the_many(site):
    right = [{"entity": KEY, "field": "phone", "right": "read"}]
    site.role("reader", [{"entity": KEY, "action": "view", "reach": "all"}], right)
    site.user("ann", roles=("reader",))
    with site.acting("ann") as ctx:
        assert many.editable(ctx, entity(ctx)) == []
        assert many.verbs(ctx, entity(ctx)) == []
        assert not many.may_delete(ctx, entity(ctx))
    with site.acting() as ctx:
        names = {field.name for field in many.editable(ctx, entity(ctx))}
        assert {"level", "owner", "note", "annual_revenue"} <= names
        assert not names & {"code", "name", "state"}
        assert {verb.name for verb in many.verbs(ctx, entity(ctx))} == {
            "qualify", "unqualify", "seal", "unseal", "assign", "share",
        }  # fmt: skip


def test_those_who_are_refused_are_not_tried_one_by_one(site):
    """A manager may not give what is his unit's to another unit; a few of it are sealed besides."""
    site.unit("east")
    site.unit("west")
    site.user("wei", "west")
    site.user("boss", "east", ["sales_manager"])
    ids = [site.customer(f"C{at}", "boss") for at in range(40)]
    with site.acting("boss") as ctx:
        seal = next(verb for verb in entity(ctx).verbs if verb.name == "seal")
        for one in ids[:5]:
            records.act(ctx, entity(ctx), one, seal, {"reason": "x"})
    sent = []
    event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    for deed in (Deed(EDIT, {"unit": "west", "employees": "9"}), Deed(EDIT, {"owner": "wei", "employees": "9"})):
        sent.clear()
        with site.acting("boss") as ctx:
            tally = many.rehearse(ctx, entity(ctx), Which.named(ids), deed)
        assert (tally.changed, tally.same) == (0, 0)
        assert sorted(number for number, _ids in tally.refused.values()) == [5, 35]
        assert len([one for one in sent if not one.startswith("UPDATE")]) < 60
    assert set(values(site, "employees").values()) == {None}
