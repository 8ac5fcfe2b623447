"""The coverage, in the population, of intervals for the scores of models that do not change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.coverage.populations import LABELS, Population, Sample
from gradum.run.judging.judge_rungs import Seen, Truth
from gradum.scores.bootstrap import sampled
from gradum.scores.interval import Interval
from gradum.scores.metrics import DEFAULT_METRIC, METRICS
from gradum.tables.split import Part, hold_out

RESAMPLES = 250  # per draw; the run itself takes 1,000, which vary less

OTHERS = {"baseline", "low", "high"}

Judged = tuple[Truth, Seen]


@dataclass(frozen=True)
class Cell:
    """One population, judged in one way on a given number of rows."""

    population: Population
    way: Way
    rows: int


@dataclass
class Count:
    """How often something was said, and how often it held."""

    said: int = 0
    held: int = 0

    def add(self, held: bool) -> None:
        """Count once."""
        self.said += 1
        self.held += bool(held)


def test_file(population: Population, rows: int, rng: np.random.Generator) -> Judged:
    """Draw the rows of a separate test file."""
    return _all(population, population.draw(rows, rng))


def held_out(population: Population, rows: int, rng: np.random.Generator) -> Judged:
    """Draw a fifth of a table, class by class."""
    table = population.draw(5 * rows, rng)
    labels = table.target if LABELS[population.task] else None
    parts = hold_out(len(table.target), labels=labels, test=0.2, validation=0.0, rng=rng)
    truth = replace(_all(population, table)[0], drawn_by_class=5 * rows)
    tested = np.flatnonzero(parts == Part.TEST)
    return truth, Seen(tested, table.take(tested).said)


def folds(population: Population, rows: int, rng: np.random.Generator) -> Judged:
    """Judge every row twice, as two repeats of a cross-validation do."""
    truth, seen = _all(population, population.draw(rows, rng))
    return truth, Seen.pool([seen, seen])


def by_group(population: Population, rows: int, rng: np.random.Generator) -> Judged:
    """Draw groups of ten rows that share something."""
    sample = population.draw(rows, rng)
    truth, seen = _all(population, sample)
    return replace(truth, groups=sample.groups), seen


def by_time(population: Population, rows: int, rng: np.random.Generator) -> Judged:
    """Draw rows in the order of time."""
    sample = population.draw(rows, rng)
    truth, seen = _all(population, sample)
    return replace(truth, time=sample.time), seen


Way = Callable[[Population, int, np.random.Generator], Judged]


def measure(cell: Cell, draws: int, seed: int) -> dict[str, Count]:
    """Draw again and again; count what holds.

    Returns
    -------
    dict of str to Count
        For each metric, how often its interval holds the model's score, where ``said`` is how often
        there was an interval. If the population has these models, "baseline" has the same for the
        baseline's default metric, and "called different" has in how many of the draws "low" and
        "high", which have equal scores, were called different.
    """
    population, rng = cell.population, np.random.default_rng(seed)
    truth = population.truth()
    metric = DEFAULT_METRIC[population.task]
    counts: dict[str, Count] = defaultdict(Count)
    for _ in range(draws):
        known, seen = cell.way(population, cell.rows, rng)
        resamples = replace(known.resamples(seen, rng), count=RESAMPLES)
        outcomes = known.outcomes(seen)
        (found,) = sampled([outcomes["model"]], resamples, population.metrics)
        for name in population.metrics:
            _cover(counts[name], METRICS[name].interval(found[name]), truth["model"][name])
        if not outcomes.keys() >= OTHERS:
            continue
        others = [outcomes[name] for name in ("baseline", "low", "high")]
        baseline, low, high = (each[metric] for each in sampled(others, resamples, [metric]))
        _cover(counts["baseline"], METRICS[metric].interval(baseline), truth["baseline"][metric])
        difference = METRICS[metric].difference(low, high)
        counts["called different"].add(difference.low > 0 or difference.high < 0)
    return dict(counts)


def _cover(count: Count, interval: Interval, truth: float) -> None:
    if interval.known:
        count.add(interval.low <= truth <= interval.high)


def _all(population: Population, sample: Sample) -> Judged:
    return population.of_all(sample), Seen(np.arange(len(sample.target)), sample.said)
