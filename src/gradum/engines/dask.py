"""A cluster of Dask as an engine, through its own Executor (`Client.get_executor`)."""

from __future__ import annotations

from typing import Any

from gradum.engines.executor import OfExecutor
from gradum.engines.software import with_same_software
from gradum.errors import EngineError, SpecError
from gradum.messages import say
from gradum.tables.extra import needs

CONNECTING_SECONDS = 30


class OnDask(OfExecutor):
    """The workers of a scheduler of Dask, which stay when the run is done.

    Parameters
    ----------
    client : Client
        Of ``distributed``.
    """

    elsewhere = True

    def __init__(self, client: Any) -> None:
        super().__init__(client.get_executor(pure=False, retries=0))
        self._client = client

    @classmethod
    def named(cls, rest: str) -> OnDask:
        """Connect to the scheduler that ``dask:`` and what follows it name.

        Raises
        ------
        SpecError
            The package is not installed.
        EngineError
            Nobody answers, or the workers have other software.
        """
        distributed = needs("distributed", "dask", say("Clusters of Dask"), SpecError)
        address = rest.removeprefix("//")
        try:
            client = distributed.Client(f"tcp://{address}", timeout=CONNECTING_SECONDS)
        except (OSError, ValueError) as error:
            raise EngineError(
                "No scheduler of Dask answers at {address!r} within {seconds} s.",
                "Start one by the command dask scheduler, and give --on dask://HOST:8786.",
                address=address,
                seconds=CONNECTING_SECONDS,
            ) from error
        return with_same_software(cls(client))

    @property
    def workers(self) -> int:
        """How many tasks are done at a time now: workers may come and go."""
        return max(1, sum(self._client.nthreads().values()))

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()
