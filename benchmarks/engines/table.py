"""The table of these benchmarks, drawn by a logistic law, and the linear model learned from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gradum.run.options.options import make_spec
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_blocks import DividedInBlocks, RowsInBlocks
from gradum.run.spec.spec import Spec
from gradum.rungs.context import ALONE, Context
from gradum.rungs.registry import KINDS
from gradum.tables.sources.open_stream import opened

COLUMNS, FILES = 20, 4
MEMORY = 2**31
PATTERN = "part-*.parquet"


def write_table(folder: Path, rows: int) -> Path:
    """Write a table whose classes follow from five of its columns; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in range(FILES):
        rng = np.random.default_rng(file)
        x = rng.normal(size=(rows // FILES, COLUMNS)).astype(np.float32)
        score = x[:, :5] @ [0.8, -1.0, 0.4, 0.2, 0.1] + rng.logistic(size=len(x))
        columns = {f"x{k}": x[:, k] for k in range(COLUMNS)}
        columns |= {"city": rng.choice([*"abcdef"], len(x)), "y": np.where(score > 0, "yes", "no")}
        pl.DataFrame(columns).write_parquet(folder / f"part-{file}.parquet")
    return folder


def spec_of(model: str = "linear", **options: Any) -> Spec:
    """Return what is asked of a model of this table that is read in blocks."""
    return make_spec("y", model=model, blocks=True, max_memory=MEMORY, **options)


@dataclass(frozen=True)
class Learned:
    """The seconds of the parts of a run, and the weights that came out."""

    survey: float
    encoding: float
    passes: float
    weights: tuple[bytes, ...]

    @property
    def seconds(self) -> float:
        """Of all parts."""
        return self.survey + self.encoding + self.passes


@contextmanager
def divided(data: str, spec: Spec, context: Context) -> Iterator[tuple[DividedInBlocks, list]]:
    """Survey and encode a table; yield it, and the moments before, between and after."""
    with opened(data) as stream:
        moments = [time.perf_counter()]
        described = RowsInBlocks(stream).describe(Asked(spec), context)
        moments.append(time.perf_counter())
        with described.divide(context) as rows:
            moments.append(time.perf_counter())
            yield rows, moments


def learned(
    folder: Path | str, engine: Any, tell: Callable[[Any], object] = lambda event: None
) -> Learned:
    """Learn a linear model without judging it; processes have been started before."""
    context = replace(ALONE, engine=engine, tell=tell)
    data = str(folder / PATTERN) if isinstance(folder, Path) else folder
    spec = spec_of()
    with divided(data, spec, context) as (table, moments):
        _, rows = table.learning(table.plan.kept)
        rung = rows.fit(KINDS["linear"], spec.of_rung("linear"), context)
        moments.append(time.perf_counter())
    weights = tuple(array.tobytes() for array in rung.params["layers"][0].values())
    return Learned(*np.diff(moments), weights)
