"""One step of learning on one row, written out: forward, loss, backward, check, update.

Shapes for one row: z_0 [d] enters, layer l has a_l = z_{l-1} W_l + b_l and z_l = σ(a_l), and the
last a_l are the logits [k]. The backward pass is the chain rule by hand, in NumPy float64, and is
checked against central differences of the objective.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import jax
import numpy as np

from gradum.core import Inputs, Loss, Network, Params, Problem
from gradum.core.models.input_blocks import codes_in, made_dense, numbers_in
from gradum.errors import ShapeError, SpecError, TableError, TargetError
from gradum.messages import say
from gradum.study.backpropagation import (
    Layer,
    backward_pass,
    forward_pass,
    layers_of,
    loss_gradient,
    with_penalty,
)
from gradum.study.gradient_check import Differences, GradientCheck, check_gradient

# For a step whose length is not given.
LONGEST, HALVINGS, GAIN = 0.1, 60, 1e-4


@dataclass(frozen=True)
class Names:
    """The names of the numbers in a step.

    Parameters
    ----------
    inputs : tuple of str
        The names of the numbers in z_0, in order.
    outputs : tuple of str
        The names of the numbers in the prediction: classes, or ŷ.
    remarks : tuple of str
        Further sentences that a reader needs.
    given : tuple of str
        The table value that each number of z_0 comes from, as text: ``39.1``, a level, ``missing``;
        empty where z_0 is the row itself.
    row : str
        The row's name at the beginning of a sentence.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    row: str = field(default_factory=lambda: say("One row"))


@dataclass(frozen=True, eq=False)
class WorkedStep:
    """One step of gradient descent on one row, with every number."""

    problem: Problem
    """Network, loss ℓ and penalty; L = ℓ + penalty."""
    names: Names
    """The names of the numbers."""
    target: np.ndarray
    """Of shape (1,) or (1, K). The truth, in the form that the loss takes."""
    learning_rate: float
    """η."""
    layers: tuple[Layer, ...]
    """From first to last."""
    embedded: Mapping[int, np.ndarray]
    """dL/dE of the rows of the embedding table that this row looks up; empty without a table."""
    prediction: np.ndarray
    """The logits after the inverse link: numbers [1] or [k], or probabilities [K]."""
    loss: float
    penalty: float
    """ℓ and the penalty."""
    params: Params
    gradient: Params
    after: Params
    """Parameters, dL/dθ, and the parameters after the step θ − η·dL/dθ, laid out as in a
    network."""
    loss_after: float
    penalty_after: float
    """ℓ and the penalty after the step."""
    check: GradientCheck
    """The gradient against central differences."""
    differences: Differences
    """Compares any one entry of the gradient with its central difference."""

    @property
    def logits(self) -> np.ndarray:
        """Return the last layer's a_l, [k]."""
        return self.layers[-1].pre_activation

    @property
    def objective(self) -> float:
        """Return L = ℓ + penalty before the step."""
        return self.loss + self.penalty

    @property
    def objective_after(self) -> float:
        """Return L = ℓ + penalty after the step."""
        return self.loss_after + self.penalty_after


def explain_step(
    params: Params,
    problem: Problem,
    inputs: Inputs,
    target: Any,
    *,
    learning_rate: float | None = None,
    names: Names | None = None,
    seed: int = 0,
) -> WorkedStep:
    """Take one row through the forward pass, the backward pass and one step downhill.

    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986.

    Parameters
    ----------
    params : dict
        The network's parameters, taken to float64.
    problem : Problem
        Network, loss and penalty; ``Problem(network, loss)`` has no penalty.
    inputs : dict
        One row in the network's format: ``"dense"`` [1, d], perhaps ``"codes"`` and ``"sparse"``.
    target : float or int
        The row's truth: a number in the units that the network predicts, or a class code.
    learning_rate : float, optional
        η > 0; by default the first of `LONGEST`, half of it, … that lowers L enough, see
        `_lowering`.
    names : Names, optional
        The names of the numbers; by default x1, x2 ….
    seed : int
        Chooses which entries are checked where there are more than `MOST_ENTRIES`.

    Raises
    ------
    ShapeError
        The inputs are not one row of the network's columns.
    TableError
        A value of the row is missing or infinite, or so large that the step overflows.
    TargetError
        The loss has no meaning for the target.
    SpecError
        The learning rate is not a positive number.
    """
    learning_rate = None if learning_rate is None else _positive(learning_rate)
    with np.errstate(all="ignore"):  # overflow is detected and named below
        return _explained(params, problem, inputs, target, learning_rate, names, seed)


