"""What went on with a demo customer and what is to come, counted from the day on which it is loaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from random import Random
from typing import Any

from core.demo.companies import pick

# Kind, weight; subject and result in Chinese and in English.
DONE = (
    (
        (
            "visit",
            "拜访客户，了解年度采购计划",
            "约定下月安排样机测试",
            "Visit to talk about the yearly plan",
            "Samples next month",
        ),
        3,
    ),
    (
        (
            "visit",
            "现场勘察生产线",
            "现有设备老化，计划更换两条产线",
            "Walk through the plant",
            "Two lines are to be replaced",
        ),
        2,
    ),
    (
        (
            "call",
            "电话确认需求和预算",
            "预算已批，等待招标",
            "Call about needs and budget",
            "Budget is approved, tender follows",
        ),
        4,
    ),
    (
        (
            "call",
            "回访使用情况",
            "整体满意，希望缩短交货期",
            "Call to hear how it goes",
            "Satisfied; wants shorter delivery",
        ),
        3,
    ),
    (
        (
            "mail",
            "发送产品资料和报价",
            "对方已转给技术部评估",
            "Sent brochure and quotation",
            "Passed on to engineering",
        ),
        3,
    ),
    (
        (
            "meeting",
            "技术方案交流会",
            "对方提出三点修改意见",
            "Meeting about the technical proposal",
            "Three points to change",
        ),
        2,
    ),
    (("note", "行业展会上交换名片", None, "Exchanged cards at the fair", None), 1),
)
PLANNED = (
    (("visit", "拜访采购负责人", "Visit the purchasing manager"), 3),
    (("call", "跟进报价反馈", "Follow up on the quotation"), 3),
    (("meeting", "商务谈判", "Negotiate terms"), 1),
)
TASKS = (
    ("准备报价单", "Prepare the quotation"),
    ("整理合同草案", "Draft the contract"),
    ("催收到期款项", "Remind of the payment due"),
    ("寄送样品", "Send samples"),
    ("更新客户档案", "Bring the profile up to date"),
)
STATES = (("as entered", 6), ("formal", 3), ("sealed", 1))
SEALED = ("公司已注销", "连续三年无业务往来", "转由集团总部统一采购", "The company has been wound up")
ZONE = dt.timezone(dt.timedelta(hours=8))


def activities(random: Random, customer: Mapping[str, Any], today: dt.date) -> list[dict[str, Any]]:
    """Past ones that are done, planned ones and tasks, some of them overdue; none where nobody is responsible."""
    if customer["owner"] is None:
        return []
    english = customer["name"].isascii()
    made = []
    for _number in range(random.randint(0, 4)):
        kind, subject, result, english_subject, english_result = pick(random, DONE)
        made.append(
            {
                "kind": kind,
                "subject": english_subject if english else subject,
                "result": english_result if english else result,
                "at": _at(random, today - dt.timedelta(days=random.randint(1, 300))),
                "done": True,
            }
        )
    if random.random() < 0.35:
        kind, subject, english_subject = pick(random, PLANNED)
        at = _at(random, today + dt.timedelta(days=random.randint(-3, 21)))
        made.append({"kind": kind, "subject": english_subject if english else subject, "at": at})
    if random.random() < 0.35:
        due = today + dt.timedelta(days=random.randint(-7, 14))
        made.append({"kind": "task", "subject": random.choice(TASKS)[english], "due": str(due)})
    return [{**one, "owner": customer["owner"], "assignee": customer["owner"]} for one in made]


def _at(random: Random, day: dt.date) -> str:
    """A time of that day at which people work."""
    time = dt.time(random.randint(9, 17), random.choice((0, 15, 30, 45)), tzinfo=ZONE)
    return dt.datetime.combine(day, time).isoformat()


def state(random: Random) -> str:
    """What becomes of a customer: it stays as it was entered, `formal` or `sealed`."""
    return pick(random, STATES)


def trades(random: Random, customer: Mapping[str, Any], today: dt.date) -> list[dict[str, Any]]:
    """The documents of a customer that has bought something, the oldest first: orders, and most of what
    follows from them.
    """
    made: list[dict[str, Any]] = []
    for number in range(1, random.randint(1, 4) + 1):
        day = today - dt.timedelta(days=random.randint(30, 700))
        amount = f"{random.randint(3, 400) * 1000}.00"
        document = f"{customer['code']}-{number}"
        steps = ("order", "invoice", "receipt")[: pick(random, ((3, 6), (2, 2), (1, 1)))]
        for at, kind in enumerate(steps):
            made.append(
                {
                    "source_key": f"demo/{kind}/{document}",
                    "document": f"{kind[:2].upper()}-{document}",
                    "kind": kind,
                    "on": str(day + dt.timedelta(days=10 * at)),
                    "amount_base": amount,
                    "owner": customer["owner"],
                }
            )
    return sorted(made, key=lambda trade: trade["on"])
