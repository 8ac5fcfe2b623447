"""The target, weights, groups and times of a checked table's rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.errors import ColumnError, TargetError
from gradum.messages import say
from gradum.tables.check.check import Checked
from gradum.tables.columns import Label, Target
from gradum.tables.counts import counted
from gradum.tables.wording import SHOWN_NAMES, quoted


def target_values(checked: Checked) -> np.ndarray:
    """Return the target, [n].

    Float64 in raw units for regression, per unit of exposure where there is a column of exposures,
    NaN where missing; for classes int64 positions in
    ``schema.target.classes``, -1 where missing or in ``schema.target.left_out``.

    Raises
    ------
    TargetError
        The schema or the table has no target, or a label was never seen in training.
    """
    target = checked.schema.target
    if target is None or target.name not in checked.frame.columns:
        raise TargetError(
            say("{source} has no column {name!r}.", source=checked.source, name=target.name)
            if target
            else say("{source} has no column that is the target.", source=checked.source),
            say("Add it to the table."),
        )
    values = checked.frame[target.name]
    if target.task == "regression":
        numbers, exposure = row_numbers(checked), exposure_values(checked)
        return numbers if exposure is None else numbers / exposure
    codes = class_codes(checked)
    unseen = (codes == -1) & has_target(checked)
    if unseen.any():
        examples = quoted(values.filter(unseen).unique(maintain_order=True))
        raise TargetError(
            "{column} has labels that training never saw in {rows}: {examples}.",
            "Make them one of {classes}, or leave these rows out.",
            column=checked.named(say("Target"), target.name),
            rows=checked.rows_text(unseen),
            examples=examples,
            classes=quoted(target.classes, SHOWN_NAMES),
        )
    return codes.to_numpy()


def row_numbers(checked: Checked) -> np.ndarray:
    """Return the numbers of the target as the table has them (n,), whatever the exposure of a row.

    They are float64, and NaN where missing.
    """
    return checked.frame[checked.schema.learned_target.name].to_numpy().astype(np.float64)


def class_codes(checked: Checked) -> pl.Series:
    """Return each label's position in ``schema.target.classes``, -1 if it is no class (n,)."""
    target = checked.schema.learned_target
    values = checked.frame[target.name]
    labels = _typed_labels(target.classes, values.dtype)
    codes = values.replace_strict(
        labels, list(range(len(labels))), default=-1, return_dtype=pl.Int64
    )
    return codes.fill_null(-1)


def has_target(checked: Checked) -> pl.Series:
    """Return which rows have a target whose class is not left out (n,)."""
    target = checked.schema.learned_target
    values = checked.frame[target.name]
    return values.is_not_null() & ~_is_left_out(values, target)


def _is_left_out(values: pl.Series, target: Target) -> pl.Series:
    labels = _typed_labels(target.left_out, values.dtype)
    return values.is_in(labels.implode()).fill_null(False)


def left_out_counts(checked: Checked) -> dict[Label, int]:
    """Return how many rows hold each label that is left out, the most frequent first."""
    target = checked.schema.target
    if target is None or not target.left_out:
        return {}
    values = checked.frame[target.name]
    counts = dict(counted(values).iter_rows())
    typed = _typed_labels(target.left_out, values.dtype)
    left_out = {
        label: counts.get(value, 0) for label, value in zip(target.left_out, typed, strict=True)
    }
    return dict(sorted(left_out.items(), key=lambda pair: -pair[1]))


def _typed_labels(labels: tuple[Label, ...], dtype: pl.DataType) -> pl.Series:
    as_typed = {pl.String: str, pl.Boolean: bool}.get(type(dtype), float)
    return pl.Series([as_typed(label) for label in labels], dtype=dtype)


def weight_values(checked: Checked) -> np.ndarray | None:
    """Return the weight of each row, float64 [n], None without a column of weights or exposures.

    Raises
    ------
    ColumnError
        A weight is missing, negative, or all are zero; an exposure is not above 0.
    """
    weights = weights_of_block(checked)
    if weights is not None and not weights.any():
        raise without_weight(checked.named(say("Weight column"), checked.schema.weight or ""))
    return weights


def without_weight(column: str) -> ColumnError:
    """Return the error for a weight column of this name that leaves every row out."""
    return ColumnError("{column} is 0 in every row.", "Give rows a weight above 0.", column=column)


def exposure_values(checked: Checked) -> np.ndarray | None:
    """Return the exposure of each row, float64 [n], None without such a column.

    Raises
    ------
    ColumnError
        An exposure is missing, or not above 0.
    """
    values = _role_values(checked, checked.schema.exposure, say("Exposure column"))
    if values is None:
        return None
    exposure = values.to_numpy().astype(np.float64)
    if (exposure <= 0).any():
        raise ColumnError(
            "{column} is not above 0 in {rows}.",
            "Nothing can happen without exposure: correct these rows, or leave them out.",
            column=checked.named(say("Exposure column"), values.name),
            rows=checked.rows_text(exposure <= 0),
        )
    return exposure


def weights_of_block(checked: Checked) -> np.ndarray | None:
    """Return `weight_values` of some rows of a larger table, all of which may have weight 0.

    A row weighs as much as its weight times its exposure: its target is a mean over so many units.
    """
    weights, exposure = _weights(checked), exposure_values(checked)
    if weights is None or exposure is None:
        return exposure if weights is None else weights
    return weights * exposure


def _weights(checked: Checked) -> np.ndarray | None:
    """Return the column of weights (n,), None if there is none."""
    values = _role_values(checked, checked.schema.weight, say("Weight column"))
    if values is None:
        return None
    weights = values.to_numpy().astype(np.float64)
    column = checked.named(say("Weight column"), values.name)
    if (weights < 0).any():
        raise ColumnError(
            "{column} is negative in {rows}.",
            "Give weights from 0 up; 0 leaves a row out.",
            column=column,
            rows=checked.rows_text(weights < 0),
        )
    return weights


def group_values(checked: Checked) -> np.ndarray | None:
    """Return the group of each row as int64 codes from 0, [n], None without a group column.

    Raises
    ------
    ColumnError
        A row has no group.
    """
    values = group_names(checked)
    return None if values is None else values.rank("dense").cast(pl.Int64).to_numpy() - 1


def group_names(checked: Checked) -> pl.Series | None:
    """Return the group of each row as written in the table (n,), None without a group column.

    Raises
    ------
    ColumnError
        A row has no group.
    """
    return _role_values(checked, checked.schema.group, say("Group column"))


def time_values(checked: Checked) -> np.ndarray | None:
    """Return the time of each row, [n], None without a time column.

    Int64 microseconds since 1970 (UTC) for dates, float64 for numbers.

    Raises
    ------
    ColumnError
        A row has no time.
    """
    values = _role_values(checked, checked.schema.time, say("Time column"))
    return None if values is None else times_of(values)


def times_of(values: pl.Series) -> np.ndarray:
    """Return a typed column's times in the form of `time_values`."""
    return values.to_physical().to_numpy()


def _role_values(checked: Checked, name: str | None, role: str) -> pl.Series | None:
    if name is None or name not in checked.frame.columns:
        return None
    values = checked.frame[name]
    if values.null_count():
        raise ColumnError(
            "{column} has no usable value in {rows}.",
            "Fill them in, or leave these rows out.",
            column=checked.named(role, name),
            rows=checked.rows_text(values.is_null()),
        )
    return values
