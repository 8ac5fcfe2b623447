"""Items worked on side by side, by one thread a core, whose results keep the items' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from gradum.cores import cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, most: int
) -> Iterator[Result]:
    """Yield ``work(item)`` of every item, in the order of the items.

    Items are taken in the caller's thread, and never more than ``most`` before the result of the
    first of them is yielded, so that memory is bounded. An error that ``work`` raises is raised
    where its result would be yielded. Once the caller stops, for whatever reason, no other item is
    begun.
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
