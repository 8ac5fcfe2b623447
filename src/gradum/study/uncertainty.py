"""Robust intervals for the linear rung's coefficients, around the penalised estimate.

For the objective Σ wᵢ lᵢ(θ) / Σ w + alpha · ½ ‖W‖², with its Hessian H at the estimate and each
row's score sᵢ = wᵢ ∇lᵢ / Σ w, the covariance of the estimate is approximately (the "sandwich")

    H⁻¹ (Σᵢ sᵢ sᵢᵀ) H⁻¹,

where the scores of each group are summed first if rows come in groups. It holds whether or not the
model is right. A row pulls the fit towards itself, which makes its score too small. If it is not in
a group and the model has one output, its score is divided by 1 − hᵢ (HC3), which gives about the
score without the row in the fit. The leverage hᵢ is wᵢ lᵢ'' xᵢᵀ H⁻¹ xᵢ / Σ w, where x ends with a
one.

Since H includes the penalty, this is the spread of the penalised estimate around its own limit, not
around the truth: it includes neither the penalty's pull towards 0 nor the choice of alpha.

H. White, Econometrica 48, 1980; K.-Y. Liang and S. Zeger, Biometrika 73, 1986; J. MacKinnon and
H. White, J. Econometrics 29, 1985.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import polars as pl
import scipy.linalg

from gradum.core.losses import Loss
from gradum.core.models.network import Params
from gradum.margins import of_sums
from gradum.messages import say, sentences
from gradum.run.run import Run
from gradum.rungs.linear.fit import columns_of
from gradum.rungs.rows import Rows
from gradum.scores.interval import NORMAL_95
from gradum.solvers.curvature import Curvature, numerical_rank
from gradum.solvers.matrix import Columns
from gradum.solvers.standard import StandardColumns
from gradum.study.coefficients import combined, linear_rung
from gradum.study.combinations import Combinations, against_reference
from gradum.tables.split import Part
from gradum.tables.wording import quoted

MOST_SHOWN = 40
MOST_PARAMETERS = 1_500
MOST_WORK = 2e10  # rows times parameters squared: a few seconds
FEW_GROUPS = 30
BLOCK_VALUES = 500_000
FULL_LEVERAGE = 1e-10  # for 1 − h, which is 0 up to rounding for a row that the fit goes through


class Estimate(msgspec.Struct, frozen=True):
    """A value with its 95% interval, whose ends are None if it was not computed."""

    value: float
    low: float | None
    high: float | None


class CoefficientInterval(msgspec.Struct, frozen=True):
    """One coefficient of the linear rung."""

    feature: str
    """For example ``size`` or ``colour=red (against blue)``."""
    source: str
    """The table's column."""
    class_: str | None
    """The class whose log-odds or logit it moves; None for a number."""
    coefficient: Estimate
    """The change of the output for one raw unit of the feature, or from its column's commonest
    level to this one."""
    standardised: Estimate
    """The change for one standard deviation of a dense feature; the same number for a level or an
    n-gram."""


class Coefficients(msgspec.Struct, frozen=True):
    """The linear rung's coefficients, without intercepts."""

    rows: tuple[CoefficientInterval, ...]
    """The `MOST_SHOWN` largest standardised coefficients, largest first."""
    left_out: int
    """How many more coefficients there are."""
    sentence: str
    """What the intervals mean, or why there are none."""


def main_coefficients(run: Run) -> Coefficients | None:
    """Return the largest coefficients with their intervals, or None without a linear rung."""
    if run.fitted.linear is None:
        return None
    frame, sentence, names = coefficient_intervals(run)
    named = dict(zip(map(str, names), names, strict=True))  # which a frame keeps in one language
    dense = run.fitted.encoder.layout.dense
    measured = [feature.name for feature in dense if feature.traits.is_of_grid]  # says nothing
    frame = frame.filter(pl.col("source").is_not_null() & ~pl.col("feature").is_in(measured))
    frame = frame.sort(pl.col("standardised").abs(), descending=True, maintain_order=True)
    rows = tuple(
        CoefficientInterval(
            named[row["feature"]],
            row["source"],
            row["class"],
            Estimate(row["coefficient"], row["low"], row["high"]),
            Estimate(row["standardised"], row["standardised_low"], row["standardised_high"]),
        )
        for row in frame.head(MOST_SHOWN).iter_rows(named=True)
    )
    return Coefficients(rows, len(frame) - len(rows), sentence)


