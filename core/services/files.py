"""The store of files: random names, one folder, whole files only.

A file is written under another name, synced and renamed, and only then may a row speak of it: a crash
leaves at worst a file that nobody speaks of, never a row without its file.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from core.db.engine import disk_full
from core.errors import NoRoom, TooLarge, Unavailable
from core.i18n import _
from core.settings import Settings

log = logging.getLogger(__name__)
HEAD = 4096  # bytes by which a file's kind is told
_PIECE = 256 * 1024
_NAME = re.compile("[0-9a-f]{32}")
_PART = ".part"


@dataclass(frozen=True)
class Kept:
    """A file that has been stored: its name in the store, size in bytes, SHA-256 and first bytes."""

    stored: str
    size: int
    sha256: str
    head: bytes


@dataclass(frozen=True)
class Found:
    """What lies in the store. `whole` is false for what was still being written."""

    stored: str
    path: Path
    size: int
    modified: float
    whole: bool


class FileStore:
    """Files below `root`, two levels of folders deep, each at most `most` bytes, for nobody else to read."""

    def __init__(self, root: Path, most: int) -> None:
        self.root, self.most = root, most

    def keep(self, source: BinaryIO) -> Kept:
        """Store what the source has left. TooLarge, NoRoom or Unavailable leave nothing behind."""
        stored = secrets.token_hex(16)
        path = self.path(stored)
        part = path.with_name(stored + _PART)
        try:
            _make_folders(path.parent, self.root)
            try:
                kept = self._write(part, source, stored)
                part.rename(path)
                _sync(path.parent)
            except BaseException:
                part.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._refusal(error) from error
        return kept

    def _write(self, part: Path, source: BinaryIO, stored: str) -> Kept:
        digest, size, head = hashlib.sha256(), 0, b""
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            while piece := source.read(_PIECE):
                size += len(piece)
                if size > self.most:
                    raise too_large(self.most)
                head += piece[: HEAD - len(head)]
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        return Kept(stored, size, digest.hexdigest(), head)

    def _refusal(self, error: OSError) -> NoRoom | Unavailable:
        log.error("a file could not be stored in %s", self.root, exc_info=error)
        return NoRoom() if disk_full(error) else Unavailable()

    def open(self, stored: str, size: int, sha256: str) -> BufferedReader:
        """The file, to be read from its beginning; every byte has been checked. Unavailable if it is damaged."""
        try:
            file = self.path(stored).open("rb")
        except OSError as error:
            raise _damaged(stored, error) from None
        if os.fstat(file.fileno()).st_size != size or _digest(file) != sha256:
            file.close()
            raise _damaged(stored, None)
        file.seek(0)
        return file

    def is_whole(self, stored: str, size: int, sha256: str) -> bool:
        """Whether the file is there and as it was stored."""
        path = self.path(stored)
        if not path.is_file() or path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            return _digest(file) == sha256

    def remove(self, stored: str) -> None:
        """Take a file away; one that is not there is fine."""
        self.path(stored).unlink(missing_ok=True)

    def walk(self) -> Iterator[Found]:
        """All that lies in the store under a name of ours."""
        for path in sorted(self.root.glob("??/??/*")):
            stored, dot, _rest = path.name.partition(".")
            if _NAME.fullmatch(stored) and path == self.path(stored).with_name(path.name):
                try:
                    about = path.stat()
                except FileNotFoundError:  # renamed or taken away meanwhile
                    continue
                yield Found(stored, path, about.st_size, about.st_mtime, not dot)

    def path(self, stored: str) -> Path:
        """Where a file lies."""
        if not _NAME.fullmatch(stored):
            raise ValueError(f"{stored!r} is no name of a stored file")
        return self.root / stored[:2] / stored[2:4] / stored


def store_of(settings: Settings) -> FileStore:
    """The site's store: `kehu.files`, and what a file may have there."""
    return FileStore(Path(settings.files), settings.files_most * 2**20)


def too_large(most: int) -> TooLarge:
    """The refusal of a file above the limit in bytes."""
    return TooLarge(_("A file may have at most ${n} MB.", mapping={"n": most // 2**20}))


def _damaged(stored: str, error: OSError | None) -> Unavailable:
    incident = secrets.token_hex(4)
    log.error("incident %s: the file %s is missing or damaged", incident, stored, exc_info=error)
    message = _(
        "This file is damaged or missing on the server. Tell your administrator: incident ${number}.",
        mapping={"number": incident},
    )
    return Unavailable(message, code="DAMAGED")


def _digest(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _make_folders(folder: Path, root: Path) -> None:
    """Make a folder of the store and see that its name lasts, as fsync of a file in it does not."""
    if folder.is_dir():
        return
    if folder != root:
        _make_folders(folder.parent, root)
    folder.mkdir(0o700, parents=folder == root, exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
