"""The question of counterfactuals: what would have changed an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from gradum.questions.statement import (
    Background,
    Downward,
    Frozen,
    Knob,
    Rung,
    RunTable,
    Upward,
    question,
)
from gradum.questions.subject import Subject

if TYPE_CHECKING:
    from gradum.questions.counterfactual.answer import Counterfactuals


@question("counterfactual", page=True, frame=True)
def counterfactuals(
    self: Subject,
    data: RunTable = None,
    *,
    rows: Annotated[
        int | Sequence[int], Knob("A row's number, from 1.", "N", typed=list[int], flag="row")
    ],
    towards: Annotated[
        Any,
        Knob(
            "The class to reach; default: any other. Or the number to reach.",
            "LABEL|NUMBER",
            typed=str,
            in_python="label or float, optional",
        ),
    ] = None,
    frozen: Frozen = (),
    upward: Upward = (),
    downward: Downward = (),
    count: Annotated[int, Knob("How many to find, each changing other columns.", "N", least=1)] = 3,
    rung: Rung = None,
    background: Background = None,
) -> Counterfactuals:
    """Say which least changes of a row change its answer.

    A change costs its size over the column's median absolute deviation, or 1 for another level.
    Each is replayed through the prediction before it is shown. Numbers stay within the range that
    was learned, whole numbers whole; texts and missing values stay as they are. All changes of one
    column and of two are tried on a grid and then refined; changes of more columns are found by
    beam search.

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
    from gradum.questions.counterfactual.answer import Counterfactuals
    from gradum.questions.counterfactual.counterfactual import counterfactuals
    from gradum.questions.counterfactual.limits import Limits
    from gradum.questions.rows.asked_rows import asked_rows, background_of
    from gradum.run.options.option_values import read_names

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
