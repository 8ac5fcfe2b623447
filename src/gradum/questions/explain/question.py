"""The question of explanation: why rows are answered as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Unpack

from gradum.errors import SpecError
from gradum.questions.statement import (
    Background,
    Engine,
    Knob,
    Rung,
    RunTable,
    Scale,
    question,
    read_groups,
)
from gradum.questions.subject import Subject
from gradum.run.options.option_table import Reading

if TYPE_CHECKING:
    from gradum.questions.explain.answer import Explanation


def refuse_page(given: Mapping[str, Any]) -> None:
    """Refuse a page of several rows, before they are explained."""
    rows = given.get("rows")
    if rows is None or len([rows] if isinstance(rows, int) else rows) != 1:
        raise SpecError("A page explains one row.", "Name it with --row N.")


@question("explain", page=True, frame=True, refuse_page=refuse_page)
def explain(
    self: Subject,
    data: RunTable = None,
    *,
    rows: Annotated[
        int | Sequence[int] | None,
        Knob("A row's number, from 1. Default: all rows.", "N", typed=list[int], flag="row"),
    ] = None,
    background: Background = None,
    rung: Rung = None,
    scale: Scale = None,
    together: Annotated[
        Sequence[str | Sequence[str]],
        Knob("Columns, as a,b, that count as one.", "COLS", typed=list[str], read=read_groups),
    ] = (),
    tolerance: Annotated[
        float, Knob("How exact drawn values are, as a share of the range of answers.", "SHARE")
    ] = 0.001,
    favourable: Annotated[
        Any,
        Knob(
            "The label hoped for, or high or low: say what speaks most against it.",
            "ANSWER",
            typed=str,
            in_python="label, optional",
        ),
    ] = None,
    reasons: Annotated[
        int | None, Knob("How many reasons, with --favourable. Default: 4.", "N", least=1)
    ] = None,
    on: Engine = None,
    **reading: Unpack[Reading],
) -> Explanation:
    """Say why answers are what they are: what each column adds.

    The values are Shapley values by column of the table, each with its errors. A row's values add
    up to its answer minus the mean answer over background rows. For up to twelve columns they are
    exact if that is quick; otherwise they are estimated from random draws until they are exact
    enough, or a second per row is spent: a tolerance below a thousandth has no such limit. Of one
    row with a picture or a sound, it says which part of that counts most; a page shows it. With
    --favourable, sentences name the columns that speak most against that answer instead, as a
    letter to an applicant needs them.

    Returns
    -------
    Explanation
        It displays itself; ``frame`` has one line per row, column and class, or one per reason with
        ``favourable``; ``reasons`` names what speaks most against an answer, ``overall()`` says
        what the columns do over all rows, ``interactions()`` says which pairs act together,
        ``tiles()`` divides a row's answer among the parts of its picture or sound, and ``page()``
        returns a page of one row.

    Raises
    ------
    SpecError
        There is no such row, column, rung, scale, answer or engine, or there are no background
        rows.
    SchemaError
        A column is absent or of another kind.
    EngineError
        The engine does not answer, or a task failed too often.
    """
    from gradum.engines import engine_of
    from gradum.questions.explain.answer import Explanation
    from gradum.questions.rows.asked_rows import asked_rows, background_of
    from gradum.run.options.options import make_reading
    from gradum.study.explanation.explain import explain
    from gradum.study.explanation.reasons import COUNT, favourable_answer

    answer = None
    if favourable is not None or reasons is not None:
        answer = favourable_answer(self.fitted, favourable)
    frame, numbers = asked_rows(self, data, rows, make_reading(**reading))
    against = background_of(self, background)
    with engine_of(on) as engine:
        found = explain(
            self.fitted,
            frame,
            against,
            numbers=numbers,
            rung=rung,
            scale=scale,
            together=[[names] if isinstance(names, str) else names for names in together],
            tolerance=tolerance,
            engine=engine,
        )
    explanation = Explanation(found, self)
    if answer is not None:
        explanation.against = explanation.reasons(favourable=answer.name, count=reasons or COUNT)
    return explanation
