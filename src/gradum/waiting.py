"""The progress of a long answer: the work tells its stage, and whoever waits for it listens.

The work says in words what it is at, and which share of that is done. It does not know who hears
it. The listener belongs to the context in which the work runs, so that no function between the two
has to hand it down, and each thread has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Stage:
    """What the work is at, in words, and the share of it that is done; None if nobody knows."""

    words: str
    done: float | None = None


Listener = Callable[[Stage], object]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener | None) -> Iterator[None]:
    """Let a listener hear the stages of all work that is done meanwhile; None lets nobody hear."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def tell(words: str, done: float | None = None) -> None:
    """Tell whoever listens what the work is at, and which share of it is done, from 0 to 1."""
    listener = _listener.get()
    if listener is not None:
        listener(Stage(words, done))


@contextmanager
def portion(start: float, end: float) -> Iterator[None]:
    """Count what is told meanwhile as the part of the work between two shares of it."""
    listener = _listener.get()
    if listener is None:
        yield
        return

    def scaled(stage: Stage) -> None:
        done = None if stage.done is None else start + (end - start) * stage.done
        listener(Stage(stage.words, done))

    with heard_by(scaled):
        yield


def told(items: Iterable[Item], words: str, count: int) -> Iterator[Item]:
    """Yield ``count`` items, and tell before each, and at the end, how many are done."""
    for place, item in enumerate(items):
        tell(words, place / count)
        yield item
    tell(words, 1.0)
