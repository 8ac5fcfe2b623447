"""The scales on which an answer is explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from gradum.core.models.opened import FirstLayer
from gradum.errors import SpecError
from gradum.messages import listed
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Rung

Scale = Literal["target", "probability", "log-odds"]
Answer = Callable[[np.ndarray], np.ndarray]
"""From logits (m, k) to answers (m, c): a number or quantiles, or one column per class."""


def scale_of(fitted: Fitted, scale: str | None) -> Scale:
    """Return the requested scale, or the task's own.

    Raises
    ------
    SpecError
        The task has no such scale.
    """
    possible: tuple[Scale, ...] = ("probability", "log-odds") if fitted.classes else ("target",)
    for name in possible:
        if scale in (None, name):
            return name
    raise SpecError(
        "{scale!r} is no scale of this target.",
        "Choose {scales}.",
        scale=scale,
        scales=listed(possible, "or"),
    )


def answer_on(rung: Rung, scale: Scale) -> Answer:
    """Return how a rung's logits become answers on a scale.

    ``target``: in the target's unit; ``probability``: p of each class; ``log-odds``:
    log p / (1 − p) of each class.
    """
    return {"target": _numbers, "probability": _probabilities, "log-odds": _log_odds}[scale](rung)


def answers_of(
    layers: FirstLayer, total: np.ndarray, answer: Answer
) -> tuple[np.ndarray, np.ndarray]:
    """Compute, from z (m, h), the answers (m, k) of a model and of each member (M, m, k)."""
    logits = layers.members(total)
    together = answer(layers.together(logits))
    if len(logits) == 1:
        return together, together[None]
    alone = answer(logits.reshape(-1, logits.shape[2]).astype(np.float64))
    return together, alone.reshape(len(logits), *together.shape)


def _numbers(rung: Rung) -> Answer:
    def answer(logits: np.ndarray) -> np.ndarray:
        value = rung.prediction(logits).value
        return value[:, None] if value.ndim == 1 else value

    return answer


def _probabilities(rung: Rung) -> Answer:
    def answer(logits: np.ndarray) -> np.ndarray:
        probability = rung.prediction(logits).probability
        assert probability is not None
        return probability

    return answer


def _log_odds(rung: Rung) -> Answer:
    def answer(logits: np.ndarray) -> np.ndarray:
        for step in rung.post:
            logits = step(logits)
        if logits.shape[1] == 1:
            return np.concatenate([-logits, logits], axis=1)
        # log p_k - log Σ_{j≠k} p_j, from the logits: p itself may round to 0 or 1.
        columns = range(logits.shape[1])
        others = [np.logaddexp.reduce(np.delete(logits, k, axis=1), axis=1) for k in columns]
        return logits - np.stack(others, axis=1)

    return answer
