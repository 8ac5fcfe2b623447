"""The base of every loss: what each loss must define, what it may define as well, and the shapes.

Shapes throughout: ``logits`` is [n, k], the network's raw outputs; ``target`` is [n], floats for
regression and integer class codes 0 .. K-1 for classes. A loss is per example: [n, k] and [n] in,
[n] out; the objective weights and averages.

``value`` accepts NumPy arrays on the host as well as JAX arrays, traced or not: the formula is
written once, for the module that :func:`array_module` picks. ``gradient``, ``hessian`` and
``conjugate`` are the closed forms in NumPy float64, for Newton's method and for certificates; the
tests compare them with automatic differentiation. The inverse of a logarithmic link is bounded so
that it never overflows.
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

from gradum.errors import ShapeError, SpecError, TargetError
from gradum.messages import marked, say

LogLikelihood = Callable[[np.ndarray, np.ndarray, np.ndarray, bool, float], float]

Link = Literal["identity", "log", "logit"]

LARGEST_LOGIT = 60.0
"""No real mean is beyond e^60 ≈ 10²⁶; from there a loss is a straight line, and so stays convex."""


LEAST_MEAN = 1e-6
"""A smaller mean is a bad starting point."""


@dataclass(frozen=True)
class Likelihood:
    """An exponential family with its link, and the words for its regression table.

    A loss's gradient and curvature, times ``unit``, are those of the negative log-likelihood
    without its dispersion φ: (y − ŷ)² / 2 for least squares, the loss itself for the others.
    McCullagh and Nelder, Generalized Linear Models (1989), chapter 2.

    Parameters
    ----------
    model : str
        What a linear model with it is called: "Poisson regression".
    link : callable
        The logit of a mean.
    log_likelihood : callable
        log L from logits [n, k], target [n], weights [n], whether weights are precisions, which
        divide a row's dispersion, or frequencies, which multiply its term, and φ.
    unit : float
        The factor that turns the loss into the negative log-likelihood.
    pearson : callable, optional
        The residual (y − μ) / √V(μ) [n] from logits [n] and target [n], from which φ is estimated;
        None where φ is 1.
    expected_curvature : callable, optional
        Fisher's, from the logits [n]; None where the link is canonical, so that it equals the
        Hessian.
    ratio : str
        What e to the power of a coefficient is called; empty where it has no meaning.
    explained : str
        What 1 − deviance / null deviance is called.
    separation : str
        What columns do without error when the likelihood has no maximum, in words.
    assumption : str
        When the classical standard errors are right.
    robustness : str
        When the robust standard errors are right as well.
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
    robustness: str = marked("the variance differs from the model's")

    @property
    def dispersed(self) -> bool:
        """Whether the dispersion φ is estimated; else it is 1."""
        return self.pearson is not None


