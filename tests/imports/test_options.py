"""What can be said about a file: texts that stand for others, blanks that clear, new codes, history."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from core.cli.failures import sentence
from core.errors import Forbidden, Invalid
from core.models import Change, Customer, Term, User
from tests.imports.conftest import Importer
from tests.imports.test_import import stored
from tests.support.site import Site


def test_texts_stand_for_others(site: Site, bring: Importer) -> None:
    rows = [
        ("name", "kind", "region"),
        ("Acme", " 企业 ", "上海"),
        ("Beta", "个人", "-"),
        ("Gamma", "person", "310000"),
    ]
    renamed = [
        ("kind", "企业", "company"),
        ("kind", "个人", "person"),
        ("region", "上海", "310000"),
        ("region", "-", ""),
    ]
    assert bring(rows, renamed=renamed).counts == (3, 0, 0, 0)
    assert [kind for (kind,) in stored(site, "kind")] == ["company", "person", "person"]
    with pytest.raises(Invalid) as refused:
        bring(rows, renamed=[("kin", "企业", "company"), ("kind", "a", "b"), ("kind", "a", "c")])
    assert "Did you mean “kind”?" in sentence(refused.value)
    assert "two ways" in sentence(refused.value)


def test_blanks_clear_what_is_changed_only(site: Site, bring: Importer) -> None:
    site.customer("Acme", phone="021", employees=5)
    rows = [("name", "phone", "employees", "kind"), ("Acme", "", "", "company"), ("Beta", "", " ", "")]
    assert bring(rows, match="name", blank_clears=True).counts == (1, 1, 0, 0)
    assert stored(site, "phone", "employees", "kind") == [(None, None, "company"), (None, None, "company")]
    said = bring([("phone", "name"), ("1", "Gamma"), ("1", "")], match="phone", blank_clears=True)
    assert said.counts == (1, 0, 0, 1)
    assert said.failed == {3: "name: This is needed."}


def test_unknown_codes_are_added_to_their_lists(site: Site, bring: Importer) -> None:
    rows = [
        ("name", "source", "region"),
        ("Acme", "老客户介绍", "310000"),
        ("Beta", "老客户介绍", "火星"),
        ("", "展会", ""),
    ]
    assert bring(rows).counts == (0, 0, 0, 3)
    assert bring(rows, create_terms=True, dry_run=True).counts == (2, 0, 0, 1)
    assert bring(rows, create_terms=True).counts == (2, 0, 0, 1)
    with site.kernel.work(write=False) as work:
        made = work.system.execute(select(Term.list_name, Term.label_zh).where(Term.code.in_(["老客户介绍", "火星"])))
        assert sorted(map(tuple, made)) == [("region", "火星"), ("source", "老客户介绍")]
        batches = set(work.system.scalars(select(Change.batch).order_by(Change.id.desc()).limit(1)))
    assert len(batches) == 1


def test_codes_are_added_by_those_who_may(site: Site, bring: Importer) -> None:
    site.user("li")
    with pytest.raises(Forbidden) as refused:
        bring([("name", "source"), ("Acme", "new")], user="li", create_terms=True)
    assert sentence(refused.value) == "li may not add codes to the code lists."


HISTORY = ("name", "state", "created_at", "created_by")


def test_what_happened_before_keeps_its_dates_and_its_author(site: Site, bring: Importer) -> None:
    site.user("li")
    rows = [HISTORY, ("Acme", "formal", "2019-05-06T09:00:00+08:00", "li"), ("Beta", "target", "", "")]
    rows += [("Gamma", "formal", "2999-01-01T00:00:00Z", ""), ("Delta", "sealed", "", ""), ("Eta", "", "", "nobody")]
    said = bring(rows, historical=True)
    assert said.counts == (2, 0, 0, 3)
    assert said.failed[4] == "created_at: This is still to come."
    with site.kernel.work(write=False) as work:
        acme = work.system.scalars(select(Customer).where(Customer.name == "Acme")).one()
        assert (acme.state, acme.created_at) == ("formal", dt.datetime(2019, 5, 6, 1, tzinfo=dt.UTC))
        assert work.system.get_one(User, acme.created_by_id).login == "li"
        change = work.system.scalars(select(Change).order_by(Change.id.desc())).first()
        assert change is not None
        assert "historical import" in (change.reason or "")
    assert bring(rows[:3], historical=True, match="name").counts == (0, 0, 2, 0)


def test_history_needs_its_own_right_and_is_not_written_otherwise(site: Site, bring: Importer) -> None:
    rows = [HISTORY, ("Acme", "formal", "2019-05-06T09:00:00Z", "")]
    said = bring(rows)
    assert said.failed == {2: "state: A new customer is target or prospect; orders make it formal."}
    site.user("li")
    with pytest.raises(Forbidden) as refused:
        bring(rows, user="li", historical=True)
    assert "needs the right “import”" in sentence(refused.value)
    site.role("importer", [{"entity": "core.customer", "action": "import", "reach": "own"}])
    site.user("zhao", roles=["sales_rep", "importer"])
    assert bring(rows, user="zhao", historical=True).counts == (1, 0, 0, 0)
