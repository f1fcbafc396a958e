"""`q` and `contains` find what holds the text, for who may see it and by what he may ask, index or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from core.db.folding import search_fold
from core.db.guard import Refused
from core.entities.listing import ask
from core.models import Customer, SearchField, SearchToken
from core.services import records
from core.services.search import narrowing, rebuild
from core.services.search.narrowing import narrowed
from tests.support.databases import create_database, drop_database
from tests.support.site import Site

CUSTOMER = "core.customer"


def found(site: Site, text: str | None = None, user: str = "admin", **asked: Any) -> list[str]:
    with site.acting(user, write=False) as ctx:
        page = records.listing(ctx, ask(ctx.rights, ctx.catalog[CUSTOMER], text=text, limit=500, **asked))
        return [record.name for record in page.records]


def by_index(site: Site, text: str | None = None, user: str = "admin", **asked: Any) -> bool:
    with site.acting(user, write=False) as ctx:
        return bool(narrowed(ctx, ask(ctx.rights, ctx.catalog[CUSTOMER], text=text, **asked)).places)


def tokens_of(site: Site) -> set[Any]:
    with site.kernel.work(write=False) as work:
        rows = work.system.execute(select(SearchToken.field, SearchToken.token, SearchToken.record_id))
        return {tuple(row) for row in rows}


HUAWEI, CHONGQING, TCL, OBRIEN = "华为技术有限公司", "重庆长安汽车", "TCL科技集团", "O’Brien-Söhne GmbH"


@pytest.mark.databases
def test_a_name_is_found_by_any_part_of_it_and_by_its_sound(site: Site) -> None:
    for name in (HUAWEI, CHONGQING, TCL, OBRIEN):
        site.customer(name)
    expected = {
        "华为": [HUAWEI],
        "技术有": [HUAWEI],
        "公司": [HUAWEI],
        "huawei": [HUAWEI],
        "huaweiji": [HUAWEI],
        "huaw": [HUAWEI],
        "hw": [HUAWEI],
        "hwjs": [HUAWEI],
        "uawei": [],  # begins in a syllable
        "chongqing": [CHONGQING],
        "zhongqing": [],
        "cqca": [CHONGQING],
        "tclkj": [TCL],
        "KEJI": [TCL],
        "obrien": [OBRIEN],
        "o'brien sohne": [OBRIEN],
        "ienso": [OBRIEN],
        "ｇｍｂｈ": [OBRIEN],
    }
    assert {text: found(site, text) for text in expected} == expected
    assert found(site, filter=["contains", "name", "huawei"]) == []  # a condition means what is written


NUMBERS = (
    "010-6243 1234",
    "+86 10 62431234",
    "0086 10 62431234",
    "01062431234",
    "6243-1234",
    "1234",
    "010-62431234 转 5",
)


@pytest.mark.databases
def test_a_phone_is_found_however_it_is_written(site: Site) -> None:
    for number, phone in enumerate(NUMBERS[:3]):
        site.customer(f"c{number}", phone=phone)
    site.customer("other", phone="021-5555 6666")
    for text in NUMBERS:
        assert sorted(found(site, text)) == ["c0", "c1", "c2"], text
        assert sorted(found(site, filter=["contains", "phone", text])) == ["c0", "c1", "c2"], text
    assert sorted(found(site, filter=["starts", "phone", "010"])) == ["c0", "c1", "c2"]
    assert found(site, "5556667") == []
    assert found(site, "55566") == ["other"]
    assert found(site, "c1") == ["c1"]


@pytest.mark.databases
def test_the_index_follows_each_change_in_its_transaction(site: Site) -> None:
    before = tokens_of(site)
    one = site.customer(HUAWEI, phone="010-62431234")
    with site.acting() as ctx:
        entity = ctx.catalog[CUSTOMER]
        records.change(ctx, entity, one, {"name": "海伟石化", "phone": None}, 1)
        asked = ask(ctx.rights, entity, text="海伟")
        assert narrowed(ctx, asked).places
        assert [record.id for record in records.listing(ctx, asked).records] == [one]  # not committed yet
        with suppress(ZeroDivisionError), ctx.savepoint():
            version = ctx.db.get_one(Customer, one).version
            records.change(ctx, entity, one, {"name": "中石油"}, version)
            asked = ask(ctx.rights, entity, text="中石油")
            assert [record.id for record in records.listing(ctx, asked).records] == [one]
            raise ZeroDivisionError
    assert (found(site, "海伟"), found(site, "haiwei"), found(site, "中石"), found(site, "华为")) == (
        ["海伟石化"],
        ["海伟石化"],
        [],
        [],
    )
    with site.acting() as ctx:
        records.delete(ctx, ctx.catalog[CUSTOMER], one, ctx.db.get_one(Customer, one).version)
    assert found(site, "海伟") == []
    assert found(site, "海伟", binned=True) == ["海伟石化"]
    with site.kernel.work(write=True) as work:  # what removes rows for good
        session = work.elevated("purge", write=True)
        session.delete(session.get(Customer, one))
    assert tokens_of(site) == before


@pytest.mark.databases
def test_many_records_in_one_flush(site: Site) -> None:
    with site.acting() as ctx:
        ctx.db.add_all(
            Customer(name=f"海伟{n}", code=f"X{n}", kind="company", state="target", secrecy=1,
                     unit_id=ctx.identity.unit_id, owner_id=ctx.identity.user_id)
            for n in range(30)
        )  # fmt: skip
    assert len(found(site, "haiwei")) == 30
    assert by_index(site, "haiwei")


@pytest.mark.databases
def test_a_rebuild_makes_what_the_writing_made(site: Site) -> None:
    for name in (HUAWEI, TCL, OBRIEN):
        site.customer(name, phone="010-62431234", short_name=name[:2])
    written = tokens_of(site)
    assert written
    with site.kernel.database.engine.begin() as connection:  # as an older version, or nobody, left them
        old = update(Customer).values(name_folded="?", name_spoken=None, phone_folded="0")
        connection.execute(old, execution_options={"kehu_tables": "*"})
    rebuild.begin(site.kernel)
    assert tokens_of(site) == set()
    assert not by_index(site, "华为")
    rebuild.rebuild(site.kernel)
    assert tokens_of(site) == written
    assert (found(site, "huawei"), by_index(site, "huawei")) == ([HUAWEI], True)
    assert rebuild.missing(site.kernel.work(write=False).__enter__()) == []


def test_an_interrupted_rebuild_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        site.customer(f"海伟{number}")
    written = tokens_of(site)
    monkeypatch.setattr(rebuild, "CHUNK", 2)
    rebuild.begin(site.kernel)
    heard: list[int] = []

    def stop(records: int) -> None:
        heard.append(records)
        if len(heard) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild.rebuild(site.kernel, stop)
    assert found(site, "haiwei") == [f"海伟{number}" for number in range(7)]  # found all the same
    assert not by_index(site, "haiwei")
    site.customer("海伟7")  # comes in between
    rebuild.rebuild(site.kernel, heard.append)
    assert heard == [2, 2, 2, 2]
    assert found(site, "haiwei") == [f"海伟{number}" for number in range(8)]
    assert by_index(site, "haiwei")
    assert {entry for entry in tokens_of(site) if entry[2] != 8} == written


def test_what_is_common_is_walked_to(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        site.customer(f"海伟{number}")
    assert by_index(site, "海伟")
    monkeypatch.setattr(narrowing, "MOST", 5)
    assert not by_index(site, "海伟")
    assert by_index(site, "海伟3")
    assert len(found(site, "海伟")) == 6
    assert found(site, "海伟3") == ["海伟3"]


def test_conditions_are_narrowed_where_they_must_hold(site: Site) -> None:
    site.customer(HUAWEI)
    site.customer(TCL)
    contains = ["contains", "name", "华为"], ["contains", "name", "科技"]
    for condition, narrow, names in (
        (contains[0], True, [HUAWEI]),
        (["starts", "name", "华为"], True, [HUAWEI]),
        (["and", ["=", "kind", "company"], contains[0]], True, [HUAWEI]),
        (["or", *contains], True, [HUAWEI, TCL]),
        (["or", contains[0], ["=", "name", TCL]], False, [HUAWEI, TCL]),
        (["not", contains[0]], False, [TCL]),
        (["and", ["not", contains[0]], contains[1]], True, [TCL]),
        (["contains", "parent.name", "华为"], False, []),
    ):
        assert by_index(site, filter=condition) is narrow, condition
        assert sorted(found(site, filter=condition)) == sorted(names), condition


# --- who sees what --------------------------------------------------------------------------------


def test_nobody_reads_the_index_by_himself(site: Site) -> None:
    site.customer(HUAWEI)
    table: Any = SearchToken.__table__
    with site.acting(write=False) as ctx:
        for statement in (
            select(SearchToken),
            select(SearchToken.token),
            select(table.c.token),
            select(Customer.id).where(Customer.id.in_(select(SearchToken.record_id))),
            select(Customer.id).where(Customer.id.in_(select(table.c.record_id))),
            select(Customer.id).join(table, table.c.record_id == Customer.id),
            select(Customer.id, select(SearchToken.token).limit(1).scalar_subquery()),
            select(SearchField),
        ):
            with pytest.raises(Refused):
                ctx.db.execute(statement).all()


@pytest.mark.databases
@pytest.mark.parametrize("right", ["none", "mask"])
def test_a_field_that_is_closed_finds_nothing(site: Site, right: str) -> None:
    rules = [{"entity": CUSTOMER, "field": name, "right": right} for name in ("phone", "short_name")]
    site.role("blind", [{"entity": "*", "action": "*", "reach": "all"}], rules)
    site.user("li", roles=["blind"])
    site.customer(HUAWEI, short_name="海伟", phone="13812345678")
    assert found(site, "海伟") == found(site, "haiwei") == found(site, "5678") == [HUAWEI]
    assert found(site, "海伟", "li") == found(site, "haiwei", "li") == found(site, "5678", "li") == []
    assert found(site, "华为", "li") == found(site, "hwjs", "li") == [HUAWEI]


WORDS = ["华为", "技术", "重庆", "有限公司", "é", "E", " ", "-", "12", "3456", "🙂", "ｘ", "'", "𠮷", "·", "zh", "A"]
phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join).filter(lambda name: name.strip())


@pytest.fixture(scope="module")
def world(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[str]], Site]]:
    """`world(names)`: a site in which each name is a customer of li's and one of wang's, and no others."""
    url = create_database(database_kind, tmp_path_factory.mktemp("world"))
    site = Site(url)
    site.unit("east")
    for login in ("li", "wang"):
        site.user(login, "east")
    generation = 0

    def fill(names: list[str]) -> Site:
        nonlocal generation
        generation += 1
        with site.kernel.work(write=True) as work:
            session = work.elevated("clear", write=True)
            for customer in session.scalars(select(Customer)):
                session.delete(customer)
        for login in ("li", "wang"):
            with site.acting(login) as ctx:
                for number, name in enumerate(names):
                    records.create(
                        ctx, ctx.catalog[CUSTOMER], {"name": f"{name}", "code": f"{login}/{generation}.{number}"}
                    )
        return site

    yield fill
    site.close()
    drop_database(url)


@pytest.mark.databases
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(st.lists(phrases, min_size=1, max_size=6), phrases, st.data())
def test_every_fragment_finds_and_nothing_hidden_shows(
    world: Callable[[list[str]], Site], names: list[str], other: str, data: st.DataObject
) -> None:
    site = world(names)
    whole = search_fold(data.draw(st.sampled_from(names)))
    start = data.draw(st.integers(0, max(0, len(whole) - 2)))
    needles = [other]
    if len(whole) >= 2:
        needles.append(whole[start : data.draw(st.integers(start + 2, len(whole)))])
    for needle in needles:
        expected = sorted(
            name.strip() for name in names if search_fold(needle) and search_fold(needle) in search_fold(name)
        )
        for user in ("li", "wang"):
            assert sorted(found(site, user=user, filter=["contains", "name", needle])) == expected
            mentioned = found(site, needle, user)
            assert set(expected) <= set(mentioned)  # a name may sound like it besides
            assert len(mentioned) <= len(names)
        assert sorted(found(site, filter=["contains", "name", needle])) == sorted(expected * 2)


def test_a_list_that_is_searched_costs_one_statement_more(site: Site) -> None:
    site.customer(HUAWEI)
    seen: list[str] = []
    with site.acting(write=False) as ctx:
        event.listen(site.kernel.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        records.listing(ctx, ask(ctx.rights, ctx.catalog[CUSTOMER]))
        plain = len(seen)
        records.listing(ctx, ask(ctx.rights, ctx.catalog[CUSTOMER], text="华为"))
    assert len(seen) == plain + plain + 1
