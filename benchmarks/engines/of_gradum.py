"""A side of `benchmarks.engines.peers`: gradum on an engine, ``of_gradum ENGINE HOW FOLDER``.

ENGINE is dask, ray or ``local:2``. HOW is "passes", for survey, encoding, penalty and passes alone,
or "whole", for ``gradum.fit`` with the rows that judge and all that is told of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import gradum
from benchmarks.engines.side import FILES, Found, serve
from benchmarks.engines.table import MEMORY, divided, spec_of
from gradum.engines import engine_of
from gradum.rungs.context import ALONE
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung


def main(name: str, how: str, folder: str) -> None:
    """Start two workers, and fit when told to."""
    data = str(Path(folder) / FILES)
    with _cluster(name) as on, engine_of(on) as engine:
        fit = partial(_whole, data, on) if how == "whole" else partial(_passes, data, engine)
        serve(fit, folder)


@contextmanager
def _cluster(name: str) -> Iterator[str]:
    """Start two workers of one thread each, and yield what ``--on`` calls them."""
    if name == "dask":
        from distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            yield cluster.scheduler_address.replace("tcp://", "dask://")
    elif name == "ray":
        import ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield "ray"
        ray.shutdown()
    else:
        yield name


def _passes(data: str, engine: Any) -> Callable[[pl.DataFrame], Found]:
    context, spec = replace(ALONE, engine=engine), spec_of()
    with divided(data, spec, context) as (table, _):
        encoder, rows = table.learning(table.plan.kept)
        rung = rows.fit(KINDS["linear"], spec.of_rung("linear"), context)

    def judge(held: pl.DataFrame) -> Found:
        probability = rung.predict(encoder.transform(held)).probability[:, 1]
        return Found(probability, _weights(rung))

    return judge


def _whole(data: str, on: str) -> Callable[[pl.DataFrame], Found]:
    model = gradum.fit(data, target="y", model="linear", on=on, max_memory=MEMORY)

    def judge(held: pl.DataFrame) -> Found:
        probability = np.asarray(model.predict_proba(held))[:, 1]
        return Found(probability, _weights(model.fitted.rungs["linear"]))

    return judge


def _weights(rung: Rung) -> bytes:
    return b"".join(np.asarray(array).tobytes() for array in rung.params["layers"][0].values())


if __name__ == "__main__":
    main(*sys.argv[1:])
