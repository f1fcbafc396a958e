"""Which encoding a text file has: UTF-8 or GB18030, judged on the whole file and never guessed from a part."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.errors import Invalid
from core.i18n import _

BINARY = _("This file is binary or UTF-16, not CSV. Save it as CSV UTF-8.")
_BLOCK = 1 << 20  # bytes
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Bytes beyond one per character. GB18030 text that happens to be valid UTF-8 for so long does not
# occur, so what breaks later is UTF-8 with a fault, and reading it as GB18030 would garble it.
_SURELY_UTF8 = 16


@dataclass(frozen=True)
class _Fault:
    """Where decoding stopped: line and byte are counted from 1; `extra` is the evidence for UTF-8."""

    line: int
    byte: int
    value: int
    extra: int


def encoding_of(path: Path) -> str:
    """`utf-8-sig` (with or without the mark) or `gb18030`. Raises Invalid for anything else."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_UTF16_MARKS):
        raise Invalid(BINARY)
    fault = _first_fault(path, "utf-8-sig")
    if fault is None:
        return "utf-8-sig"
    if head.startswith(codecs.BOM_UTF8) or fault.extra >= _SURELY_UTF8:
        raise _refusal(fault, "UTF-8")
    other = _first_fault(path, "gb18030")
    if other is not None:
        if b"\0" in head:
            raise Invalid(BINARY)
        raise _refusal(max(fault, other, key=lambda one: one.byte), "UTF-8 / GB18030")
    return "gb18030"


def _first_fault(path: Path, encoding: str) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = read = extra = 0
    with path.open("rb") as file:
        for block in iter(partial(file.read, _BLOCK), b""):
            read += len(block)
            try:
                extra += len(block) - len(decoder.decode(block))
            except UnicodeDecodeError as error:
                return _fault(error, lines, read, extra)
            lines += block.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return _fault(error, lines, read, extra)
    return None


def _fault(error: UnicodeDecodeError, lines: int, read: int, extra: int) -> _Fault:
    """`error.object` is the last block with what was left over before it."""
    good = error.object[: error.start]
    wide = len(good) - len(good.decode(error.encoding, "ignore"))
    return _Fault(
        line=lines + good.count(b"\n") + 1,
        byte=read - len(error.object) + error.start + 1,
        value=error.object[error.start],
        extra=extra + wide,
    )


def _refusal(fault: _Fault, encoding: str) -> Invalid:
    return Invalid(
        _(
            "This file is not ${encoding}: byte ${byte} (0x${value}) in line ${line} cannot be read. "
            "Save it as CSV UTF-8.",
            mapping={"encoding": encoding, "byte": fault.byte, "value": f"{fault.value:02x}", "line": fault.line},
        )
    )
