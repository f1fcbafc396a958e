"""A file kept, understood, rehearsed, imported as a job and taken back: always what `kehu import` would do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from core.db.guard import unscoped
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import Customer, Import, ImportPart, Notification, QueuedJob
from core.services import records
from core.services.importing import store
from core.services.importing.store import failures, forget_old, part
from core.services.jobs.runner import work_off
from tests.importing.conftest import counts

FILE = """Customer name,Kind,Phone,Points
Acme,Company,021-50801166,7
Beta,Person,,8
Gamma,Robot,,9
,Company,,1
"""


@pytest.fixture
def importer(site, importer_of):
    return importer_of(site)


def customers(site, user="admin"):
    def read(ctx):
        return {one.name: one for one in ctx.db.scalars(select(Customer))}

    return site.run(read, user, write=False)


def test_columns_are_found_by_titles_and_texts_by_what_they_are_called(site, importer):
    found = importer.read(importer.upload(FILE))
    assert found.choices["columns"] == {"name": "Customer name", "kind": "Kind", "phone": "Phone"}
    assert found.choices["match"] is None
    assert found.preview["texts"] == {"kind": [["Company", 2, "company"], ["Person", 1, "person"], ["Robot", 1, ""]]}
    assert found.preview["counts"] == {"created": 2, "updated": 0, "skipped": 0, "failed": 2}
    assert {name for name, _sentence, _count in found.preview["reasons"]} == {"kind", "name"}
    assert customers(site) == {}  # nothing was kept


@pytest.mark.databases
def test_what_was_rehearsed_is_what_comes_and_all_of_it_goes_again(site, importer_of):
    importer = importer_of(site)
    beta = site.customer("Beta", phone="1")
    site.customer("Delta", phone="4")
    number = importer.upload("name,phone\nAcme,1\nBeta,2\nDelta,4\n,5\n")
    importer.rehearse(number, match="name")
    rehearsed = importer.read(number).preview
    assert rehearsed["counts"] == {"created": 1, "updated": 1, "skipped": 1, "failed": 1}
    assert rehearsed["changed"] == [["phone", 1]]
    assert importer.run(number) == rehearsed["counts"]
    found = importer.read(number)
    assert found.state == "done"
    assert found.done == found.rows == 4
    assert customers(site)["Beta"].phone == "2"
    with site.acting(write=False) as ctx:
        ((row, why),) = failures(ctx.work, number)
        assert (row.line, row.cells, why[0][0]) == (5, ("", "5"), "name")
        assert ctx.db.scalar(select(func.count()).select_from(Notification)) == 1
    version = customers(site)["Beta"].version
    site.run(lambda ctx: records.change(ctx, ctx.catalog["core.customer"], beta, {"website": "https://b.cn"}, version))
    reverted = importer.revert(number)
    assert (reverted.state, reverted.reverted, reverted.stayed) == ("reverted", 2, 0)
    there = customers(site)
    assert there.keys() == {"Beta", "Delta"}
    assert there["Beta"].phone == "1"
    assert there["Beta"].website


def test_what_was_changed_since_stays_and_is_named(site, importer):
    number = importer.upload("name,phone\nAcme,1\nBeta,2\n")
    importer.run(number)
    acme = customers(site)["Acme"]
    site.run(lambda ctx: records.change(ctx, ctx.catalog["core.customer"], acme.id, {"phone": "9"}, acme.version))
    reverted = importer.revert(number)
    assert (reverted.reverted, reverted.stayed) == (1, 1)
    assert reverted.left[0][:2] == ["core.customer", acme.id]
    assert customers(site).keys() == {"Acme"}


def test_the_mapping_is_remembered_for_the_person_and_the_columns(site, importer, importer_of):
    site.user("li")
    number = importer.upload("Firma,Kind\nAcme,Robot\n")
    importer.rehearse(number, columns={"name": "Firma", "kind": "Kind"}, values={"kind": {"Robot": "company"}})
    importer.run(number)
    again = importer.read(importer.upload("Kind,Firma\nRobot,Beta\n"))  # in another order
    assert again.choices["columns"] == {"name": "Firma", "kind": "Kind"}
    assert again.choices["values"] == {"kind": {"Robot": "company"}}
    assert again.preview["since"]
    assert again.preview["counts"]["created"] == 1
    other = importer_of(site, "li")
    assert "name" not in other.read(other.upload("Firma,Kind\nAcme,Robot\n")).choices["columns"]


def test_rows_that_meet_in_a_file_meet_in_its_rehearsal(site, importer):
    number = importer.upload("code,name,parent\nA,Acme,\nB,Beta,A\nA,Other,\n")
    rehearsed = importer.read(number).preview["counts"]
    assert rehearsed == {"created": 2, "updated": 1, "skipped": 0, "failed": 0}  # matched by its code
    assert importer.run(number) == rehearsed


def test_a_column_that_can_be_read_in_two_ways_is_asked_about(site, importer):
    number = importer.upload("name,founded_on\nAcme,03/04/2020\n")
    preview = importer.read(number).preview
    assert preview["doubts"]["founded_on"][1] == {"dmy": "2020-04-03", "mdy": "2020-03-04"}
    with pytest.raises(Conflict):
        importer.start(number)
    importer.rehearse(number, readings={"founded_on": "dmy"})
    importer.run(number)
    assert str(customers(site)["Acme"].founded_on) == "2020-04-03"


def test_a_long_file_goes_in_parts_and_each_part_once(site, importer, monkeypatch):
    monkeypatch.setattr(store, "CHUNK", 3)
    number = importer.upload("name\n" + "".join(f"C{at}\n" for at in range(8)))
    with site.acting(write=False) as ctx:
        assert [len(part(ctx.work, number, at)) for at in range(4)] == [3, 3, 2, 0]
    assert importer.run(number) == {"created": 8, "updated": 0, "skipped": 0, "failed": 0}
    with pytest.raises(Conflict):
        importer.start(number)
    assert importer.revert(number).reverted == 8
    with pytest.raises(Conflict):
        importer.revert(number)


def test_nobody_meets_another_s_import_nor_what_he_may_not_write(site, importer, importer_of):
    site.user("li")
    site.user("sun", roles=["auditor"])
    number = importer.upload("name\nAcme\n")
    other = importer_of(site, "li")
    for act in (other.read, other.start, other.rehearse, other.revert):
        with pytest.raises(NotFound):
            act(number)
    with pytest.raises(Forbidden):
        importer_of(site, "sun").upload("name\nAcme\n")


def test_rights_that_are_gone_when_the_job_runs_count(site, importer_of):
    li = site.user("li")
    mine = importer_of(site, "li")
    number = mine.upload("name\nAcme\n")
    mine.start(number)
    user = site.run(lambda ctx: records.find(ctx, ctx.catalog["core.user"], li).version, write=False)
    site.run(lambda ctx: records.change(ctx, ctx.catalog["core.user"], li, {"roles": ["auditor"]}, user))
    work_off(site.kernel)
    assert counts(mine.read(number))["created"] == 0
    assert customers(site) == {}


@pytest.mark.parametrize("text", ["name\n", "", "name,name\nA,B\n", b"\xff\xfe\x00"])
def test_a_file_that_is_none_leaves_nothing_behind(site, importer, text):
    with pytest.raises(Invalid):
        importer.upload(text)
    with site.acting(write=False) as ctx:
        assert ctx.db.scalar(select(func.count()).select_from(Import)) == 0


def test_the_rows_of_an_old_file_go_and_what_became_of_it_stays(site, importer):
    number = importer.upload("name\nAcme\n")
    importer.run(number)

    def age(ctx):
        assert forget_old(ctx) == 0
        unscoped(ctx.work.connection, update(Import).values(created_at=ctx.now - timedelta(days=31)))
        unscoped(ctx.work.connection, delete(QueuedJob))
        assert forget_old(ctx) == 1
        assert unscoped(ctx.work.connection, select(ImportPart.number)).first() is None

    site.run(age)
    assert importer.read(number).created == 1
    assert importer.revert(number).reverted == 1
