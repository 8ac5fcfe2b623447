"""Attacked rows with what is proved of them: up to which ε no copy is answered otherwise.

An attack finds the least change that it can, and a proof the largest box in which there is none;
the least change of all lies between the two.

Shapes: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec import structs

from gradum.fitting.fitted import Fitted
from gradum.fitting.reference.reference import Reference
from gradum.study.certified.table_graph import TableGraph
from gradum.study.stress.attack import CURVE, Threat, moves_within
from gradum.study.stress.claims import Claims, ClassStays, NumberStays
from gradum.study.stress.proof import Proof
from gradum.study.stress.reach import Reach
from gradum.study.stress.result import Attack
from gradum.tables.check import widened

SECONDS = 1.0
"""A row."""
ROWS_AT_ONCE = 25


def certify(
    fitted: Fitted,
    reference: Reference,
    rows: pl.DataFrame,
    threat: Threat,
    attacked: Attack,
    *,
    numbers: np.ndarray,
    rung: str | None = None,
    seconds: float = SECONDS,
) -> Attack:
    """Add to an attack up to which ε each row's answer is proved to stay.

    Parameters
    ----------
    fitted : Fitted
    reference : Reference
        What the rows learned from were like.
    rows : DataFrame
        Typed features (n), as `attack` took them.
    threat : Threat
    attacked : Attack
        By that threat.
    numbers : ndarray of int (n,)
        What the rows are called.
    rung : str, optional
        The best if left out.
    seconds : float
        Of wall time, for each row: after it, no further size is tried.

    Raises
    ------
    NotCertifiableError
        No bounds can be taken of the rung.
    """
    rows = widened(rows)
    moves = moves_within(fitted, reference, rows, threat)
    table_graph = TableGraph(fitted, fitted.rung(rung))
    curve = threat.budget.full * np.array([0.0, *CURVE])
    places = {int(number): place for place, number in enumerate(numbers)}
    certified = []
    for at in range(0, len(attacked.rows), ROWS_AT_ONCE):
        part = attacked.rows[at : at + ROWS_AT_ONCE]
        some = moves.of(rows[[places[row.row] for row in part]])
        reach = Reach.of(fitted, some, threat.limits, threat.levels)
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
    """Return the claims that rows keep their answers, as an attack counts changes."""
    if attacked.least_move is None:
        labels = [table_graph.fitted.classes.index(answer) for answer in answers]
        return ClassStays(table_graph, np.array(labels))
    return NumberStays(table_graph, np.array(answers, np.float64), attacked.least_move)
