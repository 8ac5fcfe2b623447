"""A random split that flatters: a quick model does far worse on later rows, or on new groups.

Every date, and every column that can stand for groups, is tried. The same rows are predicted by
models that learned from a random choice of other rows, and by models that learned only from earlier
rows, or only from other groups. Both learn from equally many rows, so that only the choice of rows
differs.

A column that orders the rows may help with later rows or mislead there, as a trend continues or
does not: the better of a model with the column and one without it counts. So no alarm is due to a
trend that continues, or to values that a smooth curve predicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from msgspec import structs

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.alarm import Alarm
from gradum.run.alarms.both_splits import BothSplits, QuickRows, by_group, by_time
from gradum.run.alarms.nearness import numbers
from gradum.run.alarms.quick_model import ridge_answers
from gradum.run.alarms.split_columns import groups, orders
from gradum.run.dataset import Dataset
from gradum.run.split_check import SplitCheck, SplitTrial, Way
from gradum.scores.metrics import METRICS, Metric, row_losses, score
from gradum.scores.outcome import Outcome

MOST_ROWS = 2_500
WINDOW = 3  # times `MOST_ROWS`: the latest rows, from which an ordering column's are drawn
FEWEST_ROWS = 60
CHANCE = 0.003
"""The chance of a false alarm in a table, over all its columns, by Student's t.

