"""Sentences of a regression table: what its figures mean, and why some are absent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.core.losses import Loss
from gradum.messages import listed, marked, say, say_plural, sentences
from gradum.scores.figures import figure, rows_figure
from gradum.solvers.solution import Status
from gradum.study.inference.collinearity import Dependency
from gradum.study.inference.family import FittedModel, likelihood_of
from gradum.study.inference.optimum import Perfect, Screened
from gradum.tables.wording import SHOWN_ROWS, first_upper, quoted, rows_text

LARGEST_CONDITION = 1e6
FEW_GROUPS = 30
MOST_NAMED = 5
SMALL_SLOPE = 1e-8
OFF_ZERO = 4.0  # standard errors of the residuals' mean that show that a constant is missing

REMEDY = marked("Drop those columns, merge their levels, or use a penalty (alpha above 0).")

SINGULAR = marked(
    "No standard errors: the columns nearly depend on each other, and rounding hides what is left."
)
EXACT = marked(
    "No standard errors: the fit is exact, and leaves nothing to estimate an error from."
)


def dependency(determined: Dependency, names: Sequence[str]) -> str:
    """Name a column that other columns determine."""
    column = names[determined.column]
    others = quoted([names[k] for k in determined.on if k >= 0], 8)
    if others and -1 in determined.on:
        return say(
            "{column!r} is determined by {others} and the intercept: their effects cannot be told "
            "apart, so they have no numbers.",
            column=column,
            others=others,
        )
    if others:
        return say(
            "{column!r} is determined by {others}: their effects cannot be told apart, so they "
            "have no numbers.",
            column=column,
            others=others,
        )
    if -1 in determined.on:
        return say(
            "{column!r} is constant, as the intercept is: their effects cannot be told apart, so "
            "they have no numbers.",
            column=column,
        )
    return say(
        "{column!r} is 0 in every row: its effect cannot be told, so it has no numbers.",
        column=column,
    )


def separated(loss: Loss) -> str:
    """Say that the likelihood has no maximum."""
    no_maximum = say(
        "No estimates and no standard errors: some columns {separation} without error, so the "
        "likelihood has no maximum and the best coefficients are infinite.",
        separation=say(likelihood_of(loss).separation),
    )
    return sentences([no_maximum, say(REMEDY)])


def tell_apart(perfect: Sequence[Perfect], names: Sequence[str]) -> str:
    """Say that the 0/1 columns leave no row of some class to explain."""
    places = dict.fromkeys(column for predictor in perfect for column in predictor.columns)
    columns = [names[place] for place in places]
    named = quoted(columns, MOST_NAMED)
    if len(columns) == 1:
        no_maximum = say(
            "No estimates and no standard errors: {column} tells the classes apart without error, "
            "so the likelihood has no maximum and the best coefficients are infinite.",
            column=named,
        )
    else:
        no_maximum = say(
            "No estimates and no standard errors: {columns} tell the classes apart without error, "
            "so the likelihood has no maximum and the best coefficients are infinite.",
            columns=named,
        )
    return sentences([no_maximum, say(REMEDY)])


def thresholds(
    splits: Sequence[tuple[int, int, int]], names: Sequence[str], classes: Sequence[str]
) -> str:
    """Name columns in which a threshold separates a class from the others, with their signs."""
    labels = [f" ({classes[code]})" if len(classes) > 2 else "" for _, code, _ in splits]
    columns = [
        (names[column] + label, float(sign))
        for (column, _, sign), label in zip(splits, labels, strict=True)
    ]
    no_maximum = say(
        "No estimates and no standard errors: a threshold of a column tells a class apart without "
        "error, so the likelihood has no maximum and the best coefficients are infinite."
    )
    return sentences([no_maximum, infinite(columns), say(REMEDY)])


PERFECT = {  # whether there are several columns, and whether the rows are those where a column is 1
    (False, True): marked(
        "{columns} is left out with its {rows}, which it predicts without error: class {class_!r}."
    ),
    (False, False): marked(
        "{columns} is left out with the {rows} where it is 0, which it predicts without error: "
        "class {class_!r}."
    ),
    (True, True): marked(
        "{columns} are left out with their {rows}, which they predict without error: "
        "class {class_!r}."
    ),
    (True, False): marked(
        "{columns} are left out with the {rows} where one is 0, which they predict without error: "
        "class {class_!r}."
    ),
}


def left_out(screened: Screened, names: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Name the columns that predict a class without error, and the rows left out with them."""
    notes = []
    for predictor in screened.perfect:
        sentence = PERFECT[len(predictor.columns) > 1, bool(predictor.value)]
        notes.append(
            say(
                sentence,
                columns=quoted([names[column] for column in predictor.columns], MOST_NAMED),
                rows=say_plural("{count:,} row", "{count:,} rows", predictor.rows),
                class_=classes[predictor.class_],
            )
        )
    if screened.perfect:
        notes.append(
            say(
                "All figures are for the {rows:,} remaining rows; the coefficients are the "
                "limits of maximum likelihood as the coefficients left out grow without bound.",
                rows=int(screened.rows.sum()),
            )
        )
    if screened.alone:
        named = quoted([names[column] for column in screened.alone], MOST_NAMED)
        notes.append(
            say(
                "{column} is left out, but its rows are not: some class never occurs with one of "
                "its values, which makes a coefficient infinite; this is the model without it, in "
                "which such a level counts as the one that others are compared with.",
                column=named,
            )
            if len(screened.alone) == 1
            else say(
                "{columns} are left out, but their rows are not: some class never occurs with one "
                "of their values, which makes a coefficient infinite; this is the model without "
                "them, in which such a level counts as the one that others are compared with.",
                columns=named,
            )
        )
    return notes


