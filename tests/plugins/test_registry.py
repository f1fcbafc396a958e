"""Tables of what the plugins gave."""

from __future__ import annotations

import pytest

from plugins import ContractError, Registry


@pytest.fixture
def entities() -> Registry[int]:
    registry: Registry[int] = Registry("entity")
    registry.add("core", "core.customer", 1)
    registry.add("sales", "sales.opportunity", 2)
    registry.add("gifts", "gifts.gift", 3)
    return registry


def test_entries_keep_the_order_in_which_they_came(entities: Registry[int]) -> None:
    assert list(entities) == ["core.customer", "sales.opportunity", "gifts.gift"]
    assert entities.values() == [1, 2, 3]
    assert len(entities) == 3


def test_each_entry_has_a_value_and_an_owner(entities: Registry[int]) -> None:
    assert entities.get("sales.opportunity") == 2
    assert entities.owner("sales.opportunity") == "sales"
    assert "sales.opportunity" in entities
    assert "sales.lead" not in entities


def test_a_taken_key_names_both_owners_and_stays(entities: Registry[int]) -> None:
    with pytest.raises(ContractError) as caught:
        entities.add("gifts", "sales.opportunity", 9)
    assert str(caught.value) == "entity 'sales.opportunity' of 'gifts' is already taken by 'sales'"
    assert entities.get("sales.opportunity") == 2


def test_a_closed_registry_takes_nothing_and_still_gives(entities: Registry[int]) -> None:
    entities.close()
    with pytest.raises(ContractError, match=r"entity 'late\.one' of 'late' comes after boot"):
        entities.add("late", "late.one", 4)
    assert entities.values() == [1, 2, 3]
    assert entities.get("core.customer") == 1


def test_a_missing_key_gets_a_suggestion(entities: Registry[int]) -> None:
    with pytest.raises(KeyError) as caught:
        entities.get("core.custmer")
    assert caught.value.args == ("no entity 'core.custmer': did you mean 'core.customer'?",)
    with pytest.raises(KeyError, match="no entity 'zzz'"):
        entities.owner("zzz")
