"""Identifiers among the features: they name or number rows, and say nothing about new ones."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import chdtrc

from gradum.messages import say
from gradum.run.alarm import Alarm
from gradum.run.dataset import Dataset
from gradum.tables.kinds.values import FEWEST_ROWS_TO_COUNT, Values
from gradum.tables.wording import number

ALL = 0.98
SPARSE = 1.1
# A counter may begin anywhere and leave gaps. Among n whole numbers drawn from a range of R, n² /
# 2R pairs are expected to be equal.
SPARSE_ANYWHERE, LEAST_COINCIDENCES = 2.5, 10.0
# Years, spreadsheet days and seconds since 1970 are consecutive as well.
TIMES = ((1_000, 2_200), (20_000, 75_000), (1_000_000_000, 2_200_000_000))
CHANCE = 1e-4


def identifiers(dataset: Dataset) -> tuple[Alarm, ...]:
    """Return an alarm for each feature that numbers the rows, or whose levels hardly ever recur."""
    rows = int(dataset.numbers[: dataset.own_rows].max()) + 1
    alarms = []
    for column in dataset.schema.features:
        given = dataset.frame[column.name].head(dataset.own_rows)
        values = given.drop_nulls()
        name, count, distinct = column.name, len(values), values.n_unique()
        if count < FEWEST_ROWS_TO_COUNT or distinct < ALL * count:
            continue
        if column.traits.names_groups:
            sentence = say(
                "{column!r} has {distinct:,} levels in {rows:,} rows, so few will come again: "
                "leave it out with --drop {column!r}.",
                column=name,
                distinct=distinct,
                rows=count,
            )
            brief = say("Hardly any level of {column!r} will occur again", column=name)
        elif column.traits.is_quantity and (
            _counts(values, rows) or Values(name, values).numbers_rows
        ):
            sentence = _numbering(dataset, given)
            brief = say("{column!r} seems to number the rows", column=name)
        else:
            continue
        alarms.append(Alarm("identifier", sentence, (name,), brief, f"--drop {name!r}"))
    return tuple(alarms)


def _numbering(dataset: Dataset, given: pl.Series) -> str:
    """Return what to do about a column that numbers the rows."""
    low, high = (number(float(end)) for end in (given.min(), given.max()))  # type: ignore
    values = {"column": given.name, "distinct": given.drop_nulls().n_unique()}
    if not _goes_with_target(dataset, given):
        return say(
            "{column!r} seems to number the rows, with {distinct:,} different whole numbers from "
            "{low} to {high}: leave it out with --drop {column!r}, or order the rows by it with "
            "--time {column!r}.",
            low=low,
            high=high,
            **values,
        )
    return say(
        "{column!r} seems to number the rows, or to rank them, with {distinct:,} different whole "
        "numbers from {low} to {high}, and goes with {target!r}: keep it if it is a ranking that "
        "new rows have as well; if not, leave it out with --drop {column!r}, or order the rows by "
        "it with --time {column!r}.",
        low=low,
        high=high,
        target=dataset.schema.learned_target.name,
        **values,
    )


def _counts(values: pl.Series, rows: int) -> bool:
    """Whether nearly all distinct whole numbers are as close together as those of a counter.

    Between 0 and the number of rows, they leave few gaps. Elsewhere they leave more, but they are
    not times, and they are so close together that, drawn at random, some would be equal. Sorted
    measurements and amounts leave more gaps still.
    """
    low, high = (float(end) for end in (values.min(), values.max()))  # type: ignore[arg-type]
    if low < 0 or not (values == values.floor()).all():
        return False
    span = high - low + 1
    return high <= SPARSE * rows or (
        span <= SPARSE_ANYWHERE * rows
        and len(values) ** 2 >= 2 * LEAST_COINCIDENCES * span
        and not any(first <= low and high <= last for first, last in TIMES)
    )


def _goes_with_target(dataset: Dataset, given: pl.Series) -> bool:
    """Whether a column's ranks depend on the target; the ranks of shuffled rows do not.

    Under independence, Kruskal and Wallis's statistic is χ² with classes - 1 degrees of freedom,
    and Spearman's ρ² (n - 1) with one.
    """
    known = given.is_not_null().to_numpy()
    target = dataset.target[: dataset.own_rows][known]
    place = given.drop_nulls().rank().to_numpy()
    count = len(place)
    if not dataset.classes:
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = np.corrcoef(place, pl.Series(target).rank().to_numpy())[0, 1]
        return bool(chdtrc(1, correlation**2 * (count - 1)) < CHANCE)
    rows = np.bincount(target)
    present = rows > 0
    mean = np.bincount(target, place)[present] / rows[present]
    statistic = 12 / (count * (count + 1)) * rows[present] @ (mean - (count + 1) / 2) ** 2
    return bool(chdtrc(max(np.count_nonzero(present) - 1, 1), statistic) < CHANCE)
