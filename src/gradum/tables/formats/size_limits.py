"""Bounds on the size of a table that is read: its columns, and its values in the memory left."""

from __future__ import annotations

import os
from pathlib import Path

from gradum.errors import TableError
from gradum.tables.wording import size

CGROUP = Path("/sys/fs/cgroup")
RESERVED_ADDRESSES = 2**30

MOST_COLUMNS = 25_000
"""While a pack trains, it takes about 0.28 MB a column: 7 GB for this many columns."""


def available_memory() -> int | None:
    """Return the bytes still available without swapping; None if the system does not tell.

    This is the smallest of what the system has left, what a container's limit leaves, and what the
    limit on the process's address space (``ulimit -v``) leaves.
    """
    limits = (_of_system(), _of_container(), _of_addresses())
    left = [value for value in limits if value is not None]
    return min(left, default=None)


def _of_system() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" in names:  # not Linux: total memory is the best estimate
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_container() -> int | None:
    """Return what a control group (version 2) leaves; cached files can be dropped."""
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((CGROUP / "memory.current").read_text())
        lines = (CGROUP / "memory.stat").read_text().splitlines()
        droppable = sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
        return max(int(limit) - used + droppable, 0)
    except (OSError, ValueError):
        return None


def _of_addresses() -> int | None:
    """Return what the address limit leaves; threads reserve about a gigabyte without using it."""
    try:
        import resource  # not on Windows

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return None
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return None
    return max(limit - used - RESERVED_ADDRESSES, 0)


def refuse_width(columns: int, source: str) -> None:
    """Refuse a table of more columns than a run can learn from.

    Raises
    ------
    TableError
        There are more than `MOST_COLUMNS`.
    """
    if columns > MOST_COLUMNS:
        raise TableError(
            "{source} has more than {most:,} columns, the most that a run can learn from.",
            "Leave out the least useful ones, or check that its rows end where they should.",
            source=source,
            most=MOST_COLUMNS,
        )


def refuse_more_than_memory(needed: float, what: str, source: str) -> None:
    """Refuse what does not fit in memory, before a library asks for it and ends the process.

    Parameters
    ----------
    needed : float
        Bytes.
    what : str
        What takes them, such as "2,000,000 values".
    source : str
        What the table is called in messages.

    Raises
    ------
    TableError
        The message says what is needed, and what is left.
    """
    memory = available_memory()
    if memory is not None and needed > memory:
        raise TableError(
            "{source} holds {what}, which take {needed} of memory; {left} are left.",
            "Give fewer rows. As CSV or Parquet, gradum fit and predict read it in "
            "blocks under --max-memory.",
            source=source,
            what=what,
            needed=size(needed),
            left=size(memory),
        )
