"""First-order solvers: the named methods, each a frozen assembly of optax parts.

Every solver is a JAX pytree whose numbers are values and not structure: one compiled
program serves every learning rate. A solver's state begins at zeros, and
``transformation().update(gradient, state, params)`` turns a gradient into a step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar

import jax
import optax

from gradum.core.models import Params
from gradum.errors import SpecError
from gradum.solvers.schedules import Schedule

T = TypeVar("T")


class FirstOrder(Protocol):
    """What the driver asks of a first-order solver.

    ``full_batch`` says that a step always sees every row; ``schedule`` moves the learning
    rate, and is left to the driver.
    """

    full_batch: ClassVar[bool]

    @property
    def learning_rate(self) -> float:
        """Length of a step."""
        ...

    @property
    def schedule(self) -> str | Schedule:
        """How the learning rate moves over the run."""
        ...

    def transformation(self) -> optax.GradientTransformation:
        """Return the assembly that turns gradients into steps."""
        ...


def _solver(*, values: tuple[str, ...], structure: tuple[str, ...] = ()) -> Any:
    """Register a solver as a pytree of its numbers; the schedule stays on the host."""
    return partial(
        jax.tree_util.register_dataclass,
        data_fields=list(values),
        meta_fields=list(structure),
        drop_fields=["schedule"],
    )


@_solver(values=("learning_rate",))
@dataclass(frozen=True)
class GradientDescent:
    """Gradient descent on all rows, θ ← θ − η·∇.

    Parameters
    ----------
    learning_rate : float
        η. On a convex objective it must stay below 2/L, L being the largest curvature;
        columns scaled to unit variance make L about 2 for squared error, times the
        number of columns at worst.
    schedule : str or callable
        How η moves over the run.
    """

    full_batch: ClassVar[bool] = True

    learning_rate: float = 0.1
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return −η."""
        return optax.scale(-self.learning_rate)


@_solver(values=("learning_rate", "momentum"), structure=("nesterov",))
@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent, v ← μ·v + ∇, θ ← θ − η·v.

    Parameters
    ----------
    learning_rate : float
        η.
    momentum : float
        μ, from 0 (plain) to below 1; the step grows up to η/(1 − μ).
    nesterov : bool
        Step along ∇ + μ·v instead: look ahead (Nesterov, 1983; Sutskever et al.,
        ICML 2013).
    schedule : str or callable
        How η moves over the run.
    """

    full_batch: ClassVar[bool] = False

    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return the trace of past gradients, times −η."""
        return optax.chain(
            optax.trace(decay=self.momentum, nesterov=self.nesterov),
            optax.scale(-self.learning_rate),
        )


@_solver(values=("learning_rate", "beta_1", "beta_2", "epsilon"))
@dataclass(frozen=True)
class Adam:
    """Adam: each parameter's step is its mean gradient over its root mean square.

    m ← β₁m + (1 − β₁)∇, v ← β₂v + (1 − β₂)∇², θ ← θ − η·m̂/(√v̂ + ε), with m̂ and v̂ free of
    the bias of their start at 0 (Kingma & Ba, ICLR 2015).

    Parameters
    ----------
    learning_rate : float
        η, about the change of a parameter in one step.
    beta_1, beta_2 : float
        β₁ and β₂, in [0, 1).
    epsilon : float
        ε > 0.
    schedule : str or callable
        How η moves over the run.
    """

    full_batch: ClassVar[bool] = False

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return Adam's scaling, times −η."""
        return optax.chain(
            optax.scale_by_adam(self.beta_1, self.beta_2, self.epsilon),
            optax.scale(-self.learning_rate),
        )


@_solver(values=("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon"))
@dataclass(frozen=True)
class AdamW:
    """Adam with weight decay outside its scaling, θ ← θ − η·(m̂/(√v̂ + ε) + λθ).

    Loshchilov & Hutter, ICLR 2019. Biases do not decay.

    Parameters
    ----------
    learning_rate : float
        η.
    weight_decay : float
        λ, at least 0. It is no term of the objective: use either this or an L2 penalty.
    beta_1, beta_2, epsilon : float
        As Adam's.
    schedule : str or callable
        How η moves over the run.
    """

    full_batch: ClassVar[bool] = False

    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    schedule: str | Schedule = "constant"

    def transformation(self) -> optax.GradientTransformation:
        """Return Adam's scaling plus the decay, times −η."""
        return optax.chain(
            optax.scale_by_adam(self.beta_1, self.beta_2, self.epsilon),
            optax.add_decayed_weights(self.weight_decay, mask=_decays),
            optax.scale(-self.learning_rate),
        )


def _decays(params: Params) -> Any:
    """Mark what decays: everything but biases."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: path[-1] != jax.tree_util.DictKey("bias"), params
    )


FIRST_ORDER: dict[str, FirstOrder] = {
    "gd": GradientDescent(),
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adam": Adam(),
    "adamw": AdamW(),
}


def resolve(solver: str | FirstOrder, learning_rate: float | None = None) -> FirstOrder:
    """Return the solver of that name, or the solver itself, with that learning rate if given.

    Raises
    ------
    SpecError
        No first-order solver has that name, or the learning rate is not positive.
    """
    if isinstance(solver, str):
        if solver not in FIRST_ORDER:
            raise SpecError(
                f"There is no first-order solver {solver!r}.",
                f"Choose one of {', '.join(FIRST_ORDER)}.",
            )
        solver = FIRST_ORDER[solver]
    if learning_rate is None:
        return solver
    if not learning_rate > 0:
        raise SpecError(f"The learning_rate is {learning_rate}.", "Give a number above 0.")
    return replace(solver, learning_rate=learning_rate)  # type: ignore[type-var]
