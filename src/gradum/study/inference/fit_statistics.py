"""Statistics of the whole fit: likelihood, information criteria, R², the test of all columns."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.special

from gradum.margins import EQUAL, STILL, of_sums
from gradum.study.inference.covariance import FactoredCovariance
from gradum.study.inference.family import FittedModel, deviance, likelihood_of
from gradum.study.inference.result import FitStatistics, Test


def fit_statistics(
    fitted: FittedModel, *, parameters: float, dispersion: float, test: Test | None
) -> FitStatistics:
    """Return the statistics of a fit with p ``parameters``."""
    condition = fitted.standard.condition
    loss, target, weight, n = fitted.loss, fitted.target, fitted.weight, fitted.n
    likelihood, precision = likelihood_of(loss), fitted.kind == "precision"
    log_l = likelihood.log_likelihood(fitted.logits, target, weight, precision, dispersion)
    left, left_by_null = deviances(fitted)
    intercept = fitted.standard.fit_intercept
    varies = not intercept or np.ptp(target) > STILL * np.abs(target).max()
    explained = 1.0 - left / left_by_null if varies and left_by_null > 0 else None
    adjusted = None
    if loss.quadratic and not fitted.alpha and explained is not None:
        adjusted = 1.0 - (n - intercept) / (n - parameters) * (1.0 - explained)
    return FitStatistics(
        rows=len(target),
        n=n,
        weight=float(weight.sum()),
        parameters=parameters,
        rank=fitted.standard.width,
        residual_degrees=n - parameters,
        log_likelihood=log_l,
        deviance=left,
        null_deviance=left_by_null,
        aic=None if fitted.alpha else 2.0 * parameters - 2.0 * log_l,
        bic=None if fitted.alpha else float(np.log(n)) * parameters - 2.0 * log_l,
        r_squared=explained,
        adjusted_r_squared=adjusted,
        dispersion=dispersion if likelihood.dispersed else None,
        condition=condition if np.isfinite(condition) else None,
        test=test,
    )


def deviances(fitted: FittedModel) -> tuple[float, float]:
    """Return the deviance of the fit and of the model that looks at no column."""
    loss, target, weight = fitted.loss, fitted.target, fitted.weight
    return (
        deviance(loss, fitted.logits, target, weight),
        deviance(loss, fitted.null_logits, target, weight),
    )


def likelihood_test(fitted: FittedModel, parameters: float, dispersion: float) -> Test | None:
    """Return the F test if the family's dispersion is estimated, else the likelihood ratio test."""
    tested = len(fitted.standard.scale) * max(fitted.outputs - 1, 1)
    left, left_by_null = deviances(fitted)
    gain = max(left_by_null - left, 0.0) / dispersion
    if not tested:
        return None
    if likelihood_of(fitted.loss).dispersed:
        return _test("F", gain, tested, fitted.n - parameters)
    return _test("likelihood ratio", gain, tested, None)


def wald_test(
    fitted: FittedModel, estimate: np.ndarray, spread: FactoredCovariance, degrees: float | None
) -> Test | None:
    """Return the test by the estimates' own covariance: F with ``degrees``, otherwise chi-squared.

    Parameters
    ----------
    estimate : ndarray of shape (m,)
        Class by class, with the intercept last in each.
    spread : FactoredCovariance
        The covariance of the estimate.
    degrees : float or None
        Degrees of freedom of an estimated dispersion.
    """
    slopes = np.ones(len(estimate), bool)
    if fitted.standard.fit_intercept:
        width = len(fitted.standard.scale) + 1
        slopes[width - 1 :: width] = False
    tested = int(slopes.sum())
    if not tested:
        return None
    root, inner = spread.factored(slopes)
    sizes = scipy.linalg.eigvalsh(inner)
    # With few groups, some directions have no variance, except for rounding of the sums.
    if sizes[0] <= of_sums(10 * len(fitted.target), most=EQUAL) * sizes[-1]:
        return None
    scaled = scipy.linalg.solve_triangular(root, estimate[slopes], trans=1)
    square = float(scaled @ scipy.linalg.solve(inner, scaled, assume_a="pos"))
    return _test("Wald", square, tested, degrees)


def _test(name: str, square: float, tested: int, degrees: float | None) -> Test:
    """Return the test of a statistic that is chi-squared, or F once it is divided by ``tested``."""
    if degrees is None:
        p = float(scipy.special.chdtrc(tested, square))
        return Test(name, "chi-squared", square, tested, None, p)
    p = float(scipy.special.fdtrc(tested, degrees, square / tested))
    return Test(name, "F", square / tested, tested, degrees, p)
