"""A server for the application: its address, its token, its log, and its end."""

from __future__ import annotations

import gc
import ipaddress
import json
import logging
import os
import socket
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from gradum.errors import SpecError
from gradum.messages import say
from gradum.serve.limits import RequestLimits
from gradum.tables.extra import needs

FEWEST_LETTERS = 16  # of a token: fewer could be guessed
OWN_NAMES = ["localhost", "127.0.0.1", "[::1]"]


def run(
    application: Any, bound: socket.socket, limits: RequestLimits, *, log_requests: bool
) -> None:
    """Serve until told to stop; requests that are being answered are finished first.

    At an address of this machine alone, requests that call it otherwise are refused: a page could
    have led a browser here under a name of its own.
    """
    needs("httptools", "serve", say("Requests"), SpecError)
    uvicorn = needs("uvicorn", "serve", say("Requests"), SpecError)
    from gradum.serve.connection import Connection

    _log_in_json()
    if _is_own(bound.getsockname()[0]):
        from starlette.middleware.trustedhost import TrustedHostMiddleware

        application = TrustedHostMiddleware(application, OWN_NAMES, www_redirect=False)
    config = uvicorn.Config(
        application,
        http=Connection,
        log_config=None,
        access_log=log_requests,
        ws="none",
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(limits.seconds) + 1,
    )
    gc.collect()
    gc.freeze()  # what is loaded stays: to look through it for garbage stalls requests for 0.1 s
    with threadpool_limits(1, "blas"):  # for a few rows, threads only wait for each other
        uvicorn.Server(config).run(sockets=[bound])


def bound_socket(host: str, port: int, *, has_token: bool) -> socket.socket:
    """Return a socket at an address; without a token, none that others can reach.

    Raises
    ------
    SpecError
        The address is not this machine's, its port is in use, or others could reach it unasked.
    """
    if not has_token and not _is_own(host):
        raise SpecError(
            "At {host} everybody who reaches this machine would be answered.",
            "Give --token-file FILE, or leave out --host.",
            host=host,
        )
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return _listening(socket.socket(family, socket.SOCK_STREAM), host, port)
    except (OSError, OverflowError, UnicodeError) as error:
        raise SpecError(
            "Nothing can listen at {host}, port {port}: {cause}.",
            "Choose another port by --port.",
            host=host,
            port=port,
            cause=getattr(error, "strerror", None) or error,
        ) from None


def _listening(bound: socket.socket, host: str, port: int) -> socket.socket:
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()
    except BaseException:
        bound.close()
        raise
    return bound


def _is_own(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(path: Path) -> str:
    """Return the token in a file that only its owner can read.

    Raises
    ------
    SpecError
        Others can read it, it cannot be read, or what it holds is too short or no single word.
    """
    try:
        status = path.stat()
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            "{path} holds no token: {cause}.",
            "Write one word of {fewest} letters or more into it.",
            path=path,
            cause=getattr(error, "strerror", error),
            fewest=FEWEST_LETTERS,
        ) from None
    if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SpecError("Others can read the token in {path}.", "chmod 600 {path}", path=path)
    if len(token) < FEWEST_LETTERS or not token.isascii() or len(token.split()) != 1:
        raise SpecError(
            "{path} holds no token.",
            "Write one word of {fewest} letters or more into it.",
            path=path,
            fewest=FEWEST_LETTERS,
        )
    return token


class JsonFormatter(logging.Formatter):
    """A line of JSON for each entry; no value of a row is ever in one."""

    FIELDS = ("model", "version", "cause", "columns", "rows")

    def format(self, record: logging.LogRecord) -> str:
        """Return an entry as JSON."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": when, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= {name: getattr(record, name) for name in self.FIELDS if hasattr(record, name)}
        if record.exc_info:
            kind = record.exc_info[0]
            line["cause"] = kind.__name__ if kind else ""
        return json.dumps(line, ensure_ascii=False, default=str)


def _log_in_json() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    for name in ("gradum.serve", "uvicorn", "uvicorn.access"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.INFO)
