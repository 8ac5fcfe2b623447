"""gradum compared with shap, shapiq and lightshap: same network, rows and background rows.

A side explains all rows in each round. Times are CPU seconds with one thread; the error is the root
mean square of the values' errors, relative to that of the exact values.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.environments import python_with, version_in
from benchmarks.explanations.network import Problem
from benchmarks.explanations.peers import ERROR, SECONDS, peer, rounds
from benchmarks.explanations.problems import BACKGROUND_ROWS, make
from benchmarks.page import table
from benchmarks.sides import Absent, Measured, Ratio, Round, Side, in_turns, spread

ROUNDS = 3
LEAST_ERROR = 1e-5  # below this only rounding is left
BUILD = Path("build/explanations")
GRADUM = "gradum"
LIBRARIES = ("shap", "shapiq", "lightshap")
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in THREADS} | {"POLARS_MAX_THREADS": "1"}


@dataclass(frozen=True)
class Way:
    """One way to explain: a library, a method of `peers.METHODS` and its arguments."""

    library: str
    title: str
    method: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


EXACT = (
    Way(GRADUM, "exact", settings={"tolerance": 0.001}),
    Way("shap", "ExactExplainer", "shap_exact"),
    Way("shap", "KernelExplainer", "shap_kernel"),
    Way("shap", "KernelExplainer, `l1_reg=False`", "shap_kernel", {"l1_reg": False}),
    Way("shap", "PermutationExplainer", "shap_permutation"),
    Way("lightshap", "permutation, exact", "lightshap"),
    Way("lightshap", "kernel, exact", "lightshap", {"method": "kernel"}),
    Way("lightshap", "permutation, sampling", "lightshap", {"how": "sampling"}),
    Way("shapiq", "ExactComputer", "shapiq_exact"),
    Way("shapiq", "KernelSHAP, 128", "shapiq_approximator", {"name": "KernelSHAP", "budget": 128}),
    Way(
        "shapiq",
        "PermutationSamplingSV, 128",
        "shapiq_approximator",
        {"name": "PermutationSamplingSV", "budget": 128},
    ),
)

DRAWN = (
    *(
        Way(GRADUM, f"tolerance {tolerance}", settings={"tolerance": tolerance})
        for tolerance in (0.001, 0.003, 0.01)
    ),
    Way("shap", "KernelExplainer", "shap_kernel"),
    *(
        Way(
            "shap",
            f"KernelExplainer, `l1_reg=False`, {samples:,}",
            "shap_kernel",
            {"l1_reg": False, "nsamples": samples},
        )
        for samples in (2_088, 8_192)
    ),
    *(
        Way("shap", f"PermutationExplainer, {pairs} pairs", "shap_permutation", {"pairs": pairs})
        for pairs in (10, 50, 200)
    ),
    *(
        Way(
            "lightshap",
            f"{method}, tol={tolerance}",
            "lightshap",
            {"method": method, "tol": tolerance},
        )
        for method in ("kernel", "permutation")
        for tolerance in (0.01, 0.003)
    ),
    *(
        Way(
            "shapiq",
            f"{name}, {budget:,}",
            "shapiq_approximator",
            {"name": name, "budget": budget},
        )
        for name, budget in (
            ("KernelSHAP", 2_048),
            ("KernelSHAP", 8_192),
            ("PermutationSamplingSV", 8_192),
        )
    ),
)


def exact(tables: Path) -> str:
    """Compare on 8 columns, for which all coalitions can be enumerated."""
    return _compared(8, 100, EXACT)


def drawn(tables: Path) -> str:
    """Compare on 20 columns, for which most libraries sample coalitions."""
    return _compared(20, 10, DRAWN)


def gradum_round(folder: str, tolerance: float) -> Round:
    """Return the round in which `Model.explain` explains the rows of a problem."""
    import gradum

    kept = Path(folder)
    model, problem = gradum.load(kept / "model.gradum"), Problem.read(str(kept / "problem.npz"))
    rows, background = (
        pl.read_parquet(kept / f"{name}.parquet") for name in ("rows", "background")
    )

    def explain(seed: int) -> np.ndarray:
        explanation = model.explain(rows, background=background, rung="mlp", tolerance=tolerance)
        return explanation.frame["value"].to_numpy().reshape(rows.shape)

    return rounds(problem, explain)


def _compared(columns: int, rows: int, ways: Sequence[Way]) -> str:
    folder = BUILD / f"{columns}-columns"
    make(columns, rows, folder)
    pythons, missing = _environments()
    present = [way for way in ways if way.library not in missing]
    sides = [_side(way, folder, pythons[way.library]) for way in present]
    figures = iter(in_turns(sides, ROUNDS))
    measured = [
        Measured(missing[way.library]) if way.library in missing else next(figures) for way in ways
    ]
    lead = f"{columns} columns, {rows} rows, {BACKGROUND_ROWS} background rows:\n"
    return f"{lead}\n{_table(ways, measured, rows)}"


def _environments() -> tuple[dict[str, str], dict[str, str]]:
    """Return every library's interpreter, or why there is none if it is not installed."""
    pythons, missing = {GRADUM: sys.executable}, {}
    for library in LIBRARIES:
        try:
            pythons[library] = python_with(library)
        except Absent as reason:
            missing[library] = str(reason)
    return pythons, missing


def _side(way: Way, folder: Path, python: str) -> Side:
    name = f"{way.library} {way.title}"
    if way.library == GRADUM:
        return Side(name, gradum_round, {"folder": str(folder), **way.settings}, ONE_THREAD)
    problem = str(folder / "problem.npz")
    arguments = {"method": way.method, "problem": problem, "settings": way.settings}
    return Side(name, peer, arguments, ONE_THREAD, python)


def _table(ways: Sequence[Way], measured: Sequence[Measured], rows: int) -> str:
    """Return a line per way; seconds are compared with those of gradum's first way."""
    first = measured[0].all(SECONDS)
    lines = []
    for way, found in zip(ways, measured, strict=True):
        if found.absent:
            lines.append([way.library, way.title, f"absent ({found.absent})", "", ""])
            continue
        seconds = found.all(SECONDS)
        by_row = spread([1000 * each / rows for each in seconds])
        ratio = "" if found is measured[0] else Ratio.of(seconds, first)
        lines.append([way.library, way.title, by_row, ratio, _error(found.median(ERROR))])
    head = ["", "", "CPU ms a row", f"over gradum, {ways[0].title}", "relative error"]
    return table(head, lines)


def _error(share: float) -> str:
    """Write an error in percent; mere rounding, as a power of ten."""
    return f"{100 * share:.2g}%" if share >= LEAST_ERROR else f"{share:.0e}"


def versions() -> str:
    """Return a sentence with the versions of the available libraries."""
    pythons, _ = _environments()
    found = [f"{name} {version_in(pythons[name], name)}" for name in LIBRARIES if name in pythons]
    return f"The libraries beside gradum, each in an environment of its own: {', '.join(found)}."
