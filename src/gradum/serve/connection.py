"""A connection of uvicorn on which headers come soon and are not endless."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gradum.messages import say

MOST_HEADER_BYTES = 65_536
HEADER_SECONDS = 10.0


class Connection(HttpToolsProtocol):
    """Refuses headers that are too long or too slow, before they make a request.

    Counts what came since the last whole headers or piece of a body, so that chunks without
    content and trailers are bounded too.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._pending = 0
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._due = self.loop.call_later(HEADER_SECONDS, self._refuse)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._arrived()
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
        """Begin the request."""
        self._arrived()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, whose time the application bounds."""
        self._arrived()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._arrived()
        super().on_message_complete()

    def _arrived(self) -> None:
        self._pending = 0
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _refuse(self) -> None:
        self._arrived()
        if not self.transport.is_closing():
            self.send_400_response(str(say("The headers are too long or too slow.")))
