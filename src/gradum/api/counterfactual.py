"""Counterfactuals of a model's answers: for which rows, and within which limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradum.api.asked_rows import asked_rows, background_of
from gradum.forks import refuse_after_fork
from gradum.run.options.option_values import read_names

if TYPE_CHECKING:
    from gradum.api.model import Model
    from gradum.show.counterfactual import Counterfactuals


def counterfactuals(
    self: Model,
    data: Any = None,
    *,
    rows: int | Sequence[int],
    frozen: str | Sequence[str] = (),
    upward: str | Sequence[str] = (),
    downward: str | Sequence[str] = (),
    towards: Any = None,
    count: int = 3,
    background: Any = None,
    rung: str | None = None,
) -> Counterfactuals:
    """Say what would have changed an answer: the least changes of a row that would.

    The answer is that of `predict`, through which each change is replayed. A change costs Σ |Δ| /
    (median absolute deviation) over numbers and dates, and 1 for each other level. Numbers stay
    within the learned range and keep their decimals, dates move by whole days, and levels are known
    ones; missing values stay missing, and texts are not changed. All changes of one column and of
    two are tried on a grid and then refined; changes of more columns are found by beam search.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict, optional
        The table of the rows; a loaded run's own table if left out.
    rows : int or sequence of int
        Numbers of rows, from 1.
    frozen : str or sequence of str
        Columns that may not change.
    upward, downward : str or sequence of str
        Numbers that may only rise, or only fall; dates that may only become later, or earlier.
    towards : label or float, optional
        The class to reach; any other class if left out. For a number it must be given: the answer
        is to be at least this if it is above the present answer, and at most this if below.
    count : int
        How many counterfactuals per row, each changing other columns.
    background : path or data frame, optional
        Rows on which the deviations are measured; those that the run keeps if left out.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    Counterfactuals
        They display themselves; ``frame`` has one line per changed column.

    Raises
    ------
    SpecError
        There is no such row, column, class or rung, a column has two limits, the answer is already
        what is to be reached, or there are no background rows.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    from gradum.show.counterfactual import Counterfactuals
    from gradum.study.explanation.counterfactual.counterfactual import counterfactuals
    from gradum.study.explanation.counterfactual.limits import Limits

    limits = Limits.of(self.fitted.schema, *map(read_names, (frozen, upward, downward)))
    chosen, numbers = asked_rows(self, data, rows)
    found = counterfactuals(
        self.fitted,
        chosen,
        background_of(self, background),
        numbers=numbers,
        limits=limits,
        towards=towards,
        count=count,
        rung=rung,
    )
    return Counterfactuals(found, self.fitted)
