"""How tasks scale: two processes beside one, and beside two runs of one process at once.

``python -m benchmarks engines scaling [PARTS] [ROWS] [ROUNDS]``; the parts are ``passes`` (survey,
encoding and the passes of a linear model), ``folds`` (of an MLP), ``lanes`` (two, of an MLP) and
``members`` (epochs of the networks of an ensemble).
What two processes of this machine can reach is told by two engines of one process each that do the
same at once. Scaling is the time of one process divided by that of two, and possible is twice the
time of one process divided by that of the slower of two at once; the share of it is what counts.
Besides, this process does the same on all cores without an engine.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from msgspec import structs

from benchmarks.engines.table import PATTERN, divided, learned, spec_of, write_table
from gradum.engines import engine_of
from gradum.engines.in_order import in_order
from gradum.run.ladder.fits_apart import Fitting, FoldRung
from gradum.run.options.options import make_spec
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_memory import DescribedInMemory, RowsInMemory
from gradum.run.spec.spec import Spec
from gradum.rungs.context import ALONE
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.registry import KINDS
from gradum.rungs.rung_spec import RungSpec
from gradum.solvers.solution import EpochDone
from gradum.tables.sources.read import read

Stages = dict[str, float]
FOLDS, LANES, EPOCHS, MEMBER_EPOCHS = 5, 2, 3, 3


def main(
    parts: str = "passes,folds,lanes,members", rows: str = "1000000", rounds: str = "3"
) -> None:
    """Print the seconds and the scaling of each stage of some parts."""
    for part in parts.split(","):
        with tempfile.TemporaryDirectory() as folder:
            _compare(part, PARTS[part](Path(folder), int(rows)), int(rounds))


def _passes(folder: Path, rows: int) -> Callable[[Any], Stages]:
    """Return what learns a linear model, and the seconds of its passes by what they are for."""
    write_table(folder, rows)

    def run(engine: Any) -> Stages:
        heard = _Heard()
        learned(folder, engine, heard)
        return heard.seconds

    return run


def _lanes(folder: Path, rows: int) -> Callable[[Any], Stages]:
    """Return what trains a network in lanes on rows that have been encoded."""
    write_table(folder, rows)
    spec = spec_of("mlp", lanes=LANES, max_epochs=EPOCHS)

    def run(engine: Any) -> Stages:
        heard = _Heard()
        context = replace(ALONE, engine=engine, tell=heard)
        with divided(str(folder / PATTERN), spec, context) as (table, _):
            _, learning = table.learning(table.plan.kept)
            learning.fit(KINDS["mlp"], spec.of_rung("mlp"), context)
        return {"lanes": heard.seconds["lanes"]}

    return run


def _folds(folder: Path, rows: int) -> Callable[[Any], Stages]:
    """Return what fits the MLP of each fold, and the one that is kept."""
    spec = make_spec("y", model="mlp", cv=FOLDS, max_epochs=8)
    described = _few(folder, rows // 50, 12, spec)

    def run(engine: Any) -> Stages:
        began = time.perf_counter()
        with described.divide(ALONE) as rows:
            fits = [FoldRung(fold, "mlp") for fold in range(FOLDS + 1)]
            work = Fitting(described.spec, rows)
            list(map(work, fits) if engine is None else in_order(engine, work, fits))
        return {"folds": time.perf_counter() - began}

    return run


def _members(folder: Path, rows: int) -> Callable[[Any], Stages]:
    """Return what trains an ensemble of the standard effort for a few epochs, and tells of these.

    The first epoch, in which a process compiles, is left out; so are the linear models that some
    networks begin with, which the driver fits.
    """
    settings = structs.replace(
        PackSpec(), epochs=MEMBER_EPOCHS, fewest_epochs=MEMBER_EPOCHS, wide=0.0
    )
    described = _few(folder, rows // 50, 20, make_spec("y", model="pack", blocks=False))

    def run(engine: Any) -> Stages:
        seconds: list[float] = []

        def tell(event: Any) -> None:
            if isinstance(event, EpochDone):
                seconds.append(event.seconds)

        context = replace(ALONE, engine=engine, tell=tell)
        with described.divide(context) as table:
            _, learning = table.learning(table.plan.kept)
            learning.fit(KINDS["pack"], RungSpec(settings), context)
        return {"members": seconds[-1] - seconds[0]}

    return run


def _few(folder: Path, rows: int, columns: int, spec: Spec) -> DescribedInMemory:
    """Write a table of two classes that fits in memory, and describe it."""
    path = folder / "few.parquet"
    x = np.random.default_rng(0).normal(size=(rows, columns))
    y = np.where(x[:, 0] * x[:, 1] + x[:, 2] > np.random.default_rng(1).logistic(size=rows), 1, 0)
    pl.DataFrame({f"x{k}": x[:, k] for k in range(columns)} | {"y": y}).write_parquet(path)
    return RowsInMemory(lambda: read(path)).describe(Asked(spec), ALONE)


PARTS = {"passes": _passes, "folds": _folds, "lanes": _lanes, "members": _members}


class _Heard:
    """Adds up the seconds of passes over the table, by what they are for."""

    def __init__(self) -> None:
        self.seconds: Stages = {}

    def __call__(self, event: Any) -> None:
        if getattr(event, "partitions", 0) and event.done == event.partitions:
            self.seconds[event.stage] = self.seconds.get(event.stage, 0) + event.seconds


def _compare(part: str, run: Callable[[Any], Stages], rounds: int) -> None:
    found: dict[str, list[Stages]] = {"one": [], "two": [], "apart": [], "here": []}
    with engine_of("local:1") as one, engine_of("local:2") as two, engine_of("local:1") as other:
        with ThreadPoolExecutor(3) as runs:  # processes import and compile what they need
            list(runs.map(run, (one, two, other)))
        run(None)
        for _ in range(rounds):
            found["one"].append(run(one))
            found["two"].append(run(two))
            with ThreadPoolExecutor(2) as runs:
                both = list(runs.map(run, (one, other)))
            found["apart"].append({stage: max(each[stage] for each in both) for stage in both[0]})
            found["here"].append(run(None))
    for stage in found["one"][0]:
        alone, together, apart, here = ([each[stage] for each in found[name]] for name in found)
        scaling = median(a / b for a, b in zip(alone, together, strict=True))
        possible = median(2 * a / b for a, b in zip(alone, apart, strict=True))
        share = median(a / b / 2 for a, b in zip(apart, together, strict=True))
        seconds = f"{median(alone):.2f}, {median(together):.2f}, {median(apart):.2f} s"
        print(
            f"{part}, {stage}: one process, two, two runs at once {seconds}; scaling "
            f"{scaling:.2f} of {possible:.2f} possible, a share of {share:.0%}; "
            f"on all cores of this process, without an engine {median(here):.2f} s",
            flush=True,
        )
