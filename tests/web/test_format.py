"""How numbers are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from core.web.format import locale, money, number


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@given(st.integers(-(10**18), 10**18))
def test_whole_numbers_are_written_as_the_language_has_them(language, value):
    assert number(value, language) == format_decimal(value, "#,##0", locale(language))
    digits = format_decimal(abs(value), "#,##0", locale(language))
    for amount in (Decimal(value), Decimal(value).quantize(Decimal("1.00"))):
        assert money(amount, "CNY", language) == f"{'-' if value < 0 else ''}¥{digits}"
