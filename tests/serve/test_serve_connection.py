"""A connection whose headers are too long or too slow is closed, with an answer."""

import asyncio

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from gradum.serve import connection
from gradum.serve.connection import MOST_HEADER_BYTES, Connection


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self):
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data):
        self.written += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


async def answer(scope, receive, send):
    while scope["method"] == "POST" and (await receive())["more_body"]:
        pass
    await asyncio.sleep(0.05)
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body"})


def sent(pieces, seconds=0.15):
    """What a connection writes that was sent some pieces, and whether it was closed."""

    async def talk():
        config = Config(answer, log_config=None, ws="none")
        config.load()
        wire = Wire()
        line = Connection(config, ServerState(), {})
        line.connection_made(wire)
        for piece in pieces:
            if not wire.closed:
                line.data_received(piece)
        await asyncio.sleep(seconds)
        told = wire.written, wire.closed
        line.connection_lost(None)
        return told

    return asyncio.run(talk())


BEGUN = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
FLOOD = [b"X: " + b"a" * 1_000 + b"\r\n"] * (MOST_HEADER_BYTES // 1_000 + 1)


@pytest.mark.parametrize(
    "pieces",
    [
        [BEGUN, *FLOOD],
        [BEGUN, b"X: ", *([b"a" * 1_000] * 100)],
        [BEGUN + b"\r\n0\r\n", *FLOOD],  # behind the body
    ],
)
def test_endless_headers_are_refused(pieces):
    written, closed = sent(pieces)
    assert closed
    assert written.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("pieces", [[], [b"GET / HT"], [BEGUN]])
def test_slow_headers_are_refused(monkeypatch, pieces):
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.05)
    written, closed = sent(pieces)
    assert closed
    assert written.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\n", b"Host: a\r\n\r\n"],
        [BEGUN, b"\r\n", b"1\r\n", b"a", b"\r\n0\r\n", b"\r\n"],
    ],
)
def test_slow_answers_are_waited_for(monkeypatch, pieces):
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.01)
    written, closed = sent(pieces)
    assert written.startswith(b"HTTP/1.1 200")
    assert not closed
