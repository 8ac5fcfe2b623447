"""Sides of a comparison, each in a process of its own, that work in turns and never together.

A *side* is a function that imports its library, makes its data and returns a *round*: a call that
does the work, times it and returns its figures by name. Every side may use the same two cores, and
has the library's own settings of threads.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

MOST_CORES = 2
CORES = (  # fewer if this process is restricted to fewer, as by taskset
    min(MOST_CORES, len(os.sched_getaffinity(0)))
    if hasattr(os, "sched_getaffinity")
    else MOST_CORES
)
CLOCKS = {  # by the second, all threads of the process count, and others on the machine do not
    "wall": time.perf_counter,
    "processor": time.process_time,
}
REST_SECONDS = 0.5  # before a round, so that threads still spinning for work have stopped

Figures = dict[str, float]
Round = Callable[[], Figures]


def processes() -> ProcessPoolExecutor:
    """Return as many new processes as there are cores, each with one OpenMP thread."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return ProcessPoolExecutor(CORES, mp_context=multiprocessing.get_context("spawn"))


class Absent(Exception):
    """A side cannot be measured here; the error gives the reason."""


@dataclass(frozen=True)
class Side:
    """A name, and what makes its round.

    Parameters
    ----------
    name : str
        The name shown in tables.
    make : callable
        A function of a module, which is called in the side's process.
    arguments : dict
        Its arguments: JSON values.
    environment : dict
        Environment variables of the process besides those of this one; None removes a variable.
    python : str
        The interpreter, perhaps of another environment.
    """

    name: str
    make: Callable[..., Round]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    python: str = sys.executable

    @property
    def call(self) -> tuple[str, str, str]:
        """Module, function and arguments, in the form of a command line."""
        return self.make.__module__, self.make.__name__, json.dumps(self.arguments)


@dataclass
class Measured:
    """The figures of a side's rounds: those of the first, which warms up, and those of the others.

    ``absent`` says what is missing if the side could not be measured, and is otherwise empty.
    """

    absent: str = ""
    warm_up: Figures = field(default_factory=dict)
    rounds: list[Figures] = field(default_factory=list)

    def all(self, figure: str) -> list[float]:
        """Return the figure from every round."""
        return [figures[figure] for figures in self.rounds]

    def median(self, figure: str) -> float:
        """Return the median of a figure."""
        return median(self.all(figure))


@dataclass(frozen=True)
class Ratio:
    """Median, minimum and maximum of the ratios, round by round."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, over: Sequence[float], under: Sequence[float]) -> Ratio:
        """Divide the figures of rounds that ran next to each other."""
        ratios = [a / b for a, b in zip(over, under, strict=True)]
        return cls(median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        return f"**{rounded(self.median)}** ({rounded(self.least)}–{rounded(self.most)})"


def spread(values: Sequence[float]) -> str:
    """Return the median, minimum and maximum of some rounds."""
    middle, least, most = (rounded(value) for value in (median(values), min(values), max(values)))
    return f"{middle} ({least}–{most})"


def rounded(value: float) -> str:
    """Write three digits, or all digits before the point if there are more."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def in_turns(sides: Sequence[Side], rounds: int) -> list[Measured]:
    """Measure sides A, B, C in the order A B C A B C …, after a first round that warms up."""
    with ExitStack() as running:
        processes = [running.enter_context(_running(side)) for side in sides]
        found = [Measured(process.absent) for process in processes]
        present = [pair for pair in zip(processes, found, strict=True) if not pair[1].absent]
        for process, measured in present:
            measured.warm_up = process.round()
        for _ in range(rounds):
            for process, measured in present:
                measured.rounds.append(process.round())
    return found


def in_fresh_processes(sides: Sequence[Side], rounds: int) -> list[Measured]:
    """Measure sides in turns, each round in a process that has done nothing before."""
    found = [Measured() for _ in sides]
    for _ in range(rounds):
        for side, measured in zip(sides, found, strict=True):
            with _running(side) as process:
                measured.absent = process.absent
                if not measured.absent:
                    measured.rounds.append(process.round())
    return found


def take_cores() -> None:
    """Restrict this process, and those it starts, to the number of cores that every side has."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def seconds(call: Callable[[], object], clock: str = "wall") -> float:
    """Time one call, by one of the `CLOCKS`."""
    now = CLOCKS[clock]
    began = now()
    call()
    return now() - began


@contextmanager
def _running(side: Side) -> Iterator[_Process]:
    """Start the process of a side, get it ready, and end it when the block ends."""
    environment = {**os.environ, **side.environment}
    with subprocess.Popen(
        [side.python, "-m", "benchmarks.worker", *side.call],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in environment.items() if value is not None},
    ) as process:
        yield _Process(side.name, process)


class _Process:
    """The process of a side, ready as soon as this object is created."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self._name, self._process = name, process
        self.absent: str = self._answer()["absent"]

    def round(self) -> Figures:
        """Let it do one round, alone."""
        time.sleep(REST_SECONDS)
        assert self._process.stdin is not None
        self._process.stdin.write("round\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with code {self._process.wait()}.")
        return json.loads(line)
