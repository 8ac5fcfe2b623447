"""``python -m benchmarks intervals``: every table of numbers, and the section of the page.

Models are fitted to the same four fifths of the training rows and judged by the others; a quantile
forest, which needs no judging rows, is fitted to all of them. A pack's intervals are those of split
conformal prediction, with the spread that the pack was fitted with; its quantiles are those of the
predictive distribution.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import gradum
from benchmarks.environments import answer_of, python_with, version_in
from benchmarks.intervals.figures import ALPHA, LEVELS, crps, measured
from benchmarks.page import ACCURACY, publish, table
from benchmarks.quality.frames import categories, strings_or_none
from benchmarks.quality.sets import Suite
from benchmarks.quality.split import Split
from gradum.errors import GradumError
from gradum.rungs.located import Located
from gradum.tables.check.check import check

ROWS, FIT_SHARE = 4_000, 0.8
PEERS = ("quantile-forest", "mapie", "lightgbm", "pandas", "pyarrow")
HEAD = ("", "score", "CQR", "width", "CQR", "cover", "CQR", "CRPS", "forest")


def main(folder: str = "", seeds: str = "3") -> None:
    """Measure every table of numbers of the suite, in the given number of splits."""
    if not folder or not seeds.isdigit():
        sys.exit("usage: python -m benchmarks intervals FOLDER [SEEDS]")
    try:
        python, suite = python_with(*PEERS), Suite.read(Path(folder))
        lines = [[name, *_line(suite, name, int(seeds), python)] for name in suite.of_numbers]
    except GradumError as error:
        sys.exit(f"error: {error}")
    versions = ", ".join(f"{name} {version_in(python, name)}" for name in PEERS[:3])
    publish(
        "intervals of numbers",
        f"{table(HEAD, lines)}\n{versions}.",
        ("gradum", "jax", "numpy"),
        complete=seeds == "3",
        page=ACCURACY,
    )


def _line(suite: Suite, name: str, seeds: int, python: str) -> list[str]:
    """Return the mean figures for one table, gradum's before the others'."""
    ours, theirs = [], []
    for seed in range(seeds):
        split = Split.of(suite.folder, suite.tables[name], seed=seed, rows=ROWS)
        ours.append(_by_gradum(split, seed))
        theirs.append(_by_peers(split, python))
        print(name, seed, ours[-1], theirs[-1], file=sys.stderr, flush=True)
    return [
        f"{np.mean([measures[figure] for measures in side]):.3f}"
        for figure in ("score", "width", "coverage", "crps")
        for side in (ours, theirs)
    ]


def _by_gradum(split: Split, seed: int) -> dict[str, float]:
    """Fit a pack, and judge it on rows that it has not learned from."""
    train, test = strings_or_none(split)
    target = split.train_target.to_numpy()
    fitted = int(FIT_SHARE * len(target))
    pack: Any = gradum.PackRegressor(
        random_state=seed, categorical=split.categorical, numeric=split.numeric
    )
    pack.fit(train.iloc[:fitted], target[:fitted])
    rung, encoder = pack.rung_, pack.encoder_
    scale = rung.target_scale

    def located(rows: pd.DataFrame) -> Located:
        checked = check(pack._table(rows), pack.schema_, encoder=encoder)
        return rung.locate(encoder.transform(checked.frame))

    judged, asked = located(train.iloc[fitted:]), located(test)
    deviations = np.sort(judged.deviations(scale.forward(target[fitted:])))
    sizes = np.sort(np.abs(deviations))
    place = int(np.ceil((1 - ALPHA) * (len(sizes) + 1))) - 1
    size = sizes[place] if place < len(sizes) else np.inf
    low, high = (scale.quantile(asked.at(side * size)) for side in (-1.0, 1.0))
    true, deviation = split.test_target.to_numpy(), float(target[:fitted].std())
    levels = np.quantile(deviations, LEVELS, method="hazen")
    quantiles = np.column_stack([scale.quantile(asked.at(level)) for level in levels])
    figures = measured(true, low, high, deviation)
    return figures | {"crps": crps(true, quantiles) / deviation}


def _by_peers(split: Split, python: str) -> dict[str, float]:
    """Get the libraries' figures for the same rows, in their environment."""
    train, test = categories(split)
    # LightGBM takes no names with brackets.
    train.columns = test.columns = [f"column {place}" for place in range(train.shape[1])]
    train["target"], test["target"] = split.train_target, split.test_target
    fitted = int(FIT_SHARE * len(train))
    with TemporaryDirectory() as folder:
        parts = {"fit": train.iloc[:fitted], "judge": train.iloc[fitted:], "test": test}
        for part, rows in parts.items():
            rows.to_parquet(Path(folder, f"{part}.parquet"))
        return answer_of(python, "benchmarks.intervals.peers", folder)
