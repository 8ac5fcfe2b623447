"""The share of fits to noise that are called better than the baseline: `gradum.fit`, end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

import gradum

COLUMNS = 5


@dataclass(frozen=True)
class Noise:
    """A kind of table whose columns say nothing about its target.

    Parameters
    ----------
    name : str
    rows : int
    target : callable
        Maps (rows, generator) to the target.
    options : callable
        Maps (rows, generator) to further columns and further options of `gradum.fit`.
    """

    name: str
    rows: int
    target: Callable[[int, np.random.Generator], np.ndarray]
    options: Callable[[int, np.random.Generator], tuple[dict[str, np.ndarray], dict[str, Any]]]
    test: int = 0


@dataclass
class Said:
    """How many fits got each verdict on the linear rung."""

    fits: int = 0
    better: int = 0
    worse: int = 0
    needless: int = 0


def measure(noise: Noise, fits: int, seed: int) -> Said:
    """Fit the linear rung to noise repeatedly; count what the verdict says about it."""
    rng, said = np.random.default_rng(seed), Said()
    for _ in range(fits):
        table, options = _table(noise, noise.rows, rng)
        if noise.test:
            options["test"] = _table(noise, noise.test, rng)[0]
        model = gradum.fit(table, "y", model="linear", learning_curve=False, **options)
        assert model.fitted.judgement is not None
        verdict = model.fitted.judgement.verdict
        (comparison,) = verdict.comparisons
        said.fits += 1
        said.better += comparison.shows == "better"
        said.worse += comparison.shows == "worse"
        said.needless += verdict.enough != "baseline"
    return said


def _table(
    noise: Noise, rows: int, rng: np.random.Generator
) -> tuple[pl.DataFrame, dict[str, Any]]:
    columns, options = noise.options(rows, rng)
    features = {f"x{place}": rng.normal(size=rows) for place in range(COLUMNS)}
    return pl.DataFrame({**features, **columns, "y": noise.target(rows, rng)}), options


def yes_or_no(share: float) -> Callable[[int, np.random.Generator], np.ndarray]:
    """Make classes in which 'yes' has a given share."""
    return lambda rows, rng: np.where(rng.random(rows) < share, "yes", "no")


def number(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Make normal numbers."""
    return rng.normal(size=rows)


def alike_in_groups(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Make numbers, a third of whose variance groups of ten rows share."""
    common = np.repeat(rng.normal(size=-(-rows // 10)), 10)[:rows]
    return np.sqrt(1 / 3) * common + np.sqrt(2 / 3) * rng.normal(size=rows)


def nothing(rows: int, rng: np.random.Generator) -> tuple[dict, dict]:
    """Give no further option: a hold-out, or cross-validation of a small table."""
    return {}, {}


def grouped(rows: int, rng: np.random.Generator) -> tuple[dict, dict]:
    """Say which ten rows belong together."""
    return {"who": np.array([f"g{row // 10}" for row in range(rows)])}, {"group": "who"}


def timed(rows: int, rng: np.random.Generator) -> tuple[dict, dict]:
    """Say in what order the rows came."""
    return {"when": np.arange(rows)}, {"time": "when"}


NOISE = (
    Noise("`--test` of 500, 50% positives", 2_000, yes_or_no(0.5), nothing, 500),
    Noise("`--test` of 500, 5% positives", 2_000, yes_or_no(0.05), nothing, 500),
    Noise("`--test` of 500, 1% positives", 2_000, yes_or_no(0.01), nothing, 500),
    Noise("hold-out of 2,500, 5% positives", 2_500, yes_or_no(0.05), nothing),
    Noise("hold-out of 1,500, a number", 1_500, number, nothing),
    Noise("cross-validation of 344, 30% positives", 344, yes_or_no(0.3), nothing),
    Noise("cross-validation of 344, a number", 344, number, nothing),
    Noise("groups of ten, 2,000 rows, a number", 2_000, alike_in_groups, grouped),
    Noise("time, 2,000 rows, 20% positives", 2_000, yes_or_no(0.2), timed),
)
