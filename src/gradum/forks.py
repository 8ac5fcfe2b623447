"""A guard against forks, in which polars and JAX would wait forever for their threads.

Each library starts its threads when it first computes. A process forked after that has none of
these threads, and the library does not know it. A process forked before that starts its own, and
all is well.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing gradum imports as little as possible
if TYPE_CHECKING:
    from pathlib import Path

THREADS = (*(f"polars-{digit}" for digit in range(10)), "tf_XLA")
"""How the names of their threads begin on Linux."""

_at_work = False  # when this process was last forked
_left_behind = False


def refuse_after_fork() -> None:
    """Refuse to compute if the computation would wait forever.

    Raises
    ------
    ProcessError
        The process was forked from one in which polars or JAX was at work.
    """
    if _left_behind:
        from gradum.errors import ProcessError

        raise ProcessError(
            "This process was forked from one in which polars or JAX was at work "
            "already, and their threads have stayed behind.",
            'Start processes by multiprocessing.get_context("spawn"), or fork before '
            "the first model is loaded or fitted.",
        )


def _threads_at_work() -> bool:
    from pathlib import Path

    try:
        tasks = list(Path("/proc/self/task").iterdir())
    except OSError:  # other systems do not tell: whatever is loaded may be at work
        return "polars" in sys.modules or "jax" in sys.modules
    return any(_name(task).startswith(THREADS) for task in tasks)


def _name(task: Path) -> str:
    try:
        return (task / "comm").read_text()
    except OSError:  # the thread has just ended
        return ""


def _before() -> None:
    global _at_work
    _at_work = _threads_at_work()


def _in_child() -> None:
    global _left_behind
    _left_behind = _left_behind or _at_work


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
