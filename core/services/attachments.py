"""Attachments: adding files to records, reading them, and keeping rows and files in step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import func, select

from core.errors import Forbidden, Invalid
from core.i18n import _
from core.models import Attachment
from core.security.judge import READ_ONLY, refusal
from core.security.scope import ATTACHED
from core.services import writes
from core.services.attached import may_change, record_at
from core.services.chunks import chunked
from core.services.files import Found, store_of
from core.services.media import clean_name, media_type
from core.services.work import Ctx, Work
from plugins import Entity, Job

KEY = "core.attachment"
GRACE = dt.timedelta(hours=1)  # in which a file may still be waiting for its row


def of_record(ctx: Ctx, entity: Entity, record: Any, *, most: int = 200) -> tuple[Sequence[Attachment], int]:
    """The newest attachments of a record that the actor has found, and how many there are."""
    if entity.public:  # he may have found it by its public fields alone
        record_at(ctx, entity.key, record.id)
    options = {ATTACHED: (entity.key, record.id)}
    statement = select(Attachment).order_by(Attachment.id.desc()).limit(most)
    found = ctx.db.scalars(statement, execution_options=options).all()
    if len(found) < most:
        return found, len(found)
    counted = select(func.count()).select_from(Attachment)
    return found, ctx.db.scalar(counted, execution_options=options) or 0


def require_addable(ctx: Ctx, key: str, record_id: int) -> None:
    """NotFound, or Forbidden, for a record to which the actor may not add files."""
    record = record_at(ctx, key, record_id)
    if ctx.identity.read_only:
        raise Forbidden(READ_ONLY)
    if not may_change(ctx, ctx.catalog[KEY], key, record):
        raise Forbidden(refusal("edit"))


def add(ctx: Ctx, key: str, record_id: int, name: str, source: BinaryIO) -> Attachment:
    """Attach what the source has left, under a name that is cleaned first.

    The file is whole in the store before its row is written; it goes again if the transaction does.
    Raises NotFound, Forbidden, TooLarge, Invalid for nothing, NoRoom, Unavailable.
    """
    require_addable(ctx, key, record_id)
    store = store_of(ctx.kernel.settings)
    kept = store.keep(source)
    ctx.work.leftovers.add(lambda: store.remove(kept.stored))
    if kept.size == 0:
        raise Invalid(errors={"file": [_("The file is empty.")]})
    cleaned = clean_name(name)
    attachment = Attachment(
        entity=key,
        record_id=record_id,
        name=cleaned,
        media_type=media_type(kept.head, cleaned),
        size=kept.size,
        sha256=kept.sha256,
        stored=kept.stored,
    )
    ctx.db.add(attachment)
    writes.flush(ctx)
    return attachment


def content(ctx: Ctx, attachment: Attachment) -> BinaryIO:
    """The bytes of an attachment that the actor sees, checked. Unavailable if the file is damaged."""
    return store_of(ctx.kernel.settings).open(attachment.stored, attachment.size, attachment.sha256)


# --- rows and files --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How rows and files agree. `damaged` names attachments without a sound file, `orphans` are files
    without a row.
    """

    files: int
    size: int
    damaged: tuple[str, ...]
    orphans: int


def standing(work: Work) -> Standing:
    """Compare every attachment, deleted ones too, with its file: reads all of them."""
    store = store_of(work.kernel.settings)
    rows: Any = work.system.execute(
        select(Attachment.id, Attachment.name, Attachment.stored, Attachment.size, Attachment.sha256).order_by(
            Attachment.id
        )
    ).all()
    damaged = tuple(f"{row.id} {row.name}" for row in rows if not store.is_whole(row.stored, row.size, row.sha256))
    return Standing(len(rows), sum(row.size for row in rows), damaged, sum(1 for _found in orphans(work)))


def orphans(work: Work, older_than: dt.timedelta = GRACE) -> Iterator[Found]:
    """Files of which no row speaks and, after that time, none will."""
    before = dt.datetime.now(dt.UTC).timestamp() - older_than.total_seconds()  # as the disk dates them
    old = [found for found in store_of(work.kernel.settings).walk() if found.modified <= before]
    for chunk in chunked(old):
        known = set(
            work.system.scalars(
                select(Attachment.stored).where(Attachment.stored.in_([found.stored for found in chunk]))
            )
        )
        yield from (found for found in chunk if not (found.whole and found.stored in known))


def sweep(work: Work, older_than: dt.timedelta = GRACE) -> int:
    """Remove the orphans; how many there were. No transaction should take as long as `older_than`."""
    swept = 0
    for found in orphans(work, older_than):
        found.path.unlink(missing_ok=True)
        swept += 1
    return swept


def _sweep_nightly(ctx: Ctx, payload: Any) -> dict[str, int]:
    return {"files": sweep(ctx.work)}


SWEEP = Job(
    key="core.file_sweep",
    title=_("Remove files left over from broken uploads"),
    run=_sweep_nightly,
    schedule="45 3 * * *",
)
