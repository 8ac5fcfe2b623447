"""The memory that this process can still have."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
RESERVED_ADDRESSES = 2**30


def available_memory() -> int | None:
    """Return the bytes that can still be had without swapping; None where nothing tells.

    The least of what the system has left, what a container's limit leaves, and what the limit of
    the process's addresses does (``ulimit -v``).
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
    if "SC_PHYS_PAGES" in names:  # no Linux: all memory is the best that is known
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_container() -> int | None:
    """Return what a control group, version 2, leaves; files kept in memory can be dropped."""
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
    """Return what the limit of addresses leaves; threads take about a gigabyte without using it."""
    try:
        import resource  # not on Windows

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return None
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return None
    return max(limit - used - RESERVED_ADDRESSES, 0)
