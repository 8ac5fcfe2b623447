"""The question of the watch: whether new rows are like those that the model learned from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Unpack

from gradum.questions.statement import IN_PYTHON, TABLE, TRUST, Engine, Knob, Rung, question
from gradum.questions.subject import Subject
from gradum.run.options.option_table import Reading

if TYPE_CHECKING:
    from gradum.questions.watch.answer import Watch


def save(answer: Watch, given: Mapping[str, Any]) -> None:
    """Write what was counted to the file of ``state``: these rows are not counted again."""
    from gradum.questions.watch.labels import save_state

    save_state(answer.found, given.get("state"))


@question("watch", page=True, finish=save, group=TRUST)
def watch(
    self: Subject,
    data: Annotated[
        Any, Knob(f"{TABLE} It holds the new rows.", "TABLE", typed=str, in_python=IN_PYTHON)
    ],
    *,
    reference: Annotated[
        Any,
        Knob(
            "Rows to compare with. Default: those that the model learned from.",
            "TABLE",
            typed=str,
            in_python="path or data frame, optional",
        ),
    ] = None,
    rung: Rung = None,
    labels: Annotated[str | None, Knob("The labels' column. Default: the target.", "COL")] = None,
    stream: Annotated[bool, Knob("Count errors in the order of the rows.")] = False,
    by: Annotated[
        str | Sequence[str],
        Knob("Score rows with labels by a column's groups.", "COL", typed=list[str]),
    ] = (),
    at_most: Annotated[
        float | None,
        Knob(
            "The rate of errors to test. Default: the highest rate that the judged rows do not "
            "rule out.",
            "RATE",
        ),
    ] = None,
    beyond: Annotated[
        float | None,
        Knob(
            "For a numeric target: a prediction farther than this from its label is an error. "
            "Default: the distance that 90% of the judged rows keep within.",
            "DISTANCE",
        ),
    ] = None,
    state: Annotated[
        str | os.PathLike | None,
        Knob(
            "A JSON file from which the count goes on, and to which it is written.",
            "FILE",
            typed=Path,
        ),
    ] = None,
    on: Engine = None,
    **reading: Unpack[Reading],
) -> Watch:
    """Say whether new rows are like those learned from.

    Compares each column, all columns together and the model's answers with the rows of the fit. For
    each drift, gives its size, the smallest size that so many rows could show, and its effect on
    the answers: a drift without effect raises no alarm. If the rows are alike, at most 5% of
    watches find any drift. With --stream, rows with labels are also counted as errors or not, in
    their order, and an alarm is raised once the rate of errors is shown to be too high. Ends with 3
    if there is an alarm.

    Returns
    -------
    Watch
        It displays itself; ``alarm`` says whether there is an alarm, ``frame`` has one line per
        column, ``found`` everything as plain values, and ``page()`` returns a page.

    Raises
    ------
    SpecError
        There is no such rung or engine, or the model's file is of an earlier gradum.
    SchemaError
        A column is absent or of another kind.
    TableError
        There are too few rows.
    EngineError
        The engine does not answer, or a task failed too often.
    """
    from gradum.questions.watch.labels import LabelOptions
    from gradum.questions.watch.watched_rows import watch_model
    from gradum.run.options.options import make_reading

    asked = LabelOptions(labels, stream, by, at_most, beyond, state)
    compared = {"reference": reference, "rung": rung, "reading": make_reading(**reading)}
    return watch_model(self, data, on=on, labels=asked, **compared)
