"""What people look for is found however they write it: names, Chinese by sound, phone numbers."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import is_valid_number, national_significant_number, parse

from core.db.folding import search_fold, spoken
from core.db.phones import HOME_CODE, phone_fold, phone_key, phone_needle

texts = st.text(max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("O’Brien & Sons", "OBRIEN&SONS"),
        ("约翰·史密斯", "约翰史密斯"),
        ("ＡＢＣ　科技", "abc科技"),
        ("Søren Łódź Æther", "soren lodz aether"),
        ("İstanbul", "istanbul"),
        ("Đà Nẵng", "da nang"),
        ("A\u200bB\u00ad-C", "abc"),
    ],
)
def test_signs_that_do_not_count(one, other):
    assert search_fold(one) == search_fold(other) != ""


def test_vowel_signs_and_voiced_kana_are_letters():
    assert search_fold("が") != search_fold("か")
    assert search_fold("कि") != search_fold("क")


@given(texts)
@example("ᾳ\u0345")
@example("\u0390")
def test_folding_for_search_twice_is_folding_once(text):
    folded = search_fold(text)
    assert search_fold(folded) == folded
    assert not any(ch.isspace() or "A" <= ch <= "Z" for ch in folded)


@given(texts, st.data())
def test_a_part_of_a_folded_text_folds_to_itself(text, data):
    folded = search_fold(text)
    start = data.draw(st.integers(0, len(folded)))
    part = folded[start : data.draw(st.integers(start, len(folded)))]
    assert search_fold(part) == part


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("华为技术", "HWJS hua wei ji shu"),
        ("重庆长安", "CQCA chong qing chang an"),
        ("TCL科技", "TCLKJ TCL ke ji"),
        ("北京3M-中国", "BJ3MZG bei jing 3M zhong guo"),
        ("吕", "L lv"),
        ("Acme", None),
        ("", None),
    ],
)
def test_chinese_as_it_is_typed(name, heard):
    assert spoken(name) == heard


SAME = (
    "010-6243 1234",
    "+86 10 62431234",
    "0086 (10) 6243-1234",
    "86 10 6243 1234",
    "（010）62431234",
    "０１０－６２４３１２３４",
    "010-62431234-801",
    "010-62431234 转 801",
    "010 6243 1234 ext. 801",
    "+86 010 62431234 x801",
    "010-62431234,801",
)


@pytest.mark.parametrize("written", SAME)
def test_one_number_however_it_is_written(written):
    assert phone_key(written) == "861062431234"
    assert all(phone_needle(other) in phone_fold(written) for other in SAME)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("138 1234 5678", "8613812345678"),
        ("+44 (0)20 7946 0958", "442079460958"),
        ("442079460958", "442079460958"),
        ("+39 06 1234 5678", "390612345678"),
        ("62431234", "62431234"),  # without an area it could be anywhere
        ("95588", "95588"),
        ("none", None),
        ("", None),
    ],
)
def test_keys_of_phones(written, key):
    assert phone_key(written) == key


def test_several_numbers_in_one_field():
    both = phone_fold("010-62431234 / 13812345678")
    assert both == "861062431234 8613812345678"
    assert phone_key("010-62431234 / 13812345678") == "861062431234"
    assert phone_needle("0138-1234") in both
    assert phone_needle("34 86") not in both  # no fragment reaches over the end of a number


@given(st.text("0123456789 -+()/,x", max_size=30), st.data())
def test_every_part_of_a_number_is_found_in_it(written, data):
    for number in phone_fold(written).split():
        start = data.draw(st.integers(0, len(number) - 1))
        part = number[start : data.draw(st.integers(start + 1, len(number)))]
        assert phone_needle(part) in number


@given(st.text(max_size=64))
def test_phones_fold_whatever_stands_in_them(written):
    folded = phone_fold(written)
    assert set(folded) <= set("0123456789 ")
    assert phone_needle(written) in ("", *folded.split()) or any(
        phone_needle(written) in number or number in HOME_CODE + phone_needle(written) for number in folded.split()
    )


at_home = st.from_regex(r"\A(1[3-9][0-9]|0[1-9][0-9]{1,2})[- ]?[0-9]{3,4}[- ]?[0-9]{3,5}\Z")


@given(at_home)
@example("021-50000000")
@example("138 1234-5678")
def test_what_is_usually_written_has_the_key_that_the_library_gives_it(written):
    number = parse(written, "CN")
    if is_valid_number(number):
        assert phone_key(written) == HOME_CODE + national_significant_number(number)


def test_the_usual_numbers_are_not_read_by_all_rules_of_the_world(monkeypatch):
    monkeypatch.setattr("core.db.phones._parsed", lambda text: pytest.fail(f"{text} was parsed"))
    phone_fold.cache_clear()
    assert phone_key("13812345678 ") == "8613812345678"
    assert phone_key("0755-26770000") == "8675526770000"
