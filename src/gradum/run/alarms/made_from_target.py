"""Columns that were made from the target, or that the target was made from.

The target may be a sum of columns: then least squares explains all of it. It may be the product of
two, or their quotient. And a column may hold the mean of the target over the rows of each level of
another (its encoding): then the mean of the target over the rows with a value v of the column is v
itself; if it was drawn towards the mean p of all rows by m rows, v (n + m) = n mean + m p for each
value of n rows. The mean may leave out the row itself: then n and the mean are those of the other
rows of its level, whose target follows from both. As the rows that judge are in such means, scores
flatter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from gradum.messages import listed, say
from gradum.run.alarm import Alarm
from gradum.run.dataset import Dataset
from gradum.run.judging.judgement import Judgement
from gradum.scores.figures import figure

MOST_ROWS, MOST_COLUMNS = 5_000, 200
ROWS_PER_COLUMN = 3
ROUNDING = 1e-6  # of the target's variance: what its decimals may leave unexplained
LEAST_PART = 1e-3  # of the target's deviation: a column that adds less has no part in the sum
MOST_NAMED = 8
MOST_FACTORS, FIRST_ROWS = 60, 50  # columns that are paired, and rows on which every pair is tried
PERFECT = 0.999
FEWEST_VALUES = 5
EQUAL_MEANS = 1e-4  # of the target's deviation
NEARLY_ALL = 0.95  # of the values


def made_from_target(dataset: Dataset) -> tuple[Alarm, ...]:
    """Return alarms of a target that is a sum of columns, and of columns that encode the target."""
    return (*_sums(dataset), *_products(dataset), *_encodings(dataset))


def _names_of_numbers(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.schema.features if column.traits.is_quantity]


def _sums(dataset: Dataset) -> Iterator[Alarm]:
    """Yield an alarm if a sum of several columns is the target, in every row that has them all."""
    names = _names_of_numbers(dataset)
    if dataset.classes or not 2 <= len(names) <= MOST_COLUMNS:
        return
    columns = [dataset.frame[name][:MOST_ROWS].to_numpy() for name in names]
    rows = np.column_stack([*columns, dataset.target[:MOST_ROWS]]).astype(np.float64)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) < ROWS_PER_COLUMN * (len(names) + 1):
        return
    centred = rows - rows.mean(axis=0)
    deviation = centred.std(axis=0)
    scaled = centred / np.where(deviation > 0, deviation, 1.0)
    weight, *_ = np.linalg.lstsq(scaled[:, :-1], scaled[:, -1], rcond=None)
    left = scaled[:, -1] - scaled[:, :-1] @ weight
    named = [n for n, w in zip(names, weight, strict=True) if abs(w) > LEAST_PART]
    if np.mean(left**2) > ROUNDING or not 2 <= len(named) <= MOST_NAMED:
        return
    target = dataset.schema.learned_target
    options = " ".join(f"--drop {name!r}" for name in named)
    sentence = say(
        "{target!r} is a weighted sum of {columns} in every row. That is a leak unless all of them "
        "are known before {target!r} is; leave out those that are not, with {options}. If all are, "
        "no model is needed.",
        target=target.name,
        columns=listed([repr(name) for name in named], "and"),
        options=options,
    )
    brief = say("{target!r} is a sum of columns; were they known before?", target=target.name)
    yield Alarm("leak", sentence, tuple(named), brief, options)


def _products(dataset: Dataset) -> Iterator[Alarm]:
    """Yield an alarm if the target is a multiple of a product or quotient of two columns."""
    names = _names_of_numbers(dataset)[:MOST_FACTORS]
    if dataset.classes or len(names) < 2:
        return
    target, y = dataset.schema.learned_target, dataset.target[:MOST_ROWS]
    columns = {name: dataset.frame[name][: len(y)].to_numpy().astype(float) for name in names}
    for one, other in permutations(names, 2):
        for divides in (False, True) if one < other else (True,):
            if not _is_multiple(columns[one], columns[other], y, divides=divides):
                continue
            options = " ".join(f"--drop {name!r}" for name in (one, other))
            values = {"target": target.name, "one": one, "other": other, "options": options}
            found = (
                say("{target!r} is a multiple of {one!r} divided by {other!r}", **values)
                if divides
                else say("{target!r} is a multiple of {one!r} times {other!r}", **values)
            )
            sentence = say(
                "{found} in every row. That is a leak unless both are known before {target!r} is; "
                "leave out what is not, with {options}. If both are, no model is needed.",
                found=found,
                **values,
            )
            brief = say("{found}; were both known before?", found=found)
            yield Alarm("leak", sentence, (one, other), brief, options)
            return


def _is_multiple(one: np.ndarray, other: np.ndarray, y: np.ndarray, *, divides: bool) -> bool:
    """Whether y (n,) is one number times a product, or a quotient, in every row that has both."""
    for rows in (slice(FIRST_ROWS), slice(None)):
        with np.errstate(all="ignore"):
            made = one[rows] / other[rows] if divides else one[rows] * other[rows]
        known = np.isfinite(made)
        made, wanted = made[known], y[rows][known]
        size = float(made @ made)
        if len(made) < FEWEST_VALUES or not 0 < size < np.inf:
            return False
        left = wanted - made * float(made @ wanted) / size
        if np.mean(left**2) > ROUNDING * wanted.var():
            return False
    # A column that does not vary is no factor.
    return bool(min(np.nanstd(one), np.nanstd(other)) > 0)


def _encodings(dataset: Dataset) -> Iterator[Alarm]:
    """Yield an alarm for each column of means of the target over groups of the rows."""
    target = dataset.schema.learned_target
    numbers, classes = dataset.target[: dataset.own_rows], range(len(dataset.classes))
    wanted = [(numbers == k).astype(float) for k in classes] if classes else [numbers]
    others = [means for each in wanted for means in _means_of_others(dataset, each)]
    for name in _names_of_numbers(dataset):
        values = dataset.frame[name][: dataset.own_rows].to_numpy().astype(np.float64)
        known = np.isfinite(values)
        found, place, count = np.unique(values[known], return_inverse=True, return_counts=True)
        if len(found) < FEWEST_VALUES:
            continue
        repeats = len(found) <= len(place) / 2
        of_own = repeats and any(_are_means(found, place, count, each[known]) for each in wanted)
        if not of_own and not any(means.are(values) for means in others):
            continue
        option = f"--drop {name!r}"
        sentence = say(
            "Column {column!r} holds means of {target!r} over groups of these rows, those that "
            "judge among them: scores are too good. Leave it out with {option}; a category is "
            "encoded by the fit itself, without its own row.",
            column=name,
            target=target.name,
            option=option,
        )
        brief = say("{column!r} was made from {target!r}", column=name, target=target.name)
        yield Alarm("leak", sentence, (name,), brief, option)


def _are_means(found: np.ndarray, place: np.ndarray, count: np.ndarray, target: np.ndarray) -> bool:
    """Whether values of a column (v,) are means of the target (n,) over the rows of each.

    ``place`` (n,) is the value of each row, and ``count`` (v,) how many rows have one.
    """
    deviation = float(target.std())
    mean = np.bincount(place, target) / count
    square = np.bincount(place, target**2) / count - mean**2
    if (square > EQUAL_MEANS * deviation**2).mean() < 0.5:  # the column is the target itself
        return False
    return _agree(found, count, mean, target)


@dataclass(frozen=True)
class _MeansOfOthers:
    """Means of the target over the other rows of a row's level, for some rows (m,)."""

    rows: np.ndarray
    mean: np.ndarray
    count: np.ndarray
    """How many other rows there are."""
    target: np.ndarray
    """Of all rows (n,)."""

    def are(self, values: np.ndarray) -> bool:
        """Whether a column (n,) holds these means."""
        found = values[self.rows]
        known = np.isfinite(found)
        return bool(known.mean() > 0.5) and _agree(
            found[known], self.count[known], self.mean[known], self.target
        )


