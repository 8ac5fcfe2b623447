"""The division of a table into rows to learn from and rows to judge by, the same for every method.

Rows without a target are dropped, as are rows of classes that have fewer than 5. A fifth of the
others, at most 20,000, are for testing; the rest are for training, at most ``rows``, drawn by seed.
The test fifth consists of rows drawn by the same seed; or of the last rows in time, keeping rows of
one time together; or of a fifth of the groups, drawn by seed. For classes, both draws are
stratified if rows are divided at random. Rows of a class that was not drawn for training are not
used for testing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from benchmarks.quality.sets import INDEX, Kind, Table
from gradum.errors import ColumnError, TargetError

TEST_SHARE, MOST_TEST_ROWS = 0.2, 20_000
FEWEST_OF_A_CLASS = 5


@dataclass(frozen=True)
class Split:
    """One table, divided.

    Attributes
    ----------
    train, test : pandas frames
        Columns to learn from: float64 numbers, and levels as in the file.
    train_target, test_target : pandas series
        Strings, or float64 numbers.
    categorical, numeric : lists of names
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    train_target: pd.Series
    test_target: pd.Series
    categorical: list[str]
    numeric: list[str]
    task: str

    @property
    def regression(self) -> bool:
        """Whether the target is a number."""
        return self.task == "regression"

    @property
    def classes(self) -> np.ndarray:
        """The classes of the training rows, in order."""
        return np.unique(self.train_target)

    @classmethod
    def of(
        cls, folder: Path, table: Table, *, seed: int, rows: int, kind: Kind = "random"
    ) -> Split:
        """Read a table and divide it by seed.

        Raises
        ------
        ColumnError
            A column that is not categorical holds something that is not a number, or the column
            that the index names for time or group does not exist.
        TargetError
            The target has too few rows or classes for its task, or more classes than requested
            rows.
        """
        path = folder / table.file
        frame = pd.read_parquet(path)
        frame = frame[frame[table.target].notna()].reset_index(drop=True)
        target = frame.pop(table.target)
        marks = _marks(frame, table, kind, path)
        frame = frame.drop(columns=[name for name in frame if name in table.left_out])
        categorical = [name for name in table.categorical if name in frame]
        numeric = [name for name in frame if name not in categorical]
        for name in numeric:
            frame[name] = _numbers(frame[name], path)
        if table.task == "regression":
            target, strata = _numbers(target, path), None
        else:
            target = target.astype(str)
            counts = target.value_counts()
            enough = target.isin(counts[counts >= FEWEST_OF_A_CLASS].index)
            frame, target, marks = (
                each[enough].reset_index(drop=True) for each in (frame, target, marks)
            )
            strata = target if kind == "random" else None
        _check(target, table, path)
        train, test = _places(marks, strata, seed, rows, kind, path)
        if table.task != "regression":
            test = test[np.isin(target[test], np.unique(target[train]))]
        return cls(
            train=frame.iloc[train].copy(),
            test=frame.iloc[test].copy(),
            train_target=target.iloc[train],
            test_target=target.iloc[test],
            categorical=categorical,
            numeric=numeric,
            task=table.task,
        )


def _marks(frame: pd.DataFrame, table: Table, kind: Kind, path: Path) -> pd.DataFrame:
    names = table.marks(kind)
    for name in names:
        if name not in frame:
            raise ColumnError(
                f"{path} has no column {name!r}, which {INDEX} names to divide it by {kind}.",
                f"It has {', '.join(frame)}.",
            )
    return frame[names]


def _places(
    marks: pd.DataFrame,
    strata: pd.Series | None,
    seed: int,
    rows: int,
    kind: Kind,
    path: Path,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are for training and which for testing, within the limits on both."""
    try:
        train, test = _DIVIDED[kind](marks, strata, seed)
        if len(train) > rows:
            within = None if strata is None else strata[train]
            train, _ = train_test_split(train, train_size=rows, random_state=seed, stratify=within)
    except ValueError as error:
        raise TargetError(
            f"{path} cannot be divided into {rows} training rows and a fifth: {error}.",
            "Ask for more --rows, or leave the set out.",
        ) from None
    return train, test[:MOST_TEST_ROWS]


def _at_random(
    marks: pd.DataFrame, strata: pd.Series | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(marks))
    train, test = train_test_split(rows, test_size=TEST_SHARE, random_state=seed, stratify=strata)
    return train, test


def _by_time(
    marks: pd.DataFrame, strata: pd.Series | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Divide at the time of the last fifth's first row; rows without time marks are in order."""
    times = _numbered(marks) if marks.shape[1] else np.arange(len(marks))
    in_order = np.sort(times)
    first_tested = in_order[len(times) - math.ceil(TEST_SHARE * len(times))]
    if first_tested == in_order[0]:
        raise ValueError("four fifths of the rows are of one time")
    earlier, later = np.flatnonzero(times < first_tested), np.flatnonzero(times >= first_tested)
    return earlier, np.random.default_rng(seed).permutation(later)


def _by_group(
    marks: pd.DataFrame, strata: pd.Series | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    groups = _numbered(marks)
    train, test = next(
        GroupShuffleSplit(1, test_size=TEST_SHARE, random_state=seed).split(groups, groups=groups)
    )
    return train, np.random.default_rng(seed).permutation(test)


_DIVIDED: dict[Kind, Callable[..., tuple[np.ndarray, np.ndarray]]] = {
    "random": _at_random,
    "time": _by_time,
    "group": _by_group,
}


def _numbered(marks: pd.DataFrame) -> np.ndarray:
    """Return a number for each row, the same if all columns are the same, in the columns' order."""
    return marks.groupby(list(marks), dropna=False).ngroup().to_numpy()


def _numbers(column: pd.Series, path: Path) -> pd.Series:
    try:
        return pd.to_numeric(column).astype("float64")
    except (ValueError, TypeError) as error:
        raise ColumnError(
            f"Column {column.name!r} of {path} holds what is no number: {error}.",
            f"Name it among the categorical columns in {INDEX}, or under exclude.",
        ) from None


def _check(target: pd.Series, table: Table, path: Path) -> None:
    remedy = f"Correct the task or the target in {INDEX}, or leave the set out."
    if len(target) < FEWEST_OF_A_CLASS:
        raise TargetError(f"{path} has {len(target)} rows that can be learned from.", remedy)
    values = target.nunique()
    if table.task == "regression":
        if values == 1:
            raise TargetError(f"The target of {path} is the same in every row.", remedy)
    elif values == 1 or (table.task == "binary" and values > 2):
        raise TargetError(
            f"The target of {path} has {values} classes of {FEWEST_OF_A_CLASS} rows or more, and "
            f"its task is {table.task}.",
            remedy,
        )
