"""Properties of a fitted model, verified one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter

from msgspec import structs

from gradum.study.certified.table_graph import TableGraph
from gradum.study.properties.question import CentreRows, PropertyQuestion
from gradum.study.properties.read import Stated
from gradum.study.properties.result import Verification, Verified
from gradum.study.properties.table_domain import TableDomain


def verify_properties(
    table_graph: TableGraph,
    stated: Sequence[Stated],
    rows: CentreRows | None = None,
    *,
    seconds: float,
    seed: int = 0,
) -> Verification:
    """Prove or refute properties; each gets an even part of the time that is left.

    A proof holds for answers as they are computed, but for the ``rounding`` of each; a proof
    by slopes holds in real numbers, and that is what computing does to them. A counterexample
    counts only if `Model.predict` confirms it on rows as the table has them.

    Parameters
    ----------
    table_graph : TableGraph
        Of the rung.
    stated : sequence of Stated
    rows : CentreRows, optional
        Of a table, for properties that are asked around rows.
    seconds : float
        Of wall time, for all of them.
    seed : int
        Of attacks.

    Raises
    ------
    PropertyError
        A region is empty.
    NotCertifiableError
        The rung, or a column, has no bounds.
    SpecError
        A property needs rows, and there are none.
    """
    table = TableDomain(table_graph)
    return Verification(
        target=table_graph.fitted.spec.target,
        rung=table_graph.rung.name,
        domain=table.columns,
        properties=tuple(_verified(table, stated, rows, seconds, seed)),
        notes=tuple(table.notes),
    )


def _verified(
    table: TableDomain, stated: Sequence[Stated], rows: CentreRows | None, seconds: float, seed: int
) -> Iterable[Verified]:
    until = perf_counter() + seconds
    for place, statement in enumerate(stated):
        part = max(until - perf_counter(), 0.0) / (len(stated) - place)
        question = PropertyQuestion(statement.text, table, statement.region, rows, part, seed)
        verified, classes = statement.property.verify(question), table.table_graph.fitted.classes
        of = None if statement.property.place is None else classes[statement.property.place]
        yield structs.replace(verified, of=of)
