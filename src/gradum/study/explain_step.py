"""One step of learning on one row, written out: forward, loss, backward, check, update.

Shapes, of one row: z_0 [d] enters, layer l has a_l = z_{l-1} W_l + b_l and z_l = σ(a_l), and the
last a_l are the logits [k]. The backward pass is the chain rule by hand, in NumPy float64, and
central differences of the objective have the last word on it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import jax
import numpy as np

from gradum.core import ACTIVATIONS, Inputs, Loss, Network, Params, Penalty, Problem, Quantile
from gradum.errors import ShapeError, SpecError, TableError, TargetError
from gradum.randomness import stream

MOST_ENTRIES = 2_000
"""Of a network with more parameters so many are drawn for the check."""

STEP = float(np.cbrt(np.finfo(np.float64).eps))
"""h of a central difference, for a parameter of size 1: its two errors are then about equal."""

TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer on the way forward and back.

    Parameters
    ----------
    input : ndarray of shape (in,)
        z_{l-1}.
    weight : ndarray of shape (in, out)
        W_l.
    bias : ndarray of shape (out,) or None
        b_l.
    activation : str or None
        σ; None for the last layer, whose a_l are the logits.
    pre_activation : ndarray of shape (out,)
        a_l = z_{l-1} W_l + b_l.
    output : ndarray of shape (out,)
        z_l = σ(a_l); the logits themselves for the last layer.
    slope : ndarray of shape (out,)
        σ′(a_l); ones for the last layer.
    delta : ndarray of shape (out,)
        δ_l = dℓ/da_l: the loss's own slope for the last layer, (W_{l+1} δ_{l+1}) σ′(a_l) below.
    weight_gradient : ndarray of shape (in, out)
        dL/dW_l = z_{l-1}ᵀ δ_l, plus the penalty's slope.
    """

    input: np.ndarray
    weight: np.ndarray
    bias: np.ndarray | None
    activation: str | None
    pre_activation: np.ndarray
    output: np.ndarray
    slope: np.ndarray
    delta: np.ndarray
    weight_gradient: np.ndarray

    @property
    def bias_gradient(self) -> np.ndarray | None:
        """Return dL/db_l = δ_l, [out]; None without a bias."""
        return None if self.bias is None else self.delta


@dataclass(frozen=True)
class Check:
    """The gradient against central differences, (L(θ + h) − L(θ − h)) / 2h, entry by entry.

    Parameters
    ----------
    entries, of : int
        Entries compared, and entries there are.
    largest : float
        The largest disagreement.
    where : (str, tuple of int)
        The parameter and the position where that is: ``("W1", (0, 2))``.
    by_hand, by_difference : float
        The two numbers there.
    tolerance : float
        The disagreement that rounding explains.
    kinks : int
        Entries with a kink within h, where slopes left and right differ and the gradient is
        between them; these are not counted as disagreements.
    blunt : int
        Entries where the quotient of the width 2h is as far from that of h as the gradient is,
        so that it decides nothing; these are not counted either.
    """

    entries: int
    of: int
    largest: float
    where: tuple[str, tuple[int, ...]]
    by_hand: float
    by_difference: float
    tolerance: float
    kinks: int = 0
    blunt: int = 0

    @property
    def compared(self) -> int:
        """Return how many entries the difference quotients decide on."""
        return self.entries - self.kinks - self.blunt

    @property
    def passed(self) -> bool:
        """Whether no entry disagrees by more than rounding explains."""
        return self.largest <= self.tolerance


