"""What the server refuses before the application sees it, in the words and the form of the address."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, Task, WSGITask
from waitress.utilities import Error, RequestEntityTooLarge

from core.http.work import early


class Refusal(ErrorTask):
    """The reply to what is not HTTP as we take it: for programs a problem document."""

    def execute(self) -> None:
        error: Error = self.request.error
        reply = early(self._path(), error.code, error.reason, error.body)
        self.status = reply.status
        self.response_headers += reply.headerlist
        self.set_close_on_finish()
        self.content_length = len(reply.body)
        self.write(reply.body)

    def _path(self) -> str:
        """Where the request was going, as far as it was read."""
        asked = self.channel.requests[0]
        head = asked.header_plus or getattr(asked, "first_line", b"")
        words = head[:2000].split(None, 2)
        return words[1].decode("latin-1") if len(words) > 1 else ""


class Oversize(WSGITask):
    """A body that is not read, for it is too large: the application judges by its length, as always."""

    def execute(self) -> None:
        self.request.headers["CONTENT_LENGTH"] = str(self.request.adj.max_request_body_size)
        self.set_close_on_finish()
        super().execute()


class Channel(HTTPChannel):
    """A connection. One that is refused while the client still sends is heard out before it is closed, at most
    for the server's `channel_timeout`: closed at once, it would take the reply with it.
    """

    refused = False
    heard_out = False

    def error_task_class(self, _channel: HTTPChannel, request: Any) -> Task:
        self.refused = True
        return (Oversize if isinstance(request.error, RequestEntityTooLarge) else Refusal)(self, request)

    def handle_close(self) -> None:
        if self.refused and not self.heard_out:
            self.heard_out, self.will_close = True, False
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        super().handle_close()

    def handle_read(self) -> None:
        if self.heard_out:
            self.recv(self.adj.recv_bytes)  # closes at the end; not noted as activity
        else:
            super().handle_read()
