"""The demo company: its units and who works there."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "Try-Kehu-2026"

# code, name, kind, code of the unit above
UNITS = (
    ("east", "华东分公司", "branch", "hq"),
    ("north", "华北分公司", "branch", "hq"),
    ("south", "华南分公司", "branch", "hq"),
    ("east-sales1", "华东销售一部", "department", "east"),
    ("east-sales2", "华东销售二部", "department", "east"),
    ("north-sales", "华北销售部", "department", "north"),
    ("south-sales", "华南销售部", "department", "south"),
    ("intl-sales", "国际业务部", "department", "hq"),
    ("dealer-nanjing", "南京经销商", "dealer", "east"),
    ("dealer-chengdu", "成都经销商", "dealer", "south"),
)


@dataclass(frozen=True)
class Person:
    """A user. `area` names the customers he looks after, `share` how many of them relative to others."""

    login: str
    name: str
    unit: str
    role: str
    clearance: int = 1
    language: str = "zh_Hans"
    area: str | None = None
    share: int = 0


PEOPLE = (
    Person("zhaoguodong", "赵国栋", "hq", "executive", clearance=3),
    Person("qianxiaomei", "钱晓梅", "hq", "customer_admin", clearance=2),
    Person("sunli", "孙立", "hq", "auditor"),
    Person("liming", "李明", "east", "sales_manager", clearance=2, area="east", share=1),
    Person("wangfang", "王芳", "east-sales1", "sales_rep", area="east", share=4),
    Person("zhangwei", "张伟", "east-sales2", "sales_rep", area="east", share=3),
    Person("chenjing", "陈静", "north", "sales_manager", clearance=2, area="north", share=1),
    Person("liuyang", "刘洋", "north-sales", "sales_rep", area="north", share=4),
    Person("huanghaitao", "黄海涛", "south", "sales_manager", clearance=2, area="south", share=1),
    Person("wuqian", "吴倩", "south-sales", "sales_rep", area="south", share=4),
    Person("emily", "Emily Carter", "intl-sales", "sales_manager", clearance=2, language="en", area="abroad", share=2),
    Person("david", "David Miller", "intl-sales", "sales_rep", language="en", area="abroad", share=3),
    Person("zhouqiang", "周强", "dealer-nanjing", "dealer", area="nanjing", share=1),
    Person("xuli", "徐丽", "dealer-chengdu", "dealer", area="chengdu", share=1),
)

# Where customers of an area go while nobody owns them.
POOLS = {"east": "east", "north": "north", "south": "south", "abroad": "hq"}
