"""How many threads a small problem gets from BLAS."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from threadpoolctl import threadpool_limits

SMALL = 10_000_000  # numbers of a matrix; a Gram matrix of it takes one thread a tenth of a second


def threads_for(rows: int, columns: int) -> AbstractContextManager[Any]:
    """Return a context in which matrices of that shape get one thread of BLAS if they are small.

    OpenBLAS wakes all its threads for every small product and every sweep of a decomposition, and
    they wait for each other by spinning: on a busy machine that takes ten to fifty times as long.
    """
    return threadpool_limits(1, "blas") if rows * columns <= SMALL else nullcontext()