@dataclass(frozen=True)
class Names:
    """What the numbers of a step are called.

    Parameters
    ----------
    inputs : tuple of str
        The numbers of z_0, in order.
    outputs : tuple of str
        The numbers of the prediction: classes, or ŷ.
    remarks : tuple of str
        Sentences that a reader needs besides.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Step:
    """One step of gradient descent on one row, every number of it.

    Parameters
    ----------
    problem : Problem
        Network, loss ℓ and penalty; L = ℓ + penalty.
    names : Names
        What the numbers are called.
    target : ndarray of shape (1,) or (1, K)
        The truth as the loss takes it.
    learning_rate : float
        η.
    layers : tuple of Layer
        First to last.
    embedded : dict of int to ndarray
        dL/dE of the rows of the embedding table that this row looks up; empty without a table.
    prediction : ndarray
        The logits behind the inverse link: numbers [1] or [k], probabilities [K].
    loss, penalty : float
        ℓ and the penalty.
    params, gradient, after : dict
        Parameters, dL/dθ, and the parameters after the step θ − η·dL/dθ, as a network has them.
    loss_after, penalty_after : float
        ℓ and the penalty there.
    check : Check
        The gradient against central differences.
    """

    problem: Problem
    names: Names
    target: np.ndarray
    learning_rate: float
    layers: tuple[Layer, ...]
    embedded: Mapping[int, np.ndarray]
    prediction: np.ndarray
    loss: float
    penalty: float
    params: Params
    gradient: Params
    after: Params
    loss_after: float
    penalty_after: float
    check: Check

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
    learning_rate: float = 0.1,
    names: Names | None = None,
    seed: int = 0,
) -> Step:
    """Work one row forward, backward and one step downhill.

    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors",
    Nature 323, 1986.

    Parameters
    ----------
    params : dict
        The network's parameters, taken to float64.
    problem : Problem
        Network, loss and penalty; ``Problem(network, loss)`` has none.
    inputs : dict
        One row as the network takes it: ``"dense"`` [1, d], perhaps ``"codes"`` and ``"sparse"``.
    target : float or int
        The row's truth: a number in the units that the network predicts, or a class code.
    learning_rate : float
        η > 0.
    names : Names, optional
        What the numbers are called; x1, x2 … if not given.
    seed : int
        Which entries are checked where there are more than `MOST_ENTRIES`.

    Raises
    ------
    ShapeError
        The inputs are not one row of the network's columns.
    TableError
        A value of the row is missing or infinite, or so large that the step overflows.
    TargetError
        The loss has no meaning for the target.
    SpecError
        The learning rate is no positive number.
    """
    learning_rate = _positive(learning_rate)
    with np.errstate(all="ignore"):  # what overflows is looked for, and named
        return _explained(params, problem, inputs, target, learning_rate, names, seed)


def _positive(learning_rate: Any) -> float:
    number = isinstance(learning_rate, Real) and not isinstance(learning_rate, bool)
    if not (number and 0.0 < float(learning_rate) < np.inf):
        raise SpecError(f"The learning_rate is {learning_rate!r}.", "Give a number above 0.")
    return float(learning_rate)


def _explained(
    params: Params,
    problem: Problem,
    inputs: Inputs,
    target: Any,
    learning_rate: float,
    names: Names | None,
    seed: int,
) -> Step:
    network, loss, penalty = problem.network, problem.loss, problem.penalty
    params = jax.tree.map(lambda value: np.array(value, np.float64), params)
    row = _one_row(network, inputs)
    truth = _truth(problem, target)

    forward = _forward(network, params, row)
    logits = forward[-1][1][None, :]
    deltas = _backward(network, params, forward, loss.gradient(logits, truth)[0])
    gradient = _gradient(network, params, row, forward, deltas)
    gradient = _with_penalty(gradient, penalty, params)

    def data_term(at: Params) -> float:
        return float(loss.value(network.forward(at, row), truth)[0])

    names = names or _plain_names(problem, np.asarray(loss.inverse_link(logits)).size)
    numbers = [logits, np.array(data_term(params)), *deltas, *jax.tree.leaves(gradient)]
    if not all(np.isfinite(each).all() for each in numbers):
        raise _not_finite(row["dense"][0], truth, names)
    after = jax.tree.map(lambda value, slope: value - learning_rate * slope, params, gradient)
    prediction = np.asarray(loss.inverse_link(logits))[0].reshape(-1)
    return Step(
        problem,
        names,
        truth,
        learning_rate,
        _layers(network, params, gradient, forward, deltas),
        {int(code): gradient["embedding"][code] for code in row.get("codes", np.empty(0)).flat},
        prediction,
        data_term(params),
        float(penalty.value(params)),
        params,
        gradient,
        after,
        data_term(after),
        float(penalty.value(after)),
        check_gradient(
            lambda at: data_term(at) + float(penalty.value(at)), params, gradient, seed=seed
        ),
    )


def _not_finite(values: np.ndarray, truth: np.ndarray, names: Names) -> TableError:
    """Say with which number the step cannot be computed."""
    if not np.isfinite(values).all():
        name = names.inputs[int(np.flatnonzero(~np.isfinite(values))[0])]
        return TableError(
            f"{name!r} is not a finite number in this row.",
            "Look for missing or infinite values in the row.",
        )
    place = int(np.abs(values).argmax())
    name, most = repr(names.inputs[place]), values[place]
    if truth.ndim == 1 and abs(truth[0]) > abs(most):
        name, most = "the target", truth[0]
    return TableError(
        f"The step overflows: its numbers go beyond 1e308. The largest of the row is {name}, "
        f"{most:g}.",
        "Give a row like those that the model was fitted on.",
    )


def _one_row(network: Network, inputs: Inputs) -> dict[str, np.ndarray]:
    """Return one row's dense columns, sparse ones among them, in float64, and its codes."""
    dense = np.asarray(inputs["dense"], np.float64)
    if "sparse" in inputs:
        dense = np.concatenate([dense, inputs["sparse"].toarray().astype(np.float64)], axis=1)
    row: dict[str, np.ndarray] = {"dense": dense}
    coded = network.embedding.columns if network.embedding else 0
    if coded:
        row["codes"] = np.asarray(inputs["codes"])
    shapes = [values.shape for values in row.values()]
    wanted = [(1, network.inputs), (1, coded)][: len(shapes)]
    if shapes != wanted:
        raise ShapeError(
            f"The inputs have shape {shapes[0]}{f' and codes {shapes[1]}' if coded else ''}, but "
            f"one row of this network has {wanted[0]}{f' and {wanted[1]}' if coded else ''}.",
            "Give one row of the columns that the model was fitted on.",
        )
    return row