def _means_of_others(dataset: Dataset, target: np.ndarray) -> Iterator[_MeansOfOthers]:
    """Yield the means of a target (n,) for each column whose levels repeat."""
    rows = dataset.own_rows
    for column in dataset.schema.features:
        if not column.traits.names_groups:
            continue
        ranks = dataset.frame[column.name][:rows].rank("dense").fill_null(0).to_numpy()
        code = ranks.astype(np.intp)
        count = np.bincount(code)[code] - 1
        some = np.flatnonzero(count > 0)[:MOST_ROWS]
        if not FEWEST_VALUES <= code.max(initial=0) <= rows / 2 or len(some) < FEWEST_VALUES:
            continue
        total = np.bincount(code, target)[code[some]]
        yield _MeansOfOthers(some, (total - target[some]) / count[some], count[some], target)


def _agree(found: np.ndarray, count: np.ndarray, mean: np.ndarray, target: np.ndarray) -> bool:
    """Whether values (v,) are means of so many rows each, all drawn to the mean of the target."""
    deviation = float(target.std())
    towards, moved = target.mean() - found, count * (found - mean)
    size = float(towards @ towards)
    drawn = max(float(towards @ moved) / size, 0.0) if size > 0 else 0.0
    off = np.abs(moved - drawn * towards) / (count + drawn)
    off -= np.finfo(np.float32).eps * np.abs(found)
    return bool((off <= EQUAL_MEANS * deviation).mean() >= NEARLY_ALL)


def perfect_fit(dataset: Dataset, judgement: Judgement) -> tuple[Alarm, ...]:
    """Return an alarm if the model in use is too good to be believed, and nothing says why."""
    scores = judgement.scores[judgement.verdict.used]["test"]
    known = any(alarm.kind == "leak" for alarm in judgement.alarms)
    if dataset.history is not None or known or "r2" not in scores or scores["r2"].value <= PERFECT:
        return ()
    sentence = say(
        "{share}% of the variance of the judged rows is explained, which measured values hardly "
        "allow: see whether a column was computed from the target, or the target from columns.",
        share=figure(100 * scores["r2"].value, digits=5),
    )
    return (
        Alarm(
            "leak", sentence, (), say("The scores are almost perfect; is the target in a column?")
        ),
    )
