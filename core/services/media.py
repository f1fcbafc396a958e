"""What an uploaded file is called and what kind it is: decided here, never by who sends it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST = 200
UNKNOWN = "application/octet-stream"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")  # what a page may show by itself

_ODD = re.compile(r'[<>:"|?*]')  # what Windows takes in no name
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # of several scripts and of emoji; all other invisible characters go

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
_OOXML = "application/vnd.openxmlformats-officedocument"
_IN_ZIP = {
    ".docx": f"{_OOXML}.wordprocessingml.document",
    ".xlsx": f"{_OOXML}.spreadsheetml.sheet",
    ".pptx": f"{_OOXML}.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ofd": "application/ofd",
}
_IN_OLE = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
}
_TEXTS = {".txt": "text/plain", ".log": "text/plain", ".md": "text/plain", ".csv": "text/csv"}
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def clean_name(given: str) -> str:
    """A file name that every system can keep and every page can show: no path, nothing invisible, ≤ 200.

    `../../etc/passwd` is `passwd`, `C:\\\\合同.pdf` is `合同.pdf`, `NUL.txt` is `_NUL.txt`; nothing is `file`.
    """
    shown = "".join(one for one in unicodedata.normalize("NFC", given) if _is_shown(one))
    name = _ODD.sub("_", re.split(r"[/\\]", shown)[-1]).strip().rstrip(". ")
    if _DEVICE.match(name):
        name = f"_{name}"
    return _shortened(name) or "file"


def _is_shown(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _shortened(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    ending = PurePosixPath(name).suffix
    if len(ending) > 20:
        ending = ""
    return name[: LONGEST - len(ending)].rstrip(". ") + ending


def media_type(head: bytes, name: str) -> str:
    """The kind of a file by its first bytes; the name only chooses among the kinds that begin alike.

    What is not on the list is `application/octet-stream`, pages and drawings with scripts among it.
    """
    ending = PurePosixPath(name).suffix.lower()
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"PK\x03\x04"):
        return _IN_ZIP.get(ending, "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _IN_OLE.get(ending, UNKNOWN)
    if ending in _TEXTS and not _NO_TEXT.search(head):
        return _TEXTS[ending]
    return UNKNOWN
