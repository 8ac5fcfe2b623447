"""The software of workers elsewhere, which has to be that of whoever gives them tasks."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from gradum.engines.engine import Engine
from gradum.errors import EngineError
from gradum.messages import say

ANSWERING_SECONDS = 120
PACKAGES = ("gradum", "numpy", "scipy", "polars", "jax", "jaxlib")  # that compute in tasks

Connected = TypeVar("Connected", bound=Engine)


@dataclass(frozen=True)
class Versions:
    """The work of telling which versions a worker has."""

    def __call__(self, item: Any) -> dict[str, str]:
        """Return versions by the name of the software."""
        found = {"Python": platform.python_version()}
        for name in PACKAGES:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "?"
        return found

    def named(self, item: Any) -> str:
        """Name the question."""
        return say("the versions")


def with_same_software(engine: Connected) -> Connected:
    """Return an engine whose worker answers, and has the versions of this process.

    Raises
    ------
    EngineError
        It does not, and the engine is closed.
    """
    try:
        _refuse_other(engine)
    except BaseException:
        engine.close()
        raise
    return engine


def _refuse_other(engine: Engine) -> None:
    work = Versions()
    here = work(0)
    try:
        [there], _ = engine.result(engine.submit(work, [0]), ANSWERING_SECONDS)
    except TimeoutError:
        raise EngineError(
            "No worker of the engine answers within {seconds} s.",
            "Start workers, or wait until they have nothing else to do.",
            seconds=ANSWERING_SECONDS,
        ) from None
    except Exception as error:
        raise EngineError(
            "The workers of the engine cannot do gradum's tasks: {cause}.",
            "Install gradum {version} on each of them.",
            cause=(str(error).splitlines() or [type(error).__name__])[0].rstrip("."),
            version=here["gradum"],
        ) from None
    for name, known in here.items():
        if there.get(name) != known:
            raise EngineError(
                "The workers have {name} {theirs}, and this machine has {ours}: bits might differ.",
                "Install the same versions everywhere.",
                name=name,
                theirs=there.get(name, "?"),
                ours=known,
            )