def coefficient_intervals(run: Run) -> tuple[pl.DataFrame, str, tuple[str, ...]]:
    """Return coefficients with low, high, standardised_low and standardised_high, and a sentence.

    The last is the name of every feature.

    The columns are those of `coefficients`, but each level is compared with the commonest one of
    its column, as in the regression table. The intervals are null if the model is too large for
    them, with more than `MOST_PARAMETERS` coefficients or too many rows for their number, and where
    a coefficient is at the bound that its direction sets. The sentence says so.

    Raises
    ------
    SpecError
        The model has no linear rung.
    """
    rows, layer = _learned(run), linear_rung(run.fitted).input_layer
    assert layer is not None
    weight = run.dataset.weight[learned_rows(run)]  # without the class's own, as people count
    combinations = against_reference(layer, rows.design.encoded(), weight)
    frame = combined(run.fitted, combinations)
    deviation = np.tile(combinations.deviation, len(frame) // len(combinations))
    errors: np.ndarray | None = None
    if len(frame) > MOST_PARAMETERS or len(rows) * len(frame) ** 2 > MOST_WORK:
        sentence = say(
            "No intervals: {coefficients:,} coefficients of {rows:,} rows are too many.",
            coefficients=len(frame),
            rows=len(rows),
        )
    elif linear_rung(run.fitted).learned_by.one_score:
        sentence = say(
            "No intervals: the slopes of ordered classes share their thresholds, of which the "
            "sandwich estimator here knows nothing."
        )
    elif held := _held_at_0(run):
        sentence = say(
            "No intervals: the directions asked for hold the coefficients of {columns} at 0, "
            "where the estimate cannot vary to both sides.",
            columns=quoted(held),
        )
    else:
        try:
            errors = _standard_errors(run, rows, combinations)
            sentence = _meaning(rows)
        except np.linalg.LinAlgError:
            sentence = say("No intervals: without a penalty, the columns cannot be told apart.")
    raw = pl.lit(errors, pl.Float64) * NORMAL_95
    standardised = raw * pl.lit(deviation)
    with_intervals = frame.with_columns(
        low=pl.col("coefficient") - raw,
        high=pl.col("coefficient") + raw,
        standardised_low=pl.col("standardised") - standardised,
        standardised_high=pl.col("standardised") + standardised,
    )
    return with_intervals, sentence, combinations.names


def _held_at_0(run: Run) -> list[str]:
    """Return the columns that have a direction and whose coefficients are 0."""
    directions, columns = run.fitted.spec.directions, run.fitted.encoder.layout.columns
    weight = linear_rung(run.fitted).params["layers"][0]["weight"]  # numbers are the first columns
    return [
        column.source
        for column, of_column in zip(columns, weight, strict=False)
        if column.traits.is_quantity and column.source in directions and not of_column.any()
    ]


def _meaning(rows: Rows) -> str:
    groups = 0 if rows.groups is None else len(np.unique(rows.groups))
    estimator = say("95% intervals by the sandwich estimator.")
    if groups:
        estimator = say(
            "95% intervals by the sandwich estimator, rows of one group taken together."
        )
    if 0 < groups < FEW_GROUPS:
        estimator = say(
            "95% intervals by the sandwich estimator, rows of one group taken together; from "
            "{groups} groups they are too narrow.",
            groups=groups,
        )
    around = say("They lie around the penalised estimate, and do not correct its pull towards 0.")
    return sentences([estimator, around])


def learned_rows(run: Run) -> np.ndarray:
    """Return the positions of the rows that the kept linear rung was fitted on."""
    rows = np.flatnonzero((run.parts == Part.TRAIN) | (run.parts == Part.VALIDATION))
    if linear_rung(run.fitted).settings["rows"] != len(rows):  # it was refitted on all rows
        rows = np.arange(len(run.dataset))
    return rows


def _learned(run: Run) -> Rows:
    """Return the rows that the kept linear rung was fitted on, with their weights."""
    taken = run.dataset.rows(run.fitted.encoder).take(learned_rows(run))
    by_class = linear_rung(run.fitted).class_weight
    return taken if by_class is None else taken.weighed(by_class)


def _standard_errors(run: Run, rows: Rows, combinations: Combinations) -> np.ndarray:
    """Return the standard errors of the combinations in raw units, output by output."""
    rung = linear_rung(run.fitted)
    layer, scale = rung.input_layer, rung.target_scale
    assert layer is not None
    variance = sandwich(
        columns_of(layer, rows),
        rows.target if scale is None else scale.forward(rows.target),
        rung.learned_by,
        rung.params,
        alpha=rung.settings["alpha"],
        weight=rows.weight,
        combinations=combinations.matrix,
        groups=rows.groups,
    )
    errors = np.sqrt(variance).T.ravel()
    if scale is None or rung.learned_by.link == "log":  # a logarithm has no unit
        return errors
    return errors * scale.scale


def sandwich(
    columns: Columns,
    target: np.ndarray,
    loss: Loss,
    params: Params,
    *,
    alpha: float,
    weight: np.ndarray,
    combinations: Any,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Return the variances (m, k) of combinations of a linear model's parameters at the optimum.

    Parameters
    ----------
    columns : Columns of shape (n, D)
    target : ndarray of shape (n,)
        The target in the form that the loss takes.
    params : dict
        Weight (D, k) and bias (k,) of a single layer.
    alpha : float
        Strength of the penalty.
    weight : ndarray of shape (n,)
    combinations : ndarray or csr_array of shape (m, D + 1)
        Combinations of an output's weights and its bias.
    groups : ndarray of shape (n,), optional
        Codes of independent groups; by default each row is one.

    Raises
    ------
    numpy.linalg.LinAlgError
        The Hessian is singular: columns depend on each other, and there is no penalty.
    """
    layer = params["layers"][0]
    logits = columns @ layer["weight"] + layer["bias"]
    share = weight / weight.sum()
    slope = share[:, None] * loss.gradient(logits, target)
    width, outputs = len(layer["weight"]) + 1, logits.shape[1]
    hessian = _hessian(columns, target, loss, logits, alpha, share)
    if numerical_rank(hessian, of_sums(len(target))) < len(hessian):
        raise np.linalg.LinAlgError
    factor = scipy.linalg.cho_factor(hessian)
    if groups is None and outputs == 1:
        rest = 1.0 - share * loss.hessian(logits, target)[:, 0, 0] * _squares(columns, factor)
        full = rest < FULL_LEVERAGE
        slope = np.where(full, 0.0, slope[:, 0] / np.where(full, 1.0, rest))[:, None]
    variance = np.zeros((combinations.shape[0], outputs))
    for score in _scores(columns, slope, groups):
        # H⁻¹ s row by row: in H⁻¹ M H⁻¹, rounding would be magnified by H⁻¹ twice.
        moved = scipy.linalg.cho_solve(factor, score.T).reshape(width, -1)
        reported = (combinations @ moved).reshape(len(variance), outputs, -1)
        variance += np.square(reported).sum(axis=2)
    return variance


def _hessian(
    columns: Columns,
    target: np.ndarray,
    loss: Loss,
    logits: np.ndarray,
    alpha: float,
    share: np.ndarray,
) -> np.ndarray:
    """Return H, [(D + 1) k, (D + 1) k]."""
    outputs = logits.shape[1]
    probability = loss.inverse_link(logits) if outputs > 1 else None
    hessian = Curvature(
        columns=StandardColumns.as_given(columns),
        penalty=np.full((columns.shape[1], 1), alpha),
        weight=share,
        second=loss.hessian(logits, target)[:, 0]
        if probability is None
        else probability * (1.0 - probability),
        probability=probability,
        fit_intercept=True,
    ).matrix()
    if outputs > 1:
        # Adding one number to all classes changes nothing, and no score points that way, so H may
        # be given any curvature there.
        blocks = hessian.reshape(-1, outputs, columns.shape[1] + 1, outputs)
        diagonal = np.einsum("ikil->ikl", blocks)
        diagonal += np.trace(hessian) / len(hessian)
    return hessian


def _squares(columns: Columns, factor: tuple[np.ndarray, bool]) -> np.ndarray:
    """Return xᵀ H⁻¹ x for each row x with a one at its end, [n]."""
    ones = np.ones((columns.shape[0], 1))
    solved = (
        (rows, scipy.linalg.cho_solve(factor, rows.T)) for rows in _scores(columns, ones, None)
    )
    return np.concatenate([np.einsum("ij,ji->i", rows, moved) for rows, moved in solved])


def _scores(columns: Columns, slope: np.ndarray, groups: np.ndarray | None) -> Iterator[np.ndarray]:
    """Yield the scores of blocks of groups, (groups, (D + 1) k); an ungrouped row is a group."""
    rows, outputs = slope.shape
    width = columns.shape[1] + 1
    order, starts = np.arange(rows), np.arange(rows)
    if groups is not None:
        order = np.argsort(groups, kind="stable")
        starts = np.unique(groups[order], return_index=True)[1]
    step = max(1, BLOCK_VALUES // (width * outputs))
    cuts = np.unique(np.searchsorted(starts, np.arange(0, rows, step)))
    ends = np.append(starts, rows)
    for first, last in zip(cuts, np.append(cuts[1:], len(starts)), strict=True):
        taken = order[ends[first] : ends[last]]
        values = np.column_stack([columns.take(taken).to_dense(), np.ones(len(taken))])
        scores = (values[:, :, None] * slope[taken][:, None, :]).reshape(len(taken), -1)
        yield np.add.reduceat(scores, starts[first:last] - ends[first], axis=0)
