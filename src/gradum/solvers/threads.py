"""Threads that compute: turns, the number of BLAS threads in each turn, and results in order.

BLAS has one number of threads for the whole process. With another number it takes its sums in
another order, so that the last bits differ. A problem that needs another number therefore changes
it only while no other fit computes. Fits in several threads take turns, event by event, and each
gets the same bits as it would alone. They lose little by this, as one fit occupies every core.

Items are processed in parallel by one thread per core; results keep the items' order. For work of
milliseconds, threads stay: to start one may take as long.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

import scipy.linalg  # noqa: F401  its BLAS must be loaded before it is looked for
from threadpoolctl import ThreadpoolController

from gradum.core_count import cores

Item = TypeVar("Item")
Result = TypeVar("Result")

SMALL = 10_000_000  # numbers in a matrix whose Gram matrix takes one thread a tenth of a second
POLITE = 0.001  # seconds that a thread leaves to waiting threads after its turn

Event = TypeVar("Event")
Answer = TypeVar("Answer")

_computing = threading.RLock()
_waiting: set[object] = set()


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, most: int
) -> Iterator[Result]:
    """Yield ``work(item)`` for every item, in the order of the items.

    Items are taken in the caller's thread. At most ``most`` of them are taken before the result of
    the first is yielded, so that memory is bounded. An error in ``work`` is raised where its result
    would be yielded. Once the caller stops, for whatever reason, no other item is started.
    """
    running: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(min(most, cores())) as pool:
        try:
            for item in items:
                running.append(pool.submit(work, item))
                if len(running) == most:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for future in running:
                future.cancel()


def at_once(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return ``work(item)`` for every item, in order, by the caller and threads that stay.

    The caller begins with the last item, and takes all that no thread has begun.
    """
    running = [_staying().submit(work, item) for item in items]
    done: deque[Result] = deque()
    while running and running[-1].cancel():
        running.pop()
        done.appendleft(work(items[len(running)]))
    return [*(future.result() for future in running), *done]


@cache
def _staying() -> ThreadPoolExecutor:
    """Return the threads that stay: one for each core but the caller's."""
    return ThreadPoolExecutor(max(cores() - 1, 1), "staying")


@contextmanager
def turn() -> Iterator[None]:
    """Compute alone; a turn within a turn is the same turn."""
    computing = _taken()
    try:
        yield
    finally:
        computing.release()


def between_turns(hear: Callable[[Event], Answer]) -> Callable[[Event], Answer]:
    """Return a listener for a computation in a turn: while it hears an event, others compute."""

    def heard(event: Event) -> Answer:
        _computing.release()
        try:
            return hear(event)
        finally:
            if _waiting:
                time.sleep(POLITE)
            _taken()

    return heard


@contextmanager
def threads_for(rows: int, columns: int) -> Iterator[None]:
    """Take a turn in which BLAS has one thread if matrices of this shape are small.

    OpenBLAS wakes all its threads for every small product and every sweep of a decomposition, and
    they wait for each other by spinning. On a busy machine this takes ten to fifty times as long.
    """
    if is_large(rows, columns):
        yield
        return
    with one_thread():
        yield


def is_large(rows: int, columns: int) -> bool:
    """Whether matrices of this shape are worth several threads of BLAS."""
    return rows * columns > SMALL


@contextmanager
def one_thread() -> Iterator[None]:
    """Take a turn in which BLAS has one thread, for example for rows in small blocks."""
    with turn(), _blas().limit(limits=1):
        yield


@contextmanager
def one_thread_if_free() -> Iterator[None]:
    """Let BLAS have one thread while the block runs, unless a fit or another block computes.

    For what does not wait: rows are predicted at once, and in a fit's turn with its threads.
    """
    if not _computing.acquire(blocking=False):
        yield
        return
    try:
        with _blas().limit(limits=1):
            yield
    finally:
        _computing.release()


@cache
def _blas() -> ThreadpoolController:
    """Return NumPy's and SciPy's BLAS, found once: this takes longer than a small problem."""
    return ThreadpoolController().select(user_api="blas")


def _taken() -> threading.RLock:
    """Wait until the lock of turns is this thread's, and return it."""
    ticket, computing = object(), _computing
    _waiting.add(ticket)
    try:
        computing.acquire()
    finally:
        _waiting.discard(ticket)
    return computing


def _begin_anew() -> None:
    """Forget the turns of threads that do not exist after a fork."""
    global _computing
    _computing = threading.RLock()
    _waiting.clear()
    _staying.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
