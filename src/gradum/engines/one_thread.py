"""One thread of BLAS for tasks in a process that has others: another number gives other bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

from gradum.engines.engine import Work

_changing = Lock()
_at_work = 0
_limit: Any = None


def done(work: Work, item: Any) -> Any:
    """Return what comes of an item, computed on one thread."""
    with _one_thread():
        return work(item)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit the process's BLAS while any task is at work: the first sets it, the last lifts it."""
    global _at_work, _limit
    with _changing:
        if not _at_work:
            _limit = _blas().limit(limits=1)
        _at_work += 1
    try:
        yield
    finally:
        with _changing:
            _at_work -= 1
            if not _at_work:
                _limit.restore_original_limits()


@cache
def _blas() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  its BLAS must be loaded before it is looked for

    return ThreadpoolController().select(user_api="blas")
