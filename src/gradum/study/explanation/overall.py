"""Global explanations: mean sizes of Shapley values over many rows, and their directions.

Shapes: n rows, d players, k answers, G batches of background rows.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl
from scipy.special import stdtrit

from gradum.margins import EQUAL, falling, first_greatest
from gradum.scores.interval import NORMAL_95, Interval
from gradum.study.explanation.explain import Explanations
from gradum.study.explanation.scale import Scale
from gradum.tables.wording import value_text

MOST_POINTS = 150  # of a column
MOST_LEVELS = 6
FEWEST_ROWS = 10  # of a correlation
FEWEST_ROWS_OF_LEVEL = 5
NOISE = 1e-6  # times the largest contribution; smaller differences are rounding

Tendency = Literal["rises", "falls", "neither"]

SIZE = {"size": pl.Float64, "low": pl.Float64, "high": pl.Float64}
"""The columns of a frame that hold a size; unknown bounds are null."""


class Direction(msgspec.Struct, frozen=True):
    """How a column's contribution varies with its value."""

    correlation: Interval
    """Spearman's rank correlation of value and φ over the rows that have a value."""
    tendency: Tendency
    """Whether the interval lies above 0, below 0, or around it."""


class LevelContribution(msgspec.Struct, frozen=True):
    """The mean contribution of one level of a column without order."""

    level: str
    """The level; "–" where it is missing."""
    rows: int
    contribution: Interval
    """The mean of φ over the rows with this level."""


class ColumnOverall(msgspec.Struct, frozen=True):
    """The effect of one column, or of several that count as one, over all rows."""

    column: str
    size: Interval
    """Mean |φ| over rows and answers; see `sizes.mean_sizes_before`."""
    direction: Direction | None = None
    """For numbers and dates. None for other columns, for columns that count as one, with fewer than
    `FEWEST_ROWS` rows, and where all values or all contributions are the same."""
    levels: tuple[LevelContribution, ...] = ()
    """For columns without order: the `MOST_LEVELS` commonest levels that have enough rows."""
    contributions: tuple[float, ...] = ()
    """φ of some rows, rising: of all rows up to `MOST_POINTS`, otherwise of a selection with the
    same distribution."""
    ranks: tuple[float | None, ...] = ()
    """For each of these, the share of rows whose value is smaller, with ties counted half; None for
    a value that is missing or has no order."""


