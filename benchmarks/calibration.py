"""The gain of calibration: probabilities of one fit with and without the step after the logits.

Tables and splits are those of `benchmarks.quality`. There is one line per table and rung. It has
the number of fits in which a step is used; the mean over the splits of the change in log loss due
to the step, in percent of the loss without it, with the standard error of that mean over the
splits; the worst split; and Brier score and expected calibration error without and with the step.
The last lines hold the means over tables, with their standard errors over the tables.

The expected calibration error is Σ n_b |share_b − mean_b| / n over 15 bins of equally many rows, of
the probability of the likeliest class and the share of rows where it is right (M. P. Naeini, G. F.
Cooper and M. Hauskrecht, AAAI 2015).
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from benchmarks.page import circumstances
from benchmarks.quality.sets import Suite, Table
from benchmarks.quality.split import Split
from benchmarks.sides import processes

SPLITS, ROWS = 10, 4_000
RUNGS: dict[str, dict[str, Any]] = {
    "mlp": {"model": "mlp"},
    "pack": {"model": "pack", "effort": "quick"},
}
"""The rungs that are calibrated, and the options of their fits."""
BINS = 15
TARGET = "__target"


@dataclass(frozen=True)
class Scores:
    """The scores of one model on the test rows of one split."""

    log_loss: float
    brier: float
    calibration_error: float

    @classmethod
    def of(cls, probability: np.ndarray, truth: np.ndarray) -> Scores:
        """Score probabilities (n, K) against codes (n,)."""
        right = probability[np.arange(len(truth)), truth]
        squares = np.square(probability).sum(axis=1) - 2 * right + 1
        surest = probability.max(axis=1)
        gaps = surest - (probability.argmax(axis=1) == truth)
        bins = np.array_split(gaps[np.argsort(surest, kind="stable")], BINS)
        error = sum(abs(part.sum()) for part in bins) / len(truth)
        loss = -np.log(np.maximum(right, 1e-15)).mean()
        return cls(float(loss), float(squares.mean()), float(error))


@dataclass(frozen=True)
class Fit:
    """One fit: the step that it uses, if any, and its scores without it and with it."""

    step: str
    before: Scores
    after: Scores

    @property
    def change(self) -> float:
        """The change in log loss, in percent."""
        return 100 * (self.after.log_loss / self.before.log_loss - 1)


def measure(folder: Path, table: Table, rows: int, rung: str, seed: int) -> Fit:
    """Fit one rung to one split, and score it with and without its calibration."""
    import gradum  # the gathering process does not need it

    warnings.filterwarnings("ignore")
    split = Split.of(folder, table, seed=seed, rows=rows)
    train, test = (
        pl.from_pandas(pd.concat([frame, target.rename(TARGET)], axis=1))
        for frame, target in ((split.train, split.train_target), (split.test, split.test_target))
    )
    columns = {"numeric": split.numeric, "categorical": split.categorical}
    options: dict[str, Any] = RUNGS[rung] | columns | {"task": split.task, "seed": seed}
    model = gradum.fit(train, TARGET, test=test, **options)
    classes = np.array([str(label) for label in model.classes])
    truth = np.searchsorted(classes, split.test_target.to_numpy().astype(str))
    after = Scores.of(model.predict_proba(test, rung=rung), truth)
    fitted = model.fitted.rungs[rung]
    if not fitted.calibration:
        return Fit("", after, after)
    uncalibrated = tuple(step for step in fitted.post if not step.calibrates)
    model.fitted.rungs[rung] = replace(fitted, post=uncalibrated)
    before = Scores.of(model.predict_proba(test, rung=rung), truth)
    return Fit(fitted.calibration[0].title, before, after)


def line(name: str, rung: str, fits: list[Fit]) -> str:
    """Return what was measured on one table, on one line."""
    change = np.array([fit.change for fit in fits])
    brier, error = (
        [np.mean([getattr(side(fit), score) for fit in fits]) for side in (_before, _after)]
        for score in ("brier", "calibration_error")
    )
    used = Counter(fit.step for fit in fits if fit.step)
    steps = ", ".join(f"{step} {count}" for step, count in used.items()) or "none"
    return (
        f"{name:20s} {rung:5s} {change.mean():+7.3f} ± {_error(change):.3f} {change.max():+7.3f}"
        f"   {brier[0]:.4f} {brier[1]:.4f}   {error[0]:.4f} {error[1]:.4f}   {steps}"
    )


def _before(fit: Fit) -> Scores:
    return fit.before


def _after(fit: Fit) -> Scores:
    return fit.after


def _error(values: np.ndarray) -> float:
    """Return the standard error of the values' mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def main(folder: str, splits: str = str(SPLITS), rows: str = str(ROWS), sets: str = "") -> None:
    """Print a line per table of classes and rung, then the means over tables."""
    suite = Suite.read(Path(folder), sets.split(",") if sets else None)
    print(
        f"{splits} splits of at most {rows} training rows\n{'table':20s} rung   log loss, %"
        "     worst   Brier            calibration     steps used"
    )
    means: dict[str, list[float]] = {rung: [] for rung in RUNGS}
    with processes() as pool:
        for name, table in suite.of_classes.items():
            for rung, changes in means.items():
                one = partial(measure, suite.folder, table, int(rows), rung)
                fits = list(pool.map(one, range(int(splits))))
                changes.append(float(np.mean([fit.change for fit in fits])))
                print(line(name, rung, fits), flush=True)
    for rung, changes in means.items():
        print(f"{'mean':20s} {rung:5s} {np.mean(changes):+7.3f} ± {_error(np.array(changes)):.3f}")
    print(circumstances(("gradum", "numpy", "scipy", "jax")))
