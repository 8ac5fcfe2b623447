"""A side of `benchmarks.engines.peers`: dask-ml, ``of_dask_ml SOLVER FOLDER``.

Its logistic regression learns from blocks that are persisted on the workers first, as its
documentation advises.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import polars as pl
from dask_ml.linear_model import LogisticRegression
from distributed import Client, LocalCluster, wait

from benchmarks.engines.side import FILES, NAMES, Found, logistic, serve


def main(solver: str, folder: str) -> None:
    """Start two workers, and fit when told to."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        serve(lambda: _fit(solver, folder), folder)


def _fit(solver: str, folder: str) -> Callable[[pl.DataFrame], Found]:
    frame = dd.read_parquet(str(Path(folder) / FILES)).persist()
    x = frame[NAMES].to_dask_array(lengths=True).persist()
    y = frame["y"].to_dask_array(lengths=True).persist()
    wait([x, y])
    model = LogisticRegression(solver=solver).fit(x, y)
    weights = np.ravel(model.coef_)

    def judge(held: pl.DataFrame) -> Found:
        scores = held.select(NAMES).to_numpy() @ weights + np.ravel(model.intercept_)
        return Found(logistic(scores), weights.tobytes())

    return judge


if __name__ == "__main__":
    main(*sys.argv[1:])
