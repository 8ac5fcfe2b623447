"""The base of every loss: what each loss must define, what it may define as well, and the shapes.

Shapes throughout: ``logits`` is [n, k], the network's raw outputs; ``target`` is [n], floats for
regression and integer class codes 0 .. K-1 for classes. A loss is per example: [n, k] and [n] in,
[n] out; the objective weights and averages.

``value`` accepts NumPy arrays on the host as well as JAX arrays, traced or not: the formula is
written once, for the module that :func:`array_module` picks. ``gradient``, ``hessian`` and
``conjugate`` are the closed forms in NumPy float64, for Newton's method and for certificates; the
tests compare them with automatic differentiation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from gradum.core.losses.checks import check_values
from gradum.core.losses.likelihood import Likelihood
from gradum.errors import SpecError
from gradum.messages import say

Link = Literal["identity", "log", "logit"]


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
            "The loss {name} takes no number of its own.", "Write {name} alone.", name=self.name
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
