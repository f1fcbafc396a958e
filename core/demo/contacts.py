"""The people at demo customers."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from pypinyin import lazy_pinyin

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = (
    "伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "勇", "军", "杰", "涛", "明",
    "超", "霞", "平", "刚", "晓东", "建国", "海燕", "志强", "文博", "雨欣", "子涵", "浩然", "雪梅", "国华",
    "丽娟", "俊峰", "思远", "佳怡", "立新", "春兰", "振华",
)  # fmt: skip
ENGLISH_GIVEN = (
    "Alice", "Ben", "Clara", "Daniel", "Eva", "Frank", "Grace", "Henry", "Irene", "Jack",
    "Karen", "Leo", "Mary", "Nathan", "Olivia", "Peter", "Rachel", "Simon", "Tina", "Victor",
)  # fmt: skip
ENGLISH_SURNAMES = (
    "Adams", "Baker", "Clark", "Evans", "Foster", "Green", "Harris", "Jones", "King",
    "Lewis", "Moore", "Nelson", "Parker", "Reed", "Scott", "Turner", "Walker", "Young",
)  # fmt: skip
# Title and department, Chinese and English, and the role in buying.
POSTS = (
    ("总经理", "总经办", "Managing Director", "Management", "economic"),
    ("采购经理", "采购部", "Purchasing Manager", "Purchasing", "user"),
    ("技术总监", "技术部", "Technical Director", "Engineering", "technical"),
    ("财务经理", "财务部", "Finance Manager", "Finance", "economic"),
    ("生产主管", "生产部", "Production Supervisor", "Production", "user"),
    ("信息部主任", "信息部", "Head of IT", "IT", "technical"),
    ("行政助理", "综合部", "Office Assistant", "Administration", "coach"),
)
NUMBERS = ((1, 5), (2, 4), (3, 2), (4, 1))
LUNAR = 0.15


def contacts(random: Random, customer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Some people at a customer, with its values as JSON; the first is the main one."""
    number = random.choices([n for n, _weight in NUMBERS], [weight for _n, weight in NUMBERS])[0]
    posts = random.sample(POSTS, number)
    return [{**_person(random, customer, post), "is_main": not at} for at, post in enumerate(posts)]


def _person(random: Random, customer: Mapping[str, Any], post: tuple[str, ...]) -> dict[str, Any]:
    title, department, english_title, english_department, role = post
    domain = customer["email"].partition("@")[2]
    values = {
        "buying_role": role,
        "birthday": f"{random.randint(1962, 1999)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}",
        "owner": customer["owner"],
        "phone": customer["phone"],
    }
    if customer["name"].isascii():
        first, last = random.choice(ENGLISH_GIVEN), random.choice(ENGLISH_SURNAMES)
        email = f"{first}.{last}@{domain}".lower()
        return {
            **values,
            "name": f"{first} {last}",
            "title": english_title,
            "department": english_department,
            "email": email,
        }
    surname, given = random.choice(SURNAMES), random.choice(GIVEN)
    return {
        **values,
        "name": surname + given,
        "title": title,
        "department": department,
        "mobile": f"{random.choice((135, 138, 139, 150, 186))}5550{random.randrange(10000):04}",
        "email": f"{''.join(lazy_pinyin(given))}.{''.join(lazy_pinyin(surname))}@{domain}",
        "birthday_lunar": random.random() < LUNAR,
    }
