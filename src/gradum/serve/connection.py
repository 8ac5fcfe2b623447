"""A connection of uvicorn, one of not too many, on which headers come soon and are not endless."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gradum.messages import say
from gradum.serve.refusal import Refused

MOST_CONNECTIONS = 1_000
MOST_HEADER_BYTES = 65_536
HEADER_SECONDS = 10.0


class Connection(HttpToolsProtocol):
    """Refuses headers that are too long or too slow, before they make a request.

    Counts what came since the last whole headers or piece of a body, so that chunks without
    content and trailers are bounded too. Of a body that was answered before it was whole, the rest
    may come as long as headers may; who sends a byte now and then would keep the connection.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._pending = 0
        self._due: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._due = self.loop.call_later(HEADER_SECONDS, self._refuse)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._arrived()
        self._ended()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless too much came that is neither."""
        self._pending += len(data)
        super().data_received(data)
        if self._pending > MOST_HEADER_BYTES:
            self._refuse()
        elif self._pending and self._due is None:
            self._due = self.loop.call_later(HEADER_SECONDS, self._refuse)

    def on_headers_complete(self) -> None:
        """Begin the request, or its refusal."""
        self._arrived()
        if refused := self._refusal():
            self.app = refused.response
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, whose time the application bounds."""
        self._arrived()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._arrived()
        self._ended()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End the connection soon if the rest of a body that was answered does not come."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._end = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _refusal(self) -> Refused | None:
        """Return why the request is not handed on, and the connection ends with its answer."""
        close = {"Connection": "close"}
        if len(self.connections) > MOST_CONNECTIONS:
            remedy, after = say("Ask again in a second."), {"Retry-After": "1"}
            return Refused(503, say("There are too many connections."), remedy, close | after)
        if [name for name, _ in self.headers].count(b"host") > 1:
            message = say("The request has several headers Host.")
            return Refused(400, message, say("Send one of them."), close)
        return None

    def _ended(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _arrived(self) -> None:
        self._pending = 0
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _refuse(self) -> None:
        self._arrived()
        if not self.transport.is_closing():
            self.send_400_response(str(say("The headers are too long or too slow.")))
