"""Files on their way in and out: the body of an upload, and a download that can do no harm in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.message import Message
from functools import partial
from io import SEEK_END
from traceback import clear_frames
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from pyramid.request import Request
from pyramid.response import Response

from core.errors import BadRequest
from core.http.work import most_bytes
from core.i18n import _
from core.models import Attachment
from core.services import attachments
from core.services.files import store_of, too_large
from core.services.media import IMAGES
from core.services.work import Ctx

FIELD = "file"  # of a form
_PIECE = 256 * 1024
_EPILOGUE = 1024  # more than any program writes after a form's end
# Nothing of the file runs or loads, wherever it is shown.
POLICY = "default-src 'none'; sandbox"
_FALLBACK = re.compile(r"[^ !#$&'()+,\-.0-9;=@A-Z^_`a-z{}~]")


def is_form(request: Request) -> bool:
    """Whether the body is a browser's form with files in it."""
    return bool(request.content_type == "multipart/form-data")


def refuse_too_large(request: Request) -> None:
    """TooLarge for a body with which no file could come along."""
    settings = request.kernel.settings
    if (request.content_length or 0) > most_bytes(request, settings):
        raise too_large(store_of(settings).most)


def form_of(request: Request) -> Mapping[str, Any]:
    """The fields of a form; its files are closed with the request. BadRequest for one that cannot be read."""
    try:
        form = request.POST
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        clear_frames(error.__traceback__)  # the files of the parts before the broken one
        raise BadRequest(_("The form cannot be read.")) from None
    request.add_finished_callback(_close_files)
    if is_form(request):
        _need_end(request)
    return cast(Mapping[str, Any], form)


def _need_end(request: Request) -> None:
    """BadRequest for a form without its closing delimiter: its last file may be half a file."""
    header = Message()
    header["Content-Type"] = request.headers["Content-Type"]
    closing = f"--{header.get_boundary()}--".encode("latin-1")
    body = request.body_file_raw
    body.seek(max(0, body.seek(0, SEEK_END) - len(closing) - _EPILOGUE))
    if closing not in body.read():
        raise BadRequest(_("The form is cut off. Send it again."))


def _close_files(request: Request) -> None:
    for item in request.POST.values():
        if getattr(item, "filename", None):
            item.file.close()


def files_of(request: Request) -> Iterator[tuple[str, BinaryIO]]:
    """Names and contents of the files in a form. BadRequest for one that is broken or cut off."""
    form: Any = form_of(request)
    for item in form.getall(FIELD):
        if getattr(item, "filename", None):
            yield item.filename, item.file


def download(request: Request, attachment: Attachment, *, inline: bool) -> Response:
    """The bytes of an attachment that the actor sees; `inline` shows an image instead of saving it."""
    ctx: Ctx = request.ctx
    if attachment.sha256 in request.if_none_match:
        response = Response(status=304)
    else:
        file = attachments.content(ctx, attachment)
        response = Response(app_iter=_Pieces(file), content_length=attachment.size)
        response.headers["Content-Type"] = attachment.media_type  # as it is: no charset is known
        shown = inline and attachment.media_type in IMAGES
        response.headers["Content-Disposition"] = disposition("inline" if shown else "attachment", attachment.name)
    response.headers["ETag"] = f'"{attachment.sha256}"'
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def saved_as(file: BinaryIO, name: str, media_type: str) -> Response:
    """A file that was made for this request; the server closes it, sent or not."""
    size = file.seek(0, SEEK_END)
    file.seek(0)
    response = Response(app_iter=_Pieces(file), content_length=size)
    response.headers["Content-Type"] = media_type
    response.headers["Content-Disposition"] = disposition("attachment", name)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class _Pieces:
    """A file as the server sends it; the server closes it, sent or not."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(partial(self.file.read, _PIECE), b"")

    def close(self) -> None:
        self.file.close()


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition with the name in full (RFC 5987), and in ASCII for programs that know no better."""
    plain = _FALLBACK.sub("_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