The t test does not see the errors of the models, which the bundles share: under 1% of clean tables,
some of them underfitted, raise an alarm (`python -m benchmarks leaks`).
"""
GUESSED_AUC, GUESSED_LOSS = 0.525, 0.95
LEAST_RATIO = 1.05  # of the losses: a smaller one is not worth mentioning
MOST_TRIALS = 2  # of columns that order, and of columns that group
MOST_GROUPINGS = 8  # columns whose groups are examined for agreeing errors, names before numbers
STANDS_OUT = 2.0  # standard errors of agreement within groups, below which the column is not tried


def checked_split(dataset: Dataset, metric: str, *, seed: int) -> SplitCheck:
    """Try every column that can order or group the rows, if they are divided at random.

    A trial's figures are in the ``metric`` that compares the run's models.
    """
    if dataset.groups is not None or dataset.time is not None:
        return SplitCheck(asked=True)
    if dataset.own_rows < len(dataset):
        return SplitCheck(unchecked=say("The rows that judged are those of a test file."))
    if len(dataset) < FEWEST_ROWS:
        return SplitCheck(unchecked=say("There are too few rows to try another split."))
    check = _tried(dataset, METRICS[metric], stream(seed, "alarms", "other split"))
    if check.shown:
        return check
    if not check.looked_at:
        why = say("No column tells how rows follow one another or belong together.")
        return structs.replace(check, unchecked=why)
    if dataset.drawn_from is not None:
        why = say(
            "The table is read in blocks, so only a sample of it was tried, which may break up "
            "groups."
        )
        return structs.replace(check, unchecked=why)
    return check


def split_alarms(check: SplitCheck) -> tuple[Alarm, ...]:
    """Return an alarm for each column of groups that shows that the split flatters, and for time.

    Several columns that tell the time say the same, and --time takes one of them.
    """
    first = next((trial for trial in check.shown if trial.by == "time"), None)
    return tuple(
        Alarm("random split", trial.sentence, (trial.column,), trial.brief, trial.option)
        for trial in check.shown
        if trial.by != "time" or trial is first
    )


def _tried(dataset: Dataset, metric: Metric, rng: np.random.Generator) -> SplitCheck:
    """Try the columns that can order rows, and those in whose groups errors agree."""
    frame, features = dataset.frame, dataset.schema.features
    ordering = [column for column in features if orders(frame[column.name], column)]
    grouping = [
        column
        for column in features
        if column not in ordering and groups(frame[column.name], column)
    ]
    grouping = sorted(grouping, key=lambda column: not column.traits.names_groups)[:MOST_GROUPINGS]
    looked_at = tuple(column.name for column in (*ordering[:MOST_TRIALS], *grouping))
    trials = []
    for column in ordering[:MOST_TRIALS]:
        rows = _latest(frame[column.name], rng)
        time = numbers(frame[column.name][rows])
        compared = by_time(QuickRows.of(dataset, rows), column.name, time, rng)
        trials += _trial(column.name, "time", compared, metric, len(looked_at), rng)
    agreeing = _grouped(dataset, [column.name for column in grouping], rng)
    for grouped in agreeing[:MOST_TRIALS]:
        if grouped.agreement > STANDS_OUT:
            compared = by_group(grouped.rows, grouped.name, grouped.code, rng)
            trials += _trial(grouped.name, "group", compared, metric, len(looked_at), rng)
    trials.sort(key=lambda trial: (not trial.shown, trial.p_value))
    return SplitCheck(tuple(trials), looked_at)


def _trial(
    column: str,
    by: Way,
    compared: BothSplits | None,
    metric: Metric,
    looked_at: int,
    rng: np.random.Generator,
) -> tuple[SplitTrial, ...]:
    """Return what a comparison shows; nothing if there was none.

    It is shown if the losses are greater beyond chance, and an interval tells both scores apart.
    """
    if compared is None:
        return ()
    ratio, p_value = compared.ratio
    at_random, divided = (score(outcome)[metric.name] for outcome in compared.outcomes)
    if not np.isfinite([at_random, divided, p_value]).all():  # such as the AUC of a single class
        return ()
    trial = SplitTrial(column, by, metric.name, at_random, divided, p_value, shown=False)
    if ratio <= LEAST_RATIO or p_value >= CHANCE / looked_at or not trial.differs:
        return (trial,)
    difference = compared.difference(metric.name, rng)
    worse = difference.high < 0 if metric.greater_is_better else difference.low > 0
    useless = _is_a_guess(compared.outcomes[1])
    return (structs.replace(trial, shown=worse, useless=useless),)


def _is_a_guess(outcome: Outcome) -> bool:
    """Whether predictions are hardly better than one constant: by a twentieth of what can be."""
    if outcome.classes:
        return bool(score(outcome)["auc"] <= GUESSED_AUC)
    weights, target = outcome.weights, outcome.target
    constant = (
        np.average(target, weights=weights)
        if outcome.cost is None
        else outcome.cost.constant(target, weights)
    )
    guess = replace(outcome, prediction=np.full(len(target), constant))
    left, whole = (float(weights @ row_losses(each)) for each in (outcome, guess))
    return left >= GUESSED_LOSS * whole


def _latest(values: pl.Series, rng: np.random.Generator) -> np.ndarray:
    """Return the last rows in time, or a sample of them, in their order."""
    time = numbers(values)
    rows = np.flatnonzero(~np.isnan(time))
    rows = rows[np.argsort(time[rows], kind="stable")][-WINDOW * MOST_ROWS :]
    if len(rows) > MOST_ROWS:
        rows = rows[np.sort(rng.choice(len(rows), MOST_ROWS, replace=False))]
    return rows


@dataclass(frozen=True)
class _Grouped:
    """Whole groups of rows by a column, numbered from 0, and how much the errors in them agree.

    ``agreement`` is the sum of the products of the errors of two rows of a group, in units of its
    standard error; the errors are those of a ridge regression that does not know the column.
    """

    name: str
    rows: QuickRows
    code: np.ndarray
    agreement: float


def _grouped(dataset: Dataset, names: Sequence[str], rng: np.random.Generator) -> list[_Grouped]:
    """Return the groups of each column, by falling agreement; all columns share one encoding."""
    if not names:
        return []
    of_columns = [_whole_groups(dataset.frame[name], rng) for name in names]
    encoded = np.unique(np.concatenate([places for places, _ in of_columns]))
    all_rows = QuickRows.of(dataset, encoded)
    found = []
    for name, (places, code) in zip(names, of_columns, strict=True):
        rows = all_rows.take(np.searchsorted(encoded, places))
        straight = rows.columns.without(name).straight.values
        said = ridge_answers(straight, rows.target, np.ones(len(places), bool))
        found.append(_Grouped(name, rows, code, _agreement(rows.target - said, code)))
    return sorted(found, key=lambda grouped: -grouped.agreement)


def _whole_groups(values: pl.Series, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw groups of at most `MOST_ROWS` rows in all; return the rows' places and group codes."""
    known = np.flatnonzero(values.is_not_null().to_numpy())
    code = values[known].rank("dense").to_numpy().astype(np.intp) - 1
    sizes = np.bincount(code)
    order = rng.permutation(len(sizes))
    kept = order[np.cumsum(sizes[order]) <= max(MOST_ROWS, sizes[order[0]])]
    drawn = np.isin(code, kept)
    _, code = np.unique(code[drawn], return_inverse=True)
    return known[drawn], code


def _agreement(errors: np.ndarray, code: np.ndarray) -> float:
    """Return Σ eᵢ eⱼ over the pairs of rows in a group, in units of its standard error."""
    total, squares = (
        np.stack([np.bincount(code, column) for column in values.T], axis=1)
        for values in (errors, errors**2)
    )
    products = (total**2 - squares).sum(axis=1)
    size = float(np.sqrt((products**2).sum()))
    return float(products.sum()) / size if size > 0 else 0.0
