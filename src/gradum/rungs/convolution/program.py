"""The compiled step in which a convolutional network learns, and what becomes of it afterwards.

While it learns, the sums of each layer are centred and scaled over the rows of a step (S. Ioffe and
C. Szegedy, "Batch normalization", ICML 2015). A trained network has no such part: means and
variances over many steps go into its filters and shifts.

Shapes: B rows of a step, F numbers left of a row's grids, C numbers beside them, k outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gradum.core.losses import Loss
from gradum.core.models.convolution import ConvolutionNetwork
from gradum.core.models.parameters import Params
from gradum.solvers.first_order.muon import NEWTON_SCHULZ_STEPS, QUINTIC

REMEMBERED = 0.95  # of the means and variances so far, at each step
LEAST_VARIANCE = 1e-3
STEP = 0.2  # root mean square of an entry of a matrix's step, like Adam's
AHEAD = 0.9  # of the mean of gradients, in Muon's step
HIDDEN = "hidden"

_adam: Any = optax.scale_by_adam(b1=AHEAD, b2=0.97)


class Batch(NamedTuple):
    """What a step learns from.

    ``grids`` holds uint8 [B, h, w, c] for each column of grids, ``numbers`` [B, C'] the dense
    columns and text, ``codes`` [B, c] or None, ``target`` [B], ``weight`` [B].
    """

    grids: Sequence[Any]
    numbers: Any
    codes: Any
    target: Any
    weight: Any


class ConvolutionState(NamedTuple):
    """What training carries from step to step.

    ``params`` are those that learn, ``moments`` Adam's, and ``means`` and ``variances`` those of
    each layer's sums, each averaged over the steps.
    """

    params: Params
    moments: Any
    means: Params
    variances: Params


@dataclass(frozen=True)
class ConvolutionProgram:
    """What is compiled: a network of one member, and how it learns.

    Parameters
    ----------
    network : ConvolutionNetwork
        Of one member.
    decay, column_rate, label_smoothing : float
        See `gradum.rungs.convolution.spec.ConvolutionSpec`.
    """

    network: ConvolutionNetwork
    loss: Loss
    decay: float
    column_rate: float
    label_smoothing: float

    def start(self, rng: np.random.Generator) -> ConvolutionState:
        """Draw the parameters that learn, and return the state before the first step.

        Weights are N(0, 2 / inputs) before a cut at 0 (K. He et al., "Delving deep into
        rectifiers", ICCV 2015).
        """
        network = self.network
        shapes, features = network.shapes(), network.features
        filters, norms = {}, {}
        for name, shape in shapes.items():
            if name.startswith("filters/"):
                layer = name.removeprefix("filters/")
                filters[layer] = _normal(rng, shape[1:], 2.0)
                norms[layer] = _norm(shape[-1])
        (hidden,), outputs = network.hidden, network.outputs
        params = {
            "filters": filters,
            "norms": norms | {HIDDEN: _norm(hidden)},
            "features": _normal(rng, (features, hidden), 1.0),
            "columns": _normal(rng, (network.first - features, hidden), 1.0),
            "weight": _normal(rng, (hidden, outputs), 1.0),
            "bias": np.zeros(outputs, np.float32),
        }
        if network.embedding:
            table = rng.normal(0.0, 0.1, (network.embedding.rows, network.embedding.size))
            params["embedding"] = table.astype(np.float32)
        zeros = {name: np.zeros_like(norm["offset"]) for name, norm in params["norms"].items()}
        moments = jax.eval_shape(_adam.init, params)
        nothing = jax.tree.map(lambda moment: np.zeros(moment.shape, moment.dtype), moments)
        return ConvolutionState(*jax.device_put((params, nothing, zeros, dict(zeros))))

    @partial(jax.jit, static_argnums=0, donate_argnums=1)
    def learn(self, learned: ConvolutionState, fixed: Params, batch: Batch, rate: Any) -> Any:
        """Take a step of the given length; return the state and the mean loss.

        ``fixed`` holds the centres and scales of the columns of grids.
        """

        def objective(params: Params) -> Any:
            sums: dict[str, tuple[Any, Any]] = {}
            logits = self._logits(params, fixed, batch, _normalising(params["norms"], sums))
            losses = self.loss.value(logits, self._smoothed(batch.target))
            return (losses * batch.weight).mean(), sums

        (loss, sums), slopes = jax.value_and_grad(objective, has_aux=True)(learned.params)
        moves, moments = _adam.update(slopes, learned.moments)
        params = self._moved(learned.params, moves, slopes, moments.mu, rate)
        averages = [
            {
                name: REMEMBERED * before[name] + (1 - REMEMBERED) * sums[name][place]
                for name in before
            }
            for place, before in enumerate((learned.means, learned.variances))
        ]
        return ConvolutionState(params, moments, *averages), loss

    @partial(jax.jit, static_argnums=0)
    def judge(self, params: Params, batch: Batch) -> Any:
        """Return the logits [B, k] of a trained network."""
        member = self.network.member(params, 0)
        return self.network.logits(member, batch.grids, batch.numbers, batch.codes)

    def trained(self, learned: ConvolutionState, fixed: Params, steps: int) -> Params:
        """Return the network's parameters after so many steps, in NumPy, of one member."""
        params, _, means, variances = jax.device_get(learned)
        whole = 1.0 - REMEMBERED**steps  # of what the averages have seen
        weights = params["filters"] | {HIDDEN: _hidden(params, np)}
        filters: Params = {}
        for name, norm in params["norms"].items():
            variance = np.maximum(variances[name] / whole, 0.0)
            factor = norm["gain"] / np.sqrt(variance + LEAST_VARIANCE)
            shift = norm["offset"] - means[name] / whole * factor
            weight = (weights[name] * factor).astype(np.float32)
            if name == HIDDEN:
                first = {"weight": weight[None], "bias": shift.astype(np.float32)[None]}
            else:
                filters[f"filters/{name}"] = weight[None]
                filters[f"shifts/{name}"] = shift.astype(np.float32)[None]
        last = {"weight": params["weight"][None], "bias": params["bias"][None]}
        table = {"embedding": params["embedding"][None]} if "embedding" in params else {}
        return {**fixed, **filters, **table, "layers": [first, last]}

    def _logits(
        self, params: Params, fixed: Params, batch: Batch, between: Callable[[str, Any], Any]
    ) -> Any:
        member = {
            **fixed,
            **{f"filters/{name}": filters for name, filters in params["filters"].items()},
            **{f"shifts/{name}": jnp.float32(0.0) for name in params["filters"]},
            "layers": [
                {"weight": _hidden(params, jnp), "bias": jnp.float32(0.0)},
                {"weight": params["weight"], "bias": params["bias"]},
            ],
        }
        if "embedding" in params:
            member["embedding"] = params["embedding"]
        return self.network.logits(member, batch.grids, batch.numbers, batch.codes, between)

    def _smoothed(self, target: Any) -> Any:
        """Return smoothed shares [B, K], for two classes [B]: (1 - s) t + s / K."""
        if self.loss.link != "logit":
            return target
        classes = max(self.network.outputs, 2)
        share = jax.nn.one_hot(target, classes) if classes > 2 else target
        return (1 - self.label_smoothing) * share + self.label_smoothing / classes

    def _moved(
        self, params: Params, moves: Params, slopes: Params, means: Params, rate: Any
    ) -> Any:
        """Take Muon's steps with matrices and filters, and Adam's with all else."""
        rates = {"columns": self.column_rate, "embedding": self.column_rate}

        def move(path: Any, value: Any, direction: Any, slope: Any, mean: Any) -> Any:
            name = path[0].key
            if name in ("filters", "features"):
                direction = _matrix_step(AHEAD * mean + (1 - AHEAD) * slope)
            size = rates.get(name, 1.0) * rate
            decay = 0.0 if name in ("norms", "bias") else self.decay
            return value - size * (direction + decay * value)

        return jax.tree_util.tree_map_with_path(move, params, moves, slopes, means)


def _matrix_step(gradient: Any) -> Any:
    """Return Muon's step of filters [..., f], each taken as a column of a matrix."""
    matrix = gradient.reshape(-1, gradient.shape[-1])
    step = STEP * max(matrix.shape) ** 0.5 * orthogonalised(matrix)
    return step.reshape(gradient.shape)


def orthogonalised(matrix: Any) -> Any:
    """Return roughly UVᵀ for a matrix UΣVᵀ, as `gradum.solvers.first_order.muon` does.

    The steps X ← X (a + b XᵀX + c (XᵀX)²) are taken with XᵀX alone, because a layer has far more
    inputs than filters: then only two products meet the whole matrix.
    """
    x = matrix / (jnp.linalg.norm(matrix) + 1e-8)
    square, (a, b, c) = x.T @ x, QUINTIC
    one = jnp.eye(len(square), dtype=x.dtype)
    together = one
    for _ in range(NEWTON_SCHULZ_STEPS):
        factor = a * one + b * square + c * square @ square
        together = together @ factor
        square = factor @ square @ factor
    return x @ together


def _normalising(
    norms: Mapping[str, Params], sums: dict[str, tuple[Any, Any]]
) -> Callable[[str, Any], Any]:
    """Return what brings each layer's sums to a mean and a variance, and notes both in ``sums``."""

    def between(name: str, z: Any) -> Any:
        axes = tuple(range(z.ndim - 1))
        mean = z.mean(axes)
        variance = jnp.square(z).mean(axes) - jnp.square(mean)
        sums[name] = mean, variance
        factor = norms[name]["gain"] * jax.lax.rsqrt(jnp.maximum(variance, 0) + LEAST_VARIANCE)
        return z * factor + (norms[name]["offset"] - mean * factor)

    return between


def _hidden(params: Params, xp: Any) -> Any:
    """Return the weight of the hidden layer: of what is left of grids, then of other columns."""
    return xp.concatenate([params["features"], params["columns"]])


def _norm(width: int | None) -> Params:
    assert width is not None
    return {"gain": np.ones(width, np.float32), "offset": np.zeros(width, np.float32)}


def _normal(rng: np.random.Generator, shape: Sequence[int | None], variance: float) -> np.ndarray:
    """Draw weights whose sums over all inputs have that variance for inputs of size 1."""
    sizes = tuple(size for size in shape if size is not None)
    inputs = max(math.prod(sizes[:-1]), 1)
    return rng.normal(0.0, math.sqrt(variance / inputs), sizes).astype(np.float32)
