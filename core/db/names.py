"""What two records of the same company have in common, however each was written (M58)."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

from core.db.folding import fold

CORE_LENGTH = 200
_FORMS = ("股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "总公司", "分公司", "子公司", "公司", "集团")
_LATIN_FORMS = {
    *("co", "company", "corp", "corporation", "inc", "incorporated", "limited", "ltd", "llc", "llp", "plc"),
    *("ag", "bv", "gmbh", "group", "holding", "holdings", "kg", "nv", "oy", "pte", "pty", "sa", "sarl", "spa", "srl"),
}
_WORD = re.compile(r"[^\W_]+")
_SIZES = (4, 3, 2)  # characters of a place's name
_RANKS = ("自治区", "特别行政区", "省", "市")
# Where anybody may have a mailbox: two of them say nothing about each other.
_PUBLIC_MAIL = {
    *("126.com", "139.com", "163.com", "163.net", "189.cn", "21cn.com", "aliyun.com", "foxmail.com", "gmail.com"),
    *("hotmail.com", "icloud.com", "live.cn", "live.com", "msn.com", "outlook.com", "qq.com", "sina.cn", "sina.com"),
    *("sohu.com", "tom.com", "vip.163.com", "vip.qq.com", "vip.sina.com", "wo.cn", "yahoo.cn", "yahoo.com", "yeah.net"),
}


@lru_cache(maxsize=10_000)
def core_name(name: str) -> str | None:
    """A company's name without legal form, place, blanks and punctuation; what is left is never nothing.

    `北京用友软件股份有限公司` and `用友软件(北京)有限公司` are both `用友软件`. None for a name
    without any letter or digit.
    """
    words = _WORD.findall(fold(name).replace("'", ""))
    while len(words) > 1 and words[-1] in _LATIN_FORMS:
        words.pop()
    core = "".join(words)
    while (shorter := _shorter(core)) != core:
        core = shorter
    return core[:CORE_LENGTH] or None


def _shorter(core: str) -> str:
    """Without one legal form at its end, or one place at either end."""
    if core.endswith(_FORMS):
        form = next(form for form in _FORMS if core.endswith(form))
        if len(core) > len(form) + 1:
            return core.removesuffix(form)
    return _after_place(core) or _before_place(core) or core


def _after_place(core: str) -> str | None:
    for size in _SIZES:
        if core[:size] in _places():
            rest = core[size:]
            rank = next((rank for rank in _RANKS if rest.startswith(rank)), "")
            found = next((part for part in (rest.removeprefix(rank), rest) if len(part) > 1), None)
            if found:
                return found
    return None


def _before_place(core: str) -> str | None:
    for rank in (*_RANKS, ""):
        if core.endswith(rank):
            body = core.removesuffix(rank)
            for size in _SIZES:
                if len(body) > size + 1 and body[-size:] in _places():
                    return body[:-size]
    return None


@cache
def _places() -> frozenset[str]:
    return frozenset(files("core.db").joinpath("places.txt").read_text(encoding="utf-8").split())


def tax_key(tax_no: str) -> str | None:
    """A tax number's letters and digits, in capitals."""
    return "".join(_WORD.findall(fold(tax_no))).upper() or None


def mail_domain(email: str) -> str | None:
    """The domain of a mailbox that belongs to a company; None for the big public ones."""
    domain = fold(email).rpartition("@")[2].strip(" .>") if "@" in email else ""
    return domain if "." in domain and domain not in _PUBLIC_MAIL else None


def likeness(one: str, other: str) -> float:
    """How much two core names have in common: Dice's coefficient of their pairs of characters, 0 to 1."""
    pairs, others = _pairs(one), _pairs(other)
    return 2 * len(pairs & others) / (len(pairs) + len(others)) if pairs and others else float(one == other)


@lru_cache(maxsize=1000)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(text)))
