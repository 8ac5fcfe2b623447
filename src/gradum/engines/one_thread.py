"""One thread of a processor for each task: more threads, or another device, give other bits."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

from gradum.engines.engine import Done, Work, do
from gradum.isolation import ONE_THREAD

ENVIRONMENT = {**dict.fromkeys(ONE_THREAD, "1"), "JAX_PLATFORMS": "cpu"}
"""Of a process that does nothing but tasks."""

_changing = Lock()
_at_work = 0
_limit: Any = None


def done(work: Work, items: Sequence[Any]) -> Done:
    """Return what comes of the items of a task, computed on one thread."""
    with _one_thread():
        return do(work, items)


def done_with(pickled: bytes, items: Sequence[Any]) -> Done:
    """Return what the work that these bytes hold makes of the items, computed on one thread."""
    with _one_thread():
        return do(_unpickled(pickled), items)


@lru_cache(maxsize=1)
def _unpickled(pickled: bytes) -> Work:
    return pickle.loads(pickled)


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
