"""The protocol of a side of `benchmarks.engines.peers`: it fits when told to, and says what came.

A side is a program of its own, perhaps of another environment. This module needs only polars.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

COLUMNS = 20
NAMES = [f"x{k}" for k in range(COLUMNS)]
FILES, HELD = "part-*.parquet", "held.parquet"


class Found(NamedTuple):
    """What a fit found: the probability of class 1 of each held-out row, and a model as bytes."""

    probability: np.ndarray
    model: bytes


def serve(fit: Callable[[], Callable[[pl.DataFrame], Found]], folder: str) -> None:
    """Fit for each line of the input; print seconds, log loss and a hash of the model, or an error.

    ``fit`` returns what judges rows; judging is not timed.
    """
    held = pl.read_parquet(Path(folder) / HELD)
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        try:
            judge = fit()
        except BaseException as error:  # of Java, of Rust, of clusters
            words = " ".join(str(error).split())[:200]
            answer, judge = {"error": f"{type(error).__name__}: {words}"}, None
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
        if judge is not None:
            found = judge(held)
            answer = {
                "log_loss": log_loss(held["y"].to_numpy(), found.probability),
                "model": sha256(found.model).hexdigest()[:12],
            }
        print(json.dumps(answer), flush=True)


def log_loss(label: np.ndarray, probability: np.ndarray) -> float:
    """Return the mean of −ln of the probability of what is true; labels are 0 and 1."""
    of_truth = np.where(label == 1, probability, 1 - probability)
    return float(-np.log(np.maximum(of_truth, 1e-15)).mean())


def logistic(score: np.ndarray) -> np.ndarray:
    """Return the probabilities of scores."""
    return 1 / (1 + np.exp(-score))