def determined_by_the_rest(names: Sequence[str]) -> str:
    """Name columns that the remaining rows cannot tell from other columns."""
    named = quoted(names, MOST_NAMED)
    if len(names) == 1:
        return say(
            "{column} is left out as well: in the remaining rows, it is determined by the "
            "columns before it.",
            column=named,
        )
    return say(
        "{columns} are left out as well: in the remaining rows, they are determined by the "
        "columns before them.",
        columns=named,
    )


def together(names: Sequence[str]) -> str:
    """Name columns that separate a class only together."""
    return say("These do, together: {columns}.", columns=quoted(names, MOST_NAMED))


def infinite(columns: Sequence[tuple[str, float]]) -> str:
    """Name the columns whose coefficients are infinite."""
    named = listed(
        [f"{name!r} ({'+' if value > 0 else '−'}∞)" for name, value in columns[:MOST_NAMED]]
    )
    more = len(columns) - MOST_NAMED
    if more > 0:
        return say("Infinite: {columns} and {more:,} more.", columns=named, more=more)
    return say("Infinite: {columns}.", columns=named)


def too_few(n: float, parameters: float) -> str:
    """Say that there are no more observations than coefficients."""
    return say(
        "No standard errors: {observations} observations are no more than {coefficients} "
        "coefficients, so none is left to estimate an error from.",
        observations=rows_figure(n),
        coefficients=rows_figure(parameters),
    )


