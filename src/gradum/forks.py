"""A guard against forks, in which polars and JAX would wait for ever for their threads.

Either starts its threads when it first computes. A process forked after that has none of them and
does not know it. Forked before, it starts its own, and all is well.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as little as can be is imported whenever gradum is
if TYPE_CHECKING:
    from pathlib import Path

THREADS = (*(f"polars-{digit}" for digit in range(10)), "tf_XLA")
"""How the names of their threads begin, as Linux tells them."""

_at_work = False  # when this process was last forked
_left_behind = False


def refuse_after_fork() -> None:
    """Refuse to compute where it would wait for ever.

    Raises
    ------
    ProcessError
        The process was forked from one in which polars or JAX was at work.
    """
    if _left_behind:
        from gradum.errors import ProcessError
        from gradum.messages import say

        raise ProcessError(
            say(
                "This process was forked from one in which polars or JAX was at work "
                "already, and their threads have stayed behind."
            ),
            say(
                'Start processes by multiprocessing.get_context("spawn"), or fork before '
                "the first model is loaded or fitted."
            ),
        )


def _threads_at_work() -> bool:
    from pathlib import Path

    try:
        tasks = list(Path("/proc/self/task").iterdir())
    except OSError:  # another system, which does not tell: what is loaded may be at work
        return "polars" in sys.modules or "jax" in sys.modules
    return any(_name(task).startswith(THREADS) for task in tasks)


def _name(task: Path) -> str:
    try:
        return (task / "comm").read_text()
    except OSError:  # it has just ended
        return ""


def _before() -> None:
    global _at_work
    _at_work = _threads_at_work()


def _in_child() -> None:
    global _left_behind
    _left_behind = _left_behind or _at_work


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
