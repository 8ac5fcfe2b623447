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
        The largest difference: of a probability, or of a number or an end of its interval in
        deviations of the target (of its logarithm, if the model learned that).
    flipped : int or None
        In how many rows another class is predicted; None for numbers.
    sets : int or None
        In how many rows the set of classes differs; None where none was asked for.
    """

    rows: int
    largest: float
    flipped: int | None
    sets: int | None = None


def parity(model: RecordedModel, frame: pl.DataFrame, answers: Mapping[str, np.ndarray]) -> Parity:
    """Compare answers with what the model predicts for the same typed rows (n)."""
    fitted, promise, scale = model.fitted, model.promise, model.rung.target_scale
    own = predict_typed(fitted, frame, rung=model.rung.name)
    if scale is None:
        assert own.probability is not None
        largest = _largest(answers["probability"], own.probability)
        flipped = int(np.count_nonzero(answers["prediction"] != fitted.labels[own.value]))
        sets = None
        if promise is not None:
            sets = int((answers["set"] != promise.sets(frame, own)).any(axis=1).sum())
        return Parity(len(frame), largest, flipped, sets)
    pairs = [(answers["prediction"], own.value)]
    if promise is not None:
        pairs += zip((answers["low"], answers["high"]), promise.intervals(frame).T, strict=True)
    differences = [_largest(*(scale.forward(numbers) for numbers in pair)) for pair in pairs]
    return Parity(len(frame), max(differences), None)


def _largest(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference, 0 of infinite numbers that are the same."""
    differing = found != expected
    return float(np.abs(found[differing] - expected[differing]).max(initial=0.0))
