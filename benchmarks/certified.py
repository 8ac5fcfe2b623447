"""``python -m benchmarks certified FOLDER [SETS] [ROWS] [POINTS] [RUNGS]``: bounds around rows.

On tables and splits of `benchmarks.quality`, every numeric column of a held-out row may move by 1%
of its interquartile range either way, all at once. It prints the share of rows whose class is
certified to stay, by intervals, zonotopes and CROWN, and the share whose class changes at one of
200 random corners; for numbers, how wide the interval of the answer is compared with the range over
the corners. Then points are drawn from boxes of all sizes, up to the whole domain, and those where
the model's answer lies outside its bounds are counted: there may be none. Times are CPU seconds per
row; they need one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import polars as pl

import gradum
from benchmarks.quality.sets import Suite, Table
from benchmarks.quality.split import Split
from gradum.core.bounds import Box, Enclosure, crown, intervals, zonotopes
from gradum.study.certified.table_graph import TableGraph

STAGES: dict[str, Callable[..., Enclosure]] = {
    "intervals": intervals,
    "zonotopes": zonotopes,
    "CROWN": crown,
}
MOST_TRAINING_ROWS = 2_000
TARGET = "__target"
SHARE_OF_RANGE = 0.01
CORNERS = 200
BOXES_AT_ONCE, POINTS_OF_A_BOX = 8, 500


def main(
    folder: str,
    sets: str = "german_credit,eucalyptus,california_housing",
    rows: str = "100",
    points: str = "100000",
    rungs: str = "pack,mlp",
) -> None:
    """Print the figures of each table and rung."""
    suite = Suite.read(Path(folder))
    for name in sets.split(","):
        model, held_out = fitted(suite.folder, suite.tables[name])
        for rung in rungs.split(","):
            graph = model.graph(rung)
            x = graph.inputs.encoded(held_out[: int(rows)])
            box = graph.inputs.around(x, radii(model, held_out))
            judge = classes if model.classes else numbers
            print(f"{name}, {rung}: {judge(graph, x, box)}", flush=True)
            outside, count = points_outside(graph, x, int(points))
            print(f"{name}, {rung}: {outside} of {count:,} points outside", flush=True)


def fitted(folder: Path, table: Table) -> tuple[gradum.Model, pl.DataFrame]:
    """Fit the ladder; return it and the held-out rows."""
    split = Split.of(folder, table, seed=0, rows=MOST_TRAINING_ROWS)
    train = pl.from_pandas(pd.concat([split.train, split.train_target.rename(TARGET)], axis=1))
    model = gradum.fit(
        train, TARGET, task=split.task, numeric=split.numeric, categorical=split.categorical
    )
    return model, pl.from_pandas(split.test)


def radii(model: gradum.Model, frame: pl.DataFrame) -> dict[str, float]:
    """Return 1% of the interquartile range of each numeric column."""
    ranges = {}
    for column in model.fitted.schema.features:
        if column.kind == "numeric":
            values = frame[column.name].cast(pl.Float64)
            low, high = (values.quantile(share) or 0.0 for share in (0.25, 0.75))
            ranges[column.name] = SHARE_OF_RANGE * (high - low)
    return ranges


def classes(graph: TableGraph, x: np.ndarray, box: Box) -> str:
    """Say how many rows certainly keep their class, and how many do not."""
    predicted = graph.predict(x).value
    changed = np.any([graph.predict(point).value != predicted for point in corners(box)], axis=0)
    parts = [f"{changed.mean():.0%} change at a corner"]
    for stage, enclose in STAGES.items():
        began, certified = process_time(), np.zeros(len(x), bool)
        for label in np.unique(predicted):
            here = predicted == label
            part = Box(box.low[here], box.high[here])
            least = enclose(graph.margin(int(label)), part, graph.unit).output.low.min(axis=1)
            certified[here] = least > 0
        seconds = (process_time() - began) / len(x)
        assert not (certified & changed).any()
        parts.append(f"{stage} certify {certified.mean():.0%} ({seconds:.4f} s)")
    return ", ".join(parts)


def numbers(graph: TableGraph, x: np.ndarray, box: Box) -> str:
    """Say how wide intervals of the answer are compared with the observed range."""
    seen = np.array([graph.predict(point).value for point in corners(box)])
    span = np.ptp(seen, axis=0)
    parts = []
    for stage, enclose in STAGES.items():
        began = process_time()
        low, high = enclose(graph.answer, box, graph.unit).output
        seconds = (process_time() - began) / len(x)
        wider = np.median((high - low)[:, 0][span > 0] / span[span > 0])
        parts.append(f"{stage} are {wider:.1f} times as wide as the corners' ({seconds:.4f} s)")
    return ", ".join(parts)


def corners(box: Box) -> list[np.ndarray]:
    """Draw corners of boxes, [n, d] each."""
    rng = np.random.default_rng(0)
    return [np.where(rng.random(box.low.shape) < 0.5, *box) for _ in range(CORNERS)]


def points_outside(graph: TableGraph, x: np.ndarray, count: int) -> tuple[int, int]:
    """Draw points of boxes of all sizes; return how many lie outside any bounds, and the total."""
    rng, outside, drawn = np.random.default_rng(1), 0, 0
    low, high = graph.inputs.domain
    numeric = np.arange(graph.inputs.count) < len(graph.inputs.layout.dense)
    while drawn < count:
        rows = x[rng.integers(0, len(x), BOXES_AT_ONCE)]
        shape = rows.shape
        share = 10.0 ** rng.uniform(-6, 0, (len(rows), 1)) * rng.random(shape)
        reach = np.where(numeric & (rng.random(shape) < 0.7), share * (high - low), 0.0)
        box = Box(rows - reach, rows + reach)
        where = np.clip(rng.uniform(-0.3, 1.3, (POINTS_OF_A_BOX, *shape)), 0, 1)
        points = np.clip(box.low + where * (box.high - box.low), *box).reshape(-1, shape[1])
        prediction = graph.predict(points)
        answers = prediction.probability
        answers = prediction.value[:, None] if answers is None else answers
        answers = answers.reshape(POINTS_OF_A_BOX, len(rows), -1)
        for enclose in STAGES.values():
            least, most = enclose(graph.answer, box, graph.unit).output
            outside += int(((answers < least) | (answers > most)).any(axis=-1).sum())
        drawn += len(points)
    return outside, drawn
