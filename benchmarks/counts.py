"""``python -m benchmarks counts [ROWS] [SEEDS] [MODEL]``: claims by a stated law.

Claims are drawn as in car insurance: a Poisson number with mean exposure × rate, where

    log rate = −2.4 + 0.9·[driver under 25] + 0.25·(vehicle older than 15) + 0.02·bonus
               + 0.15·log density + 0.3·[area F]·[power above 9],

and costs, which are gamma amounts of shape 2 with another such mean. LightGBM learns by the same
loss under its default settings. A line per loss and seed gives both mean deviances on held-out
rows, that of the law itself, the paired difference with its interval, in how many tenths by
prediction the mean observed differs from the mean predicted beyond its 95% interval, and the share
of new rows in 95% intervals.
"""

from __future__ import annotations

import numpy as np
import polars as pl

import gradum
from gradum.rungs.names import ModelName
from gradum.study.evidence import Evidence
from gradum.study.findings.reliability import reliability

NEW_ROWS = 20_000


def drawn(rows: int, rng: np.random.Generator) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Return columns with exposure, and the rate of claims and the mean cost of each row (n,)."""
    age, vehicle = rng.integers(18, 90, rows), rng.integers(0, 30, rows)
    bonus, density = rng.integers(50, 150, rows), np.exp(rng.normal(5.5, 1.6, rows)).round(1)
    power, area = rng.integers(4, 15, rows), rng.choice(list("ABCDEF"), rows)
    exposure = rng.choice([0.1, 0.25, 0.5, 1.0], rows, p=[0.15, 0.15, 0.2, 0.5])
    strong = (area == "F") & (power > 9)
    rate = np.exp(
        -2.4
        + 0.9 * (age < 25)
        + 0.25 * (vehicle > 15)
        + 0.02 * (bonus - 50)
        + 0.15 * np.log(density / 250)
        + 0.3 * strong
    )
    cost = np.exp(7.0 + 0.3 * (age < 25) + 0.02 * power + 0.2 * strong - 0.01 * vehicle)
    columns = {"age": age, "vehicle": vehicle, "bonus": bonus, "density": density}
    frame = pl.DataFrame({**columns, "power": power, "area": area, "exposure": exposure})
    return frame, rate, cost


def table_of(
    loss: str, rows: int, rng: np.random.Generator
) -> tuple[pl.DataFrame, np.ndarray, str | None]:
    """Return a table with its target ``y``, the mean of each row, and the column of exposures."""
    frame, rate, cost = drawn(rows, rng)
    if loss == "poisson":
        mean = rate * frame["exposure"].to_numpy()
        return frame.with_columns(y=rng.poisson(mean)), mean, "exposure"
    amounts = (cost * rng.gamma(2.0, 0.5, rows)).round(2)
    return frame.drop("exposure").with_columns(y=np.maximum(amounts, 0.01)), cost, None


def main(rows: str = "20000", seeds: str = "2", model: ModelName = "pack") -> None:
    """Print a line per loss and seed."""
    for loss in ("poisson", "gamma"):
        for seed in range(int(seeds)):
            print(f"{loss}, seed {seed}: {beside(loss, int(rows), seed, model)}", flush=True)


def beside(loss: str, rows: int, seed: int, model: ModelName) -> str:
    """Say how a model and LightGBM do on one table."""
    rng = np.random.default_rng(seed)
    table, mean, exposures = table_of(loss, rows, rng)
    fitted = gradum.fit(
        table,
        target="y",
        loss=loss,
        model=model,
        seed=seed,
        against="lightgbm",
        explain=False,
        learning_curve=False,
        exposure=exposures,
    )
    judgement, run = fitted.fitted.judgement, fitted.run
    assert judgement is not None
    assert run is not None
    assert run.judged is not None
    judged, truth, exposure = run.judged, run.dataset.truth, run.dataset.exposure
    used, rival = judgement.verdict.used, judgement.rivals[0]
    unit = 1.0 if exposure is None else exposure[judged.rows]
    assert truth.cost is not None
    law = truth.cost.of_rows(mean[judged.rows] / unit, truth.target[judged.rows])
    best = np.average(law, weights=truth.weight[judged.rows])
    bins = reliability(Evidence.of(run)).bins
    off = sum(not each.observed.low <= each.predicted <= each.observed.high for each in bins)
    new, _, _ = table_of(loss, NEW_ROWS, rng)
    low, high = fitted.predict_interval(new, 0.95).T
    target = new["y"].to_numpy()
    covered = np.mean((low <= target) & (target <= high))
    gap = rival.difference
    return (
        f"{used} {judgement.scores[used]['test']['deviance'].value:.5f}, LightGBM "
        f"{rival.scores['deviance'].value:.5f}, the law {best:.5f}; LightGBM − {used} "
        f"{gap.value:+.5f} [{gap.low:+.5f}, {gap.high:+.5f}]; {off} of {len(bins)} tenths off; "
        f"{covered:.1%} covered"
    )
