"""The question of stress: how little changes an answer, and what accidents do to a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Unpack

from gradum.errors import SpecError, TableError
from gradum.questions.statement import (
    TRUST,
    Downward,
    Frozen,
    Knob,
    Rung,
    Table,
    Upward,
    question,
    read_groups,
)
from gradum.questions.subject import Subject
from gradum.run.options.option_table import Reading

if TYPE_CHECKING:
    from gradum.questions.stress.answer import StressTest


def read_budget(text: str, _: Sequence[str]) -> str | dict[str, float]:
    """Read amounts by column, ``income=500,age=1``; a comma before an amount belongs to a name.

    Raises
    ------
    SpecError
        A part is no amount of a column, or a column has two.
    """
    if "=" not in text:
        return text
    amounts: dict[str, float] = {}
    begun: list[str] = []
    for piece in text.split(","):
        begun.append(piece)
        name, _, amount = ",".join(begun).rpartition("=")
        try:
            size = float(amount)
        except ValueError:
            continue
        if name.strip() in amounts:
            raise SpecError(
                "The budget of column {name!r} is given twice.",
                "Give each column one amount.",
                name=name.strip(),
            )
        amounts[name.strip()] = size
        begun = []
    if begun:
        raise SpecError(
            "{text!r} in the budget is no column with its amount.",
            "Write income=500,age=1.",
            text=",".join(begun),
        )
    return amounts


@question("stress", page=True, group=TRUST)
def stress(
    self: Subject,
    data: Table,
    *,
    rows: Annotated[int, Knob("How many rows to attack, drawn at random.", "N", least=1)] = 100,
    budget: Annotated[
        str | Mapping[str, float],
        Knob(
            "What columns move by: iqr, quantile, or amounts such as income=500,age=1.",
            "UNIT|COL=AMOUNT,...",
            typed=str,
            read=read_budget,
        ),
    ] = "iqr",
    levels: Annotated[int, Knob("How many categories may change as well.", "N", least=0)] = 0,
    share: Annotated[
        float,
        Knob(
            "For a numeric target: how far an answer must move to count as changed, as a share of "
            "the target's range.",
            "SHARE",
        ),
    ] = 0.1,
    frozen: Frozen = (),
    upward: Upward = (),
    downward: Downward = (),
    together: Annotated[
        Sequence[Sequence[str]],
        Knob("Columns that shift by the same amount.", "COLS", typed=list[str], read=read_groups),
    ] = (),
    time_limit: Annotated[
        float | None,
        Knob(
            "Time for the attack, the proofs and the accidents; each gets an even part of what is "
            "left.",
            "SECONDS",
        ),
    ] = None,
    certify: Annotated[
        float,
        Knob(
            "Time for each row, to prove how far its answer stays the same; 0 for no proofs.",
            "SECONDS",
            least=0,
        ),
    ] = 0.25,
    rung: Rung = None,
    **reading: Unpack[Reading],
) -> StressTest:
    """Say how small a change alters an answer.

    Says also what accidents in a table do to the score. For each row, looks for the smallest ε such
    that the answer changes when every column moves by at most ε: ε interquartile ranges, a share ε
    of the ranks, or ε times given amounts. Every change is replayed through the prediction. Beside
    it stands the largest ε within which the answer is proved to stay the same, as far as the time
    allows. Then corrupts one column after the other in a tenth of the rows (other units, gaps,
    typing errors, rounding), and says whether a watch notices.

    Returns
    -------
    StressTest
        It displays itself; ``frame`` has one line per row, ``corruptions`` one line per corruption,
        ``found`` everything as plain values, and ``page()`` returns a page.

    Raises
    ------
    SpecError
        There is no such rung, column or budget, nothing is allowed to change, or a number makes no
        sense.
    SchemaError, TargetError
        A column is absent or of another kind, or a label was never seen in training.
    TableError
        There are no rows.
    """
    import numpy as np

    from gradum.questions.counterfactual.limits import Limits
    from gradum.questions.rows.reference_rows import reference_of_run
    from gradum.questions.rows.table_rows import table_rows
    from gradum.questions.stress.answer import StressTest
    from gradum.questions.stress.budget import Budget
    from gradum.questions.stress.corrupted import features_and_labels
    from gradum.questions.stress.stress import CORRUPTED_ROWS, stress
    from gradum.questions.stress.stressed_rows import StressedRows, Threat
    from gradum.randomness import stream
    from gradum.run.options.option_values import read_names
    from gradum.run.options.options import make_reading
    from gradum.rungs.number_ranges import refuse_time_limit
    from gradum.tables.check.check import widened

    fitted = self.fitted
    threat = Threat(
        Budget.of(budget, fitted),
        Limits.of(fitted.schema, *map(read_names, (frozen, upward, downward))),
        [read_names(group) for group in together],
        levels,
        share,
    )
    chosen = fitted.rung(rung)  # raises if there is none, before anything is read
    refuse_time_limit(time_limit)
    with table_rows(data, fitted, make_reading(**reading)) as table:
        if not len(table):
            raise TableError("{source} has no rows.", "Give some.", source=table.source)
        rng = stream(fitted.spec.seed, "study", "stress", "sampled")
        drawn = np.sort(rng.permutation(len(table))[: max(rows, CORRUPTED_ROWS)])
        source, count, taken = table.source, len(table), table.take((drawn + 1).tolist())
    frame, numbers, labels = features_and_labels(fitted, taken)
    reference = fitted.reference
    stressed = StressedRows(
        fitted,
        chosen,
        reference_of_run(self).summary if reference is None else reference,
        widened(frame),
        drawn[numbers] + 1,
        threat,
    )
    result = stress(
        stressed,
        table_rows=count,
        labels=labels,
        count=rows,
        time_limit=time_limit,
        proof_seconds=certify,
    )
    return StressTest(result, fitted, source)
