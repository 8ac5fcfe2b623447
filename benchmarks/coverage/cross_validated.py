"""Coverage of the scores of whole fits to small tables: cross-validated, held against fresh rows.

A cross-validated score speaks of the model that is kept, which learned from all rows, while each
row was judged by a model of four fifths of them. So the truth is the kept model's score on many
fresh rows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

import gradum

TASKS = {"numbers": ("rmse", "mae", "r2"), "classes": ("log_loss", "accuracy", "auc")}
MODELS: dict[str, dict[str, Any]] = {
    "linear": {"model": "linear"},
    "pack": {"model": "pack", "effort": "quick"},
}
FRESH = 20_000


@dataclass
class Scored:
    """Intervals of a score, and what they are about, draw by draw."""

    held: list[bool] = field(default_factory=list)
    off: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    """The score less the truth, and the standard error that the interval is made of."""


def draw(task: str, rows: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw five columns, of which three matter: by a line, a wave and an interaction."""
    columns = rng.normal(size=(rows, 5))
    a, b, c = columns[:, 0], columns[:, 1], columns[:, 2]
    signal = a + np.sin(2 * b) + 0.7 * c * (a > 0) - 0.5
    target = signal + rng.normal(size=rows)
    if task == "classes":
        target = np.where(rng.random(rows) < 1 / (1 + np.exp(-signal)), "yes", "no")
    return pl.DataFrame({**{f"x{place}": x for place, x in enumerate(columns.T)}, "y": target})


def measure(task: str, model: str, rows: int, draws: range) -> dict[str, Scored]:
    """Fit a model to each draw, and hold its scores against fresh rows."""
    found: dict[str, Scored] = defaultdict(Scored)
    options = {"learning_curve": False, "explain": False, **MODELS[model]}
    for seed in draws:
        rng = np.random.default_rng([seed, rows])
        table, fresh = draw(task, rows, rng), draw(task, FRESH, rng)
        fitted = gradum.fit(table, "y", seed=seed, **options)
        assert fitted.fitted.judgement is not None
        said = fitted.fitted.judgement.scores[model]["test"]
        truth = fitted.evaluate(fresh).judgement.scores[model]["test"]
        for metric in TASKS[task]:
            known, true = said[metric], truth[metric].value
            found[metric].held.append(known.low <= true <= known.high)
            found[metric].off.append(known.value - true)
            found[metric].error.append(known.standard_error)
    return dict(found)
