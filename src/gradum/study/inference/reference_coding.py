"""A table as a regression wants it: the commonest level of a column is the reference, left out.

With a 0/1 column for every other level, a level's coefficient is its difference from the
reference, the rest being equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.margins import first_greatest
from gradum.study.inference.collinearity import Standard
from gradum.tables.design import CodedColumn, Design, Layout
from gradum.tables.wording import quoted

MOST_LEVELS = 50
OTHER = "(other)"
COMPARED = "Of a column of categories, each level is compared with the commonest one."


@dataclass(frozen=True, eq=False)
class ReferenceCoded:
    """A design as columns of full rank.

    Parameters
    ----------
    matrix : ndarray of shape (n, D)
    names : tuple of str
        Such as ``size``, ``age missing`` or ``colour=red``.
    references : dict of str to str
        The reference level by column.
    sentences : tuple of str
        How levels are compared, and what was left out.
    """

    matrix: np.ndarray
    names: tuple[str, ...]
    references: dict[str, str]
    sentences: tuple[str, ...]


def reference_coded(design: Design, weight: np.ndarray) -> ReferenceCoded:
    """Expand the coded columns, and leave out what other columns determine.

    Parameters
    ----------
    design : Design
        Of n rows.
    weight : ndarray of shape (n,)
        Above 0.
    """
    blocks = [design.dense]
    names = [feature.name for feature in design.layout.dense]
    references: dict[str, str] = {}
    many: list[str] = []
    for k, column in enumerate(design.layout.codes):
        if len(column.levels) > MOST_LEVELS:
            many.append(column.source)
            continue
        block, levels, reference = _levels(design.codes[:, k], column, weight)
        blocks.append(block)
        names += [f"{column.source}={level}" for level in levels]
        references[column.source] = reference
    matrix = blocks[0] if len(blocks) == 1 else np.column_stack(blocks)
    standard = Standard.of(matrix, weight, fit_intercept=True)
    spare = [each.column for each in standard.dependencies]
    sentences = [
        *([COMPARED] if references else []),
        *_left_out(many, f"have more than {MOST_LEVELS} levels"),
        *_left_out(_texts(design), "hold text"),
        *_left_out([names[k] for k in spare], "are determined by the columns before them"),
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
    return len(layout.dense) + sum(kept)


def _levels(
    codes: np.ndarray, column: CodedColumn, weight: np.ndarray
) -> tuple[np.ndarray, list[str], str]:
    """Return the 0/1 columns of the levels that occur, but for the commonest, and their names."""
    totals = np.bincount(codes, weight, minlength=len(column.levels) + 1)
    reference = int(first_greatest(totals))
    shown = [code for code in (*range(1, len(totals)), 0) if totals[code] and code != reference]
    block = (codes[:, None] == np.array(shown, codes.dtype)).astype(np.float64)
    names = [OTHER, *column.levels]
    return block, [names[code] for code in shown], names[reference]


def _texts(design: Design) -> list[str]:
    return list(dict.fromkeys(feature.source for feature in design.layout.sparse))


def _left_out(names: list[str], why: str) -> list[str]:
    if not names:
        return []
    if len(names) == 1:
        why = why.replace("have ", "has ").replace("hold ", "holds ").replace("are ", "is ")
        why = why.replace("before them", "before it")
    return [f"Left out: {quoted(names, 8)}, which {why}."]
