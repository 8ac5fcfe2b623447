"""Sentences of a regression table: what its figures mean, and why some are not there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.core.losses import Loss
from gradum.scores.figures import figure
from gradum.solvers.status import Status
from gradum.study.inference.collinearity import Dependency
from gradum.study.inference.family import likelihood_of
from gradum.study.inference.fitted import FittedModel
from gradum.study.inference.separation import Perfect, Screened
from gradum.tables.wording import SHOWN_ROWS, counted, quoted, rows_text

LARGEST_CONDITION = 1e6
FEW_GROUPS = 30
MOST_NAMED = 5
SMALL_SLOPE = 1e-8
OFF_ZERO = 4.0  # standard errors by which the residuals' mean shows that a constant is missing

REMEDY = "Drop those columns, merge their levels, or use a penalty (alpha above 0)."

SINGULAR = (
    "No standard errors: the columns nearly depend on each other, and rounding hides what is left."
)
EXACT = "No standard errors: the fit is exact, and leaves nothing to estimate an error from."


def dependency(each: Dependency, names: Sequence[str]) -> str:
    """Name a column that others determine."""
    others = [names[k] for k in each.on if k >= 0]
    with_level = " and the intercept" if -1 in each.on else ""
    name = repr(names[each.column])
    if not others:
        what = "is constant, as the intercept is" if with_level else "is 0 in every row"
    else:
        what = f"is determined by {quoted(others, 8)}{with_level}"
    return f"{name} {what}: what belongs to which cannot be told, so they have no numbers."


def separated(loss: Loss) -> str:
    """Say that the likelihood has no maximum."""
    return f"{_no_maximum(f'some columns {likelihood_of(loss).separation}')} {REMEDY}"


def _no_maximum(what: str) -> str:
    return (
        f"No estimates and no standard errors: {what} without error, so the likelihood has no "
        "maximum and the best coefficients are infinite."
    )


def tell_apart(perfect: Sequence[Perfect], names: Sequence[str]) -> str:
    """Say that the columns of zeros and ones leave no row of some class to explain."""
    found = dict.fromkeys(column for each in perfect for column in each.columns)
    columns = [names[column] for column in found]
    verb = "tells" if len(columns) == 1 else "tell"
    return f"{_no_maximum(f'{quoted(columns, MOST_NAMED)} {verb} the classes apart')} {REMEDY}"


def thresholds(
    found: Sequence[tuple[int, int, int]], names: Sequence[str], classes: Sequence[str]
) -> str:
    """Name columns of which a threshold splits a class from the others, with their signs."""
    labels = [f" ({classes[code]})" if len(classes) > 2 else "" for _, code, _ in found]
    each = [
        (names[column] + label, float(sign))
        for (column, _, sign), label in zip(found, labels, strict=True)
    ]
    what = "a threshold of a column tells a class apart"
    return f"{_no_maximum(what)} {infinite(each)} {REMEDY}"


def left_out(screened: Screened, names: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Name the columns that predict a class without error, and the rows that went with them."""
    said = []
    for each in screened.perfect:
        one = len(each.columns) == 1
        named = quoted([names[column] for column in each.columns], MOST_NAMED)
        rows = f"{'its' if one else 'their'} {counted(each.rows, 'row')}"
        if not each.value:
            rows = f"the {counted(each.rows, 'row')} where {'it is' if one else 'one is'} 0"
        said.append(
            f"{named} {'is' if one else 'are'} left out with {rows}, which "
            f"{'it predicts' if one else 'they predict'} without error: "
            f"class {classes[each.class_]!r}."
        )
    if screened.perfect:
        said.append(
            f"All figures are of the {int(screened.rows.sum()):,} rows left; the coefficients are "
            "the limits of maximum likelihood as those left out grow without end."
        )
    if screened.alone:
        one = len(screened.alone) == 1
        named = quoted([names[column] for column in screened.alone], MOST_NAMED)
        said.append(
            f"{named} {'is' if one else 'are'} left out, {'its' if one else 'their'} rows are not: "
            f"some class never occurs with one of {'its' if one else 'their'} values, which makes "
            "a coefficient infinite; this is the model without, in which such a level counts as "
            "the one that others are compared with."
        )
    return said


def determined_by_the_rest(names: Sequence[str]) -> str:
    """Name columns that the rows left cannot tell from others."""
    is_, it = ("is", "it") if len(names) == 1 else ("are", "them")
    return (
        f"{quoted(names, MOST_NAMED)} {is_} left out as well: in the rows left, the columns before "
        f"{it} determine {it}."
    )


