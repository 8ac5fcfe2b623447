"""Works that tests give to engines; workers import them from this file."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from gradum.errors import TableError


@dataclass(frozen=True)
class Doubled:
    """Doubles a number; what goes wrong is said by the fields."""

    marks: Path | None = None
    """A folder in which each attempt leaves a file."""
    kills: int = 0
    """How often the worker of item 3 is killed before it answers."""
    raises: int = 0
    """How often item 3 raises an error that another attempt may be spared."""
    refuses: bool = False
    hangs: int = 0

    def __call__(self, item):
        before = 0
        if self.marks is not None:
            before = len(list(self.marks.glob(f"{item}-*")))
            (self.marks / f"{item}-{before}").touch()
        if item == 3:
            if before < self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            if before < self.raises:
                raise OSError("the disk is away")
            if before < self.hangs:
                time.sleep(60)
            if self.refuses:
                raise TableError("t.parquet is damaged.", "Copy it anew.")
        return 2 * item

    def named(self, item):
        return f"item {item}"


@dataclass(frozen=True)
class DiesAsItIsLoaded:
    """Doubles a number, once it has ended so many of the workers that load it."""

    marks: Path
    kills: int

    def __setstate__(self, state):
        self.__dict__.update(state)
        before = len(list(self.marks.iterdir()))
        (self.marks / f"{before}").touch()
        if before < self.kills:
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, item):
        return 2 * item

    def named(self, item):
        return f"item {item}"


@dataclass(frozen=True)
class Threads:
    """Tells which process did it, and how many threads polars has there."""

    def __call__(self, item):
        import polars as pl

        return os.getpid(), pl.thread_pool_size()

    def named(self, item):
        return f"item {item}"


@dataclass(frozen=True)
class BlasThreads:
    """Tells how many threads NumPy's and SciPy's BLAS have."""

    def __call__(self, item):
        import scipy.linalg  # noqa: F401
        from threadpoolctl import threadpool_info

        return {blas["num_threads"] for blas in threadpool_info() if blas["user_api"] == "blas"}

    def named(self, item):
        return f"item {item}"
