"""Predictions of a model from an ONNX file for the rows of a table, ready to be examined."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gradum.api.trust.examined import ExaminedPredictions
from gradum.api.trust.predictions import examined_answers, labelled_rows
from gradum.errors import ModelFileError, SpecError
from gradum.messages import say
from gradum.run.dataset import Dataset
from gradum.ship.exchange.onnx_model import OnnxInput, OnnxModel, read_model
from gradum.ship.exchange.onnx_network import read_network
from gradum.study.properties.network_columns import NetworkColumns
from gradum.study.properties.network_pairs import ForeignNetwork
from gradum.tables.table import Table
from gradum.tables.wording import nearest, quoted


def predictions_of_onnx(
    path: str | os.PathLike,
    table: Table,
    target: str,
    *,
    by: Sequence[str] = (),
    task: str | None = None,
    sha256: Mapping[str, str] | None = None,
) -> ExaminedPredictions:
    """Let an ONNX model predict the rows of a table that have a target.

    Each input of the file is the column of that name. A single input of several numbers takes all
    columns except the target, in the table's order, and without those of ``by`` if there are too
    many. For classes, the last output that could be probabilities is taken: a number for each class
    in the order of the sorted labels, or labels with their probabilities. A file that gradum wrote
    says which output it is, and what stands for a missing value.

    Raises
    ------
    ModelFileError
        The file cannot be used, or ONNX Runtime refuses the rows.
    SpecError
        The columns of the table do not match the inputs of the file.
    TableError
        A value is missing or not a number, or the outputs are not probabilities.
    """
    model = read_model(path)
    if _is_matrix(model.inputs):
        columns = {model.inputs[0].name: _all_columns(model.inputs[0], table, target, by)}
    else:
        columns = {value.name: [_column_of(value, table)] for value in model.inputs}
    numbers = [
        name
        for value in model.inputs
        for name in columns[value.name]
        if value.type is not np.object_
    ]
    texts = [name for names in columns.values() for name in names if name not in numbers]
    dataset = labelled_rows(table, target, numbers=numbers, others=(*texts, *by), task=task)
    outputs = model.run(
        {value.name: _values(value, dataset, columns[value.name]) for value in model.inputs}
    )
    answers = _answers(model, outputs, dataset)
    how = say(
        "{model} was run by ONNX Runtime on the rows of {source}, by the columns {columns}.",
        model=Path(path).name,
        source=table.source,
        columns=quoted([name for names in columns.values() for name in names], 20),
    )
    name = Path(path).name
    examined = examined_answers(name, dataset, answers, by=by, how=how, sha256=sha256 or {})
    return replace(examined, network=partial(_network, path, dataset, numbers))


def _network(path: str | os.PathLike, dataset: Dataset, names: Sequence[str]) -> ForeignNetwork:
    """Return the network with the rows' ranges; raise ModelFileError if it cannot be bounded."""
    network = read_network(path)
    columns = NetworkColumns.of_rows(names, dataset.checked.complete(names))
    return ForeignNetwork(network.graph, network.run, columns)


def _is_matrix(inputs: Sequence[OnnxInput]) -> bool:
    return len(inputs) == 1 and inputs[0].width != 1


def _all_columns(value: OnnxInput, table: Table, target: str, by: Sequence[str]) -> list[str]:
    """Return as many columns as an input takes, in the table's order."""
    every = [name for name in table.frame.columns if name != target]
    if value.width is None or len(every) == value.width:
        return every
    fewer = [name for name in every if name not in by]
    if len(fewer) == value.width:
        return fewer
    raise SpecError(
        "The network takes rows of {inputs:,} numbers, and {source} has {columns:,} columns "
        "besides the target.",
        "Give a table of these columns alone.",
        inputs=value.width,
        source=table.source,
        columns=len(every),
    )


def _column_of(value: OnnxInput, table: Table) -> str:
    """Return the column that has the name of an input."""
    if value.name in table.frame.columns and value.width == 1:
        return value.name
    if value.width != 1:
        raise SpecError(
            "The input {name!r} takes several numbers, beside other inputs.",
            "Export the network with one input a column, or a single input.",
            name=value.name,
        )
    raise SpecError(
        say(
            "{source} has no column {column!r}, which the network takes.",
            source=table.source,
            column=value.name,
        ),
        nearest(value.name, table.frame.columns),
    )


def _values(value: OnnxInput, dataset: Dataset, names: Sequence[str]) -> np.ndarray:
    """Return the values of an input: (n, d), or (n,) if it has one axis."""
    if value.type is np.object_:
        array = np.column_stack(
            [_texts(dataset.frame[name], value.missing or "") for name in names]
        ).astype(object)
    elif value.missing is not None:  # NaN
        columns = dataset.checked.frame.select(pl.col(names).cast(pl.Float64).fill_null(np.nan))
        array = columns.to_numpy().astype(value.type)
    else:
        array = dataset.checked.complete(names).astype(value.type)
    return array[:, 0] if len(value.shape) == 1 else array


def _texts(column: pl.Series, missing: str) -> np.ndarray:
    return column.cast(pl.String).fill_null(missing).to_numpy()


def _answers(model: OnnxModel, outputs: Sequence[Any], dataset: Dataset) -> np.ndarray:
    """Return the output that holds the answers, as (n, k)."""
    arrays = [array for output in outputs if (array := _numbers(output, dataset)) is not None]
    if model.answer is not None and (said := _numbers(outputs[model.answer], dataset)) is not None:
        return said
    if not arrays:
        raise ModelFileError(
            "The network has no output of numbers for each row.",
            "Export its probabilities or its numbers, one row for each row of its input.",
        )
    return arrays[-1] if dataset.classes else arrays[0]


def _numbers(output: Any, dataset: Dataset) -> np.ndarray | None:
    """Return an output as (n, k) float64; None if it holds labels or is not by rows."""
    if output is None:
        return None
    if isinstance(output, list):
        labels = [str(label) for label in dataset.classes]
        known = {str(label) for row in output for label in row}
        if known != set(labels) or any(len(row) != len(labels) for row in output):
            raise SpecError(
                "The network answers with the classes {classes}, and the truth has {labels}.",
                "Give rows whose truth has the same classes.",
                classes=quoted(sorted(known)),
                labels=quoted(labels),
            )
        rows = [{str(label): share for label, share in row.items()} for row in output]
        return np.array([[row[label] for label in labels] for row in rows], np.float64)
    if output.dtype.kind != "f" or output.ndim > 2:
        return None
    return output.reshape(len(output), -1).astype(np.float64)