def _positive(learning_rate: Any) -> float:
    number = isinstance(learning_rate, Real) and not isinstance(learning_rate, bool)
    if not (number and 0.0 < float(learning_rate) < np.inf):
        raise SpecError(
            "The learning_rate is {rate!r}.", "Give a number above 0.", rate=learning_rate
        )
    return float(learning_rate)


def _explained(
    params: Params,
    problem: Problem,
    inputs: Inputs,
    target: Any,
    learning_rate: float | None,
    names: Names | None,
    seed: int,
) -> WorkedStep:
    network, loss, penalty = problem.network, problem.loss, problem.penalty
    params = jax.tree.map(lambda value: np.array(value, np.float64), params)
    row = _one_row(network, inputs)
    truth = _truth(problem, target)

    forward = forward_pass(network, params, row)
    logits = forward[-1][1][None, :]
    deltas = backward_pass(network, params, forward, loss.gradient(logits, truth)[0])
    gradient = loss_gradient(network, params, row, forward, deltas)
    gradient = with_penalty(gradient, penalty, params)

    def data_term(at: Params) -> float:
        return float(loss.value(network.forward(at, row), truth)[0])

    names = names or _plain_names(problem, np.asarray(loss.inverse_link(logits)).size)
    numbers = [logits, np.array(data_term(params)), *deltas, *jax.tree.leaves(gradient)]
    if not all(np.isfinite(array).all() for array in numbers):
        raise _not_finite(numbers_in(row)[0][0], truth, names)
    prediction = np.asarray(loss.inverse_link(logits))[0].reshape(-1)

    def objective(at: Params) -> float:
        return data_term(at) + float(penalty.value(at))

    differences = Differences(objective, params, gradient)
    if learning_rate is None:
        learning_rate = _lowering(objective, params, gradient)
    after = _moved(params, gradient, learning_rate)
    return WorkedStep(
        problem,
        names,
        truth,
        learning_rate,
        layers_of(network, params, gradient, forward, deltas),
        {int(code): gradient["embedding"][code] for code in codes_in(row).flat},
        prediction,
        data_term(params),
        float(penalty.value(params)),
        params,
        gradient,
        after,
        data_term(after),
        float(penalty.value(after)),
        check_gradient(differences, seed=seed),
        differences,
    )


def _moved(params: Params, gradient: Params, learning_rate: float) -> Params:
    return jax.tree.map(lambda value, slope: value - learning_rate * slope, params, gradient)


def _lowering(objective: Callable[[Params], float], params: Params, gradient: Params) -> float:
    """Return the first η of `LONGEST`, half of it, … with L(θ − η g) ≤ L(θ) − c η |g|².

    L. Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives",
    1966; c = 10⁻⁴ as J. Nocedal and S. Wright, Numerical Optimization, 2006, 3.1. Where rounding
    hides every gain, as at an optimum, it is the last of `HALVINGS`.
    """
    before = objective(params)
    steep = sum(float(np.square(slope).sum()) for slope in jax.tree.leaves(gradient))
    for learning_rate in LONGEST * 0.5 ** np.arange(HALVINGS):
        if (
            objective(_moved(params, gradient, learning_rate))
            <= before - GAIN * learning_rate * steep
        ):
            break
    return float(learning_rate)