def together(names: Sequence[str]) -> str:
    """Name columns that only together tell a class apart."""
    return f"These do, together: {quoted(names, MOST_NAMED)}."


def infinite(found: Sequence[tuple[str, float]]) -> str:
    """Name the columns whose coefficients are infinite."""
    named = [f"{name!r} ({'+' if value > 0 else '−'}∞)" for name, value in found[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
    return f"Infinite: {', '.join(named)}{more}."


def too_few(n: float, parameters: float) -> str:
    """Say that there are not more observations than coefficients."""
    return (
        f"No standard errors: {figure(n)} observations are no more than "
        f"{figure(parameters)} coefficients, so none is left to estimate an error from."
    )


def meaning(
    fitted: FittedModel, covariance: str, *, weighted: bool, groups: np.ndarray | None
) -> list[str]:
    """Say what the standard errors assume, and what the weights mean."""
    said, likelihood = [], likelihood_of(fitted.loss)
    if covariance == "classical":
        said.append(f"Classical standard errors: right if {likelihood.assumption}.")
    elif groups is not None:
        count = len(np.unique(groups))
        few = ", too few for standard errors to be trusted" if count < FEW_GROUPS else ""
        said.append(
            f"Cluster-robust standard errors: rows of one group may depend on each other in any "
            f"way; {counted(count, 'group')}{few}."
        )
    else:
        said.append(
            f"Robust standard errors ({covariance}): right also if {likelihood.robustness}."
        )
    if weighted and fitted.kind == "frequency":
        said.append(
            f"Weights are frequencies: a row of weight w stands for w equal rows, "
            f"n = Σw = {figure(fitted.n, digits=6)}."
        )
        if np.any(fitted.weight != np.round(fitted.weight)):
            said.append(
                "Some weights are not whole numbers, so they count no rows; if only their ratios "
                "matter, weights='precision' is meant."
            )
    elif weighted:
        said.append(
            "Weights are precisions: a row of weight w is a single row"
            + (
                f", whose variance is that of weight 1 divided by w, n = {len(fitted.weight):,}."
                if covariance == "classical"
                else f", n = {len(fitted.weight):,}; why it weighs so does not matter."
            )
        )
    return said


def caveats(fitted: FittedModel, status: Status, slope: float) -> list[str]:
    """Say what keeps the figures from meaning what they usually do."""
    said = []
    if fitted.alpha:
        said.append(
            f"Penalised fit (alpha = {figure(fitted.alpha)}): the estimates are biased towards 0, "
            "and a standard error is their spread around their own mean, not around the truth. "
            "The p-values are no tests of 'no effect', and the intervals do not cover the truth as "
            "often as they say; with alpha = 0 they are and do."
        )
    if status == Status.STALLED and slope > SMALL_SLOPE:
        said.append(
            f"The solver stopped short of the optimum: rounding left a gradient of "
            f"{figure(slope, digits=2)} of its size without the columns, so that the last digits "
            "are not to be trusted."
        )
    if fitted.standard.condition > LARGEST_CONDITION:
        said.append(
            f"The columns nearly depend on each other (condition number "
            f"{figure(fitted.standard.condition, digits=2)}): single coefficients are hardly "
            "determined."
        )
    return said + missing_constant(fitted)


def missing_constant(fitted: FittedModel) -> list[str]:
    """Say that residuals of least squares through the origin do not average 0."""
    if fitted.standard.fit_intercept or not fitted.loss.quadratic:
        return []
    residual = fitted.target - fitted.logits[:, 0]
    mean = float(np.average(residual, weights=fitted.weight))
    variance = float(np.average((residual - mean) ** 2, weights=fitted.weight))
    error = np.sqrt(variance / fitted.n)
    if not abs(mean) > OFF_ZERO * error:
        return []
    return [
        f"There is no intercept, and the residuals average {figure(mean)}, "
        f"{figure(abs(mean) / error, digits=2)} standard errors from 0: the model lacks a "
        "constant, so fit it with fit_intercept=True."
    ]


def full_leverage(numbers: np.ndarray, covariance: str) -> list[str]:
    """Name the rows that the fit goes through whatever their target."""
    if not len(numbers):
        return []
    has = "has" if len(numbers) == 1 else "have"
    rows = rows_text([int(row) for row in numbers[:SHOWN_ROWS]], len(numbers))
    robust = f" {covariance} leaves it out." if covariance in ("HC2", "HC3") else ""
    return [
        f"{rows[0].upper()}{rows[1:]} {has} leverage 1: a coefficient of its own takes up "
        f"whatever its target is.{robust}"
    ]
