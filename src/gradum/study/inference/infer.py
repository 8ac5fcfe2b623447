"""Inference for linear models: least squares, logistic, multinomial, Poisson and gamma regression.

If the model is right, the estimate is approximately normal around the truth, with the covariance of
`covariance`. McCullagh and Nelder, Generalized Linear Models (1989); Greene, Econometric Analysis
(2018), chapters 4, 9 and 17.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from gradum.core.losses import Loss, resolve
from gradum.margins import EPSILON, STILL, TIMES
from gradum.messages import say
from gradum.solvers.solution import Status
from gradum.solvers.threads import one_thread
from gradum.study.inference import regression_sentences
from gradum.study.inference.covariance import (
    FactoredCovariance,
    OneOutput,
    SoftmaxCoordinates,
    covariance_of,
)
from gradum.study.inference.family import FittedModel, Weights, dispersion, likelihood_of
from gradum.study.inference.fit_statistics import (
    deviances,
    fit_statistics,
    likelihood_test,
    wald_test,
)
from gradum.study.inference.leverage import influence_of
from gradum.study.inference.optimum import Optimum, fit, screen, thresholds
from gradum.study.inference.result import Coefficient, Inference
from gradum.study.inference.sample import (
    Sample,
    check_options,
    check_size,
    dense_columns,
    labels_of,
    outputs_of,
)

INFINITE = 50.0  # a standard error per standard deviation that only separation causes


@one_thread()
def infer(
    columns: Any,
    target: np.ndarray,
    loss: str | Loss = "squared_error",
    *,
    names: Sequence[str] | None = None,
    weight: np.ndarray | None = None,
    weights: str | None = None,
    covariance: str = "classical",
    offset: np.ndarray | None = None,
    level: float = 0.95,
    fit_intercept: bool = True,
    alpha: float = 0.0,
    groups: np.ndarray | None = None,
    target_name: str = "target",
    classes: Sequence[object] = (),
    numbers: np.ndarray | None = None,
) -> Inference:
    """Fit a linear model and return its regression table.

    Parameters
    ----------
    columns : ndarray or sparse matrix of shape (n, D)
        X, without a column of ones.
    target : ndarray of shape (n,)
        Numbers, or class codes 0 .. K-1.
    loss : str or Loss
        ``squared_error``, ``log_loss``, ``poisson`` or ``gamma`` (both with a logarithmic link).
    names : sequence of str, optional
        Names of the columns.
    weight : ndarray of shape (n,), optional
        Weights >= 0; rows of weight 0 are left out.
    weights : {"frequency", "precision"}, optional
        What a weight w means; required if there are weights. ``frequency``: the row stands for w
        equal rows, and there are Σ w observations, as with statsmodels' ``freq_weights`` and
        Stata's ``fweight``. ``precision``: the row's variance is that of a row of weight 1 divided
        by w, and there are as many observations as rows, as with R's ``weights`` and statsmodels'
        ``WLS`` and ``var_weights``.
    covariance : {"classical", "robust", "HC0", "HC1", "HC2", "HC3"}
        See `gradum.study.inference.covariance`; HC2 and HC3 for one output only.
    offset : ndarray of shape (n,), optional
        Added to the linear predictor, with a coefficient of 1 that is not estimated; for one
        output only.
    level : float
        Level of the intervals.
    fit_intercept : bool
    alpha : float
        Strength of an L2 penalty alpha · ½ ‖b‖² on the mean loss.
    groups : ndarray of shape (n,), optional
        Codes of clusters; the covariance is then clustered instead of ``classical``.
    target_name : str
    classes : sequence, optional
        The labels of the codes; the first one is the reference.
    numbers : ndarray of shape (n,), optional
        The rows' numbers in their table, from 1.

    Returns
    -------
    Inference
        Statistics are t with n − p degrees of freedom for least squares (G − 1 for G clusters),
        normal otherwise. Values that the data do not determine are None, and a sentence says why.

    Raises
    ------
    SpecError
        An option makes no sense, the loss has no likelihood, or the problem is too large.
    ShapeError
        The numbers of rows, names or weights do not match.
    TargetError
        The target does not fit the loss, or has a single class.
    """
    loss = resolve(loss)
    check_options(loss, weights, covariance, level, alpha, groups, weighted=weight is not None)
    matrix, names = dense_columns(columns, names)
    sample = Sample.of(matrix, target, weight, groups, numbers, offset)
    loss.check_target(sample.target)
    outputs = outputs_of(loss, sample.target, classes, covariance, offset)
    asked = _Asked(
        names,
        target_name,
        loss,
        labels_of(loss, outputs, classes),
        covariance_of(covariance, outputs) if groups is None else "cluster",
        "precision" if weights == "precision" else "frequency",
        weight is not None,
        level,
        alpha,
        fit_intercept,
    )
    kept, undetermined, sentences = np.arange(matrix.shape[1]), set(), []
    count = len(asked.classes)
    if count and not alpha:
        screened = screen(sample.columns, sample.target, count, fit_intercept=fit_intercept)
        left = sample.take(screened.rows)
        if len(np.unique(left.target)) < count:
            return _empty_table(asked, [regression_sentences.tell_apart(screened.perfect, names)])
        sentences += regression_sentences.left_out(screened, names, asked.classes)
        sample, kept = left, np.setdiff1d(kept, screened.columns)
        alone = thresholds(sample.chosen(kept), sample.target, count)
        if alone:
            splits = [(int(kept[column]), code, sign) for column, code, sign in alone]
            return _empty_table(
                asked, [*sentences, regression_sentences.thresholds(splits, names, asked.classes)]
            )
    standard = sample.standard(kept, fit_intercept=fit_intercept)
    dependencies = () if alpha else standard.dependencies
    if dependencies:
        if sentences:
            spare = [names[kept[dependency.column]] for dependency in dependencies]
            sentences.append(regression_sentences.determined_by_the_rest(spare))
        else:
            undetermined = {
                k for dependency in dependencies for k in (dependency.column, *dependency.on)
            }
            sentences = [
                regression_sentences.dependency(dependency, names) for dependency in dependencies
            ]
        kept = np.delete(kept, [dependency.column for dependency in dependencies])
        standard = sample.standard(kept, fit_intercept=fit_intercept)
    check_size(standard, outputs)
    optimum = fit(
        standard, sample.target, sample.weight, asked.weights, loss, outputs, alpha, sample.offset
    )
    try:
        return _table(asked, sample, optimum, kept, undetermined, sentences)
    except np.linalg.LinAlgError:
        return _without_errors(
            asked, optimum, kept, undetermined, [*sentences, say(regression_sentences.SINGULAR)]
        )


@dataclass(frozen=True)
class _Asked:
    """The request for a regression table."""

    names: list[str]
    target: str
    loss: Loss
    classes: tuple[str, ...]
    covariance: str
    weights: Weights
    weighted: bool
    level: float
    alpha: float
    fit_intercept: bool


def _table(
    asked: _Asked,
    sample: Sample,
    optimum: Optimum,
    kept: np.ndarray,
    undetermined: set[int],
    sentences: list[str],
) -> Inference:
    fitted = optimum.fitted
    model = _geometry(fitted, expected=True)
    parameters = _parameters(fitted, model)
    estimate = optimum.against_first
    none = _why_none(fitted, optimum, parameters, sample.groups)
    if none:
        return _without_errors(asked, optimum, kept, undetermined, [*sentences, none])
    refined, left = optimum.refined, fitted.n - parameters
    phi = (
        dispersion(fitted.loss, fitted.logits, fitted.target, fitted.weight, left)
        if refined is None
        else refined.squares / left
    )
    robust = asked.covariance != "classical"
    observed = robust and likelihood_of(fitted.loss).expected_curvature is not None
    bent = _geometry(fitted, expected=False) if observed else model
    spread = (
        bent.spread(asked.covariance, sample.groups, phi)
        if robust or refined is None
        else refined.spread(phi)
    )
    degrees = _degrees(fitted, parameters, sample.groups)
    test = None
    if not asked.alpha:
        test = (
            wald_test(fitted, estimate.T.ravel(), spread, degrees)
            if robust
            else likelihood_test(fitted, parameters, phi)
        )
    rows = _coefficients(asked, fitted, estimate, spread, kept, undetermined, degrees)
    statistics = fit_statistics(fitted, parameters=parameters, dispersion=phi, test=test)
    influential = ()
    if isinstance(model, OneOutput) and not asked.alpha:
        influential = influence_of(model).largest(sample.numbers)
    sentences += regression_sentences.meaning(
        fitted, asked.covariance, weighted=asked.weighted, groups=sample.groups
    )
    sentences += regression_sentences.caveats(fitted, optimum.status, optimum.slope)
    if isinstance(model, OneOutput):
        full = np.flatnonzero(model.is_full(1.0 - model.leverage_of_one))
        sentences += regression_sentences.full_leverage(sample.numbers[full], asked.covariance)
    return _result(asked, rows, statistics, degrees, influential, sentences)


def _without_errors(
    asked: _Asked, optimum: Optimum, kept: np.ndarray, undetermined: set[int], sentences: list[str]
) -> Inference:
    """Return the estimates alone, or not even these where they are infinite."""
    estimate = optimum.against_first
    if optimum.status == Status.SEPARATED:
        together = [asked.names[kept[column]] for column in optimum.separating]
        running = [] if together else _diverging(optimum, asked, kept)
        sentences += [regression_sentences.together(together)] if together else []
        sentences += [regression_sentences.infinite(running)] if running else []
        estimate = np.full_like(estimate, np.nan)
    rows = _coefficients(asked, optimum.fitted, estimate, None, kept, undetermined, None)
    return _result(asked, rows, None, None, (), sentences)


def _empty_table(asked: _Asked, sentences: list[str]) -> Inference:
    """Return a table without numbers."""
    classes = asked.classes[1:] if len(asked.classes) > 2 else (None,)
    names = [*(["(intercept)"] if asked.fit_intercept else []), *asked.names]
    none = (None,) * 7
    rows = tuple(Coefficient(name, class_, *none) for class_ in classes for name in names)
    return _result(asked, rows, None, None, (), sentences)


def _result(
    asked: _Asked,
    rows: tuple[Coefficient, ...],
    statistics: Any,
    degrees: float | None,
    influential: tuple,
    sentences: list[str],
) -> Inference:
    return Inference(
        target=asked.target,
        loss=asked.loss.name,
        classes=asked.classes,
        covariance=asked.covariance,
        distribution="t" if asked.loss.quadratic else "normal",
        degrees=degrees,
        level=asked.level,
        alpha=asked.alpha,
        coefficients=rows,
        statistics=statistics,
        influential=influential,
        sentences=tuple(sentences),
    )


def _geometry(fitted: FittedModel, *, expected: bool) -> OneOutput | SoftmaxCoordinates:
    return OneOutput(fitted, expected) if fitted.outputs == 1 else SoftmaxCoordinates(fitted)


def _parameters(fitted: FittedModel, model: OneOutput | SoftmaxCoordinates) -> float:
    """Return how many coefficients are estimated; under a penalty, the effective number."""
    if fitted.alpha:
        return model.effective
    return float(fitted.standard.width * max(fitted.outputs - 1, 1))


def _why_none(
    fitted: FittedModel, optimum: Optimum, parameters: float, groups: np.ndarray | None
) -> str:
    """Say why there are no standard errors; empty if there are."""
    if optimum.status == Status.SEPARATED:
        return regression_sentences.separated(fitted.loss)
    if fitted.n - parameters <= 1e-9 * fitted.n:
        return regression_sentences.too_few(fitted.n, parameters)
    if optimum.status == Status.STEP_LIMIT:
        return say("No standard errors: {advice}", advice=optimum.status.advice)
    if groups is not None and len(np.unique(groups)) < 2:
        return say("No standard errors: all rows are of one group.")
    return say(regression_sentences.EXACT) if _is_exact(fitted, optimum) else ""


def _is_exact(fitted: FittedModel, optimum: Optimum) -> bool:
    """Whether the residuals, where they determine the dispersion, are only rounding.

    A prediction is known as precisely as the terms of its sum; a gamma deviance, in which numbers
    of size 1 cancel, to their last digit.
    """
    if not likelihood_of(fitted.loss).dispersed:
        return False
    estimate, standard = np.abs(optimum.estimate[:, 0]), fitted.standard
    size = np.append(np.hypot(standard.centre, standard.scale), 1.0)[: len(estimate)]
    known = TIMES * EPSILON * (size @ estimate)
    given = np.maximum(np.abs(fitted.target), np.abs(fitted.offset))
    least = (STILL * given) ** 2 if fitted.loss.quadratic else TIMES * EPSILON
    return deviances(fitted)[0] <= float(np.sum(fitted.weight * np.maximum(known**2, least)))


def _diverging(optimum: Optimum, asked: _Asked, kept: np.ndarray) -> list[tuple[str, float]]:
    """Name the columns whose coefficients grow without bound, with their present values."""
    fitted, estimate = optimum.fitted, optimum.against_first
    try:
        errors = _geometry(fitted, expected=True).spread("classical", None, 1.0).errors
    except np.linalg.LinAlgError:
        return []
    errors = errors.reshape(estimate.shape[::-1])[:, : len(kept)] * fitted.standard.scale
    classes = asked.classes[1:] if fitted.outputs > 1 else ("",)
    columns = []
    for output, column in zip(*np.nonzero(errors > INFINITE), strict=True):
        name = asked.names[kept[column]]
        label = f"{name} ({classes[output]})" if classes[output] else name
        columns.append((label, float(estimate[column, output])))
    return columns


def _degrees(fitted: FittedModel, parameters: float, groups: np.ndarray | None) -> float | None:
    """Return the degrees of freedom of the t statistic; None where it is normal."""
    if not fitted.loss.quadratic:
        return None
    return fitted.n - parameters if groups is None else len(np.unique(groups)) - 1.0


def _coefficients(
    asked: _Asked,
    fitted: FittedModel,
    estimate: np.ndarray,
    spread: FactoredCovariance | None,
    kept: np.ndarray,
    undetermined: set[int],
    degrees: float | None,
) -> tuple[Coefficient, ...]:
    """Arrange the estimates (p, k) and their errors class by class, in the order of the columns."""
    nothing = np.full(estimate.shape, np.nan)
    errors = nothing if spread is None else spread.errors.reshape(estimate.shape[::-1]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / errors
    tail = 0.5 - 0.5 * asked.level
    if degrees is None:
        p = 2.0 * scipy.special.ndtr(-np.abs(statistic))
        reach = -float(scipy.special.ndtri(tail)) * errors
    else:
        p = 2.0 * scipy.special.stdtr(degrees, -np.abs(statistic))
        reach = -float(scipy.special.stdtrit(degrees, tail)) * errors
    values = np.stack([estimate, errors, statistic, p, estimate - reach, estimate + reach])
    place = {int(column): row for row, column in enumerate(kept)}
    if fitted.standard.fit_intercept:
        place = {-1: len(kept), **place}
    order = [-1] if fitted.standard.fit_intercept else []
    order += range(len(asked.names))
    vif = {}
    if not fitted.standard.dependencies:
        vif = dict(zip(kept.tolist(), fitted.standard.inflation, strict=True))
    classes = asked.classes[1:] if len(asked.classes) > 2 else (None,)
    rows = []
    for output, class_ in enumerate(classes):
        for column in order:
            known = column in place and column not in undetermined
            figures = values[:, place[column], output] if known else np.full(6, np.nan)
            name = "(intercept)" if column < 0 else asked.names[column]
            inflation = _finite(vif.get(column)) if known else None
            estimate_, error, statistic_, p_, low, high = map(_finite, figures)
            rows.append(
                Coefficient(name, class_, estimate_, error, statistic_, p_, low, high, inflation)
            )
    return tuple(rows)


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
