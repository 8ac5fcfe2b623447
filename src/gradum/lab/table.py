"""A table becomes the lab's numbers: few columns and rows, encoded and scaled as in a fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from msgspec import structs

from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.errors import TableError, TargetError
from gradum.messages import say, say_plural
from gradum.randomness import stream
from gradum.run.dataset import Dataset, labelled
from gradum.rungs.target_scale import TargetScale
from gradum.tables.doubts.totals import without_totals
from gradum.tables.encode import Encoder
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.kinds import AnyStep
from gradum.tables.kinds.design import Feature
from gradum.tables.schema.schema import infer
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.tables.split import Part, hold_out
from gradum.tables.wording import quoted

MOST_COLUMNS, MOST_ROWS = 12, 2_000
MOST_LEVELS, MOST_CLASSES = 10, 10
FEWEST_ROWS = 10
HELD_OUT = 0.25
GROUPS = 10
DIGITS = 10  # of a raw number: more than any table's, and short as text


class LabNumber(msgspec.Struct, frozen=True):
    """A column of numbers, which enters the network as (x − centre) / scale."""

    name: str
    source: str
    """The column that it was made from."""
    part: str
    """What it is of that column: ``missing``, ``week sin``; empty for the value itself."""
    centre: float
    scale: float


class LabCode(msgspec.Struct, frozen=True):
    """A column of levels: code k stands for level k − 1, and 0 for none of them.

    As a ``sign``, two levels enter as −1 and 1; as ``one_hot``, each enters as 0 or 1.
    """

    name: str
    levels: tuple[str, ...]
    treatment: Treatment


class LabTarget(msgspec.Struct, frozen=True):
    """The target: classes, or numbers that are learned as (y − centre) / scale."""

    name: str
    classes: tuple[str, ...] = ()
    centre: float = 0.0
    scale: float = 1.0


class LabTable(msgspec.Struct, frozen=True):
    """The rows that the lab learns from, in raw units."""

    key: str
    """Its name in the page's address."""
    title: str
    numbers: tuple[LabNumber, ...]
    codes: tuple[LabCode, ...]
    """The columns, in the order in which they enter the network."""
    target: LabTarget
    rows: list[list[float]]
    """Of each row the numbers, the codes and the target: a number or a class code."""
    held_out: list[int]
    """Rows that do not train, by place."""
    remarks: tuple[str, ...] = ()
    """What was left out."""
    drawn: bool = False
    """Whether the rows are drawn at random, so that the page may add noise."""


def lab_table(data: Any, target: str, reading: ReadingOptions = PLAINLY) -> LabTable:
    """Read a table and return it for the lab.

    Raises
    ------
    TableError, ColumnError, TargetError
        The table cannot be read, or nothing in it can be learned.
    """
    table = without_totals(read(data, reading))
    return _encoded(*_few_rows(labelled(table, infer(table, target=target))))


def plain_table(key: str, title: str, columns: dict[str, np.ndarray], target: str) -> LabTable:
    """Return drawn numbers as they are, the last the target: weights are slopes in their units."""
    rows = np.round(np.column_stack(list(columns.values())), DIGITS)
    names = tuple(LabNumber(name, name, "", 0.0, 1.0) for name in columns if name != target)
    held_out = _held_out(len(rows), None)
    return LabTable(key, title, names, (), LabTarget(target), rows.tolist(), held_out, drawn=True)