def _truth(problem: Problem, target: Any) -> np.ndarray:
    """Return a target as the loss takes it, [1]."""
    truth = np.asarray(target)[None]
    # Poisson refuses a table of zeros only, and one row may well have 0: it is shown a 1 as well.
    problem.loss.check_target(np.append(truth, 1) if truth.ndim == 1 else truth)
    classes = max(problem.network.outputs, 2)
    if problem.loss.link == "logit" and truth.ndim == 1 and truth[0] >= classes:
        raise TargetError(
            f"The target is class {truth[0]}, but the network has {classes} classes.",
            f"Give a code from 0 to {classes - 1}.",
        )
    return truth


def _forward(
    network: Network, params: Params, row: Mapping[str, np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return z_{l-1} and a_l of every layer."""
    z = row["dense"][0]
    if network.embedding:
        z = np.concatenate([z, params["embedding"][row["codes"][0]].ravel()])
    sigma, passes = ACTIVATIONS[network.activation].numpy, []
    for layer in params["layers"]:
        a = z @ layer["weight"] + layer.get("bias", 0.0)
        passes.append((z, a))
        z = sigma(a)
    return passes


def _backward(
    network: Network,
    params: Params,
    forward: list[tuple[np.ndarray, np.ndarray]],
    delta: np.ndarray,
) -> list[np.ndarray]:
    """Return δ_l of every layer, given the last one's: δ_l = (W_{l+1} δ_{l+1}) σ′(a_l)."""
    derivative, deltas = ACTIVATIONS[network.activation].derivative, [delta]
    for above, (_, a) in zip(params["layers"][:0:-1], forward[-2::-1], strict=True):
        deltas.insert(0, (above["weight"] @ deltas[0]) * derivative(a))
    return deltas


def _gradient(
    network: Network,
    params: Params,
    row: Mapping[str, np.ndarray],
    forward: list[tuple[np.ndarray, np.ndarray]],
    deltas: list[np.ndarray],
) -> Params:
    """Return dℓ/dW_l = z_{l-1}ᵀ δ_l, dℓ/db_l = δ_l, and for the table what reaches z_0."""
    layers = []
    for layer, (z, _), delta in zip(params["layers"], forward, deltas, strict=True):
        slopes = {"weight": np.outer(z, delta)}
        layers.append({**slopes, "bias": delta} if "bias" in layer else slopes)
    gradient: Params = {"layers": layers}
    if network.embedding:
        reaching = params["layers"][0]["weight"] @ deltas[0]
        table = np.zeros_like(params["embedding"])
        vectors = reaching[network.inputs :].reshape(network.embedding.columns, -1)
        np.add.at(table, row["codes"][0], vectors)
        gradient["embedding"] = table
    return gradient


def _with_penalty(gradient: Params, penalty: Penalty, params: Params) -> Params:
    """Add l1·sign(w) + l2·w for every weight w; at the kink of |w| its middle, 0."""

    def priced(slope: np.ndarray, weight: np.ndarray, price: Penalty) -> np.ndarray:
        l1, l2 = (each[:, None] for each in price.strengths(len(weight)))
        return slope + l1 * np.sign(weight) + l2 * weight

    # A factor belongs to an input column; all other weights have 1.
    free: Any = penalty if penalty.factor is None else replace(penalty, factor=None)  # type: ignore[type-var]
    layers = [
        {**slopes, "weight": priced(slopes["weight"], layer["weight"], free if level else penalty)}
        for level, (slopes, layer) in enumerate(
            zip(gradient["layers"], params["layers"], strict=True)
        )
    ]
    total: Params = {"layers": layers}
    if "embedding" in params:
        total["embedding"] = priced(gradient["embedding"], params["embedding"], free)
    return total


def _layers(
    network: Network,
    params: Params,
    gradient: Params,
    forward: list[tuple[np.ndarray, np.ndarray]],
    deltas: list[np.ndarray],
) -> tuple[Layer, ...]:
    sigma, layers = ACTIVATIONS[network.activation], []
    for level, ((z, a), delta) in enumerate(zip(forward, deltas, strict=True)):
        last, layer = level == len(forward) - 1, params["layers"][level]
        layers.append(
            Layer(
                z,
                layer["weight"],
                layer.get("bias"),
                None if last else network.activation,
                a,
                a if last else sigma.numpy(a),
                np.ones_like(a) if last else sigma.derivative(a),
                delta,
                gradient["layers"][level]["weight"],
            )
        )
    return tuple(layers)


def check_gradient(
    value: Callable[[Params], float], params: Params, gradient: Params, *, seed: int = 0
) -> Check:
    """Hold every entry of a gradient, or `MOST_ENTRIES` drawn ones, against central differences.

    Parameters
    ----------
    value : callable
        Parameters → the objective L.
    params, gradient : dict
        Where, and dL/dθ there, in float64.
    seed : int
        Decides which entries are drawn.
    """
    params = copy.deepcopy(params)  # moved in place below, and back
    arrays, slopes = _named(params), _named(gradient)
    entries = [(name, at) for name, array in arrays.items() for at in np.ndindex(array.shape)]
    count = len(entries)
    if count > MOST_ENTRIES:
        drawn = stream(seed, "study", "explain_step").choice(count, MOST_ENTRIES, replace=False)
        entries = [entries[place] for place in np.sort(drawn)]
    here, kinks, blunt = value(params), 0, 0
    steepest = max(float(np.abs(slope).max(initial=0.0)) for slope in slopes.values())
    tolerance = TOLERANCE * max(1.0, abs(here), steepest)
    worst = Check(len(entries), count, -1.0, entries[0], 0.0, 0.0, tolerance)
    for name, at in entries:
        slope = float(slopes[name][at])
        left, right = _one_sided(value, params, arrays[name], at, here, STEP)
        central = (left + right) / 2.0
        gap = abs(slope - central)
        # Left and right differ by h·L″ where L is smooth, and by more than that only at a kink.
        smooth = abs(right - left) <= 1e3 * STEP * max(1.0, steepest)
        if gap > tolerance and not smooth and min(left, right) <= slope <= max(left, right):
            kinks += 1
            continue
        if not gap <= tolerance:
            wider = sum(_one_sided(value, params, arrays[name], at, here, 2.0 * STEP)) / 2.0
            # The quotient's error grows with h², so that of h is a third of what lies between.
            if not np.isfinite(central) or abs(wider - central) >= gap:
                blunt += 1
                continue
        if not gap <= worst.largest:
            worst = replace(
                worst, largest=gap, where=(name, at), by_hand=slope, by_difference=central
            )
    return replace(worst, largest=max(worst.largest, 0.0), kinks=kinks, blunt=blunt)


def _one_sided(
    value: Callable[[Params], float],
    params: Params,
    array: np.ndarray,
    at: tuple[int, ...],
    here: float,
    step: float,
) -> tuple[float, float]:
    """Return the difference quotients to the left and to the right of one parameter."""
    kept = float(array[at])
    h = step * max(1.0, abs(kept))
    array[at] = kept + h
    above = value(params)
    array[at] = kept - h
    below = value(params)
    array[at] = kept
    return (here - below) / h, (above - here) / h


def _named(params: Params) -> dict[str, np.ndarray]:
    """Name every array as formulas do: W1, b1, W2 …, and E for the embedding table."""
    arrays = {}
    for level, layer in enumerate(params["layers"], start=1):
        arrays[f"W{level}"] = layer["weight"]
        if "bias" in layer:
            arrays[f"b{level}"] = layer["bias"]
    if "embedding" in params:
        arrays["E"] = params["embedding"]
    return arrays


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
        return tuple(f"class {code}" for code in range(outputs))
    if isinstance(loss, Quantile) and outputs > 1:
        return tuple(f"τ = {level:g}" for level in loss.levels)
    return ("ŷ",) if outputs == 1 else tuple(f"ŷ{k + 1}" for k in range(outputs))
