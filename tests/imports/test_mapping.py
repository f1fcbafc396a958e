"""Columns find their fields; what does not fit is said all at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.cli.failures import sentence
from core.describe.customer import CUSTOMER
from core.entities.mapping import plan
from core.entities.table import Row
from core.errors import Invalid


def refusal(headers: Sequence[str], mapped: Sequence[tuple[str, str]] = (), match: str | None = None) -> str:
    with pytest.raises(Invalid) as refused:
        plan(CUSTOMER, headers, mapped, match)
    return sentence(refused.value)


def test_columns_go_by_map_then_by_name() -> None:
    found = plan(CUSTOMER, ("Account", "phone", "id", "email"), [("name", "Account"), ("website", "email")], "name")
    assert found.columns == {"name": 0, "website": 3, "phone": 1}
    assert found.ignored == ("id",)
    assert found.match is CUSTOMER.field("name")


def test_a_mapped_field_is_not_fed_by_the_column_of_its_name_too() -> None:
    found = plan(CUSTOMER, ("name", "客户"), [("name", "客户")])
    assert found.columns == {"name": 1}
    assert found.ignored == ("name",)


def test_blank_cells_say_nothing_and_neutral_ones_are_restored() -> None:
    found = plan(CUSTOMER, ("name", "phone", "note"))
    assert found.values(Row(2, ("Acme", " \u3000", "'=1+1"))) == {"name": "Acme", "note": "=1+1"}


def test_all_faults_are_said_at_once() -> None:
    said = refusal(
        ("account", "phone", "phone", "", "size"),
        [("nam", "account"), ("email", "acount"), ("note", "size"), ("employees", "size"), ("note", "phone")],
        "owner",
    )
    assert said.startswith("Nothing was imported; ")
    for part in (
        "phone: 2 columns have this name.",
        "These columns have no name: 4.",
        "nam=account: There is no field nam to write. Did you mean “name”?",
        "email=acount: The file has no column acount. Did you mean “account”?",
        "note=size: This field is fed twice.",
        "note=size: This column is used twice.",
        "employees=size: This column is used twice.",
        "match: Records cannot be matched by this field.",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("match", "reason"), [("nme", "Did you mean “name”?"), ("phone", "No column feeds the field to match by.")]
)
def test_the_field_to_match_by_must_be_there_and_fed(match: str, reason: str) -> None:
    assert reason in refusal(("name",), match=match)


def test_a_file_without_a_column_to_use() -> None:
    assert "--map field=column" in refusal(("account", "revenue"))
