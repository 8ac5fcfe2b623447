"""Paths and addresses of the user: files, patterns, standard input, and tables on other machines.

An address can hold a password, in front of its host or among its parameters. What is recorded or
printed has no user, password or parameters: `shown` leaves them out.
"""

from __future__ import annotations

import glob
import re
from pathlib import Path
from urllib.parse import unquote

from gradum.errors import TableError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)  # "C:\" has one letter
_HOST = r"(?:\[[\da-f:.%]+\]|[^\s@/?#:,\[\]]*)(?::\d*)?"
_ADDRESS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?:(?P<user>[^\s@/?#]*)@)?"
    rf"(?P<host>{_HOST}(?:,{_HOST})*)(?P<path>/[^\s?#]*)?(?P<rest>[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)

STANDARD_INPUT = "-"


def is_address(name: str) -> bool:
    """Whether a name is an address on a network rather than a path."""
    return _SCHEME.match(name) is not None


def scheme(address: str) -> str:
    """Return the scheme of an address, such as "https"."""
    match = _SCHEME.match(address)
    return match[1].lower() if match else ""


def shown(address: str) -> str:
    """Return an address without its user, password and parameters."""
    parts = _parts(address)
    if parts is None:
        return f"{scheme(address)}://…"
    return f"{scheme(address)}://{parts['host']}{parts['path'] or ''}"


def place_shown(name: str) -> str:
    """Return what may be shown of a path or an address: a path is shown as it is."""
    return shown(name) if is_address(name) else name


def refuse_unclear(address: str) -> None:
    """Refuse an address if it is unclear where its password ends and its host begins.

    Raises
    ------
    TableError
        The message does not repeat the address.
    """
    if _parts(address) is None:
        raise TableError(
            "The address {address} cannot be read.",
            "Write @, /, ?, # and spaces in a user, a password or a name as %40, "
            "%2F, %3F, %23 and %20.",
            address=shown(address),
        )


def secrets(address: str) -> tuple[str, ...]:
    """Return the parts of an address that `shown` leaves out."""
    parts = _parts(address)
    if parts is None:
        return ()
    return tuple(part for part in (parts["user"], parts["rest"]) if part)


def without_secrets(text: str, address: str) -> str:
    """Return a text with the passwords and parameters of an address replaced by "…"."""
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


def is_file(path: Path) -> bool:
    """Whether there is a file of this name; False also if the system allows no such name."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_pattern(path: Path) -> bool:
    """Whether a path stands for the files that match it: it has a ``*``, ``?`` or ``[…]``.

    If a file with exactly this name exists, the path means that file.
    """
    return glob.has_magic(str(path)) and not _exists(path)


def matches(pattern: Path) -> list[Path]:
    """Return the files that match a pattern, sorted by name; ``**`` crosses folders."""
    # Path.glob would take hidden files, and takes no absolute pattern.
    paths = (Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207
    return sorted(path for path in paths if is_file(path))


def files_of(name: str) -> list[Path]:
    """Return the files that a path stands for, if they exist and can be read again.

    An address stands for none. A SQLite database may have beside it a file of what was written to
    it last, which belongs to it.
    """
    if is_address(name):
        return []
    path = Path(name)
    paths = matches(path) if is_pattern(path) else [path]
    files = [file for file in paths if name != STANDARD_INPUT and is_file(file)]
    return [file for path in files for file in (path, *_journal(path))]


def _journal(path: Path) -> list[Path]:
    """Return the file in which SQLite keeps, beside a database, what was written to it last."""
    journal = path.with_name(f"{path.name}-wal")
    return [journal] if is_file(journal) and journal.stat().st_size else []


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def absolute(path: str | Path) -> str:
    """Return a path that means the same from any folder, so that a run can be repeated.

    For an address, this is the part that may be recorded.
    """
    if is_address(str(path)):
        return shown(str(path))
    path = Path(path)
    if str(path) == STANDARD_INPUT or path.is_absolute():
        return str(path)
    if is_pattern(path):
        return str(Path(glob.escape(str(Path.cwd()))) / path)
    return str(path.absolute())
