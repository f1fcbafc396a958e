"""Keeps what other projects gave us under core/web/static/vendor: builds the icon sprite, writes the lock.

python tools/vendor.py icons FOLDER   one SVG sprite out of a folder of Tabler outline icons
python tools/vendor.py lock           vendor.lock.json: a SHA-384 of each file
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "core/web/static/vendor"
LOCK = VENDOR / "vendor.lock.json"
SPRITE = VENDOR / "tabler-icons" / "icons.svg"
_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_FRAME = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'  # an invisible square in each icon


def icons(folder: Path) -> str:
    """The sprite: each icon a `<symbol id="i-NAME">`, drawn by `<use>`."""
    symbols = []
    for path in sorted(folder.glob("*.svg")):
        match = _BODY.search(path.read_text(encoding="utf-8"))
        if match is None:
            raise SystemExit(f"{path} is not an SVG")
        body = " ".join(match[1].replace(_FRAME, "").split())
        symbols.append(f'<symbol id="i-{path.stem}" viewBox="0 0 24 24">{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def lock() -> dict[str, str]:
    """Every vendored file with its digest, as browsers write it in `integrity`."""
    return {
        path.relative_to(VENDOR).as_posix(): "sha384-"
        + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
        for path in sorted(VENDOR.rglob("*"))
        if path.is_file() and path != LOCK
    }


def main(arguments: list[str]) -> None:
    match arguments:
        case ["icons", folder]:
            SPRITE.write_text(icons(Path(folder)), encoding="utf-8")
        case ["lock"]:
            LOCK.write_text(json.dumps(lock(), indent=2) + "\n", encoding="utf-8")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
