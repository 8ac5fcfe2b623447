"""Splits of the rows into training, validation, calibration and test.

A part array holds one `Part` per row (int8); -1 marks a row that has none. Rows are drawn within
classes, or by whole groups, or in the order of time: the past trains, the future tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum

import numpy as np
import polars as pl

from gradum.errors import ShapeError, SpecError
from gradum.messages import say, say_plural
from gradum.tables.wording import row_count, rows_of, rows_text

UNUSED = -1
ROWS_FOR_EVERY_PART = 5
BLOCK_ROWS = 65_536  # hashed or compared at a time


class Part(IntEnum):
    """The part of the rows that a row is in."""

    TRAIN = 0
    VALIDATION = 1
    CALIBRATION = 2
    TEST = 3


def hold_out(
    rows: int,
    *,
    labels: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    time: np.ndarray | None = None,
    until: np.ndarray | None = None,
    test: float = 0.2,
    validation: float = 0.2,
    rng: np.random.Generator,
) -> np.ndarray:
    """Divide n rows into training, validation and test rows.

    - With ``labels``, every class has its share of each part, less than one row from exact;
      with priority over that, every class has training rows, and a class of 5 rows or more is in
      every part.
    - With ``groups``, a group is in one part only; sizes and class shares are as near as
      whole groups allow.
    - With ``time``, validation follows training and test follows validation; rows of one time
      are in one part.

    Parameters
    ----------
    rows : int
        n.
    labels : ndarray of shape (n,), optional
        Class codes.
    groups : ndarray of shape (n,), optional
        Group codes.
    time : ndarray of shape (n,), optional
        Sortable times; labels are then ignored.
    until : ndarray of shape (n,), optional
        With ``time``, when the outcome of each row is known. A row whose outcome is not known
        before the first time of the test is in no part (-1), since nobody could learn from it.
    test : float
        Share of the rows; 0 for no such part.
    validation : float
        Share of the rows that remain; 0 for no such part.
    rng : numpy.random.Generator
        Decides which rows; not used with ``time``.

    Returns
    -------
    ndarray of shape (n,)
        int8 parts.

    Raises
    ------
    SpecError
        A share is not in [0, 1), both groups and time are given, a time is missing, or there are
        too few rows, groups or distinct times for the parts.
    """
    _check(rows, labels=labels, groups=groups, time=time)
    if not 0 <= test < 1:
        raise _no_share(say("The test share is {share}.", share=test))
    if not 0 <= validation < 1:
        raise _no_share(say("The validation share is {share}.", share=validation))
    shares = {Part.TRAIN: (1 - test) * (1 - validation)}
    shares |= {Part.VALIDATION: (1 - test) * validation} if validation else {}
    shares |= {Part.TEST: test} if test else {}
    if rows < len(shares):
        raise _too_few_rows(rows, len(shares))
    if time is not None:
        _, moment, sizes = np.unique(time, return_inverse=True, return_counts=True)
        if until is not None and test:
            return _known_before_test(time, until, test, validation, rng)
        of_moment = _in_order(sizes, list(shares.values()), _too_few_times)
        return np.array(list(shares), np.int8)[of_moment[moment]]
    if groups is not None:
        _, group = np.unique(groups, return_inverse=True)
        of_group = _balanced(group, labels, list(shares.values()), rng)
        return np.array(list(shares), np.int8)[of_group[group]]
    return _by_class(rows, labels, test, validation, rng)


def folds(
    rows: int,
    k: int,
    *,
    repeats: int = 1,
    labels: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    time: np.ndarray | None = None,
    until: np.ndarray | None = None,
    validation: float = 0.2,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Divide n rows k ways, so that each row tests once in every repeat.

    Rows outside the test fold are divided into training and validation as in `hold_out`. With
    ``time``, the rows are cut into k + 1 stretches: fold f tests on stretch f + 1, trains on all
    that come before it, and leaves those after it unused (-1). So the first stretch never tests,
    and there is only one repeat, as nothing is drawn.

    Parameters
    ----------
    rows : int
        n.
    k : int
        Number of folds, at least 2.
    repeats : int
        How often the folds are drawn anew.
    labels, groups, time, until, validation, rng
        As in `hold_out`.

    Returns
    -------
    list of ndarray of shape (n,)
        One int8 part array for each repeat and fold.

    Raises
    ------
    SpecError
        As in `hold_out`; or k is below 2, or more than the rows, groups or times allow.
    """
    _check(rows, labels=labels, groups=groups, time=time)
    if k < 2:
        raise SpecError(
            "Cross-validation in {k} folds is not possible.", "Use 2 folds or more.", k=k
        )
    if rows < k:
        raise _too_few_rows(rows, k)
    if time is not None:
        _, moment, sizes = np.unique(time, return_inverse=True, return_counts=True)
        stretch = _in_order(sizes, [1 / (k + 1)] * (k + 1), _too_few_times)[moment]
        drawn = [(stretch == fold, stretch < fold) for fold in range(1, k + 1)]
        if until is not None:
            drawn = [(test, rest & (until < time[test].min())) for test, rest in drawn]
    else:
        numbers = [_fold_numbers(rows, k, labels, groups, rng) for _ in range(repeats)]
        drawn = [(number == fold, number != fold) for number in numbers for fold in range(k)]
    return [
        _fold(tested, np.flatnonzero(rest), labels, groups, time, validation, rng)
        for tested, rest in drawn
    ]


