"""Fits one after the other, each in a process of its own that is ended after its time limit."""

from __future__ import annotations

import datetime
import itertools
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.page import machine
from benchmarks.quality.methods import installed, packages
from benchmarks.quality.outcomes import Key, Outcome
from benchmarks.quality.sets import Kind, Suite
from benchmarks.quality.split import TEST_SHARE
from gradum.errors import TableError

LONGEST_REASON = 300


def repeats(rows: int) -> int:
    """Return how many splits a table with this many rows gets: more if each is less informative."""
    return 10 if rows < 2_500 else 3


def sizes_of(rows: int, sizes: Iterable[int]) -> list[int]:
    """Return the sizes at which a table's training rows differ from those of a smaller size."""
    training = rows * (1 - TEST_SHARE)
    smaller = [0, *sorted(sizes)]
    return [size for before, size in itertools.pairwise(smaller) if before < training]


@dataclass(frozen=True)
class Plan:
    """Which methods are fitted to which tables, how often and on how many rows.

    Parameters
    ----------
    suite : Suite
    methods : list of str
    seeds : int, optional
        Splits of each table; by default, what `repeats` returns.
    sizes : sequence of int
        The most training rows.
    kind : str
        How the tables are divided.
    """

    suite: Suite
    methods: list[str]
    seeds: int | None
    sizes: Sequence[int]
    kind: Kind = "random"

    def __iter__(self) -> Iterator[Key]:
        """Name every fit, in the order of running, which gives an early look at all tables."""
        rows = {name: self.suite.rows(name) for name in self.suite.tables}
        seeds = {name: self.seeds or repeats(rows[name]) for name in rows}
        for seed in range(max(seeds.values())):
            for size in sorted(self.sizes):
                for name in rows:
                    if seed < seeds[name] and size in sizes_of(rows[name], self.sizes):
                        for method in self.methods:
                            yield Key(method, name, seed, size, self.kind)

    def run(self, key: Key, timeout: float) -> Outcome:
        """Fit one method to one table, within a limit of seconds.

        Raises
        ------
        TableError
            The table cannot be used, whatever the method.
        """
        asked = {
            **key._asdict(),
            "folder": str(self.suite.folder),
            "table": msgspec.to_builtins(self.suite.tables[key.set]),
        }
        versions = {"Python": platform.python_version()}
        versions |= {each: installed(each) or "" for each in packages(key.method)}
        return msgspec.convert(
            {
                **key._asdict(),
                **answer("benchmarks.quality.one", json.dumps(asked), timeout),
                "date": datetime.date.today().isoformat(),
                "machine": machine(),
                "versions": versions,
            },
            Outcome,
        )


def answer(module: str, asked: str, timeout: float) -> dict[str, Any]:
    """Run a module in a fresh process; return its answer, or the reason why there is none."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # so that it can be ended with all processes that it started
    )
    try:
        answer, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"failed": f"timeout of {timeout:g} s"}
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    last = (said.strip().splitlines() or ["it said nothing"])[-1][:LONGEST_REASON]
    if process.returncode == TableError.exit_code:
        raise TableError(last)
    if process.returncode < 0:
        return {"failed": f"ended by {signal.Signals(-process.returncode).name}"}
    return json.loads(answer) if process.returncode == 0 else {"failed": last}
