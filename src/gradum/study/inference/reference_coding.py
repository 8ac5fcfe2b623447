"""A table coded for regression: each column's commonest level is the reference, and left out.

With a 0/1 column for every other level, a level's coefficient is its difference from the reference,
other things being equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.messages import marked, say
from gradum.solvers.byte_columns import ByteColumns, Dense
from gradum.solvers.threads import one_thread
from gradum.study.inference.collinearity import Standard
from gradum.study.reference_level import compared_levels, level_name
from gradum.tables.kinds.design import Design, Layout
from gradum.tables.wording import quoted

MOST_LEVELS = 50
COMPARED = marked("Each level of a categorical column is compared with its most common level.")
LEFT_OUT = {  # one column, several
    "levels": (
        marked("Left out: {names}, which has more than {most} levels."),
        marked("Left out: {names}, which have more than {most} levels."),
    ),
    "text": (
        marked("Left out: {names}, which holds text."),
        marked("Left out: {names}, which hold text."),
    ),
    "grids": (
        marked("Left out: {names}, which holds pictures, sounds or series."),
        marked("Left out: {names}, which hold pictures, sounds or series."),
    ),
    "determined": (
        marked("Left out: {names}, which is determined by the columns before it."),
        marked("Left out: {names}, which are determined by the columns before them."),
    ),
}


@dataclass(frozen=True, eq=False)
class ReferenceCoded:
    """A design as columns of full rank."""

    matrix: Dense
    """Of shape (n, D)."""
    names: tuple[str, ...]
    """For example ``size``, ``age missing`` or ``colour=red``."""
    references: dict[str, str]
    """The reference level by column."""
    sentences: tuple[str, ...]
    """How levels are compared, and what was left out."""


@one_thread()
def reference_coded(design: Design, weight: np.ndarray) -> ReferenceCoded:
    """Expand the coded columns, and leave out what other columns determine.

    Parameters
    ----------
    design : Design
        A design of n rows.
    weight : ndarray of shape (n,)
        Above 0.
    """
    readable = [k for k, column in enumerate(design.layout.dense) if not column.traits.is_of_grid]
    names = [design.layout.dense[k].name for k in readable]
    references: dict[str, str] = {}
    many: list[str] = []
    shown: list[np.ndarray] = []
    for column, values in design.coded_columns():
        if len(column.levels) > MOST_LEVELS:
            many.append(column.source)
            continue
        codes, reference = compared_levels(values, column, weight)
        shown += [values == code for code in codes]
        names += [f"{column.source}={level_name(column, code)}" for code in codes]
        references[column.source] = level_name(column, reference)
    matrix = design.dense if len(readable) == design.dense.shape[1] else design.dense[:, readable]
    if shown:
        matrix = ByteColumns(matrix, np.stack(shown, axis=1).astype(np.int8))
    standard = Standard.of(matrix, weight, fit_intercept=True)
    spare = [dependency.column for dependency in standard.dependencies]
    sentences = [
        *([say(COMPARED)] if references else []),
        *_left_out(many, LEFT_OUT["levels"], most=MOST_LEVELS),
        *_left_out(_texts(design), LEFT_OUT["text"]),
        *_left_out(_measured(design), LEFT_OUT["grids"]),
        *_left_out([names[k] for k in spare], LEFT_OUT["determined"]),
    ]
    kept = np.setdiff1d(np.arange(len(names)), spare)
    return ReferenceCoded(
        matrix[:, kept] if spare else matrix,
        tuple(names[k] for k in kept),
        references,
        tuple(sentences),
    )


def most_columns(layout: Layout) -> int:
    """Return how many columns a reference-coded design has at most."""
    kept = [count - 1 for count in layout.level_counts if count <= MOST_LEVELS]
    readable = sum(not column.traits.is_of_grid for column in layout.dense)
    return readable + sum(kept)


def _texts(design: Design) -> list[str]:
    return list(dict.fromkeys(feature.source for feature in design.layout.sparse))


def _measured(design: Design) -> list[str]:
    """Return the columns that are known by what is measured of them, and by no number of theirs."""
    dense = design.layout.dense
    return list(dict.fromkeys(column.source for column in dense if column.traits.is_of_grid))


def _left_out(names: list[str], why: tuple[str, str], **values: int) -> list[str]:
    if not names:
        return []
    one, several = why
    return [say(one if len(names) == 1 else several, names=quoted(names, 8), **values)]
