"""One trained model of the ladder: data plus predict, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradum.core.losses import LOSSES
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.network import Network, Params
from gradum.fitting.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status
from gradum.tables.design import Design

BLOCK_ROWS = 65_536
BLOCK_NUMBERS = 2**27  # of the widest layer: however wide, a block takes no more than a gibibyte


@dataclass(frozen=True)
class Prediction:
    """What a rung says of n rows.

    ``value`` (n,) is the predicted number, in the target's units, or the index of the
    likeliest class; ``probability`` (n, K) holds one column a class, None for regression.
    """

    value: np.ndarray
    probability: np.ndarray | None

    @classmethod
    def of_classes(cls, probability: np.ndarray) -> Prediction:
        """Predict the likeliest class; the first of equals."""
        return cls(probability.argmax(axis=1), probability)

    def take(self, rows: np.ndarray) -> Prediction:
        """Return what was said of the given rows."""
        return Prediction(
            self.value[rows], None if self.probability is None else self.probability[rows]
        )


@dataclass(frozen=True)
class Rung:
    """A rung of the ladder, fitted.

    Parameters
    ----------
    name : str
        ``baseline``, ``linear`` or ``mlp``.
    loss : str
        The name of its loss, which knows the way from logits to predictions.
    network, params : Network, dict
        The model and its parameters; a baseline is a network without inputs.
    input_layer : InputLayer or None
        The frozen first layer; None for the baseline, which looks at no column.
    target_scale : TargetScale or None
        For regression.
    clamp : bool
        Whether numeric predictions are held within the range of the training targets.
    status, certificate, history, iterations, seconds
        How the fit ended, what proves it, its course (one mapping an epoch or step), the
        number of steps of its solver, and the seconds it took.
    advice : str
        What the status means here; the status's own sentence unless more is known.
    """

    name: str
    loss: str
    network: Network
    params: Params
    input_layer: InputLayer | None
    target_scale: TargetScale | None
    clamp: bool
    status: Status
    certificate: Certificate
    history: tuple[Mapping[str, float], ...] = ()
    iterations: int = 0
    seconds: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""

    @property
    def stopped_early(self) -> bool:
        """Whether validation rows chose its epoch, rather than being learned from as well."""
        return self.certificate.kind == "validation"

    def logits(self, design: Design) -> np.ndarray:
        """Return the raw outputs (n, k), in float64."""
        most = max(1, min(BLOCK_ROWS, BLOCK_NUMBERS // max(self.network.widths)))
        if len(design) <= most:
            return self._block(design)
        starts = range(0, len(design), most)
        blocks = [np.arange(at, min(at + most, len(design))) for at in starts]
        return np.concatenate([self._block(design.take(rows)) for rows in blocks])

    def _block(self, design: Design) -> np.ndarray:
        if self.input_layer is None:
            inputs = {"dense": np.zeros((len(design), 0))}
        else:
            dtype = self.params["layers"][0]["weight"].dtype.type
            inputs = self.input_layer(design.dense, design.codes, design.sparse, dtype=dtype)
        return self.network.forward(self.params, inputs).astype(np.float64)

    def predict(self, design: Design) -> Prediction:
        """Predict the rows of a design."""
        return self.prediction(self.logits(design))

    def prediction(self, logits: np.ndarray) -> Prediction:
        """Turn logits (n, k) into numbers in the target's units, or class probabilities."""
        if self.target_scale is not None:
            return Prediction(
                self.target_scale.inverse(logits[:, 0], clamp=self.clamp), probability=None
            )
        probability = np.asarray(LOSSES[self.loss].inverse_link(logits))
        return Prediction.of_classes(probability)