def _few_rows(dataset: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """Draw the rows that the lab takes."""
    if len(dataset) < FEWEST_ROWS:
        raise TargetError(
            say_plural(
                "{source} has {count:,} row to learn from.",
                "{source} has {count:,} rows to learn from.",
                len(dataset),
                source=dataset.source,
            ),
            say("The lab needs at least {fewest}.", fewest=FEWEST_ROWS),
        )
    if len(dataset.classes) > MOST_CLASSES:
        raise TargetError(
            "Target {name!r} has {count:,} classes.",
            "The lab takes up to {most}: choose another target.",
            name=dataset.schema.learned_target.name,
            count=len(dataset.classes),
            most=MOST_CLASSES,
        )
    if len(dataset) <= MOST_ROWS:
        return dataset, ()
    drawn = stream(0, "lab", "rows").choice(len(dataset), MOST_ROWS, replace=False)
    places = np.sort(drawn)
    few = replace(
        dataset, frame=dataset.frame[places], numbers=dataset.numbers[places], own_rows=MOST_ROWS
    )
    rows = say("{most:,} of {rows:,} rows, drawn at random.", most=MOST_ROWS, rows=len(dataset))
    return few, (rows,)


def _few_columns(
    encoder: Encoder, dataset: Dataset, trains: np.ndarray
) -> tuple[Encoder, tuple[str, ...]]:
    """Choose the columns that the lab can show; of many, those that tell most of the target."""
    schema = dataset.schema
    shown = [step for step in encoder.steps if _is_shown(step)]
    kept = shown
    if len(shown) > MOST_COLUMNS:
        strengths = _strengths(Encoder(tuple(shown)), dataset, trains)
        foremost = np.argsort([-strengths[step.source] for step in shown], kind="stable")
        kept = [shown[place] for place in sorted(foremost[:MOST_COLUMNS])]
    beyond = [step for step in shown if step not in kept]
    others = [step.source for step in encoder.steps if not _is_shown(step)]
    unused = [column.name for column in schema.columns if column.role == "unused"]
    remarks = []
    if unused:
        remarks.append(
            say("No fit uses {columns}; gradum inspect says why.", columns=quoted(unused))
        )
    if others:
        remarks.append(
            say(
                "Left out, because the lab takes numbers and columns of up to {most} levels: "
                "{columns}.",
                most=MOST_LEVELS,
                columns=quoted(others),
            )
        )
    if beyond:
        remarks.append(
            say(
                "Left out, because the lab takes the {most} columns that tell most of the target: "
                "{columns}.",
                most=MOST_COLUMNS,
                columns=quoted([step.source for step in beyond]),
            )
        )
    if not kept:
        raise TableError(
            "No column has numbers or up to {most} levels.",
            "Choose another table.",
            most=MOST_LEVELS,
        )
    return Encoder(tuple(kept)), tuple(remarks)


def _strengths(encoder: Encoder, dataset: Dataset, trains: np.ndarray) -> dict[str, float]:
    """Return by column how much it tells of the target, the most of what it becomes."""
    design, layout = encoder.transform(dataset.frame), encoder.layout
    sources = [column.source for column in (*layout.dense, *layout.codes)]
    columns = np.column_stack([design.arrays["dense"], design.arrays["codes"]])[trains]
    strengths: dict[str, float] = {}
    for source, column in zip(sources, columns.T, strict=True):
        found = strength(column, dataset.target[trains], len(dataset.classes))
        strengths[source] = max(found, strengths.get(source, found))
    return strengths


def strength(values: np.ndarray, target: np.ndarray, classes: int) -> float:
    """Return how much the values of a column tell of the target.

    It is the share η² of the target's variance that lies between groups of values, less what
    chance gives: 1 − (1 − η²)(n − 1) / (n − k) for k groups of n rows. Many values are grouped by
    tenths of the rows. Of several classes, the one that is told best counts. The page chooses by
    the same number.
    """
    distinct = np.unique(values)
    ends = (
        distinct
        if len(distinct) <= GROUPS + 1
        else np.quantile(values, np.arange(1, GROUPS + 1) / GROUPS, method="inverted_cdf")
    )
    groups = np.searchsorted(ends, values)
    targets = [target == label for label in range(classes)] if classes > 2 else [target]
    counts = np.bincount(groups)
    spare = len(values) - np.count_nonzero(counts)
    found = [0.0]
    for each in targets:
        off = each - each.mean()
        sums, whole = np.bincount(groups, off), np.sum(off**2)
        if whole and spare:
            between = np.sum(sums**2 / np.maximum(counts, 1)) / whole
            found.append(1 - (1 - between) * (len(values) - 1) / spare)
    return float(max(found))


def _is_shown(step: AnyStep) -> bool:
    """Whether a column becomes a few numbers or one code with few levels."""
    coded = step.coded_column()
    few = coded is None or 0 < len(coded.levels) <= MOST_LEVELS
    wide = step.is_measured or step.sparse_features() or step.grid_column() is not None
    return few and not wide and bool(coded or step.dense_features())


def _encoded(dataset: Dataset, remarks: tuple[str, ...]) -> LabTable:
    target, classes = dataset.target, tuple(str(label) for label in dataset.classes)
    held_out = _held_out(len(dataset), target if classes else None)
    trains = np.delete(np.arange(len(dataset)), held_out)
    encoder = Encoder.fit(dataset.frame, dataset.schema, trains)
    encoder, left_out = _few_columns(encoder, dataset, trains)
    design, layout = encoder.transform(dataset.frame), encoder.layout
    dense, codes = design.arrays["dense"], design.arrays["codes"]
    levels = tuple(len(column.levels) for column in layout.codes)
    treatments: tuple[Treatment, ...] = tuple(_treatment(count) for count in levels)
    layer = InputLayer.fit(dense[trains], levels, treatments, style="standard")
    scale = LabTarget(dataset.schema.target.name, classes)  # type: ignore[union-attr]
    if not classes:
        fitted = TargetScale.fit(target[trains], np.ones(len(trains)), log=False)
        scale = structs.replace(scale, centre=fitted.centre, scale=fitted.scale)
    return LabTable(
        "table",
        dataset.source,
        tuple(
            LabNumber(feature.name, feature.source, _part(feature), *pair)
            for feature, *pair in zip(
                layout.dense, layer.centre.tolist(), layer.scale.tolist(), strict=True
            )
        ),
        tuple(
            LabCode(column.source, column.levels, treatment)
            for column, treatment in zip(layout.codes, treatments, strict=True)
        ),
        scale,
        np.column_stack([dense, codes, target]).tolist(),
        held_out,
        (*dataset.notes, *remarks, *left_out),
    )


def _part(feature: Feature) -> str:
    """Return what a feature's name adds to its column's."""
    return feature.name.removeprefix(feature.source).strip()


def _treatment(levels: int) -> Treatment:
    return "sign" if levels == 2 else "one_hot"


def _held_out(rows: int, labels: np.ndarray | None) -> list[int]:
    """Draw the rows that do not train, with each class's share of them."""
    parts = hold_out(
        rows, labels=labels, test=HELD_OUT, validation=0, rng=stream(0, "lab", "split")
    )
    return np.flatnonzero(parts == Part.TEST).tolist()
