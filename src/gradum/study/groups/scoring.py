"""Scores of the judged rows by groups of columns, each group against all other rows."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gradum.errors import SpecError
from gradum.messages import say
from gradum.study.column_cut import Cut, cut
from gradum.study.evidence import Evidence
from gradum.study.groups.comparison import ColumnGroup, compare_groups
from gradum.study.groups.groups import CALIBRATION, Groups, group_sentences, measures_of
from gradum.tables.wording import nearest

MOST_GROUPS = 200


def scores_by_group(
    evidence: Evidence, columns: Sequence[str], metric: str, learned: int | None = None
) -> Groups:
    """Score the judged rows by groups of columns, and compare each group with all other rows.

    A column of categories has a group for each level. A column of numbers or dates has four ranges
    with equally many rows, or a group for each of a few values. A difference is shown if its
    interval excludes zero. The intervals are Student's, in bootstrapped standard errors, at the
    level at which resamples of all groups and measures hold at once in 95% of cases (max-t: J.
    Romano and M. Wolf, Exact and approximate stepdown methods for multiple hypothesis testing,
    2005; for groups of a model's rows: J. Cherian and E. Candès, Statistical inference for fairness
    auditing, 2024). For independent rows they also reach as far as differences of random groups of
    the same sizes do, all at once, in 95% of permutations: if a few rows have most of the loss, a
    bootstrapped error is too small. Groups of fewer than 20 rows are listed but not compared.

    All this asks whether the model at hand treats groups differently. Where ``learned`` is given,
    the number of rows that it learned from, the question is whether models that learn from so many
    rows do: intervals include the error of learning (`learning_errors`).

    Raises
    ------
    SpecError
        A column is the target, does not exist, or has fewer than 2 or more than 200 groups.
    """
    measures = measures_of(evidence.task, metric)
    asked = [
        ColumnGroup(column, code)
        for column in (_cut(evidence, name) for name in dict.fromkeys(columns))
        for code in range(len(column.names))
    ]
    compared = compare_groups(evidence, asked, measures, learned)
    gaps = tuple(
        gap
        for name in dict.fromkeys(columns)
        for kind, measure in enumerate(measures)
        if measure.is_share and (gap := compared.gap(name, kind)) is not None
    )
    selected = evidence.classes[1] if evidence.task == "binary" else None
    calibration = () if selected is None else compare_groups(evidence, asked, CALIBRATION).scored
    names = tuple(measure.name for measure in measures)
    found = Groups(names, len(evidence), selected, compared.scored, gaps, (), calibration)
    return msgspec.structs.replace(found, sentences=group_sentences(found, measures))


def refuse_no_column(name: str, columns: Sequence[str], target: str) -> None:
    """Refuse a column to group by that is the target, or is not among a table's columns.

    Raises
    ------
    SpecError
    """
    if name == target:
        raise SpecError(
            "Column {column!r} is the target, which forms no groups.",
            "Group by another column.",
            column=name,
        )
    if name not in columns:
        others = [column for column in columns if column != target]
        raise SpecError(say("There is no column {column!r}.", column=name), nearest(name, others))


def _cut(evidence: Evidence, name: str) -> Cut:
    """Cut a column that was requested by name."""
    schema, columns = evidence.schema, evidence.frame.columns
    target = schema.learned_target.name
    refuse_no_column(name, columns, target)
    kind, values = schema.column(name).kind, evidence.frame[name]
    column = cut(values, kind, MOST_GROUPS)
    if len(np.unique(column.codes)) < 2:
        raise SpecError(
            "Column {column!r} has the same value in all rows.",
            "Group by another column.",
            column=name,
        )
    if len(column.names) > MOST_GROUPS:
        raise SpecError(
            "Column {column!r} has {levels:,} levels, more than {most} groups.",
            "Group by a column of fewer, or put levels together.",
            column=name,
            levels=values.n_unique(),
            most=MOST_GROUPS,
        )
    return column
