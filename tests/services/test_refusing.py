"""What rules refuse is refused at every door, with the sentence and the fields that they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core.entities.mapping import plan
from core.entities.table import Row
from core.errors import Invalid, in_words
from core.models import Contact
from core.services import bulk, imports, login, records
from core.services.contacts import ContactRules
from core.services.work import Ctx
from plugins import Entity
from tests.support.site import Site

REFUSALS: dict[str, tuple[Invalid, str]] = {
    "a sentence": (Invalid("Not on a Friday."), "Not on a Friday."),
    "nothing at all": (Invalid(), "Some values need correcting"),
    "a code": (Invalid(code="FRIDAY"), "Some values need correcting"),
    "a field": (Invalid(errors={"title": ["Too bold."]}), "title: Too bold."),
    "a sentence and a field": (
        Invalid("Not on a Friday.", code="FRIDAY", errors={"title": ["Too bold."]}, more={"day": 5}),
        "Not on a Friday.; title: Too bold.",
    ),
    "a field that is not there": (Invalid(errors={"titel": ["Too bold."]}), "titel: Too bold."),
}


class Refusing(ContactRules):
    """Refuses what is called Friday, with the error that it was given."""

    def __init__(self, error: Invalid) -> None:
        self.error = error

    def prepare(self, ctx: Any, record: Any, values: dict[str, Any], creating: bool) -> None:
        if values.get("name") == "Friday":
            raise self.error
        super().prepare(ctx, record, values, creating)


def entity(ctx: Ctx, error: Invalid) -> Entity:
    return replace(ctx.catalog["core.contact"], rules=Refusing(error))


@pytest.fixture
def ctx(site: Site) -> Iterator[Ctx]:
    site.customer("Acme", code="A")
    with site.acting() as ctx:
        yield ctx


def names(ctx: Ctx) -> set[str]:
    ctx.work.flush()
    return set(ctx.system.scalars(select(Contact.name)))


@pytest.mark.parametrize("case", REFUSALS)
def test_one_record(ctx: Ctx, case: str) -> None:
    error, words = REFUSALS[case]
    refusing = entity(ctx, error)
    with pytest.raises(Invalid) as caught:
        records.create(ctx, refusing, {"customer": "A", "name": "Friday"})
    said = caught.value
    assert (said.detail, said.code, said.errors, said.more) == (error.detail, error.code, error.errors, error.more)
    assert in_words(said) == words
    kept = records.create(ctx, refusing, {"customer": "A", "name": "Monday"})
    with pytest.raises(Invalid) as caught:
        records.change(ctx, refusing, kept.id, {"name": "Friday"}, kept.version)
    assert in_words(caught.value) == words
    assert names(ctx) == {"Monday"}


@pytest.mark.parametrize("case", REFUSALS)
def test_many_records(ctx: Ctx, case: str) -> None:
    error, words = REFUSALS[case]
    rows = [{"customer": "A", "name": name} for name in ("Monday", "Friday", "Tuesday", "Friday")]
    results = bulk.store(ctx, entity(ctx, error), rows)
    assert [one.status for one in results] == [201, 422, 201, 422]
    assert {in_words(one.refusal) for one in results if one.refusal} == {words}
    assert names(ctx) == {"Monday", "Tuesday"}


def test_what_is_wrong_besides_is_said_too(ctx: Ctx) -> None:
    with pytest.raises(Invalid) as caught:
        records.create(ctx, entity(ctx, Invalid("Not on a Friday.")), {"customer": "A", "name": "Friday", "x": 1})
    assert (caught.value.detail, list(caught.value.errors)) == ("Not on a Friday.", ["x"])


def test_an_error_that_is_raised_again_keeps_nothing_of_the_time_before(ctx: Ctx) -> None:
    error = Invalid("Not on a Friday.")
    rows: list[dict[str, Any]] = [{"customer": "A", "name": "Friday", "x": 1}, {"customer": "A", "name": "Friday"}]
    first, second = bulk.store(ctx, entity(ctx, error), rows)
    assert first.refusal
    assert list(first.refusal.errors) == ["x"]
    assert second.refusal
    assert second.refusal.errors == {}


@pytest.mark.parametrize("case", REFUSALS)
def test_an_import(site: Site, case: str) -> None:
    error, words = REFUSALS[case]
    site.customer("Acme", code="A")
    with site.acting(write=False) as ctx:
        columns = plan(entity(ctx, error), ["customer", "name"])
    rows = [Row(2, ("A", "Monday")), Row(3, ("A", "Friday"))]
    [outcome] = imports.run(
        site.kernel, columns, rows, lambda work: login.by_login(work, "admin", door="test"), imports.Options()
    )
    assert [(one.row.line, in_words(one.error)) for one in outcome.failures] == [(3, words)]
    with site.acting(write=False) as ctx:
        assert set(ctx.system.scalars(select(Contact.name))) == {"Monday"}


@pytest.mark.parametrize("wrong", [{"detail": {"name": ["x"]}}, {"detail": ["x"]}, {"errors": {"name": "x"}}])
def test_an_error_of_the_wrong_shape_is_a_mistake_of_the_code(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="errors"):
        Invalid(**wrong)
