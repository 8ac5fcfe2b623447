"""Counterfactuals of three columns beside brute force: how much they cost beyond the least.

Brute force asks the model about every point of an even grid that costs less than what was found,
the cheapest first, and then about ever finer grids around the cheapest that hold. The least cost is
the smaller of the two:

    python -m benchmarks.explanations.least_changes mlp,pack 1,2,3,4 10
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import polars as pl

import gradum
from gradum.questions.counterfactual.costs import Costs, PricedAxis, priced_axes
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.rows.asked_rows import background_of

ROWS, SIDE, FINER_SIDE, FINER = 1_200, 61, 17, 3
STARTS, NEAR = 5, 1.05  # how many of the cheapest on the grid are refined, and up to which cost
BATCH = 20_000


def table(seed: int) -> pl.DataFrame:
    """Draw three columns of three decimals, and a class from their bent and multiplied values."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, 3))
    x[:, 1] = rng.gamma(2, 1, ROWS)
    score = np.sin(x + np.arange(3) * seed).sum(axis=1) + 0.7 * x[:, 0] * x[:, 1]
    score += 0.3 * rng.normal(size=ROWS) - 0.5 * x[:, 1] * x[:, 2] * (seed % 2)
    label = np.where(score > np.quantile(score, 0.6), "yes", "no")
    return pl.DataFrame({**{f"x{j}": x[:, j].round(3) for j in range(3)}, "y": label})


class BruteForce:
    """The least change of one row."""

    def __init__(self, model: gradum.Model, row: pl.DataFrame, axes: dict[str, PricedAxis]) -> None:
        self.model, self.row, self.axes = model, row, axes
        self.own, self.answer = row.row(0), model.predict(row)[0]

    def least(self, most: float) -> float:
        """Return the least cost below ``most``, or ``most``."""
        found = self.cheapest(self.grid(self.own, most, SIDE), NEAR * most, STARTS)
        least, step = most, 2 * most / (SIDE - 1)
        for cost, point in found:
            for finer in 5.0 ** -np.arange(FINER):
                grid = self.grid(point, 1.5 * step * finer, FINER_SIDE)
                cost, point = (self.cheapest(grid, cost, 1) or [(cost, point)])[0]
            least = min(least, cost)
        return least

    def grid(self, centre: tuple, width: float, side: int) -> list[np.ndarray]:
        """Return places of each column within a width in units of cost, and the row's own place."""
        axes = []
        for name, middle, own in zip(self.row.columns, centre, self.own, strict=True):
            axis, far = self.axes[name].axis, width * self.axes[name].unit.size
            places = np.linspace(max(axis.low, middle - far), min(axis.high, middle + far), side)
            axes.append(np.unique(np.append(places.round(3), [middle, own])))
        return axes

    def cheapest(
        self, grid: list[np.ndarray], most: float, count: int
    ) -> list[tuple[float, tuple]]:
        """Return the cheapest points of a grid with another answer, of the first batch with any."""
        columns = list(zip(self.row.columns, grid, self.own, strict=True))
        parts = [self.axes[name].cost(own, places) for name, places, own in columns]
        cost = (parts[0][:, None, None] + parts[1][:, None] + parts[2]).ravel()
        cheap = np.flatnonzero(cost < most)
        cheap = cheap[np.argsort(cost[cheap], kind="stable")]
        for start in range(0, len(cheap), BATCH):
            some = cheap[start : start + BATCH]
            at = np.unravel_index(some, [len(places) for places in grid])
            points = {name: places[at[j]] for j, (name, places, _) in enumerate(columns)}
            copies = pl.DataFrame(points)
            held = np.flatnonzero(self.model.predict(copies) != self.answer)[:count]
            if len(held):
                return [(float(cost[some[place]]), copies.row(int(place))) for place in held]
        return []


def ratios(kind: Any, seed: int, rows: int) -> tuple[list[float], float]:
    """Return cost over least cost for some rows, and the CPU seconds that counterfactuals took."""
    train, asked = table(seed), table(seed + 100).head(rows).drop("y")
    options = {"effort": "quick", "learning_curve": False, "explain": False}
    model = gradum.fit(train, "y", model=kind, **options)
    background = train.head(200).drop("y")
    axes = priced_axes(model.fitted, background_of(model, background))
    start = time.process_time()
    found = model.counterfactuals(
        asked, rows=range(1, rows + 1), background=background, count=1
    ).found
    seconds, dearer = time.process_time() - start, []
    for row in found.rows:
        one = asked[[row.row - 1]]
        changed = {change.column: change.after for change in row.counterfactuals[0].changes}
        cost = Costs(one.row(0, named=True), axes, Limits()).together(changed)
        dearer.append(cost / BruteForce(model, one, axes).least(cost))
    return dearer, seconds


if __name__ == "__main__":
    kinds, seeds, count = sys.argv[1:]
    for kind in kinds.split(","):
        parts = [ratios(kind, int(seed), int(count)) for seed in seeds.split(",")]
        all_ratios = np.concatenate([part for part, _ in parts])
        print(
            f"{kind}: {len(all_ratios)} rows, at most {all_ratios.max():.4f} times the least cost, "
            f"{(all_ratios > 1.01).sum()} over 1.01; "
            f"{sum(seconds for _, seconds in parts) / len(all_ratios):.2f} CPU s a row"
        )
