"""The question of alike rows: which rows learned from are most like a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from gradum.questions.statement import Knob, Rung, RunTable, question
from gradum.questions.subject import Subject

if TYPE_CHECKING:
    from gradum.questions.alike.answer import AlikeRows

RowNumber = Annotated[
    int | None, Knob("The row's number, from 1; not needed where the table has one row.", "N")
]


@question("alike", page=True, frame=True)
def alike(
    self: Subject,
    data: RunTable = None,
    *,
    row: RowNumber = None,
    count: Annotated[int, Knob("How many rows to find.", "N", least=1)] = 5,
    rung: Rung = None,
) -> AlikeRows:
    """Find the rows learned from that are most like a row.

    Rows are alike if the last layer of the model treats them alike. The run's table is read again,
    and a row of that table is not counted as like itself.

    Returns
    -------
    AlikeRows
        It displays itself; ``frame`` has one line per row with its target, the model's answer, and
        how near it is; ``values`` has the columns of these rows.

    Raises
    ------
    SpecError
        There is no such row or rung, or the rows learned from are not kept.
    SchemaError
        A column is absent or of another kind.
    """
    from gradum.questions.alike.alike import alike
    from gradum.questions.alike.answer import AlikeRows
    from gradum.questions.rows.asked_rows import asked_row
    from gradum.questions.rows.learned_rows import learned_rows

    rows = learned_rows(self, rung)
    asked, number = asked_row(self, data, row)
    if data is None:  # a row of the run's own table would be most like itself
        rows = rows.without(number)
    return AlikeRows(alike(rows, asked, number=number, count=count), self.fitted)
