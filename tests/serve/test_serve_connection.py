"""A connection on which too much comes, or too slowly, is closed, with an answer."""

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


def sent(pieces, until="written"):
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
        end = asyncio.get_running_loop().time() + 10
        while not getattr(wire, until) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
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


def test_the_rest_of_a_body_that_was_answered_is_waited_for_no_longer_than_headers(monkeypatch):
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.05)
    begun = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na"
    written, closed = sent([begun], until="closed")
    assert written.startswith(b"HTTP/1.1 200")
    assert closed
    assert not sent([begun, b"a"])[1]


def test_two_names_of_the_host_are_refused():
    written, closed = sent([b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: a\r\n\r\n"])
    assert written.startswith(b"HTTP/1.1 400")
    assert b"Send one of them." in written
    assert closed


def test_too_many_connections_are_told_when_to_come_again(monkeypatch):
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 0)
    written, closed = sent([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
    assert written.startswith(b"HTTP/1.1 503")
    assert b"\r\nretry-after: 1\r\n" in written
    assert b"Ask again in a second." in written
    assert closed
