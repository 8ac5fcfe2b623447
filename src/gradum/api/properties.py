"""Properties of a model in words of its table: read, and verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.api.table_rows import table_rows
from gradum.errors import PropertyError, SpecError, TableError
from gradum.messages import say
from gradum.randomness import stream
from gradum.show.verification import PropertyReport
from gradum.study.certified.table_graph import TableGraph
from gradum.study.properties.question import CentreRows
from gradum.study.properties.stated_properties import (
    read_properties,
    read_property,
    verify_properties,
)
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY

if TYPE_CHECKING:
    from gradum.api.model import Model


def verify_model(
    model: Model,
    properties: str | Sequence[str],
    data: Any = None,
    *,
    file: str | os.PathLike | None = None,
    where: str = "",
    rows: int = 100,
    rung: str | None = None,
    seconds: float,
    seed: int = 0,
    reading: ReadingOptions = PLAINLY,
) -> PropertyReport:
    """Verify properties, and those of a file besides; see `Model.verify`."""
    fitted = model.fitted
    if rows < 1:
        raise SpecError(say("{rows!r} rows are to be tried.", rows=rows), say("Give 1 or more."))
    if seed < 0:
        raise SpecError(
            say("The seed is {seed}.", seed=seed), say("Give a whole number from 0 up.")
        )
    if not seconds > 0:
        raise SpecError(
            say("The time for proofs is {seconds} seconds.", seconds=seconds),
            say("Give a number above 0."),
        )
    texts = [properties] if isinstance(properties, str) else properties
    stated = [read_property(text, where, fitted) for text in texts]
    if file is not None:
        stated += read_properties(file, where, fitted)
    if not stated:
        raise PropertyError(
            say("No property is stated."), say('State one, such as "monotone age+".')
        )
    graph = model.graph(rung)
    centres = None if data is None else _drawn(graph, data, rows, seed, reading)
    verification = verify_properties(graph, stated, centres, seconds=seconds, seed=seed)
    return PropertyReport(verification)


def _drawn(
    graph: TableGraph, data: Any, count: int, seed: int, reading: ReadingOptions
) -> CentreRows:
    """Return up to so many rows of a table, drawn by chance; raise TableError if it has none."""
    with table_rows(data, graph.fitted, reading) as table:
        if not len(table):
            raise TableError(say("{source} has no rows.", source=table.source))
        order = stream(seed, "study", "properties", "rows").permutation(len(table))[:count]
        numbers = np.sort(order) + 1
        taken = table.take(numbers.tolist())
    x = graph.inputs.encoded(taken)  # or the table lacks a column, which this says
    features = [column.name for column in graph.fitted.schema.features]
    return CentreRows(x, taken.frame.select(features).rows(named=True), numbers)
