"""A side of `benchmarks.engines.peers`: XGBoost on Dask, ``of_xgboost FOLDER``, 100 trees."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import dask.dataframe as dd
import polars as pl
import xgboost
from distributed import Client, LocalCluster
from xgboost import dask as on_dask

from benchmarks.engines.side import FILES, NAMES, Found, serve

SETTINGS = {"objective": "binary:logistic", "tree_method": "hist", "nthread": 1}
TREES = 100


def main(folder: str) -> None:
    """Start two workers, and fit when told to."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        serve(lambda: _fit(client, folder), folder)


def _fit(client: Client, folder: str) -> Callable[[pl.DataFrame], Found]:
    # Unless they are persisted, columns and target come in partitions of different sizes.
    frame = dd.read_parquet(str(Path(folder) / FILES)).persist()
    rows = on_dask.DaskQuantileDMatrix(client, frame[NAMES], frame["y"])
    booster = on_dask.train(client, SETTINGS, rows, num_boost_round=TREES)["booster"]

    def judge(held: pl.DataFrame) -> Found:
        columns = xgboost.DMatrix(held.select(NAMES).to_numpy(), feature_names=NAMES)
        return Found(booster.predict(columns), bytes(booster.save_raw()))

    return judge


if __name__ == "__main__":
    main(*sys.argv[1:])
