"""The software and the machine, on which the last bit of a result depends."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version

import msgspec
from threadpoolctl import threadpool_info

from gradum.core_count import cores
from gradum.messages import say

PACKAGES = ("gradum", "jax", "jaxlib", "optax", "numpy", "scipy", "polars")


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Versions of packages and Python, operating system and processor, and the threads of BLAS."""

    versions: dict[str, str]
    platform: str
    threads: int

    def difference(self, other: Machine) -> str | None:
        """Return how another machine differs, as in ``numpy 2.3.1, not 2.4.0``."""
        for name in {**self.versions, **other.versions}:
            one, two = self.versions.get(name, say("none")), other.versions.get(name, say("none"))
            if one != two:
                return say("{name} {one}, not {two}", name=name, one=one, two=two)
        if self.platform != other.platform:
            return say("{one}, not {two}", one=self.platform, two=other.platform)
        if self.threads != other.threads:
            return say("{one} threads, not {two}", one=self.threads, two=other.threads)
        return None


def this_machine() -> Machine:
    """Return the software and the machine of this process."""
    return Machine(
        versions=dict(_versions()),
        platform=f"{platform.system()} {platform.machine()}",
        threads=_threads(),
    )


@cache
def _versions() -> dict[str, str]:
    """Return the versions of packages and Python, each of which is read from a file."""
    return {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}


def _threads() -> int:
    """Return how many threads BLAS has or, if it does not say, may have."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(pools, default=cores())
