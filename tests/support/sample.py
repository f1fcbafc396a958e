"""A small believable company: units, people and customers, the same in every run."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import select

from core.models import Term
from core.services import records
from core.services.work import Ctx
from tests.support.site import PASSWORD, Site

PEOPLE = (
    ("lihui", "李慧", "east", ("sales_manager",)),
    ("wangmin", "王敏", "shanghai", ("sales_rep",)),
    ("chenli", "陈立", "suzhou", ("sales_rep",)),
    ("zhangchi", "张弛", "north", ("sales_rep",)),
    ("anna", "Anna Lindqvist", "overseas", ("sales_rep",)),
    ("sunyue", "孙悦", "hq", ("customer_admin",)),
    ("zhao", "赵总", "hq", ("executive",)),
)
UNITS = (
    ("east", "华东大区", "branch", "hq"),
    ("shanghai", "上海销售部", "department", "east"),
    ("suzhou", "苏州办事处", "department", "east"),
    ("north", "北方大区", "branch", "hq"),
    ("overseas", "Overseas Sales", "branch", "hq"),
)
CITIES = ("上海", "苏州", "杭州", "南京", "合肥", "宁波", "无锡", "常州", "北京", "天津")
WORDS = ("华东", "恒泰", "云帆", "明远", "利达", "正阳", "长江", "瑞丰", "港安", "海川", "永安", "慧联")
LINES = ("科技股份有限公司", "精密机械有限公司", "医疗器械有限公司", "物流有限公司", "新材料有限公司", "软件有限公司")
FOREIGN = (
    "Nordic Bearings AB",
    "Hollis & Webb Ltd",
    "Pacific Crest Instruments Inc.",
    "Société Générale de Transport et de Logistique du Rhône",
    "Kestrel Analytics",
    "O'Brien Marine Supplies",
)
OWNERS = ("wangmin", "chenli", "lihui", "zhangchi", "anna")


STATES = ("target", "prospect")


def fill(site: Site, customers: int = 60, seed: int = 7) -> None:
    """Fill a fresh site; every user has `PASSWORD`. The first customer is the fullest."""
    for code, name, kind, parent in UNITS:
        site.create("core.unit", {"code": code, "name": name, "kind": kind, "parent": parent})
    for login, name, unit, roles in PEOPLE:
        contact = {"email": f"{login}@kehu.example", "phone": "138 0000 0000"}
        person(site, login, unit=unit, name=name, roles=list(roles), **contact)
    chance, terms = random.Random(seed), _terms(site)
    for number in range(customers):
        site.customer(**_customer(chance, terms, number))
    share = {"entity": "core.customer", "record": 1, "to": {"user": "zhangchi"}, "actions": ["view"]}
    if customers:
        site.create("core.share", share)


def person(site: Site, login: str, **values: Any) -> int:
    """A user who can log in with `PASSWORD`; his id."""
    number = site.user(login, **values)

    def give_password(ctx: Ctx) -> None:
        entity = ctx.catalog["core.user"]
        verb = next(verb for verb in entity.verbs if verb.name == "set-password")
        records.act(ctx, entity, number, verb, {"password": PASSWORD})

    site.run(give_password)
    return number


def _terms(site: Site) -> dict[str, list[str]]:
    """The codes of each list."""
    with site.acting(write=False) as ctx:
        found: dict[str, list[str]] = {}
        for term in ctx.system.scalars(select(Term)):
            found.setdefault(term.list_name, []).append(term.code)
        return found


def _customer(chance: random.Random, terms: dict[str, list[str]], number: int) -> dict[str, Any]:
    foreign = number % 10 == 9
    name = chance.choice(CITIES) + chance.choice(WORDS) + chance.choice(LINES)
    values: dict[str, Any] = {
        "name": FOREIGN[number // 10 % len(FOREIGN)] if foreign else name,
        "state": chance.choice(STATES),
        "owner": "anna" if foreign else chance.choice(OWNERS),
        "annual_revenue": str(chance.randrange(5, 4000) * 10_000),
        "industry": chance.choice(terms["industry"]),
        "region": chance.choice(terms["region"]),
    }
    if number % 3 == 0:
        values |= {
            "level": chance.choice(terms["level"]),
            "source": chance.choice(terms["source"]),
            "short_name": name[:4],
            "phone": f"021-6{chance.randrange(10**7):07d}",
            "email": "office@example.com",
            "website": "www.example.com",
            "address": "浦东新区张江路 1288 号 3 幢 501 室",
            "employees": chance.randrange(20, 5000),
            "founded_on": f"{chance.randrange(1985, 2022)}-0{chance.randrange(1, 9)}-15",
        }
    if number == 0:
        values |= {
            "name": "华东科技股份有限公司",
            "tax_no": "91310115MA1K3Q7X2B",
            "note": "一期上 B 线，二期明年 3 月土建完工后进场。\n要和他们的 WMS 打通。",
        }
    return values
