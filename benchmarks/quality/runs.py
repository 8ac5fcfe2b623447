"""Fits one after the other, each in a process of its own that has its time and is then ended."""

from __future__ import annotations

import datetime
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.page import machine
from benchmarks.quality.methods import installed, packages
from benchmarks.quality.outcomes import Key, Outcome
from benchmarks.quality.sets import Suite
from gradum.errors import TableError

LONGEST_REASON = 300


@dataclass(frozen=True)
class Plan:
    """Which methods are fitted to which tables, how often and on how many rows."""

    suite: Suite
    methods: list[str]
    seeds: int
    rows: int

    def __iter__(self) -> Iterator[Key]:
        """Name every fit, in the order in which they are run: a first look at all comes soon."""
        for seed in range(self.seeds):
            for name in self.suite.tables:
                for method in self.methods:
                    yield method, name, seed

    def run(self, key: Key, timeout: float) -> Outcome:
        """Fit one method to one table, in at most so many seconds.

        Raises
        ------
        TableError
            The table cannot be used, whatever the method.
        """
        method, name, seed = key
        asked = {
            "method": method,
            "folder": str(self.suite.folder),
            "table": msgspec.to_builtins(self.suite.tables[name]),
            "seed": seed,
            "rows": self.rows,
        }
        versions = {"Python": platform.python_version()}
        versions |= {each: installed(each) or "" for each in packages(method)}
        return msgspec.convert(
            {
                "method": method,
                "set": name,
                "seed": seed,
                **answer("benchmarks.quality.one", json.dumps(asked), timeout),
                "rows": self.rows,
                "date": datetime.date.today().isoformat(),
                "machine": machine(),
                "versions": versions,
            },
            Outcome,
        )


def answer(module: str, asked: str, timeout: float) -> dict[str, Any]:
    """Ask a module in a fresh process; return its answer, or the reason why there is none."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # so that it can be ended with all that it started
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
