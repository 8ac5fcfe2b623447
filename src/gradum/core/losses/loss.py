"""The base of every loss: what it defines, what it can state besides, and the shapes.

Shapes, throughout: ``logits`` is [n, k], the network's raw outputs; ``target`` is
[n], floats for regression and integer class codes 0 .. K-1 for classes. A loss is
per example: [n, k] and [n] in, [n] out; weighting and averaging are the objective's.

``value`` serves NumPy arrays on the host and JAX arrays, traced or not, alike: the
formula is written once, over the module that :func:`array_module` picks. ``gradient``,
``hessian`` and ``conjugate`` are the closed forms in NumPy float64, for Newton's method and
for certificates; the tests hold them against automatic differentiation. The inverse of a
logarithmic link is held so that it never overflows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from gradum.errors import ShapeError, TargetError
from gradum.messages import marked, say

LogLikelihood = Callable[[np.ndarray, np.ndarray, np.ndarray, bool, float], float]

Link = Literal["identity", "log", "logit"]

LARGEST_LOGIT = 60.0
"""Beyond e^60 ≈ 10²⁶ no mean is real; a loss goes on in a straight line, and stays convex."""


LEAST_MEAN = 1e-6
"""A smaller one is no place to start from."""


@dataclass(frozen=True)
class Likelihood:
    """An exponential family with its link, and the words for its regression table.

    A loss's gradient and curvature, times ``unit``, are those of the negative log-likelihood with
    its dispersion φ taken out: (y − ŷ)² / 2 for least squares, the loss itself for the others.
    McCullagh and Nelder, Generalized Linear Models (1989), chapter 2.

    Parameters
    ----------
    model : str
        What a linear model with it is called: "Poisson regression".
    link : callable
        The logit of a mean.
    log_likelihood : callable
        log L from logits [n, k], target [n], weights [n], whether a weight is a precision, which
        divides the row's dispersion, or a frequency, which multiplies its term; and φ.
    unit : float
        What turns the loss into the negative log-likelihood.
    pearson : callable, optional
        The residual (y − μ) / √V(μ) [n] from logits [n] and target [n], of which φ is estimated;
        None where φ is 1.
    expected_curvature : callable, optional
        Fisher's, from the logits [n]; None where the link is canonical, so that it is the Hessian.
    ratio : str
        What e to the power of a coefficient is called; empty where it has no meaning.
    explained : str
        What 1 − deviance / null deviance is called.
    separation : str
        What columns do without error when the likelihood has no maximum.
    assumption : str
        When the classical standard errors are right.
    robustness : str
        When the robust ones are right as well.
    """

    model: str
    link: Callable[[Any], Any]
    log_likelihood: LogLikelihood
    unit: float = 1.0
    pearson: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    expected_curvature: Callable[[np.ndarray], np.ndarray] | None = None
    ratio: str = ""
    explained: str = marked("deviance explained")
    separation: str = marked("tell zeros apart")
    assumption: str = marked("all rows are independent")
    robustness: str = marked("the variance is another than the model's")

    @property
    def dispersed(self) -> bool:
        """Whether the dispersion φ is estimated; else it is 1."""
        return self.pearson is not None


class Loss(ABC):
    """The cost of one prediction, convex in the logits: its formulas, and what it can do.

    What is abstract here, every loss defines; with ``name``, ``link`` and ``smooth`` that is
    enough for a linear model or a network to learn by it. The rest it states where it applies:
    solvers, folds, packs, inference and the worked step ask for these and never for a name. A
    loss that leaves them as they are is taken the general way, or refused by name.
    """

    name: ClassVar[str]

    link: ClassVar[Link]
    """The function that turns the mean of the target into a logit; ``"logit"`` for classes."""

    smooth: ClassVar[bool]
    """Whether the gradient is continuous, so that methods which follow it settle."""

    quadratic: ClassVar[bool] = False
    """Whether the loss is (ŷ − y)²: a linear model's fit is then least squares, with a solution in
    closed form, t statistics and exact leave-one-out residuals."""

    strictly_convex: ClassVar[bool] = False
    """Whether the Hessian is positive at all logits; of K classes, but for the direction in which
    the probabilities do not change."""

    homogeneous: ClassVar[bool] = False
    """Whether the loss of c·ŷ and c·y is a power of c > 0 times that of ŷ and y, so that a model
    of a target in other units is the same model."""

    chosen_by: ClassVar[tuple[str, ...]] = ()
    """Names of metrics for which rungs learn it in place of the first loss of such a target."""

    majorises: ClassVar[bool] = False
    """Whether `majorant` is a parabola above the loss."""

    def outputs(self, classes: int | None = None) -> int:
        """Return k, the outputs for that many classes (None: regression): by default, 1."""
        return 1

    def check_target(self, target: np.ndarray) -> None:
        """Refuse a target that the loss has no meaning for: by default, what is no finite number.

        Raises
        ------
        TargetError
            The first such row is named, counted from 1, with its value and what is valid.
        """
        check_finite(target)

    @abstractmethod
    def value(self, logits: Any, target: Any) -> Any:
        """Return the loss of each example, [n]; NumPy in, NumPy out, and JAX likewise."""

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return predictions [n] or [n, k], or class probabilities [n, K], in NumPy.

        By default, the predictions are the logits [n, 1] themselves.
        """
        return np.asarray(logits)[:, 0]

    @abstractmethod
    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d value / d logits, float64 [n, k]; where there is a kink, its middle."""

    def value_and_gradient(
        self, logits: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return `value` and `gradient`, for which some losses take the same exponentials."""
        return self.value(logits, target), self.gradient(logits, target)

    @abstractmethod
    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d² value / d logits², float64 [n, k, k]."""

    @abstractmethod
    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return sup over z of slope·z − value(z, target), [n], for slopes [n, k].

        It is infinite for a slope that the loss has nowhere. The dual of a penalised fit is
        made of it, and with the dual the proof of how far an answer is from the optimum.
        """

    def largest_curvature(self, outputs: int) -> float | None:
        """Return the least upper bound of the Hessian's eigenvalues for k outputs; None: none."""
        return None

    def majorant(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the curvature [n, k, k] of a parabola above the loss that touches it there.

        The Hessian, where the loss `majorises` nothing.
        """
        return self.hessian(logits, target)

    def start(self, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
        """Return the logits [k] of a constant model from which a solver begins.

        The link of the mean target, or what else is near the best constant. Weights sum to 1.
        """
        return np.full(outputs, float(weight @ target))

    @property
    def pads_outputs(self) -> bool:
        """Whether an output far below all others changes neither the loss nor their gradients."""
        return False

    @property
    def pinball(self) -> tuple[tuple[float, float], ...]:
        """Pairs s, τ, one an output, of a loss that is Σ s·max(τ·e, (τ − 1)·e), e = y − ŷ.

        Minimising it is a linear programme. Empty for any other loss.
        """
        return ()

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The levels of the quantiles that the outputs predict; empty where they predict none."""
        return tuple(level for _, level in self.pinball)

    def at_levels(self, levels: Sequence[float]) -> Loss:
        """Return the loss of these quantiles; the loss itself, where it has no levels to choose."""
        return self

    @property
    def likelihood(self) -> Likelihood | None:
        """The likelihood that the loss is the negative logarithm of; None where it is of none."""
        return None

    def formula(self, outputs: int) -> str:
        """Return ℓ as text: in ŷ and y, the logit a, or the probabilities p and the truth t."""
        return f"{self.name}(ŷ, y)"

    @property
    def slope_formula(self) -> str:
        """dℓ/da by the logits a, as text."""
        return say("the slope of the loss")

    @property
    def target_formula(self) -> str:
        """What a loss of slope p − t turns the truth into first, as text; empty where nothing."""
        return ""

    @property
    def symbols(self) -> Mapping[str, Any]:
        """The loss's own numbers by their symbol in the formulas, without those of no effect."""
        return {}


def array_module(*arrays: Any) -> ModuleType:
    """Return ``jax.numpy`` if any array is JAX's, else ``numpy``."""
    return jnp if any(isinstance(array, jax.Array) for array in arrays) else np


def check_shapes(logits: Any, target: Any, outputs: int | None = None) -> None:
    """Refuse a target that is not one value per row of the logits [n, outputs].

    NumPy and JAX would stretch predictions [n, 1] against a target [n] to [n, n] and
    train on nonsense without a word; nothing here broadcasts.

    Raises
    ------
    ShapeError
        ``logits`` is not [n, k] (k = ``outputs``, where given), ``target`` is not [n], or
        the two n differ.
    """
    logits_shape, target_shape = np.shape(logits), np.shape(target)
    pair_off = len(logits_shape) == 2 and target_shape == logits_shape[:1]
    if pair_off and outputs in (None, logits_shape[1]):
        return
    named = say(
        "The target has shape {target_shape} but the predictions have shape {logits_shape}.",
        target_shape=target_shape,
        logits_shape=logits_shape,
    )
    raise ShapeError(named, _remedy(logits_shape, target_shape, outputs))


def check_values(target: np.ndarray, valid: np.ndarray, rule: str, remedy: str) -> None:
    """Refuse a target of which some values are not valid; ``rule`` completes "must be".

    Raises
    ------
    TargetError
        The first such row is named, counted from 1, and how many there are.
    """
    if valid.all():
        return
    rows = np.flatnonzero(~valid)
    row, more = int(rows[0]), len(rows) - 1
    values = {"rule": rule, "row": row + 1, "value": str(target[row])}
    if more:
        message = say(
            "The target must be {rule}; row {row} has {value}, and so have {more} more.",
            more=more,
            **values,
        )
    else:
        message = say("The target must be {rule}; row {row} has {value}.", **values)
    raise TargetError(message, remedy)


def check_finite(target: np.ndarray) -> None:
    """Refuse a target with values that are no finite numbers; TargetError names the first."""
    check_values(
        target, np.isfinite(target), say("finite numbers"), say("Drop or mend these rows.")
    )


def _remedy(
    logits_shape: tuple[int, ...], target_shape: tuple[int, ...], outputs: int | None
) -> str:
    if len(logits_shape) != 2:
        return say("Predictions are [n, outputs]; for one output, give them as column [n, 1].")
    if len(target_shape) != 1:
        return say(
            "The target must be one value a row, shape {logits_shape}; if its values "
            "stand in one column, flatten it with target.ravel().",
            logits_shape=logits_shape[:1],
        )
    if target_shape != logits_shape[:1]:
        return say("Both need the same number of rows.")
    if outputs in (None, 1):
        return say("This loss takes one output a row.")
    return say("This loss takes {outputs} outputs a row.", outputs=outputs)


def mean_of(logit: Any) -> Any:
    """Return e^z, for z up to `LARGEST_LOGIT`; it stays there."""
    xp = array_module(logit)
    return xp.exp(xp.minimum(logit, LARGEST_LOGIT))


def log_of_mean(target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
    """Return the logarithm of the mean target, [k]; weights sum to 1."""
    return np.full(outputs, np.log(max(float(weight @ target), LEAST_MEAN)))


def exponential(logit: Any) -> Any:
    """Return e^z, and beyond `LARGEST_LOGIT` its tangent there; its derivative is `mean_of`."""
    xp = array_module(logit)
    return mean_of(logit) * (1.0 + xp.maximum(logit - LARGEST_LOGIT, 0.0))