def meaning(
    fitted: FittedModel, covariance: str, *, weighted: bool, groups: np.ndarray | None
) -> list[str]:
    """Say what the standard errors assume, and what the weights mean."""
    notes, likelihood = [], likelihood_of(fitted.loss)
    if covariance == "classical":
        notes.append(
            say(
                "Classical standard errors: valid if {assumption}.",
                assumption=say(likelihood.assumption),
            )
        )
    elif groups is not None:
        count = len(np.unique(groups))
        number = say_plural("{count:,} group", "{count:,} groups", count)
        notes.append(
            say(
                "Cluster-robust standard errors: rows of one group may depend on each other in "
                "any way; {groups}, which are too few for the standard errors to be trusted.",
                groups=number,
            )
            if count < FEW_GROUPS
            else say(
                "Cluster-robust standard errors: rows of one group may depend on each other in any "
                "way; {groups}.",
                groups=number,
            )
        )
    else:
        notes.append(
            say(
                "Robust standard errors ({estimator}): valid even if {robustness}.",
                estimator=covariance,
                robustness=say(likelihood.robustness),
            )
        )
    if weighted and fitted.kind == "frequency":
        notes.append(
            say(
                "Weights are frequencies: a row of weight w stands for w equal rows, n = Σw = {n}.",
                n=rows_figure(fitted.n),
            )
        )
        if np.any(fitted.weight != np.round(fitted.weight)):
            notes.append(
                say(
                    "Some weights are not whole numbers, so they count no rows; if only their "
                    "ratios matter, weights='precision' is meant."
                )
            )
    elif weighted:
        notes.append(
            say(
                "Weights are precisions: a row of weight w is a single row, whose variance is that "
                "of weight 1 divided by w, n = {n:,}.",
                n=len(fitted.weight),
            )
            if covariance == "classical"
            else say(
                "Weights are precisions: a row of weight w is a single row, n = {n:,}; the reason "
                "for its weight does not matter.",
                n=len(fitted.weight),
            )
        )
    return notes


def caveats(fitted: FittedModel, status: Status, slope: float) -> list[str]:
    """Say what keeps the figures from having their usual meaning."""
    notes = []
    if fitted.alpha:
        notes.append(
            say(
                "Penalised fit (alpha = {alpha}): the estimates are biased towards 0, and a "
                "standard error is their spread around their own mean, not around the truth. The "
                "p-values do not test 'no effect', and the intervals do not cover the truth as "
                "often as they say; with alpha = 0, both would be valid.",
                alpha=figure(fitted.alpha),
            )
        )
    if status == Status.STALLED and slope > SMALL_SLOPE:
        notes.append(
            say(
                "The solver stopped short of the optimum: rounding left a gradient of {share} of "
                "its size without the columns, so the last digits cannot be trusted.",
                share=figure(slope, digits=2),
            )
        )
    if fitted.standard.condition > LARGEST_CONDITION:
        notes.append(
            say(
                "The columns nearly depend on each other (condition number {number}): single "
                "coefficients are hardly determined.",
                number=figure(fitted.standard.condition, digits=2),
            )
        )
    return notes + _missing_constant(fitted)


def _missing_constant(fitted: FittedModel) -> list[str]:
    """Say that the residuals of least squares through the origin do not average 0."""
    if fitted.standard.fit_intercept or not fitted.loss.quadratic:
        return []
    residual = fitted.target - fitted.logits[:, 0]
    mean = float(np.average(residual, weights=fitted.weight))
    variance = float(np.average((residual - mean) ** 2, weights=fitted.weight))
    error = np.sqrt(variance / fitted.n)
    if not abs(mean) > OFF_ZERO * error:
        return []
    return [
        say(
            "There is no intercept, and the residuals average {mean}, {errors} standard errors "
            "from 0: the model lacks a constant, so fit it with fit_intercept=True.",
            mean=figure(mean),
            errors=figure(abs(mean) / error, digits=2),
        )
    ]


def full_leverage(numbers: np.ndarray, covariance: str) -> list[str]:
    """Name the rows that the fit goes through whatever their target."""
    if not len(numbers):
        return []
    rows = rows_text([int(row) for row in numbers[:SHOWN_ROWS]], len(numbers))
    rows = first_upper(rows)
    if len(numbers) == 1:
        sentence = say(
            "{row} has leverage 1: a coefficient of its own fits its target, whatever it is.",
            row=rows,
        )
    else:
        sentence = say(
            "{rows} have leverage 1: each has a coefficient of its own that fits its target, "
            "whatever it is.",
            rows=rows,
        )
    if covariance in ("HC2", "HC3"):
        return [sentences([sentence, say("{estimator} leaves it out.", estimator=covariance)])]
    return [sentence]
