"""The protocol of first-order solvers, what most of them share, and their line search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import optax

from gradum.core import Params, Problem
from gradum.solvers.rows_to_learn import Data
from gradum.solvers.schedules import Schedule

T = TypeVar("T", bound=type)

SUFFICIENT, CURVED = 1e-4, 0.9  # c₁ and c₂ of Nocedal and Wright
MOST_TRIALS = 40
ROUNDING = 8.0  # units in the last place by which a sum over rows may be off


class FirstOrder(Protocol):
    """What the driver needs from a first-order solver."""

    @property
    def full_batch(self) -> bool:
        """Whether a step always sees every row."""
        ...

    @property
    def searches(self) -> bool:
        """Whether a line search finds each step's length; if it finds none, training has ended."""
        ...

    @property
    def learning_rate(self) -> Any:
        """Length of a step; None if the solver finds it, or the name of a rule."""
        ...

    @property
    def schedule(self) -> str | Schedule:
        """The schedule of the learning rate over the run, which the driver applies."""
        ...

    def settled(self, problem: Problem, data: Data) -> FirstOrder:
        """Return the solver with every number known; called once, before the first step."""
        ...

    def starting(self, params: Params) -> Params:
        """Return the starting point, given a network's initial parameters."""
        ...

    def transformation(self) -> optax.GradientTransformation:
        """Return the assembly that turns gradients into steps; its state begins at zeros."""
        ...

    def answer(self, params: Params, optimizer: Any) -> Params:
        """Return the parameters of the answer, given the last ones and the optimiser's state."""
        ...


class Method:
    """A solver that needs no rows to be settled, and whose last parameters are its answer."""

    full_batch: bool = False
    """A step may see only a few rows."""

    searches: bool = False
    """The learning rate gives the step's length."""

    def settled(self, problem: Problem, data: Data) -> Any:
        """Return the solver itself."""
        return self

    def starting(self, params: Params) -> Params:
        """Return the parameters themselves."""
        return params

    def answer(self, params: Params, optimizer: Any) -> Params:
        """Return the parameters themselves."""
        return params


class Searching(Method):
    """A method on all rows that finds the length of each step by a line search."""

    full_batch: bool = True
    searches: bool = True
    learning_rate: Any = None
    schedule: str | Schedule = "constant"  # the search alone decides


class Composed:
    """A solver around another one, which differs from it only in its transformation."""

    solver: FirstOrder

    @property
    def full_batch(self) -> bool:
        """As the inner solver's."""
        return self.solver.full_batch

    @property
    def searches(self) -> bool:
        """As the inner solver's."""
        return self.solver.searches

    @property
    def learning_rate(self) -> Any:
        """As the inner solver's."""
        return self.solver.learning_rate

    @property
    def schedule(self) -> str | Schedule:
        """As the inner solver's."""
        return self.solver.schedule

    def settled(self, problem: Problem, data: Data) -> Any:
        """Settle the inner solver."""
        return replace(self, solver=self.solver.settled(problem, data))  # type: ignore[type-var]

    def starting(self, params: Params) -> Params:
        """Return the inner solver's start."""
        return self.solver.starting(params)


def pytree(*, values: tuple[str, ...], structure: tuple[str, ...] = ()) -> Callable[[T], T]:
    """Register a solver as a JAX pytree of its numbers; the schedule stays on the host."""
    return partial(
        jax.tree_util.register_dataclass,
        data_fields=list(values),
        meta_fields=list(structure),
        drop_fields=["schedule"],
    )


class Bracket(NamedTuple):
    """A search in progress: ``step`` is tried next; ``low`` and ``high`` enclose the answer."""

    step: Any
    low: Any  # the longest step known to lower f enough but to be too short; 0 at first
    high: Any  # the shortest step known to be too long; infinite at first
    trials: Any
    ended: Any  # whether ``step`` is the answer


def line_search(*, from_last: bool) -> optax.GradientTransformationExtraArgs:
    """Scale a direction d so that the objective f falls enough and its slope flattens.

    The step t must meet f(θ + td) ≤ f(θ) + c₁·t·∇f·d and ∇f(θ + td)·d ≥ c₂·∇f·d. It is doubled
    while it is too short, and its interval is halved once it is too long: Lewis and Overton,
    Mathematical Programming 141, 2013, whose search also ends on functions with kinks. Close to the
    optimum, differences of f are rounding, and the slope decides instead: Hager and Zhang's
    approximate condition, SIAM Journal on Optimization 16, 2005.

    A direction that does not descend is replaced by −∇f. If no step is found after
    ``MOST_TRIALS``, the longest one that lowered f enough is taken, or none.

    Parameters
    ----------
    from_last : bool
        Begin at the length of the last step, or at min(1, 1/‖∇f‖) for the first step; otherwise at
        1, the natural length of a quasi-Newton step.
    """

    def init(params: Any) -> Any:
        return jnp.zeros((), optax.tree.dtype(params))

    def update(updates: Any, state: Any, params: Any = None, **at: Any) -> Any:
        value, grad, value_fn = at["value"], at["grad"], at["value_fn"]
        descends = _product(updates, grad) < 0
        direction = jax.tree.map(lambda d, g: jnp.where(descends, d, -g), updates, grad)
        slope = _product(direction, grad)
        rounding = ROUNDING * jnp.finfo(state.dtype).eps * jnp.abs(value)

        def unfinished(search: Bracket) -> Any:
            return ~search.ended & (search.trials < MOST_TRIALS)

        def narrowed(search: Bracket) -> Bracket:
            step, low, high, trials, _ = search
            trial = optax.tree.add_scale(params, step, direction)
            there, gradient = jax.value_and_grad(value_fn)(trial)
            steepness = _product(gradient, direction)
            level = (there <= value + rounding) & (steepness <= (2 * SUFFICIENT - 1) * slope)
            falls = (there <= value + SUFFICIENT * step * slope) | level
            flat = steepness >= CURVED * slope
            low, high = jnp.where(falls & ~flat, step, low), jnp.where(falls, high, step)
            between = jnp.where(jnp.isfinite(high), 0.5 * (low + high), 2.0 * step)
            right = falls & flat
            return Bracket(jnp.where(right, step, between), low, high, trials + 1, right)

        first = jnp.ones_like(state)
        if from_last:
            first = jnp.where(state > 0, state, jnp.minimum(1.0, 1.0 / optax.tree.norm(grad)))
        nothing = jnp.zeros_like(state)
        begun = Bracket(first, nothing, nothing + jnp.inf, jnp.int32(0), jnp.array(False))
        last = jax.lax.while_loop(unfinished, narrowed, begun)
        step = jnp.where(last.ended, last.step, last.low)
        return optax.tree.scale(step, direction), step

    return optax.GradientTransformationExtraArgs(init, update)


def _product(left: Any, right: Any) -> Any:
    """Return the inner product of two trees."""
    return optax.tree.vdot(left, right)
