"""Verifies an ONNX network: a property in VNN-LIB, or properties in terms of its columns."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradum.errors import PropertyError, SpecError, TableError
from gradum.messages import listed, say
from gradum.ship.exchange.onnx_core import NumericCore, columns_of, core_of, is_exported
from gradum.ship.exchange.onnx_model import read_model
from gradum.ship.exchange.onnx_network import OnnxNetwork, read_network
from gradum.ship.exchange.vnnlib import read_property
from gradum.show.answers.verification import PropertyReport, notes_on_networks
from gradum.study.properties.network_columns import NetworkColumns
from gradum.study.properties.network_pairs import ForeignNetwork, verify_pairs
from gradum.study.properties.stated_properties import stated_in
from gradum.study.verification.domain import Domain, VerificationOutcome
from gradum.study.verification.verify import verify_all
from gradum.tables.check.check import check
from gradum.tables.columns import Overrides
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.schema.schema import infer
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.tables.wording import nearest

STATED = (".vnnlib", ".vnnlib.gz")


def verify_network(
    network: str | os.PathLike,
    stated: str | os.PathLike,
    *,
    where: str = "",
    seconds: float = math.inf,
    seed: int = 0,
) -> VerificationOutcome:
    """Find out whether a network from an ONNX file has a property from a VNN-LIB file.

    As in the verification competition, a proof is about the network in exact arithmetic, with the
    file's weights. A counterexample is made of float32 numbers, wherever the property's box has
    any, and counts only if the output that ONNX Runtime has there is unsafe as well.

    Of a file that gradum exported, inputs are the columns of numbers, in the file's order, and
    outputs are the logits, or the number; its texts are fixed.

    Parameters
    ----------
    network, stated : str or path
        The files.
    where : str
        The texts of such a file: "sex female, island Biscoe".
    seconds : float
        The time after which the search ends undecided.
    seed : int
        The seed of the attack.

    Raises
    ------
    ModelFileError, PropertyError
        A file cannot be read, or they do not belong together.
    SpecError
        The texts are not those of an exported file.
    """
    onnx = _network_or_core(network, where)
    claimed = read_property(stated)
    claimed.check_fits(onnx.graph)
    domains = [Domain.of_case(case, np.float32) for case in claimed.cases]
    return verify_all(onnx.graph, domains, replay=onnx.run, seconds=seconds, seed=seed)


def _network_or_core(path: str | os.PathLike, where: str) -> OnnxNetwork | NumericCore:
    if is_exported(path):
        model = read_model(path)
        return core_of(model, path, _texts(where, columns_of(model)[1]))
    if where:
        raise SpecError(
            "--where is for models of tables, and for files that gradum exported.",
            "Leave it out: a network's .vnnlib file says where.",
        )
    return read_network(path)


def _texts(where: str, columns: Sequence[str]) -> dict[str, str]:
    """Return the text of each column in words such as "sex female, island Biscoe"."""
    known = "|".join(map(re.escape, sorted(columns, key=len, reverse=True)))
    texts = {}
    for part in re.split(rf",\s*(?=(?:{known})\s)", where.strip()) if where.strip() else ():
        found = re.fullmatch(rf"({known})\s+(.+)", part.strip()) if known else None
        if found is None:
            raise SpecError(
                "{text!r} does not fix a column of texts of the file.",
                'Write each as "COLUMN TEXT": {columns}.',
                text=part,
                columns=listed(columns, "and"),
            )
        texts[found[1]] = found[2]
    return texts


def verify_network_pairs(
    network: str | os.PathLike,
    properties: Sequence[str],
    given: Any = None,
    *,
    file: str | os.PathLike | None = None,
    where: str = "",
    target: str | None = None,
    seconds: float,
    seed: int = 0,
    reading: ReadingOptions = PLAINLY,
) -> PropertyReport:
    """Find out whether rows that differ only in some columns have the same answer from a network.

    Parameters
    ----------
    network : path
        A file of ONNX.
    properties : sequence of str
        In the form that `PairProperty.read` reads, such as "irrelevant sex within 0.05".
    given : path or data frame, optional
        A table whose columns are the network's inputs, in order, with the ranges of the table's
        rows; or a VNN-LIB file, of which only the box of inputs counts. With such a file, or
        without either, columns are x0, x1, and so on.
    file : path, optional
        More properties, as in `Model.verify`.
    where : str
        The region for properties that state none: "sex 0..1 whole, age 18..60".
    target : str, optional
        A column of the table that is not an input.
    seconds, seed
        As in `verify_network`.
    reading : ReadingOptions
        How the table is read.

    Raises
    ------
    ModelFileError, PropertyError, ColumnError, SpecError, TableError
        Something given cannot be used; the message is one line that says what.
    """
    onnx = read_network(network)
    stated = [(text, where) for text in properties]
    if file is not None:
        stated += stated_in(file, where)
    columns = _columns(onnx, given, target, reading)
    asked = ForeignNetwork(onnx.graph, onnx.run, columns)
    found = verify_pairs(asked, stated, seconds=seconds, seed=seed)
    return PropertyReport(found, notes_on_networks)


def _columns(
    onnx: OnnxNetwork, given: Any, target: str | None, reading: ReadingOptions
) -> NetworkColumns:
    """Return what a table, or a VNN-LIB file, says about a network's inputs."""
    if given is None:
        anywhere = np.full(onnx.graph.inputs, np.inf)
        return NetworkColumns.numbered(-anywhere, anywhere)
    if isinstance(given, str | os.PathLike) and str(given).lower().endswith(STATED):
        claimed = read_property(given)
        claimed.check_fits(onnx.graph)
        first, *others = claimed.cases
        if any((case.low != first.low).any() or (case.high != first.high).any() for case in others):
            raise PropertyError(
                "{path} states several boxes of inputs.",
                "Give a file with one, or ranges by where.",
                path=given,
            )
        return NetworkColumns.numbered(first.low, first.high)
    return _columns_of_table(onnx, given, target, reading)


def _columns_of_table(
    onnx: OnnxNetwork, given: Any, target: str | None, reading: ReadingOptions
) -> NetworkColumns:
    """Return the columns of a table of numbers, except its target, with their ranges."""
    table = read(given, reading)
    if target is not None and target not in table.frame.columns:
        raise SpecError(
            say("{source} has no column {column!r}.", source=table.source, column=target),
            nearest(target, table.frame.columns),
        )
    names = [name for name in table.frame.columns if name != target]
    if len(names) != onnx.graph.inputs:
        raise SpecError(
            "The network takes rows of {inputs:,} numbers, and {source} has {columns:,} "
            "columns besides the target.",
            "Give a table of these columns alone, or name its target by --target.",
            inputs=onnx.graph.inputs,
            source=table.source,
            columns=len(names),
        )
    if not len(table.frame):
        raise TableError("{source} has no rows.", source=table.source)
    part = replace(table, frame=table.frame.select(names))
    schema = infer(part, overrides=Overrides(numeric=tuple(names)))
    checked = check(part, schema, also=names)
    return NetworkColumns.of_rows(names, checked.complete(names))
