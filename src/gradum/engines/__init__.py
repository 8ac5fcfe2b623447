"""Engines on which tasks of a run are done: processes here, a cluster, or any Executor.

An engine is named as in ``--on``: ``local:4``, or given as a `concurrent.futures.Executor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from gradum.engines.dask import OnDask
from gradum.engines.engine import Engine
from gradum.engines.executor import OfExecutor
from gradum.engines.local import Local
from gradum.engines.ray import OnRay
from gradum.errors import SpecError
from gradum.messages import listed

ENGINES: dict[str, Callable[[str], Engine]] = {
    "local": Local.named,
    "ray": OnRay.named,
    "dask": OnDask.named,
}
"""Engines by the scheme of their names; each is made of what follows the scheme."""


@contextmanager
def engine_of(on: Any) -> Iterator[Engine | None]:
    """Yield the engine that a name or an Executor stands for, and close it after the block.

    An Executor stays open: it belongs to whoever made it. None stands for no engine.

    Raises
    ------
    SpecError
        There is no such engine.
    """
    if on is None:
        yield None
        return
    if isinstance(on, Executor):
        yield OfExecutor(on)
        return
    scheme, _, rest = on.partition(":") if isinstance(on, str) else ("", "", "")
    if scheme not in ENGINES:
        raise SpecError(
            "There is no engine {name!r}.",
            "Give --on (on) {names}, or in Python an Executor of concurrent.futures.",
            name=on,
            names=listed(["local:2", "ray", "ray://HOST:10001", "dask://HOST:8786"], "or"),
        )
    engine = ENGINES[scheme](rest)
    try:
        yield engine
    finally:
        engine.close()
