"""The result of inference, as a plain value for JSON; None is a number that does not exist."""

from __future__ import annotations

import msgspec


class Coefficient(msgspec.Struct, frozen=True):
    """One coefficient."""

    name: str
    """The column, or ``(intercept)``."""
    class_: str | None
    """For more than two classes: the class whose log-odds against the reference class it moves."""
    estimate: float | None
    error: float | None
    statistic: float | None
    p: float | None
    """b, its standard error s, b / s, and the probability of a |b / s| at least as large if the
    true coefficient were 0. All None where the data do not determine the coefficient."""
    low: float | None
    high: float | None
    """The interval."""
    vif: float | None
    """Variance inflation factor 1 / (1 − R²), with R² that of the column on all others; None for an
    intercept, or if it is infinite."""


class Test(msgspec.Struct, frozen=True):
    """A test that all coefficients but the intercept are 0."""

    __test__ = False  # for pytest, which would take this for a test class

    name: str
    """``F``, ``likelihood ratio`` or ``Wald``."""
    distribution: str
    """``F`` or ``chi-squared``."""
    statistic: float
    degrees: int
    """How many coefficients are tested."""
    residual_degrees: float | None
    """The second degrees of freedom of an F test."""
    p: float


class FitStatistics(msgspec.Struct, frozen=True):
    """How well the model fits."""

    rows: int
    """The number of rows with a weight above 0."""
    n: float
    """The number of observations: the total weight under frequency weights, otherwise ``rows``."""
    weight: float
    """The total weight."""
    parameters: float
    """p, the number of estimated coefficients; under a penalty the effective number, the trace of
    the hat matrix."""
    rank: int
    """Rank of the columns, including the intercept."""
    residual_degrees: float
    """n − p."""
    log_likelihood: float | None
    """For least squares, maximised over the variance; for gamma, at ``dispersion``."""
    deviance: float
    null_deviance: float
    """Σ w (y − ŷ)² for least squares; otherwise twice the log-likelihood's shortfall from a perfect
    fit. The null model has only an intercept, or predicts 0 if there is none."""
    aic: float | None
    bic: float | None
    """−2 log L + 2 p and −2 log L + p log n. As in statsmodels, p counts the coefficients and not
    the variance; R's ``AIC`` of a least-squares or gamma fit is 2 larger."""
    r_squared: float | None
    """1 − deviance / null deviance: R², or McFadden's pseudo-R² for classes."""
    adjusted_r_squared: float | None
    """For least squares without a penalty."""
    dispersion: float | None
    """Estimated σ² of least squares or φ of gamma; None where the family fixes it at 1."""
    condition: float | None
    """Condition number of the standardised columns; None where it is infinite."""
    test: Test | None
    """None under a penalty, and for a model with only an intercept."""


class Influential(msgspec.Struct, frozen=True):
    """A row that moves the fit strongly."""

    row: int
    """The row's number in the table, from 1."""
    leverage: float
    """How strongly the row's target pulls its own prediction, from 0 to 1."""
    cook: float | None = None
    """Cook's distance, for least squares."""
    studentised: float | None = None
    """The row's residual from a fit without it, in standard errors, for least squares."""


class Inference(msgspec.Struct, frozen=True):
    """A regression table."""

    target: str
    loss: str
    """``squared_error``, ``log_loss``, ``poisson`` or ``gamma``."""
    classes: tuple[str, ...]
    """The labels, the reference first; empty for a number."""
    covariance: str
    """``classical``, ``HC0`` to ``HC3``, or ``cluster``."""
    distribution: str
    """``t`` or ``normal``, the distribution of a coefficient's statistic."""
    degrees: float | None
    """Degrees of freedom of the t distribution."""
    level: float
    """Of the intervals."""
    alpha: float
    """Strength of the penalty."""
    coefficients: tuple[Coefficient, ...]
    """Class by class; the intercept first."""
    statistics: FitStatistics | None
    """None if the likelihood has no maximum, or if no degrees of freedom are left to estimate an
    error."""
    influential: tuple[Influential, ...]
    """The rows with the largest Cook's distance (least squares) or leverage."""
    sentences: tuple[str, ...]
    """What the figures mean, and what limits their meaning."""
    references: dict[str, str] = {}
    """For each column of categories, the level that its other levels are compared with; a
    coefficient's name is then ``column=level``."""
