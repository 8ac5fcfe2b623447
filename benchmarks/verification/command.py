"""The command line of the benchmark."""

from __future__ import annotations

from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.page import circumstances
from benchmarks.verification import instances, random_networks

PACKAGES = ("gradum", "numpy", "scipy", "onnxruntime")


def main(what: str, *numbers: str) -> None:
    """Run one part on one thread, and print the results."""
    with threadpool_limits(1):
        if what == "random":
            print(random_networks.report(*map(int, numbers)))
        else:
            print(instances.report(Path(what), *map(float, numbers)))
    print(circumstances(PACKAGES))
