"""Addresses of tables on other machines, and what of them may be shown and kept.

An address can hold a password, in front of its host or among its parameters. Whatever is written
down or printed has neither: `shown` leaves both out.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from gradum.errors import TableError
from gradum.messages import say

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)  # "C:\" has one letter
_HOST = r"(?:\[[\da-f:.%]+\]|[^\s@/?#:,\[\]]*)(?::\d*)?"
_ADDRESS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?:(?P<user>[^\s@/?#]*)@)?"
    rf"(?P<host>{_HOST}(?:,{_HOST})*)(?P<path>/[^\s?#]*)?(?P<rest>[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)


def is_address(name: str) -> bool:
    """Whether a name is an address on a network rather than a path."""
    return _SCHEME.match(name) is not None


def scheme(address: str) -> str:
    """Return the scheme of an address, such as "https"."""
    match = _SCHEME.match(address)
    return match[1].lower() if match else ""


def shown(address: str) -> str:
    """Return an address without user, password and parameters."""
    parts = _parts(address)
    if parts is None:
        return f"{scheme(address)}://…"
    return f"{scheme(address)}://{parts['host']}{parts['path'] or ''}"


def refuse_unclear(address: str) -> None:
    """Refuse an address of which it is unclear where its password ends and its host begins.

    Raises
    ------
    TableError
        It does not repeat the address.
    """
    if _parts(address) is None:
        raise TableError(
            say("The address {address} cannot be read.", address=shown(address)),
            say(
                "Write @, /, ?, # and spaces in a user, a password or a name as %40, "
                "%2F, %3F, %23 and %20."
            ),
        )


def secrets(address: str) -> tuple[str, ...]:
    """Return the parts of an address that `shown` leaves out."""
    parts = _parts(address)
    if parts is None:
        return ()
    return tuple(part for part in (parts["user"], parts["rest"]) if part)


def without_secrets(text: str, address: str) -> str:
    """Return a text in which passwords and parameters of an address are replaced by "…"."""
    user, *rest = (*secrets(address), "")
    pieces = [user.partition(":")[2]] if ":" in user else []
    pieces += [value for part in (user, *rest) for value in re.findall(r"=([^&#]*)", part)]
    for piece in sorted({*pieces, *map(unquote, pieces)}, key=len, reverse=True):
        text = text.replace(piece, "…") if piece else text
    return text


def _parts(address: str) -> re.Match | None:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None
    # "user:12/34@host" would pass for the host "user" with the port 12
    tail = (match["path"] or "") + (match["rest"] or "")
    return None if match["user"] is None and ":" in match["host"] and "@" in tail else match