class Overall(msgspec.Struct, frozen=True):
    """The effects of the columns over all explained rows."""

    scale: Scale
    """``target``, ``probability`` or ``log-odds``."""
    answer: str | None
    """The class or quantile that directions, levels and contributions refer to; None for a
    number."""
    answers: int
    """The number of answers that the sizes are averaged over."""
    rows: int
    background: int
    columns: tuple[ColumnOverall, ...]
    """By falling size."""

    @property
    def frame(self) -> pl.DataFrame:
        """One line per column: ``column``, ``size`` with ``low`` and ``high``, and ``direction``.

        ``direction`` is the tendency of `Direction`, null where there is none.
        """
        rows = [
            (column.column, *bounds_of(column.size), column.direction and column.direction.tendency)
            for column in self.columns
        ]
        schema = {"column": pl.String, **SIZE, "direction": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row")


def overall(found: Explanations, answer: int | None = None) -> Overall:
    """Summarise the explanations of n > 0 rows.

    Parameters
    ----------
    answer : int, optional
        The position of the answer that directions refer to. By default, this is the second of two
        classes, the likeliest on average of more classes, or the middle quantile.
    """
    values = np.stack([part.values for part in found.parts])
    sizes = mean_sizes_before(
        values,
        np.stack([part.error for part in found.parts]),
        np.stack([part.batches for part in found.parts]),
    )
    place = _default_answer(found) if answer is None else answer
    of_answer = values[:, :, place]
    errors = np.stack([part.background_error[:, place] for part in found.parts]).mean(axis=0)
    noise = NOISE * max(float(np.abs(of_answer).max()), np.finfo(float).tiny)
    columns = [
        _column(
            found.names[i],
            sizes[i],
            found.values[player[0]] if len(player) == 1 else None,
            of_answer[:, i],
            float(errors[i]),
            noise,
        )
        for i, player in enumerate(found.players)
    ]
    order = falling(np.array([size.value for size in sizes]))
    label = found.answers[place]
    return Overall(
        found.scale,
        None if label is None else str(label),
        len(found.answers),
        len(found.parts),
        found.background,
        tuple(columns[i] for i in order),
    )


def _default_answer(found: Explanations) -> int:
    answers = len(found.answers)
    if found.scale == "target":
        return answers // 2
    outputs = np.stack([part.output for part in found.parts]).mean(axis=0)
    return 1 if answers == 2 else int(first_greatest(outputs))


def _column(
    name: str,
    size: Interval,
    values: pl.Series | None,
    contributions: np.ndarray,
    error: float,
    noise: float,
) -> ColumnOverall:
    order = _thinned(contributions)
    points = tuple(contributions[order].tolist())
    if values is None:
        return ColumnOverall(name, size, None, (), points, (None,) * len(order))
    if not (values.dtype.is_numeric() or values.dtype.is_temporal()):
        levels = () if values.dtype.is_nested() else _levels(values, contributions, error)
        return ColumnOverall(name, size, None, levels, points, (None,) * len(order))
    ranks = _ranks(values)
    shown = tuple(None if np.isnan(rank) else float(rank) for rank in ranks[order])
    return ColumnOverall(
        name, size, _direction(ranks, np.round(contributions / noise)), (), points, shown
    )


def _ranks(values: pl.Series) -> np.ndarray:
    """Return the mid-ranks of values (n,) as shares between 0 and 1; NaN for missing values."""
    numbers = values.to_physical().cast(pl.Float64).to_numpy()  # NaN for a missing value
    known = ~np.isnan(numbers)
    ranks = np.full(len(values), np.nan)
    if known.any():
        ranks[known] = _mid_ranks(numbers[known])
    return ranks


def _mid_ranks(numbers: np.ndarray) -> np.ndarray:
    """Return, for each number, the share of smaller numbers plus half the share of its equals."""
    ordered = np.sort(numbers)
    less = np.searchsorted(ordered, numbers, "left")
    not_greater = np.searchsorted(ordered, numbers, "right")
    return (less + not_greater) / (2 * len(numbers))


def _direction(ranks: np.ndarray, contributions: np.ndarray) -> Direction | None:
    known = ~np.isnan(ranks)
    if known.sum() < FEWEST_ROWS:
        return None
    one, other = ranks[known], contributions[known]
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    correlation = rank_correlation(one, other)
    above, below = correlation.low > 0, correlation.high < 0
    return Direction(correlation, "rises" if above else "falls" if below else "neither")


def rank_correlation(one: np.ndarray, other: np.ndarray) -> Interval:
    """Return Spearman's r of pairs (n,), neither side constant, with its 95% interval.

    The interval is tanh(artanh r ± t s / (1 − r²)), with t Student's quantile and s the standard
    error that is valid under any dependence. With u and v the mid-ranks as shares,

        s² = var(h) / (n var(u) var(v)),
        h_i = u_i v_i + (1/n) (Σ_{u_j ≥ u_i} v_j + Σ_{v_j ≥ v_i} u_j),

    where terms of equals are halved. Source: W. Hoeffding, A class of statistics with
    asymptotically normal distribution, 1948, section 9.
    """
    n = len(one)
    u, v = _mid_ranks(one), _mid_ranks(other)
    scale = u.std() * v.std()
    r = float(np.clip(((u - u.mean()) * (v - v.mean())).mean() / scale, -1.0, 1.0))
    projected = u * v + (_sums_of_greater(u, v) + _sums_of_greater(v, u)) / n
    error = float(projected.std(ddof=1) / scale / np.sqrt(n))
    if 1 - abs(r) < EQUAL:
        return Interval(r, r, r, 0.0)
    half = _student_95(n) * error / (1 - r**2)
    low, high = np.tanh(np.arctanh(r) + half * np.array([-1.0, 1.0]))
    return Interval(r, float(low), float(high), error)


def _sums_of_greater(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return, for each key, the sum of values at greater keys plus half of those at equal keys."""
    order = np.argsort(keys, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(values[order])])
    left, right = (np.searchsorted(keys[order], keys, side) for side in ("left", "right"))
    return sums[-1] - (sums[left] + sums[right]) / 2


def _levels(
    values: pl.Series, contributions: np.ndarray, error: float
) -> tuple[LevelContribution, ...]:
    """Return the commonest levels, ties by name, with the mean contribution of their rows."""
    rows_of: dict[Any, list[int]] = {}
    for row, value in enumerate(values.to_list()):
        rows_of.setdefault(value, []).append(row)
    enough = [(value, rows) for value, rows in rows_of.items() if len(rows) >= FEWEST_ROWS_OF_LEVEL]
    commonest = sorted(enough, key=lambda pair: (-len(pair[1]), value_text(pair[0])))[:MOST_LEVELS]
    return tuple(
        LevelContribution(value_text(value), len(rows), _mean(contributions[rows], error))
        for value, rows in commonest
    )


def _mean(contributions: np.ndarray, error: float) -> Interval:
    rows = len(contributions)
    of_rows = float(contributions.std(ddof=1)) / np.sqrt(rows)
    half = np.hypot(_student_95(rows) * of_rows, NORMAL_95 * error)
    mean = float(contributions.mean())
    return Interval(mean, float(mean - half), float(mean + half), float(np.hypot(of_rows, error)))


def _thinned(contributions: np.ndarray) -> np.ndarray:
    """Return the positions of up to `MOST_POINTS` contributions, rising, at evenly spaced ranks."""
    order = np.argsort(contributions, kind="stable")
    if len(order) <= MOST_POINTS:
        return order
    return order[np.linspace(0, len(order) - 1, MOST_POINTS).round().astype(int)]


def bounds_of(size: Interval) -> tuple[float, float | None, float | None]:
    """Return a size in the columns of `SIZE`."""
    return (size.value, size.low, size.high) if size.known else (size.value, None, None)


def mean_sizes(values: np.ndarray, errors: np.ndarray) -> tuple[Interval, ...]:
    """Return the mean of |v| over rows and answers for each of d values, with its 95% interval.

    The half-width is √(t² s² / n + z² e²): s, the standard deviation over rows of their mean over
    the answers, and t, Student's quantile, account for other rows; e is the mean of the values' own
    standard errors. All rows meet the same background rows, so their errors may all have one sign,
    and their mean bounds their effect on the mean of |v|. The same bound covers the upward bias
    from noise, as a mean of sizes cannot be below 0.

    Parameters
    ----------
    values, errors : ndarray (n, d, k)
        Errors are NaN where they are unknown, as with one background row.

    Returns
    -------
    tuple of Interval
        Without bounds for a single row, or where errors are unknown.
    """
    by_row = np.abs(values).mean(axis=2)
    rows = len(by_row)
    mean, error = by_row.mean(axis=0), errors.mean(axis=(0, 2))
    if rows < 2:
        return tuple(Interval(float(value), np.nan, np.nan, np.nan) for value in mean)
    of_rows = by_row.std(axis=0, ddof=1) / np.sqrt(rows)
    half = np.hypot(_student_95(rows) * of_rows, NORMAL_95 * error)
    standard_error = np.hypot(of_rows, error)
    return tuple(
        Interval(float(value), max(float(value - width), 0.0), float(value + width), float(scatter))
        for value, width, scatter in zip(mean, half, standard_error, strict=True)
    )


def mean_sizes_before(
    values: np.ndarray, errors: np.ndarray, batches: np.ndarray
) -> tuple[Interval, ...]:
    """Return the mean of |v| over rows and answers, where all rows met the same background rows.

    There are d values; the 95% interval accounts for other rows and another background. With v_g
    the values against batch g alone, h_g = Σ sign(v) v_g / (n k) is, to first order, what the mean
    of |v| would be against that batch: values of both signs lose and gain by the same background,
    which a mean of their errors would not see. The half-width is √(t² s² + u² e²), with s and e the
    standard errors of the means over the rows and over the h_g, and t and u Student's quantiles. A
    value within two of its standard errors σ of 0 may be pure noise, which is √(2/π) σ in size; the
    lower end is reduced by the mean of these sizes. Source of batch means: B. Schmeiser, Batch size
    effects in the analysis of simulation output (Operations Research 30, 1982).

    Parameters
    ----------
    values, errors : ndarray (n, d, k)
    batches : ndarray (n, d, G, k)

    Returns
    -------
    tuple of Interval
        Without bounds for a single row or a single batch.
    """
    rows, count = len(values), batches.shape[2]
    by_row = np.abs(values).mean(axis=2)
    mean = by_row.mean(axis=0)
    if min(rows, count) < 2:
        return tuple(Interval(float(value), np.nan, np.nan, np.nan) for value in mean)
    of_batches = (np.sign(values)[:, :, None, :] * batches).mean(axis=(0, 3))
    of_rows = by_row.std(axis=0, ddof=1) / np.sqrt(rows)
    of_background = of_batches.std(axis=1, ddof=1) / np.sqrt(count)
    half = np.hypot(_student_95(rows) * of_rows, _student_95(count) * of_background)
    noise = np.sqrt(2 / np.pi) * np.nan_to_num(errors)
    added = np.where(np.abs(values) < 2 * errors, noise, 0.0).mean(axis=(0, 2))
    scatter = np.hypot(of_rows, of_background)
    ends = np.maximum(mean - half - added, 0.0), mean + half
    columns = (mean.tolist(), *(end.tolist() for end in ends), scatter.tolist())
    return tuple(Interval(*each) for each in zip(*columns, strict=True))


def _student_95(rows: int) -> float:
    """Return Student's 0.975 quantile for a mean over this many rows."""
    return float(stdtrit(rows - 1, 0.975))