def _not_finite(values: np.ndarray, truth: np.ndarray, names: Names) -> TableError:
    """Say which number makes the step impossible to compute."""
    if not np.isfinite(values).all():
        name = names.inputs[int(np.flatnonzero(~np.isfinite(values))[0])]
        return TableError(
            "{name!r} is not a finite number in this row.",
            "Look for missing or infinite values in the row.",
            name=name,
        )
    place = int(np.abs(values).argmax())
    if truth.ndim == 1 and abs(truth[0]) > abs(values[place]):
        message = say(
            "The step overflows: its numbers go beyond 1e308. The largest of the row is the "
            "target, {value:g}.",
            value=truth[0],
        )
    else:
        message = say(
            "The step overflows: its numbers go beyond 1e308. The largest of the row is "
            "{name!r}, {value:g}.",
            name=names.inputs[place],
            value=values[place],
        )
    return TableError(message, say("Give a row like those that the model was fitted on."))


def _one_row(network: Network, inputs: Inputs) -> dict[str, np.ndarray]:
    """Return one row's dense columns, including sparse ones, in float64, and its codes."""
    given, forms = made_dense(inputs, np.float64), network.input_forms(np.float64)
    row = {name: given[name] for name in forms}
    shapes = [values.shape for values in row.values()]
    wanted = [(1, width) for width, _ in forms.values()]
    if shapes != wanted:
        raise ShapeError(
            _other_shapes(shapes, wanted),
            say("Give one row of the columns that the model was fitted on."),
        )
    return row


def _other_shapes(shapes: list[tuple[int, ...]], wanted: list[tuple[int, ...]]) -> str:
    """Name the shapes of the given inputs, with codes last if the network takes any."""
    if len(shapes) > 1:
        return say(
            "The inputs have shape {shape} and codes {codes}, but one row of this network has "
            "{wanted} and {wanted_codes}.",
            shape=shapes[0],
            codes=shapes[1],
            wanted=wanted[0],
            wanted_codes=wanted[1],
        )
    return say(
        "The inputs have shape {shape}, but one row of this network has {wanted}.",
        shape=shapes[0],
        wanted=wanted[0],
    )


def _truth(problem: Problem, target: Any) -> np.ndarray:
    """Return a target in the form that the loss takes, [1]."""
    truth = np.asarray(target)[None]
    # Poisson refuses a table of zeros only, but one row may well have 0: so it is shown a 1 as
    # well.
    problem.loss.check_target(np.append(truth, 1) if truth.ndim == 1 else truth)
    classes = max(problem.network.outputs, 2)
    if problem.loss.link == "logit" and truth.ndim == 1 and truth[0] >= classes:
        raise TargetError(
            "The target is class {code}, but the network has {classes} classes.",
            "Give a code from 0 to {last}.",
            code=truth[0],
            classes=classes,
            last=classes - 1,
        )
    return truth


def _plain_names(problem: Problem, outputs: int) -> Names:
    network = problem.network
    inputs = [f"x{column + 1}" for column in range(network.inputs)]
    if network.embedding:
        columns, size = network.embedding.columns, network.embedding.size
        inputs += [f"e{column + 1}[{k + 1}]" for column in range(columns) for k in range(size)]
    return Names(tuple(inputs), output_names(problem.loss, outputs))


def output_names(loss: Loss, outputs: int) -> tuple[str, ...]:
    """Name the numbers of a prediction: classes by their codes, quantiles by their levels."""
    if loss.link == "logit":
        return tuple(say("class {code}", code=code) for code in range(outputs))
    if loss.quantiles and outputs > 1:
        return tuple(f"τ = {level:g}" for level in loss.quantiles)
    return ("ŷ",) if outputs == 1 else tuple(f"ŷ{k + 1}" for k in range(outputs))
