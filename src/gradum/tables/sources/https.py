"""Files on web servers: fetched once and whole over ``https://``, from the named host."""

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
from gradum.files.atomic import filling
from gradum.messages import marked, say, sentences
from gradum.tables.formats.encoding import BLOCK_BYTES
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.paths import refuse_unclear, scheme, shown
from gradum.tables.sources.source import Location, NewFile
from gradum.tables.wording import size

MOST_BYTES = 2**32  # of a file
SECONDS = 30.0  # without a byte
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
DOWNLOAD = marked("Download it by other means, and give the file.")


class Https:
    """A file on a web server; unencrypted access only to this machine."""

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a location is an address of the web."""
        return scheme(location.where) in ("https", "http")

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Fetch the file, and tell its hash."""
        _refuse_address(location.where)
        request = urllib.request.Request(location.where, headers={"User-Agent": "gradum"})
        opener = urllib.request.build_opener(_SameHost(location))
        with _explained(location.name), opener.open(request, timeout=SECONDS) as answer:
            if answer.headers.get_content_type() == "text/html":
                raise TableError(
                    "{name} is a web page, not a table.",
                    "Give the address of the file.",
                    name=location.name,
                )
            file = new_file(PurePosixPath(urlsplit(location.where).path).suffix.lower())
            digest = _fetch(answer, file, location.name)
        return [Location(str(file), location.name, sha256=digest)]


def _refuse_address(address: str) -> None:
    """Refuse an address that is unclear, sends passwords, or can be read by anybody on the way."""
    refuse_unclear(address)
    parts = urlsplit(address)
    if parts.username is not None or parts.password is not None:
        raise TableError(
            say(
                "The address {address} holds a user or a password, which gradum does not send.",
                address=shown(address),
            ),
            say(DOWNLOAD),
        )
    if not parts.hostname:
        raise TableError(
            "The address {address} names no host.", "Correct it.", address=shown(address)
        )
    if scheme(address) == "http" and parts.hostname not in THIS_MACHINE:
        raise TableError(
            "{address} would be sent without encryption: anybody on the way could change it.",
            "Give an https:// address, or download the file and give that.",
            address=shown(address),
        )


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects to other paths of the same server, and to no other server."""

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
                "{name} leads to another place: {address}.",
                "Give that address if you trust it.",
                name=self._location.name,
                address=shown(newurl),
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(answer: Any, out: Path, name: str) -> str:
    """Write a server's answer to a file, and return its SHA-256."""
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
            "{name} broke off after {count} of {length}.",
            "Try once more.",
            name=name,
            count=size(count),
            length=size(length),
        )
    if not count:
        raise TableError("{name} is empty.", "Give the address of a table.", name=name)
    return digest.hexdigest()


def _too_large(name: str) -> TableError:
    return TableError(
        say("{name} is larger than {most}.", name=name, most=size(MOST_BYTES)), say(DOWNLOAD)
    )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Say in one line why a server does not give the file."""
    try:
        yield
    except urllib.error.HTTPError as error:
        with error:
            raise TableError(
                say("{name} cannot be had: {status}.", name=name, status=_status(error.code)),
                _remedy(error.code),
            ) from None
    except urllib.error.URLError as error:
        raise _unreachable(name, error.reason) from None
    except (TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise _unreachable(name, error) from None
    except (http.client.HTTPException, UnicodeError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(
            "{name} cannot be had: its server or its address is not as it should be ({error}).",
            "Check the address; write spaces in it as %20.",
            name=name,
            error=type(error).__name__,
        ) from None


def _status(code: int) -> str:
    words = http.client.responses.get(code, "")
    return say("its server answers {code} {words}", code=code, words=words).rstrip()


def _remedy(code: int) -> str:
    if code in (401, 403, 407):
        return sentences(
            (say("It asks for a permission that gradum does not send."), say(DOWNLOAD))
        )
    return say("Check the address.") if code < 500 else say("Try later.")


def _unreachable(name: str, reason: object) -> TableError:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return TableError(
            say(
                "The certificate of {name} is not trusted: {why}.",
                name=name,
                why=reason.verify_message,
            ),
            say(DOWNLOAD),
        )
    if isinstance(reason, TimeoutError):
        return TableError(
            "{name} gave nothing for {seconds:g} seconds.", "Try later.", name=name, seconds=SECONDS
        )
    words = getattr(reason, "strerror", None) or str(reason)
    return TableError(
        "{name} cannot be reached: {why}.",
        "Check the address and the network.",
        name=name,
        why=words,
    )
