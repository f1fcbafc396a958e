"""The index leads to every text that holds a needle: whatever is chosen to look at, the text has a token there."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.db.folding import search_fold, spoken
from core.db.pinyin import spellings
from core.db.tokens import LONGEST, choices, tokens

PIECES = ["有限公司", "有限", "公司", "司", "华", "为技术", "a", "bc", "12", "𠮷", "\U0010ffff", "\ud7ff", "🙂", "é"]
pieces = st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join)
texts = (pieces | st.text(max_size=30)).map(search_fold).filter(bool)


def is_led_to(form: str, stored: str, needle: str) -> bool:
    held = tokens(form, stored)
    return all(
        any(place.low <= token < place.high and place.inner in token for place in choice for token in held)
        for choice in choices(form, needle)
    )


def part(data: st.DataObject, whole: str) -> str:
    start = data.draw(st.integers(0, len(whole) - 1))
    return whole[start : data.draw(st.integers(start + 1, len(whole)))]


@given(texts, st.data())
def test_every_fragment_of_a_text(stored, data):
    assert is_led_to("text", stored, part(data, stored))


@given(st.lists(st.text("0123456789", min_size=1, max_size=15), min_size=1, max_size=3), st.data())
def test_every_fragment_of_a_number(numbers, data):
    assert is_led_to("phone", " ".join(numbers), part(data, data.draw(st.sampled_from(numbers))))


NAMES = ["有限公司", "华", "为", "技术", "tcl", "3m", " ", "𠮷", "西安", "先", "重庆", "公司"]
names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=8).map("".join).filter(spoken)


@given(names, st.data())
@example("西安先", None)
def test_every_run_of_syllables_and_of_initials(name, data):
    stored = spoken(name) or ""
    initials, *words = stored.split(" ")
    if data is None:
        assert is_led_to("spoken", stored, " xi an xia")
        return
    needle = part(data, initials)
    assert is_led_to("spoken", stored, needle)
    start = data.draw(st.integers(0, len(words) - 1))
    run = words[start : data.draw(st.integers(start + 1, len(words)))]
    if not any(word == word.upper() for word in run):
        last = data.draw(st.integers(1, len(run[-1])))
        assert is_led_to("spoken", stored, " " + " ".join([*run[:-1], run[-1][:last]]))


@given(texts | names.map(lambda name: spoken(name) or ""))
def test_tokens_fit_their_column(stored):
    assert all(len(token) <= LONGEST for form in ("text", "spoken") for token in tokens(form, stored))


@pytest.mark.parametrize("needle", ["公司", "有限", "有限公司", "司", "a", "ab", "7", "华"])
def test_what_is_common_or_short_is_not_looked_up(needle):
    assert choices("text", needle) == []


@pytest.mark.parametrize(
    ("form", "needle"),
    [
        ("text", "华为"),
        ("text", "ibm"),
        ("text", "海伟有限公司"),
        ("phone", "1234"),
        ("spoken", " hua wei"),
        ("spoken", "HWJ"),
    ],
)
def test_what_is_rarer_is(form, needle):
    assert choices(form, needle)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("huawei", [" hua wei", " hu a wei"]),
        ("xian", [" xian", " xi an"]),
        ("huaw", [" hua w", " hu a w"]),
        ("chongq", [" chong q"]),
        ("hw", []),
        ("tech", [" te ch"]),
        ("ibm", []),
        ("a" * 41, []),
    ],
)
def test_letters_as_syllables(letters, expected):
    assert spellings(letters) == expected
