"""The answers of a form held against the model's own, on all rows at hand."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import polars as pl

from gradum.run.predicting import predict_typed
from gradum.ship.recording.model import RecordedModel


class Parity(msgspec.Struct, frozen=True):
    """How far the answers of a form differ from the model's own.

    Parameters
    ----------
    rows : int
        How many rows both answered.
    largest : float
        The largest difference: of a probability, or of a number in deviations of the target (of its
        logarithm, if the model learned that).
    flipped : int or None
        In how many rows another class is predicted; None for numbers.
    """

    rows: int
    largest: float
    flipped: int | None


def parity(model: RecordedModel, frame: pl.DataFrame, answers: Mapping[str, np.ndarray]) -> Parity:
    """Compare answers with what the model predicts for the same typed rows (n)."""
    fitted, scale = model.fitted, model.rung.target_scale
    own = predict_typed(fitted, frame, rung=model.rung.name)
    if scale is not None:
        differences = scale.forward(answers["prediction"]) - scale.forward(own.value)
        flipped = None
    else:
        assert own.probability is not None
        differences = answers["probability"] - own.probability
        flipped = int(np.count_nonzero(answers["prediction"] != fitted.labels[own.value]))
    return Parity(len(frame), float(np.abs(differences).max(initial=0.0)), flipped)