class Loss(ABC):
    """The cost of one prediction, convex in the logits: its formulas, and what it can do.

    Every loss defines what is abstract here; together with ``name``, ``link`` and ``smooth``, this
    is enough for a linear model or a network to learn with it. A loss defines the rest where it
    applies: solvers, folds, packs, inference and the worked step ask for these members and never
    for a name. A loss that leaves them as they are is handled in the general way, or refused by
    name.
    """

    name: ClassVar[str]

    link: ClassVar[Link]
    """The function that turns the mean of the target into a logit; ``"logit"`` for classes."""

    smooth: ClassVar[bool]
    """Whether the gradient is continuous, so that methods that follow it converge."""

    quadratic: ClassVar[bool] = False
    """Whether the loss is (ŷ − y)²: a linear model's fit is then least squares, with a solution in
    closed form, t statistics and exact leave-one-out residuals."""

    strictly_convex: ClassVar[bool] = False
    """Whether the Hessian is positive at all logits; for K classes, except in the direction in
    which the probabilities do not change."""

    homogeneous: ClassVar[bool] = False
    """Whether the loss of c·ŷ and c·y is a power of c > 0 times that of ŷ and y, so that the
    target's units do not change the model."""

    chosen_by: ClassVar[tuple[str, ...]] = ()
    """Names of metrics for which rungs learn this loss instead of the first one for such a
    target."""

    judged_by: ClassVar[str] = "rmse"
    """The metric that compares models that learn it; see `gradum.scores.metrics`."""

    @property
    def own_metric(self) -> str:
        """The metric that is particular to what it predicts: by default, the one that judges."""
        return self.judged_by

    whole: ClassVar[bool] = False
    """Whether targets are counts, so that those with halves are no such targets."""

    majorises: ClassVar[bool] = False
    """Whether `majorant` is a parabola above the loss."""

    one_score: ClassVar[bool] = False
    """Whether all slopes of the logits lie along one line, `steps`, so that a row has one score:
    classes in an order. Models then average scores, not probabilities."""

    def outputs(self, classes: int | None = None) -> int:
        """Return k, the outputs for that many classes (None: regression): by default, 1."""
        return 1

    def takes(self, target: np.ndarray) -> np.ndarray:
        """Return which numbers (n,) have a meaning as targets: by default, finite ones."""
        return np.isfinite(target)

    @property
    def valid(self) -> tuple[str, str]:
        """What numbers must be as targets, and what to do about others."""
        return say("finite numbers"), say("Drop or mend these rows.")

    def check_target(self, target: np.ndarray) -> None:
        """Refuse a target for which the loss has no meaning.

        Raises
        ------
        TargetError
            The first such row is named, counted from 1, with its value and what is valid.
        """
        check_values(target, self.takes(target), *self.valid)

    @abstractmethod
    def value(self, logits: Any, target: Any) -> Any:
        """Return the loss of each example, [n]: NumPy in, NumPy out, and the same for JAX."""

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return predictions [n] or [n, k], or class probabilities [n, K], in NumPy.

        By default, the predictions are the logits [n, 1] themselves.
        """
        return logits[:, 0]

    @abstractmethod
    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d value / d logits, float64 [n, k]; at a kink, the mean of both slopes."""

    def value_and_gradient(
        self, logits: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return `value` and `gradient`; some losses need the same exponentials for both."""
        return self.value(logits, target), self.gradient(logits, target)

    @abstractmethod
    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d² value / d logits², float64 [n, k, k]."""

    @abstractmethod
    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return sup over z of slope·z − value(z, target), [n], for slopes [n, k].

        It is infinite for a slope that the loss has nowhere. The dual of a penalised fit is built
        from it, and the dual proves how far an answer is from the optimum.
        """

    def largest_curvature(self, outputs: int) -> float | None:
        """Return the least upper bound of the Hessian's eigenvalues for k outputs, or None."""
        return None

    def majorant(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the curvature [n, k, k] of a parabola above the loss that touches it there.

        It is the Hessian if the loss does not `majorise`.
        """
        return self.hessian(logits, target)

    def start(self, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
        """Return the logits [k] of a constant model as a solver's starting point.

        They are the link of the mean target, or something else near the best constant. Weights sum
        to 1.
        """
        return np.full(outputs, float(weight @ target))

    def tied(self, weight: Any) -> Any:
        """Return the nearest slopes [..., k] of the logits that it allows: by default, these."""
        return weight

    def steps(self, outputs: int) -> np.ndarray:
        """Return how much each logit rises with a row's score [k], where there is one."""
        return np.ones(outputs)

    def cost(self, predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return what predictions in the target's units cost, float64 [n]: by default, the loss."""
        return self.value(np.asarray(predicted, np.float64)[:, None], target)

    def constant(self, target: np.ndarray, weight: np.ndarray) -> float:
        """Return the constant prediction of the least cost: by default, the weighted mean."""
        return float(np.average(target, weights=weight))

    def at(self, *numbers: float) -> Loss:
        """Return the loss with its own numbers, such as a quantile's level.

        Raises
        ------
        SpecError
            It has none, or they are out of range.
        """
        raise SpecError(
            say("The loss {name} takes no number of its own.", name=self.name),
            say("Write {name} alone.", name=self.name),
        )

    @property
    def spelled(self) -> str:
        """How users and files write it: its name, and its own numbers after a colon."""
        numbers = [number for value in self.symbols.values() for number in np.atleast_1d(value)]
        return self.name + ":" * bool(numbers) + ",".join(f"{number:g}" for number in numbers)

    @property
    def pads_outputs(self) -> bool:
        """Whether an output far below all others changes neither the loss nor their gradients."""
        return False

    @property
    def pinball(self) -> tuple[tuple[float, float], ...]:
        """Pairs s, τ, one per output, of a loss Σ s·max(τ·e, (τ − 1)·e), e = y − ŷ.

        Minimising such a loss is a linear programme. For any other loss, there are no pairs.
        """
        return ()

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The levels of the quantiles that the outputs predict; empty where they predict none."""
        return tuple(level for _, level in self.pinball)

    def at_levels(self, levels: Sequence[float]) -> Loss:
        """Return the loss for these quantiles; the loss itself if it has no levels to choose."""
        return self

    @property
    def likelihood(self) -> Likelihood | None:
        """The likelihood whose negative logarithm the loss is; None if there is none."""
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
        """What a loss of slope p − t first turns the truth into, as text; empty if it does not."""
        return ""

    @property
    def symbols(self) -> Mapping[str, Any]:
        """The loss's own numbers by their symbols in the formulas, without those of no effect."""
        return {}


class Deviance(Loss):
    """Half the deviance of an exponential family with a logarithmic link, for a mean e^z."""

    link: ClassVar[Link] = "log"
    smooth: ClassVar[bool] = True
    strictly_convex: ClassVar[bool] = True
    judged_by: ClassVar[str] = "deviance"

    def takes(self, target: np.ndarray) -> np.ndarray:
        """Return which numbers are at least 0."""
        return np.isfinite(target) & (target >= 0)

    def check_target(self, target: np.ndarray) -> None:
        """Refuse values that it does not take, and a target without any value above 0."""
        super().check_target(target)
        some = np.full(len(target), bool((target > 0).any()))
        check_values(
            target, some, say("above 0 somewhere"), say("The best mean of zeros is 0: no model.")
        )

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return the means [n], e^z."""
        return mean_of(logits[:, 0])

    def start(self, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
        """Return the logarithm of the mean."""
        return log_of_mean(target, weight, outputs)

    def cost(self, predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the deviance of each row [n]; a mean of 0 or below counts as e^−60."""
        logits = np.log(np.maximum(np.asarray(predicted, np.float64), np.exp(-LARGEST_LOGIT)))
        return 2.0 * super().cost(logits, target)


def array_module(*arrays: Any) -> ModuleType:
    """Return ``jax.numpy`` if any array is JAX's, else ``numpy``."""
    return jnp if any(isinstance(array, jax.Array) for array in arrays) else np


def check_shapes(logits: Any, target: Any, outputs: int | None = None) -> None:
    """Refuse a target that is not one value per row of the logits [n, outputs].

    NumPy and JAX would broadcast predictions [n, 1] and a target [n] to [n, n] and silently train
    on nonsense; nothing here broadcasts.

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
    """Refuse a target with invalid values; ``rule`` completes "must be".

    Raises
    ------
    TargetError
        It names the first such row, counted from 1, and the number of such rows.
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
    """Refuse a target with values that are not finite numbers; TargetError names the first."""
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
    """Return e^z, which is constant from z = `LARGEST_LOGIT` on."""
    xp = array_module(logit)
    return xp.exp(xp.minimum(logit, LARGEST_LOGIT))


def log_of_mean(target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
    """Return the logarithm of the mean target, [k]; weights sum to 1."""
    return np.full(outputs, np.log(max(float(weight @ target), LEAST_MEAN)))


def exponential(logit: Any) -> Any:
    """Return e^z, and beyond `LARGEST_LOGIT` the tangent there; the derivative is `mean_of`."""
    xp = array_module(logit)
    return mean_of(logit) * (1.0 + xp.maximum(logit - LARGEST_LOGIT, 0.0))