def _known_before_test(
    time: np.ndarray, until: np.ndarray, test: float, validation: float, rng: np.random.Generator
) -> np.ndarray:
    """Divide rows in order of time, those that judge first; see ``until`` of `hold_out`."""
    parts = hold_out(len(time), time=time, test=test, validation=0.0, rng=rng)
    begins = time[parts == Part.TEST].min()
    known = (parts != Part.TEST) & (until < begins)
    parts[(parts != Part.TEST) & ~known] = UNUSED
    parts[known] = hold_out(
        int(known.sum()), time=time[known], test=0.0, validation=validation, rng=rng
    )
    return parts


def straddling_duplicates(frame: pl.DataFrame, parts: np.ndarray) -> int:
    """Count the test rows that equal, in every column, a row of another part.

    Missing equals missing, and not-a-number equals not-a-number; unused rows do not count.
    """
    tested = np.flatnonzero(parts == Part.TEST)
    others = np.flatnonzero((parts != Part.TEST) & (parts != UNUSED))
    if not frame.width or not len(tested) or not len(others):
        return 0
    # A join of all rows would copy the table twice; few rows share the hash of another.
    hashes = np.empty(len(frame), np.uint64)
    for start in range(0, len(frame), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        hashes[part] = frame[part].hash_rows().to_numpy()
    known, first = np.unique(hashes[others], return_index=True)
    place = np.minimum(np.searchsorted(known, hashes[tested]), len(known) - 1)
    alike = known[place] == hashes[tested]
    tested, twins = tested[alike], others[first[place[alike]]]
    equal = _equal_rows(frame, tested, twins)
    chance = tested[~equal]  # rows that share a hash with a row that they do not equal
    if not len(chance):
        return len(tested)
    rest = frame[others[np.isin(hashes[others], hashes[chance])]]
    repeated = frame[chance].join(rest, on=frame.columns, how="semi", nulls_equal=True)
    return int(np.count_nonzero(equal)) + repeated.height


def _equal_rows(frame: pl.DataFrame, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return where the rows at two lists of positions (m,) are equal in every column, [m]."""
    equal = np.ones(len(first), bool)
    for start in range(0, len(first), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        one, other = frame[first[part]], frame[second[part]]
        for name in frame.columns:
            equal[part] &= one[name].eq_missing(other[name]).to_numpy()
    return equal


def _fold(
    tested: np.ndarray,
    rest: np.ndarray,
    labels: np.ndarray | None,
    groups: np.ndarray | None,
    time: np.ndarray | None,
    validation: float,
    rng: np.random.Generator,
) -> np.ndarray:
    parts = np.full(len(tested), UNUSED, np.int8)
    parts[tested] = Part.TEST
    parts[rest] = hold_out(
        len(rest),
        labels=None if labels is None else labels[rest],
        groups=None if groups is None else groups[rest],
        time=None if time is None else time[rest],
        test=0.0,
        validation=validation,
        rng=rng,
    )
    return parts


def _fold_numbers(
    rows: int,
    k: int,
    labels: np.ndarray | None,
    groups: np.ndarray | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """Deal the rows out to the folds like cards, class by class; returns each row's fold."""
    if groups is not None:
        _, group = np.unique(groups, return_inverse=True)
        return _balanced(group, labels, [1 / k] * k, rng)[group]
    number = np.empty(rows, np.intp)
    number[_shuffled(rows, labels, rng)] = np.arange(rows) % k
    return number


def _by_class(
    rows: int, labels: np.ndarray | None, test: float, validation: float, rng: np.random.Generator
) -> np.ndarray:
    labels = np.zeros(rows, np.int8) if labels is None else labels
    _, label, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    large = (sizes >= ROWS_FOR_EVERY_PART) | (len(sizes) == 1)
    tested = _allot(sizes, test, large, left=2 if validation else 1)
    validated = _allot(sizes - tested, validation, large, left=1)
    known = {"rows": row_count(rows), "classes": len(sizes)}
    if test and not tested.any():
        raise SpecError(
            say("No row is left for test: {rows} in {classes} classes.", **known),
            say("Give more rows, or a test share of 0."),
        )
    if validation and not validated.any():
        raise SpecError(
            say("No row is left for validation: {rows} in {classes} classes.", **known),
            say("Give more rows, or a validation share of 0."),
        )
    order = _shuffled(rows, label, rng)
    place = np.arange(rows) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    cut = np.repeat(tested, sizes)
    parts = np.empty(rows, np.int8)
    parts[order] = np.select(
        [place < cut, place < cut + np.repeat(validated, sizes)],
        [Part.TEST, Part.VALIDATION],
        Part.TRAIN,
    )
    return parts


def _allot(rows: np.ndarray, share: float, large: np.ndarray, *, left: int) -> np.ndarray:
    """Take a share of each class by largest remainders, less than one row from exact.

    A large class gives at least one row and keeps at least ``left``; a small one keeps at least
    one.
    """
    if not share:
        return np.zeros_like(rows)
    quota = share * rows
    least = np.where(large, np.maximum(np.floor(quota), 1), np.floor(quota))
    most = np.minimum(np.ceil(quota), rows - np.where(large, left, 1)).astype(np.intp)
    taken = np.minimum(least, most).astype(np.intp)
    wanting = max(1, round(share * rows.sum())) - taken.sum()
    by_remainder = np.argsort(taken - quota, kind="stable")
    by_remainder = by_remainder[(taken < most)[by_remainder]]
    taken[by_remainder[: max(wanting, 0)]] += 1
    return taken


def _shuffled(rows: int, labels: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Order the rows by class, at random within a class."""
    order = rng.permutation(rows)
    return order if labels is None else order[np.argsort(labels[order], kind="stable")]


def _in_order(
    sizes: np.ndarray, shares: Sequence[float], too_few: Callable[[int, int], SpecError]
) -> np.ndarray:
    """Cut m items of the given sizes, in order, into parts as near to the shares as possible.

    Each part gets at least one item. Returns the part number of each item.
    """
    items, parts = len(sizes), len(shares)
    if items < parts:
        raise too_few(items, parts)
    ends = np.cumsum(sizes)
    number = np.zeros(items, np.intp)
    cut = 0
    for part, wanted in enumerate(np.cumsum(shares)[:-1] * ends[-1], 1):
        # The next part starts after the item whose end is nearest; one item is left for each part.
        candidates = ends[cut : items - (parts - part)]
        cut += 1 + int(np.abs(candidates - wanted).argmin())
        number[cut:] = part
    return number


def _balanced(
    group: np.ndarray, labels: np.ndarray | None, shares: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Give each group a part number, so that parts come near their shares of every class.

    Groups are placed from the largest down, each in the part where it lowers Σ (rows of the class
    in the part − wanted)² / wanted the most.
    """
    groups = int(group.max(initial=-1)) + 1
    if groups < len(shares):
        raise _too_few_groups(groups, len(shares))
    labels = np.zeros(len(group), np.int8) if labels is None else labels
    _, label, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    pairs, counts = np.unique(group * len(sizes) + label, return_counts=True)
    held: list[list[tuple[int, int]]] = [[] for _ in range(groups)]
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        held[pair // len(sizes)].append((pair % len(sizes), count))

    order = rng.permutation(groups)
    order = order[np.argsort(-np.bincount(group)[order], kind="stable")]
    wanted = [[share * size for size in sizes.tolist()] for share in shares]
    given = [[0] * len(sizes) for _ in shares]
    number = np.empty(groups, np.intp)
    empty = set(range(len(shares)))
    for place, item in enumerate(order.tolist()):
        candidates = empty if groups - place <= len(empty) else range(len(shares))
        costs = {
            part: sum(
                count * (count + 2 * (given[part][k] - wanted[part][k])) / wanted[part][k]
                for k, count in held[item]
            )
            for part in candidates
        }
        part = min(costs, key=costs.__getitem__)
        for k, count in held[item]:
            given[part][k] += count
        empty.discard(part)
        number[item] = part
    return number


def refuse_both(group: object, time: object) -> None:
    """Raise SpecError if rows would be split both by group and by time."""
    if group is not None and time is not None:
        raise SpecError(
            "Rows cannot be split by group and by time at once.", "Leave out --group or --time."
        )


def _check(
    rows: int, *, labels: np.ndarray | None, groups: np.ndarray | None, time: np.ndarray | None
) -> None:
    for name, codes in (("labels", labels), ("groups", groups), ("time", time)):
        if codes is not None and codes.shape != (rows,):
            raise ShapeError(
                "The {name} have shape {shape}, the rows ({rows},).",
                name=name,
                shape=codes.shape,
                rows=rows,
            )
    refuse_both(groups, time)
    if time is not None:
        missing = np.flatnonzero(np.isnat(time) if time.dtype.kind in "mM" else time != time)
        if len(missing):
            raise SpecError(
                "The time is missing in {rows}.",
                "Remove these rows or give their times.",
                rows=rows_text(rows_of(missing), len(missing)),
            )


def _no_share(wrong: str) -> SpecError:
    return SpecError(wrong, say("Give a share from 0 to below 1."))


def _too_few_rows(rows: int, parts: int) -> SpecError:
    return SpecError(
        say_plural(
            "{count:,} row cannot be divided among {parts} parts.",
            "{count:,} rows cannot be divided among {parts} parts.",
            rows,
            parts=parts,
        ),
        say("Give at least {parts} rows.", parts=parts),
    )


def _too_few_groups(groups: int, parts: int) -> SpecError:
    return SpecError(
        say_plural(
            "{count:,} group cannot be divided among {parts} parts.",
            "{count:,} groups cannot be divided among {parts} parts.",
            groups,
            parts=parts,
        ),
        say("Give at least {parts} groups.", parts=parts),
    )


def _too_few_times(times: int, parts: int) -> SpecError:
    return SpecError(
        say_plural(
            "{count:,} distinct time cannot be divided among {parts} parts.",
            "{count:,} distinct times cannot be divided among {parts} parts.",
            times,
            parts=parts,
        ),
        say("Give at least {parts} distinct times.", parts=parts),
    )
