"""Names in the order in which people look for them, the same on every database."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.db.folding import SORT_KEY_LENGTH, digits, fold, search_fold, sort_key
from core.models import Customer

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


def in_order(*texts: str) -> list[str]:
    """The names in their order, however they are shuffled."""
    shuffled = list(texts)
    random.Random(7).shuffle(shuffled)
    return sorted(shuffled, key=sort_key)


def test_chinese_names_stand_among_latin_ones_by_their_sound():
    expected = [
        *(
            "阿里",
            "Alpha",
            "安娜",
            "北京",
            "Beta",
            "长城",
            "Chen",
            "陈",
            "重庆",
            "大连",
            "Ebay",
            "中国",
            "zoo",
            "Zürich",
        ),
        *("Ωmega", "Яндекс", "김치"),
    ]
    assert in_order(*expected) == expected


def test_a_name_comes_before_those_that_begin_with_it():
    expected = ["张", "张三", "张三丰", "张三李四", "章三", "掌柜"]
    assert in_order(*expected) == ["张", "张三", "章三", "张三丰", "张三李四", "掌柜"]


def test_tones_and_then_the_characters_decide_between_like_sounds():
    assert in_order("妈", "麻", "马", "骂", "吗") == ["妈", "麻", "马", "骂", "吗"]
    assert in_order("章三", "张三") == ["张三", "章三"]  # zhang1 san1 both: by code point


def test_characters_are_read_as_their_word_asks():
    assert sort_key("重庆").startswith("chong2 qing4\t")
    assert sort_key("重要").startswith("zhong4 yao4\t")
    assert sort_key("银行").startswith("yin2 hang2\t")


def test_width_case_and_blanks_do_not_matter():
    keys = {sort_key(text) for text in ("ABC Trading", "abc trading", "ＡＢＣ　Ｔｒａｄｉｎｇ", "  Abc Trading ")}
    assert keys == {"abc trading"}
    assert sort_key("ＡＢＣ公司") == sort_key("abc公司") == "abc gong1 si1\tabc公司"
    assert sort_key("北京 Apple").partition("\t")[0] == sort_key("北京Apple").partition("\t")[0]
    assert sort_key("é") == sort_key("e\u0301")
    assert sort_key("") == sort_key("  ") == ""


def test_characters_without_a_reading_have_a_place_too():
    assert sort_key("𠮷野家").endswith("\t𠮷野家")
    assert in_order("𠮷野家", "北京", "zoo") == ["北京", "zoo", "𠮷野家"]
    assert sort_key("𰻝面").startswith("biang2 mian4")  # beyond the basic plane


def test_a_key_fits_its_column():
    assert Customer.__table__.c.sort_key.type.length == SORT_KEY_LENGTH  # type: ignore[attr-defined]
    for long in ("中" * 200, "x" * 400, "ﷺ" * 200, "𠮷" * 200):
        assert len(sort_key(long)) <= SORT_KEY_LENGTH
    assert sort_key("中" * 200) == sort_key("中" * 199 + "国")  # they agree as far as the key goes


@given(names)
def test_a_key_depends_on_the_folded_name_alone(name):
    key = sort_key(name)
    assert len(key) <= SORT_KEY_LENGTH
    assert key == sort_key(name) == sort_key(fold(name)) == sort_key(f" {name} ")
    assert key == sort_key(unicodedata.normalize("NFD", name))


@given(names, names)
def test_different_short_names_have_different_keys(one, other):
    if fold(one).strip() != fold(other).strip() and len(one) + len(other) < 30:
        assert sort_key(one) != sort_key(other)


@given(names)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


def test_digits_of_all_scripts_are_digits():
    assert digits("+86 (021) 5555-1234") == "8602155551234"
    assert digits("０２１－５５５５") == "0215555"
    assert digits("٠١٢٣ x ९") == "01239"
    assert digits("五六七") == ""


@pytest.mark.databases
def test_databases_order_by_the_key_as_python_does(site):
    some = ["阿里", "Alpha", "北京", "Zürich", "𠮷野家", "김치", "张三丰", "章三", "张三"]
    some += ["ＡＢＣ", "_", "~", "é", "Ünal"]
    with site.acting() as ctx:
        ctx.db.add_all(
            Customer(name=name, code=f"X{n}", kind="company", state="target", secrecy=1,
                     unit_id=ctx.identity.unit_id, owner_id=ctx.identity.user_id)
            for n, name in enumerate(some)
        )  # fmt: skip
    with site.kernel.work(write=False) as work:
        found = list(work.system.scalars(select(Customer.name).order_by(Customer.sort_key)))
    assert found == sorted(some, key=sort_key)


@pytest.mark.databases
def test_what_folding_makes_too_long_is_cut(site):
    record = site.customer("ﷺ" * 200, short_name="ﷺ" * 100, code="ﷺ" * 32, phone="⅒" * 64)
    with site.kernel.work(write=False) as work:
        customer = work.system.get(Customer, record)
        assert customer.name == "ﷺ" * 200
        assert customer.name_folded == search_fold("ﷺ" * 200)[:800]
        assert len(customer.code_folded) == len(customer.phone_folded) == 64
