"""Attacked rows with what is proved of them: up to which ε no copy is answered otherwise.

An attack finds the least change that it can, and a proof the largest box in which there is none;
the least change of all lies between the two.

Shapes: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from gradum.study.certified.table_graph import TableGraph
from gradum.study.stress.attack import CURVE
from gradum.study.stress.claims import Claims, ClassStays, NumberStays
from gradum.study.stress.proof import Proof
from gradum.study.stress.reach import Reach
from gradum.study.stress.result import Attack
from gradum.study.stress.stressed_rows import StressedRows

SECONDS = 1.0
"""For the proofs of each row."""
ROWS_AT_ONCE = 25


def certify(stressed: StressedRows, attacked: Attack, *, seconds: float = SECONDS) -> Attack:
    """Return an attack with, for each row, the ε up to which its answer is proved to stay.

    Parameters
    ----------
    stressed : StressedRows
    attacked : Attack
        Of these rows.
    seconds : float
        Of wall time, on average over the rows.

    Raises
    ------
    NotCertifiableError
        No bounds can be taken of the rung.
    """
    table_graph = TableGraph(stressed.fitted, stressed.rung)
    curve = stressed.threat.budget.full * np.array([0.0, *CURVE])
    places = {int(number): place for place, number in enumerate(stressed.numbers)}
    certified = []
    for at in range(0, len(attacked.rows), ROWS_AT_ONCE):
        part = attacked.rows[at : at + ROWS_AT_ONCE]
        reach = Reach.of(stressed.take(np.array([places[row.row] for row in part])))
        answers = [row.answer for row in part]
        radii = np.array([np.inf if row.radius is None else row.radius for row in part])
        proof = Proof(table_graph, reach, claims_of(table_graph, answers, attacked), radii, curve)
        proof.run(seconds * len(part))
        certified += [
            structs.replace(
                row, certified_radius=float(size) if size >= 0 else None, certified_by=stage
            )
            for row, size, stage in zip(part, proof.proved, proof.stages, strict=True)
        ]
    known = np.array(
        [-np.inf if row.certified_radius is None else row.certified_radius for row in certified]
    )
    return structs.replace(
        attacked,
        rows=tuple(certified),
        curve=tuple(
            structs.replace(kept, certified=float(np.mean(known >= kept.epsilon)))
            for kept in attacked.curve
        ),
    )


def claims_of(table_graph: TableGraph, answers: Sequence, attacked: Attack) -> Claims:
    """Return the claims that rows keep their answers, by what the attack counts as a change."""
    if attacked.least_move is None:
        labels = [table_graph.fitted.classes.index(answer) for answer in answers]
        return ClassStays(table_graph, np.array(labels))
    return NumberStays(table_graph, np.array(answers, np.float64), attacked.least_move)
