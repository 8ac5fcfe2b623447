"""Files on web servers: fetched once over ``https://``, whole, from the host that is named."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from gradum.errors import TableError
from gradum.files.scratch import filling
from gradum.tables.addresses import refuse_unclear, scheme, shown
from gradum.tables.encoding import BLOCK_BYTES
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.source import Location, NewFile
from gradum.tables.wording import size

MOST_BYTES = 2**32  # of a file
SECONDS = 30.0  # without a byte
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
DOWNLOAD = "Download it by other means, and give the file."


class Https:
    """A file on a web server; without encryption only on this machine."""

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a location is an address of the web."""
        return scheme(location.where) in ("https", "http")

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Fetch the file, and tell its hash."""
        _refuse_address(location.where)
        with (
            _explained(location.name),
            _opener(location).open(_request(location), timeout=SECONDS) as answer,
        ):
            if answer.headers.get_content_type() == "text/html":
                raise TableError(
                    f"{location.name} is a web page, not a table.", "Give the address of the file."
                )
            file = new_file(PurePosixPath(urlsplit(location.where).path).suffix.lower())
            digest = _fetch(answer, file, location.name)
        return [Location(str(file), location.name, sha256=digest)]


def _refuse_address(address: str) -> None:
    """Refuse an address that is unclear, sends passwords, or is read by anybody on the way."""
    refuse_unclear(address)
    parts = urlsplit(address)
    if parts.username is not None or parts.password is not None:
        raise TableError(
            f"The address {shown(address)} holds a user or a password, which gradum does not send.",
            DOWNLOAD,
        )
    if not parts.hostname:
        raise TableError(f"The address {shown(address)} names no host.", "Correct it.")
    if scheme(address) == "http" and parts.hostname not in THIS_MACHINE:
        raise TableError(
            f"{shown(address)} would come without encryption: anybody on its way could change it.",
            "Give an https:// address, or download the file and give that.",
        )


def _request(location: Location) -> urllib.request.Request:
    return urllib.request.Request(location.where, headers={"User-Agent": "gradum"})


def _opener(location: Location) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_SameHost(location))


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a server to another path of its own, and to no other server."""

    def __init__(self, location: Location) -> None:
        self._location = location

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the request to follow, or refuse it."""
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if (before.scheme, before.netloc) != (after.scheme, after.netloc):
            fp.close()
            raise TableError(
                f"{self._location.name} leads to another place: {shown(newurl)}.",
                "Give that address if you trust it.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(answer: Any, out: Path, name: str) -> str:
    """Write an answer to a file, and return its SHA-256."""
    stated = answer.headers.get("Content-Length", "")
    length = int(stated) if stated.isdecimal() else None
    if length is not None and length > MOST_BYTES:
        raise _too_large(name)
    digest, count = sha256(), 0
    with filling(name), out.open("wb") as file:
        while block := answer.read(BLOCK_BYTES):
            count += len(block)
            if count > MOST_BYTES:
                raise _too_large(name)
            digest.update(block)
            file.write(block)
    if length is not None and count < length:
        raise TableError(
            f"{name} broke off after {size(count)} of {size(length)}.", "Try once more."
        )
    if not count:
        raise TableError(f"{name} is empty.", "Give the address of a table.")
    return digest.hexdigest()


def _too_large(name: str) -> TableError:
    return TableError(f"{name} is larger than {size(MOST_BYTES)}.", DOWNLOAD)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Say in one line why a server gives no file."""
    try:
        yield
    except urllib.error.HTTPError as error:
        with error:
            raise TableError(
                f"{name} cannot be had: {_status(error.code)}.", _remedy(error.code)
            ) from None
    except urllib.error.URLError as error:
        raise _unreachable(name, error.reason) from None
    except (TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise _unreachable(name, error) from None
    except (http.client.HTTPException, UnicodeError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(
            f"{name} cannot be had: its server or its address is not as it should be "
            f"({type(error).__name__}).",
            "Check the address; write spaces in it as %20.",
        ) from None


def _status(code: int) -> str:
    words = http.client.responses.get(code, "")
    return f"its server answers {code} {words}".rstrip()


def _remedy(code: int) -> str:
    if code in (401, 403, 407):
        return "It asks for a permission that gradum does not send. " + DOWNLOAD
    return "Check the address." if code < 500 else "Try later."


def _unreachable(name: str, reason: object) -> TableError:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return TableError(
            f"The certificate of {name} is not trusted: {reason.verify_message}.", DOWNLOAD
        )
    if isinstance(reason, TimeoutError):
        return TableError(f"{name} gave nothing for {SECONDS:g} seconds.", "Try later.")
    words = getattr(reason, "strerror", None) or str(reason)
    return TableError(f"{name} cannot be reached: {words}.", "Check the address and the network.")
