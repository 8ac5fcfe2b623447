"""Permutation importance of each column: how much the score worsens when it is shuffled.

L. Breiman, Random forests, 2001; A. Fisher, C. Rudin and F. Dominici, All models are wrong, but
many are useful, 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from gradum.margins import falling
from gradum.randomness import stream
from gradum.run.judge import first_repeat
from gradum.run.judging.judge_rungs import Seen
from gradum.run.run import Run
from gradum.rungs.names import BASELINE
from gradum.scores.interval import Interval, interval
from gradum.scores.metrics import METRICS, row_losses
from gradum.solvers.threads import threads_for
from gradum.study.first_layer import Change, Opened
from gradum.tables.split import Part

REPEATS = 5
MOST_ROWS = 3_000
MOST_LOGITS = 300_000  # for the rows looked at; with many classes, fewer rows are looked at
MOST_COLUMNS = 60
SCREENED_TO = 40
SCREENING_ROWS = 256


class ColumnImportance(msgspec.Struct, frozen=True):
    """How much worse the rung in use scores when a column's values are shuffled among rows."""

    column: str
    """A column of the table; all features made from it are shuffled together."""
    increase: Interval
    """Increase of the log loss, or of the RMSE in the target's unit; 0 for a column that the model
    does not use."""


class Importance(msgspec.Struct, frozen=True):
    """The columns in order of falling importance."""

    metric: str
    """The metric that increases: "log_loss" or "rmse"."""
    columns: tuple[ColumnImportance, ...]
    """Empty where the baseline is in use, which looks at no column."""
    rows: int
    repeats: int
    """The numbers of rows looked at and of shuffles per column."""
    screened: int = 0
    """How many columns were left out because a quick look found that they hardly move the model's
    outputs; 0 where every column was measured."""


def importance(run: Run) -> Importance:
    """Shuffle each source column among the judged rows, predicted by the models that judged them.

    With ``l_i`` the loss of row i and ``l'_i`` its mean over the shuffles, the increase is
    ``mean(l') - mean(l)`` for classes and ``sqrt(mean(l')) - sqrt(mean(l))`` for numbers, with a
    percentile interval over resamples of the rows (whole groups, or stretches of time).

    At most `MOST_ROWS` judged rows are looked at, each by the model that had not seen it; for a
    repeated cross-validation, by the folds of the first repeat. Values are shuffled among all of
    these rows, across groups, times and folds. With more than `MOST_COLUMNS` columns, only the
    `SCREENED_TO` that move the outputs most on a few rows are measured.
    """
    metric = run.dataset.truth.metric
    if run.fitted.used == BASELINE:
        return Importance(metric, (), 0, 0)
    rng = stream(run.fitted.spec.seed, "study", "importance")
    rows = _some_judged(run, rng)
    columns = [column.name for column in run.dataset.schema.features]
    kept = columns
    if len(columns) > MOST_COLUMNS:
        few = np.sort(rng.choice(rows, min(SCREENING_ROWS, len(rows)), replace=False))
        order = rng.permutation(len(few))
        moved = _movement(_openings(run, few), columns, order)
        most = falling(moved)[:SCREENED_TO]
        kept = [columns[place] for place in np.sort(most)]
    orders = [rng.permutation(len(rows)) for _ in range(REPEATS)]
    loss, added = _added_loss(run, rows, kept, orders)
    increases = _increases(run, rows, loss, added, rng)
    measured = [ColumnImportance(*pair) for pair in zip(kept, increases, strict=True)]
    order = falling(np.array([column.increase.value for column in measured]))
    measured = [measured[place] for place in order]
    return Importance(metric, tuple(measured), len(rows), REPEATS, len(columns) - len(kept))


def _some_judged(run: Run, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of judged rows, drawn at random where there are many."""
    tested = [judge.parts == Part.TEST for judge in first_repeat(run.judges)]
    rows = np.flatnonzero(np.any(tested, axis=0))
    classes = max(len(run.dataset.classes), 1)
    most = min(MOST_ROWS, max(MOST_LOGITS // classes, SCREENING_ROWS))
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


@dataclass(frozen=True)
class _Opening:
    """One judge's rung on all rows looked at; ``judged`` are the positions of those it judges."""

    opened: Opened
    judged: np.ndarray

    def shuffled(self, change: Change, order: np.ndarray) -> np.ndarray:
        """Return z of the judge's own rows when each has another row's value of a column."""
        return self.opened.total[self.judged] + change(self.judged, order[self.judged])


def _openings(run: Run, rows: np.ndarray) -> list[_Opening]:
    frame = run.dataset.frame[rows]
    openings = []
    for judge in first_repeat(run.judges):
        judged = np.flatnonzero(judge.parts[rows] == Part.TEST)
        if len(judged):
            design = judge.encoder.transform(frame)
            openings.append(_Opening(Opened.of(judge.rungs[run.fitted.used], design), judged))
    return openings


def _movement(
    openings: Sequence[_Opening], columns: Sequence[str], order: np.ndarray
) -> np.ndarray:
    """Return how far a shuffle of each column moves the logits: Σ of squares (c,).

    This uses the logits, not the loss, which on few rows is mostly chance.
    """
    moved = np.zeros(len(columns))
    for opening in openings:
        opened = opening.opened
        before = opened.logits(opened.total[opening.judged])
        for place, column in enumerate(columns):
            change = opened.change(column)
            if change is not None:
                after = opened.logits(opening.shuffled(change, order))
                moved[place] += np.square(after - before).sum()
    return moved


def _added_loss(
    run: Run, rows: np.ndarray, columns: Sequence[str], orders: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's loss (m,), and the mean loss added by shuffling each column (m, c)."""
    truth = run.dataset.truth
    loss, added = np.zeros(len(rows)), np.zeros((len(rows), len(columns)))
    for opening in _openings(run, rows):
        opened, judged = opening.opened, opening.judged

        def losses(
            total: np.ndarray, opened: Opened = opened, judged: np.ndarray = judged
        ) -> np.ndarray:
            prediction = opened.rung.prediction(opened.logits(total))
            return row_losses(truth.outcome(rows[judged], prediction))

        with threads_for(*opened.total.shape):
            loss[judged] = losses(opened.total[judged])
            for place, column in enumerate(columns):
                change = opened.change(column)
                if change is None:
                    continue
                for order in orders:
                    added[judged, place] += losses(opening.shuffled(change, order)) - loss[judged]
    return loss, added / len(orders)


def _increases(
    run: Run, rows: np.ndarray, loss: np.ndarray, added: np.ndarray, rng: np.random.Generator
) -> list[Interval]:
    truth = run.dataset.truth
    link = np.sqrt if METRICS[truth.metric].root else np.asarray
    weight = truth.weight[rows]

    def increase(weights: np.ndarray) -> np.ndarray:
        """Compute it from the means themselves: exactly 0 for a column that adds nothing."""
        total = weights.sum(axis=1, keepdims=True)
        before = weights @ loss[:, None] / total
        after = np.maximum(before + weights @ added / total, 0.0)
        return link(after) - link(before)

    values = increase(weight[None, :])[0]
    resamples = truth.resamples(Seen(rows, {}), rng)
    samples = np.concatenate([increase(counts * weight) for counts in resamples])
    return [interval(float(value), draws) for value, draws in zip(values, samples.T, strict=True)]
