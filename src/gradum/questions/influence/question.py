"""The question of influence: which rows learned from push an answer, or all answers, most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from gradum.questions.statement import Knob, Rung, RunTable, question
from gradum.questions.subject import Subject

if TYPE_CHECKING:
    from gradum.questions.influence.answer import InfluentialRows


@question("influence", page=True, frame=True)
def influence(
    self: Subject,
    data: RunTable = None,
    *,
    row: Annotated[
        int | None,
        Knob(
            "The row's number, from 1; without table and row, the question is about up to 200 of "
            "the rows learned from.",
            "N",
        ),
    ] = None,
    count: Annotated[int, Knob("How many rows to find.", "N", least=1)] = 10,
    rung: Rung = None,
) -> InfluentialRows:
    """Find the rows learned from that push an answer most.

    Without a row, finds those that push answers on the whole. A row's push is the answer minus what
    it would be if the last layer were refitted without the row, with everything before that layer
    held fixed: exact for least squares, one Newton step for other losses.

    Returns
    -------
    InfluentialRows
        It displays itself; ``frame`` has one line per row with its target and its push.

    Raises
    ------
    SpecError
        There is no such row or rung, the rows learned from are not kept, or the rung's loss has no
        curvature.
    SchemaError
        A column is absent or of another kind.
    """
    from gradum.questions.influence.answer import InfluentialRows
    from gradum.questions.influence.influence import influence
    from gradum.questions.rows.asked_rows import asked_row
    from gradum.questions.rows.learned_rows import learned_rows

    rows = learned_rows(self, rung)
    asked = number = None
    if data is not None or row is not None:
        asked, number = asked_row(self, data, row)
    return InfluentialRows(influence(rows, asked, number=number, count=count), self.fitted)
