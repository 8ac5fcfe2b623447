"""A cluster of Ray as an engine, by Ray's core alone: remote functions and ``get``."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any

from gradum.engines.engine import Done, Work, WorkerLost
from gradum.engines.one_thread import ENVIRONMENT, done_with
from gradum.engines.software import with_same_software
from gradum.errors import EngineError, SpecError
from gradum.messages import say
from gradum.tables.extra import needs

SMALL = 2**15  # bytes of work that travel with a task, which saves a look-up in the store
SETTLING_SECONDS = 0.3


class OnRay:
    """The cluster of Ray that this process is connected to.

    Parameters
    ----------
    ray : module
    leave : bool
        Whether the connection is this engine's own, and ends with it.
    """

    elsewhere = True

    def __init__(self, ray: Any, *, leave: bool) -> None:
        self._ray, self._leave = ray, leave
        self._done = ray.remote(num_cpus=1, max_retries=0, runtime_env={"env_vars": ENVIRONMENT})(
            done_with
        )
        self._sent: tuple[Work | None, Any] = (None, None)
        self._settled = inf  # when the tasks that are given up together need not be waited for

    @classmethod
    def named(cls, rest: str) -> OnRay:
        """Connect to the cluster that ``ray:`` and what follows it name.

        Without anything, it is the cluster that this process is connected to, or that runs on this
        machine, or a new one of this machine, which ends with the engine.

        Raises
        ------
        SpecError
            The package is not installed.
        EngineError
            Nobody answers, or the workers have other software.
        """
        ray = needs("ray", "ray", say("Clusters of Ray"), SpecError)
        leave, name = not ray.is_initialized(), f"ray:{rest}" if rest else "ray"
        if leave:
            try:
                ray.init(name if rest else None, log_to_driver=False, logging_level=40)
            except Exception as error:  # Ray's own kinds, of its client, of gRPC
                raise EngineError(
                    "Ray cannot be reached by {name!r}: {cause}.",
                    "Start a cluster by ray start --head, and give --on ray://HOST:10001.",
                    name=name,
                    cause=(str(error).splitlines() or [type(error).__name__])[0].rstrip("."),
                ) from error
        return with_same_software(cls(ray, leave=leave))

    @property
    def workers(self) -> int:
        """How many tasks are done at a time now: nodes may come and go."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, work: Work, items: Sequence[Any]) -> Any:
        """Begin a task; large work lies in Ray's store, once for all its tasks."""
        if self._sent[0] is not work:
            pickled = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
            small = len(pickled) <= SMALL
            self._sent = (work, pickled if small else self._ray.put(pickled))
        self._settled = inf
        return self._done.remote(self._sent[1], items)

    def result(self, task: Any, seconds: float) -> Done:
        """Return what came of a task; its arrays are read-only."""
        failures = self._ray.exceptions
        try:
            return self._ray.get(task, timeout=seconds)
        except failures.GetTimeoutError:
            raise TimeoutError from None
        except failures.OutOfMemoryError:
            raise WorkerLost(say("the node of the worker has no memory left")) from None
        except failures.RayTaskError as error:
            raise error.cause from None
        except failures.RayError as error:
            why = (str(error).splitlines() or [""])[0].rstrip(".")
            raise WorkerLost(f"{type(error).__name__}: {why}") from None

    def cancel(self, task: Any) -> None:
        """Give up a task, and interrupt the worker that is at it.

        If the task is done at that moment, Ray 2.60 ends this process ("Tried to complete task that
        was not pending"). So the worker is not ended by force, and tasks that are given up together
        first have `SETTLING_SECONDS` in which those that take little time are done.
        """
        now = monotonic()
        self._settled = min(self._settled, now + SETTLING_SECONDS)
        with suppress(Exception):  # its cluster is gone
            done, _ = self._ray.wait([task], timeout=max(self._settled - now, 0.0))
            if not done:
                self._ray.cancel(task)

    def locate(self, task: Any) -> str:
        """Return "": Ray tells where a task was done only by its dashboard."""
        return ""

    def close(self) -> None:
        """Leave the cluster, if the connection is the engine's own."""
        self._sent = (None, None)
        if self._leave:
            self._ray.shutdown()
