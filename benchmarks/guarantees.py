"""Coverage of intervals and sets against their promise, with unlimited new rows.

`python -m benchmarks guarantees [SPLITS] [DRAWS]`: whole fits of the linear rung to rows of known
populations, judged in each of gradum's ways and applied to 1,000 new rows; and how much it matters
that the rung in use was chosen on the very rows from which its intervals are made. With at least
200 splits and 20,000 draws, the tables replace those in docs/accuracy.md; with fewer they are only
printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

import gradum
from benchmarks.page import ACCURACY, publish, table
from benchmarks.sides import processes
from gradum.run.intervals.conformal.conformal_intervals import conformal_intervals
from gradum.run.intervals.conformal.law import split_range
from gradum.run.intervals.conformal.score_list import ScoreList
from gradum.run.spec.spec import SplitSpec
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.located import Located

SPLITS, DRAWS = 200, 20_000
COVERAGES = (0.8, 0.95)
NEW_ROWS, LEARNED = 1_000, 200
LEVELS = {"calm": 0.5, "plain": 1.0, "wild": 2.0}
TOGETHER = 5  # rows of a group
LINEAR = LinearSpec(strengths=(10.0, 1.0, 0.1), folds=3)


@dataclass(frozen=True)
class Way:
    """A way to judge and to predict.

    Parameters
    ----------
    name : str
    target : str
        "number" or "class".
    sizes : tuple of int
        Numbers of judged rows.
    options : dict
        Further options of `gradum.fit`.
    held_out : bool
        Whether the judging rows are not among those learned from.
    by : str or None
        The column or "class" by which coverage is counted.
    """

    name: str
    target: str
    sizes: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    held_out: bool = True
    by: str | None = None


CROSS = {"cv": 5, "split": SplitSpec(repeats=1)}
WAYS = (
    Way("split, a number", "number", (100, 300, 1_000)),
    Way("split, a class", "class", (100, 300, 1_000)),
    Way("by level, a number", "number", (100, 300, 1_000), {"interval_by": "level"}, by="level"),
    Way("by class, a class", "class", (100, 300, 1_000), by="class"),
    Way("groups of five, a number", "number", (100, 300, 1_000), {"group": "house"}),
    Way("CV+, a number", "number", (60, 200, 1_000), CROSS, held_out=False),
    Way("CV+, a class", "class", (60, 200, 1_000), CROSS, held_out=False),
)


@dataclass
class Covered:
    """How many of some new rows were covered, and what was promised for them.

    ``judged`` is the number of scores on which the law is based.
    """

    rows: int
    covered: int
    judged: int
    at_least: float


def main(splits: str = str(SPLITS), draws: str = str(DRAWS)) -> None:
    """Measure both, and print or publish the results."""
    asked = [(way, size) for way in range(len(WAYS)) for size in WAYS[way].sizes]
    with processes() as pool:
        running = [pool.submit(measure, way, size, int(splits)) for way, size in asked]
        lines = []
        for (way, size), counted in zip(asked, running, strict=True):
            lines += _lines(WAYS[way], size, counted.result())
            print(*lines[-len(COVERAGES) :], sep="\n", flush=True)
    head = ["judged", "rows", "aim", "mean", "law", "least", "in the range", "p"]
    text = "\n".join(
        [
            f"{int(splits):,} splits a line, {NEW_ROWS:,} new rows each, in percent:\n",
            table(head, lines),
            f"{int(draws):,} draws a line; coverage less that of a rung that is not chosen, in "
            "points:\n",
            _chosen(int(draws)),
        ]
    )
    complete = int(splits) >= SPLITS and int(draws) >= DRAWS
    publish("guarantees", text, ("gradum", "numpy", "scipy"), complete=complete, page=ACCURACY)


def measure(place: int, size: int, splits: int) -> dict[float, list[Covered]]:
    """Fit repeatedly, and count the covered new rows at each coverage."""
    way, rng = WAYS[place], np.random.default_rng((place, size))
    found: dict[float, list[Covered]] = {coverage: [] for coverage in COVERAGES}
    for _ in range(splits):
        options = dict(way.options)
        learned = _rows(way, LEARNED if way.held_out else size, rng)
        if way.held_out:
            options["test"] = _rows(way, size, rng)
        model = gradum.fit(
            learned, "y", model="linear", linear=LINEAR, learning_curve=False, **options
        )
        new = _rows(way, NEW_ROWS, rng)
        for coverage in COVERAGES:
            found[coverage] += _covered(way, model, new, coverage)
    return found


def _rows(way: Way, rows: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw rows that a linear model describes except for the noise."""
    columns = rng.normal(size=(rows, 4))
    level = rng.choice(list(LEVELS), size=rows)
    spread = np.array([LEVELS[name] for name in level])
    house = np.arange(rows) // TOGETHER + int(rng.integers(2**40)) * TOGETHER
    signal = columns @ np.array([1.0, 0.5, 0.0, 0.0])
    common = np.repeat(rng.normal(size=-(-rows // TOGETHER)), TOGETHER)[:rows]
    noise = spread * rng.normal(size=rows) + common * ("group" in way.options)
    target = signal + noise
    if way.target == "class":
        target = np.where(target > 0.5, "yes", "no")
    named = {f"x{place}": column for place, column in enumerate(columns.T)}
    group = {"house": house} if "group" in way.options else {}
    return pl.DataFrame({**named, "level": level, **group, "y": target})


def _covered(way: Way, model: gradum.Model, new: pl.DataFrame, coverage: float) -> list[Covered]:
    by_class = way.by == "class"
    if way.target == "class":
        sets = model.predict_set(new, coverage, by_class=by_class)
        held = [label in labels for label, labels in zip(new["y"], sets, strict=True)]
        within = np.array(held)
    else:
        low, high = model.predict_interval(new, coverage).T
        target = new["y"].to_numpy()
        within = (low <= target) & (target <= high)
    guarantee = model.fitted.guarantee
    assert guarantee is not None
    at_least = model.guarantee(coverage, by_class=by_class).at_least or 0.0
    if way.by is None:
        return [Covered(len(within), int(within.sum()), len(guarantee.scores), at_least)]
    names = model.classes if by_class else guarantee.terms.levels
    code = guarantee.scores.label if by_class else guarantee.scores.level
    assert code is not None
    masks = [(new["y" if by_class else way.by] == name).to_numpy() for name in names]
    return [
        Covered(int(rows.sum()), int(within[rows].sum()), int((code == place).sum()), at_least)
        for place, rows in enumerate(masks)
    ]


def _lines(way: Way, size: int, by_coverage: dict[float, list[Covered]]) -> list[list[str]]:
    return [
        [way.name, f"{size:,}", f"{100 * coverage:g}", *_line(way, coverage, found)]
        for coverage, found in by_coverage.items()
    ]


def _line(way: Way, coverage: float, found: list[Covered]) -> list[str]:
    """Compare what was covered with the law of the split, or with the bound of CV+."""
    bounded = [count for count in found if _rank(coverage, count) <= count.judged]
    shares = np.array([count.covered / count.rows for count in bounded])
    error = shares.std(ddof=1) / np.sqrt(len(shares))
    mean, least = f"{100 * shares.mean():.2f} ± {100 * error:.2f}", f"{100 * shares.min():.1f}"
    if not way.held_out or "group" in way.options:
        bound = np.mean([count.at_least for count in bounded])
        return [mean, f"≥ {100 * bound:.1f}", least, "–", "–"]
    law = np.mean([_rank(coverage, count) / (count.judged + 1) for count in bounded])
    places = [_place_in_law(count, _rank(coverage, count)) for count in bounded]
    within = "–"
    if way.by is None:
        low, high = split_range(coverage, bounded[0].judged)
        within = f"{100 * np.mean((low <= shares) & (shares <= high)):.1f}"
    p = stats.kstest(places, "uniform").pvalue
    return [mean, f"{100 * law:.2f}", least, within, f"{p:.2g}"]


def _rank(coverage: float, count: Covered) -> int:
    return math.ceil(coverage * (count.judged + 1) - 1e-9)


def _place_in_law(count: Covered, rank: int) -> float:
    """Return the midpoint of the law's distribution function at its step for what was covered.

    It is uniform between 0 and 1, up to the height of a step.
    """
    law = partial(stats.betabinom.cdf, n=count.rows, a=rank, b=count.judged + 1 - rank)
    return float(law(count.covered) + law(count.covered - 1)) / 2


CHOICES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "equally good, errors unrelated": lambda rng, rows: rng.normal(size=(4, rows)),
    "equally good, errors alike by 90%": lambda rng, rows: (
        np.sqrt(0.9) * rng.normal(size=rows) + np.sqrt(0.1) * rng.normal(size=(4, rows))
    ),
    "each 10% better than the last": lambda rng, rows: (
        np.array([[1.0], [0.9], [0.81], [0.729]])
        * (np.sqrt(0.5) * rng.normal(size=rows) + np.sqrt(0.5) * rng.normal(size=(4, rows)))
    ),
}


def _chosen(draws: int) -> str:
    """Choose the best of four rungs by RMSE on the rows from which its intervals are made."""
    lines = []
    for name, errors in CHOICES.items():
        for size in (60, 200, 1_000):
            lines.append([name, f"{size:,}", *_changes(errors, size, draws)])
    head = ["four rungs", "judged rows", *(f"at {100 * coverage:g}%" for coverage in COVERAGES)]
    return table(head, lines)


def _changes(
    errors: Callable[[np.random.Generator, int], np.ndarray], size: int, draws: int
) -> list[str]:
    rng = np.random.default_rng((size, 7))
    # For each rung, exact up to the third digit.
    deviation = errors(rng, 200_000).std(axis=1)
    changes: dict[float, list[float]] = {coverage: [] for coverage in COVERAGES}
    alone = Located(np.zeros(1), np.ones(1), np.ones(1))
    for _ in range(draws):
        drawn = errors(rng, size)
        chosen = int(np.square(drawn).mean(axis=1).argmin())
        ranked = ScoreList.of(np.abs(drawn[chosen]), np.ones(size))
        for coverage in COVERAGES:
            _, (radius,) = conformal_intervals([ranked], [alone], coverage)
            covered = float(2 * stats.norm.cdf(radius / deviation[chosen]) - 1)
            expected = math.ceil(coverage * (size + 1) - 1e-9) / (size + 1)
            changes[coverage].append(covered - expected)
    return [
        f"{100 * np.mean(found):+.2f} ± {100 * np.std(found) / np.sqrt(draws):.2f}"
        for found in changes.values()
    ]
