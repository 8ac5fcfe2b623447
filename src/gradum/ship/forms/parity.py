"""The answers of a form held against the model's own, on all rows at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import polars as pl

from gradum.messages import say
from gradum.run.predicting import predict_typed
from gradum.ship.recording.model import RecordedModel
from gradum.waiting import told

BLOCK_ROWS = 4_096

Runner = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]
"""Answers raw rows by a form, each answer under its own name."""


class Parity(msgspec.Struct, frozen=True):
    """How far the answers of a form differ from the model's own."""

    rows: int
    """How many rows both answered."""
    largest: float
    """The largest difference: of a probability, or of a number or an end of its interval in
    deviations of the target (of its logarithm, if the model learned that)."""
    flipped: int | None
    """In how many rows another class is predicted; None for numbers."""
    sets: int | None = None
    """In how many rows the set of classes differs; None where none was asked for."""


def parity(model: RecordedModel, frame: pl.DataFrame, runner: Runner) -> Parity:
    """Compare a form's answers with what the model predicts for the same typed rows (n)."""
    blocks = frame.iter_slices(BLOCK_ROWS)
    count = -(-len(frame) // BLOCK_ROWS)
    blocks = told(blocks, say("checking rows"), count) if count > 1 else blocks
    found = [_parity(model, block, runner(model.raw(block)), len(frame)) for block in blocks]
    return Parity(
        len(frame),
        max((one.largest for one in found), default=0.0),
        _total([one.flipped for one in found]),
        _total([one.sets for one in found]),
    )


def _total(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(counts)  # type: ignore[arg-type]


def _parity(
    model: RecordedModel, frame: pl.DataFrame, answers: Mapping[str, np.ndarray], rows: int
) -> Parity:
    fitted, promise, scale = model.fitted, model.promise, model.rung.target_scale
    own = predict_typed(fitted, frame, rung=model.rung.name, of_rows=rows)
    if scale is None:
        largest = _largest(answers["probability"], own.shares)
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
