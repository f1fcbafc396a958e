"""What is left of a company's name (M58)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db.names import core_name, likeness, mail_domain, tax_key


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("北京用友软件股份有限公司", "用友软件"),
        ("用友软件(北京)有限公司", "用友软件"),
        ("用友软件（北京市）有限责任公司", "用友软件"),
        ("中国移动通信集团有限公司北京分公司", "移动通信"),
        ("浙江省杭州市西湖软件有限公司", "西湖软件"),
        ("深圳市腾讯计算机系统有限公司", "腾讯计算机系统"),
        ("北京公司", "北京"),
        ("上海", "上海"),
        ("ACME Co., Ltd.", "acme"),
        ("Acme Inc", "acme"),
        ("O'Neill & Sons GmbH", "oneillsons"),
        ("Ltd", "ltd"),
        ("***", None),
        ("", None),
    ],
)
def test_core_names(name, core):
    assert core_name(name) == core


@given(st.text(max_size=40))
def test_a_core_name_is_its_own_core(name):
    core = core_name(name)
    assert core is None or core_name(core) == core


@given(st.text("用友软件网络ab", max_size=8), st.text("用友软件网络ab", max_size=8))
def test_likeness_is_even_and_bounded(one, other):
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert likeness(one, one) == 1


def test_mailboxes_and_tax_numbers():
    assert mail_domain("Zhang@Acme.COM ") == "acme.com"
    assert mail_domain("zhang@qq.com") is None
    assert mail_domain("no address") is None
    assert tax_key("91310000-ma1k 35xx") == "91310000MA1K35XX"
    assert tax_key(" - ") is None
