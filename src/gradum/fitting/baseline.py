"""The baseline rung: what to say of a row without looking at it."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from gradum.core.models.network import Network
from gradum.fitting.rows import Rows
from gradum.fitting.rung import Rung
from gradum.fitting.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status


def fit_baseline(rows: Rows, *, log_target: bool) -> Rung:
    """Predict the mean, or the class shares, of the given rows.

    A share is (n_k + 1) / (n + K) (Laplace), so that a class that these rows lack
    does not make the log loss infinite. The bias of a network without inputs holds the
    answer: 0 on the scaled target, or the log of the shares.
    """
    began = perf_counter()
    scale = None
    if rows.classes is None:
        scale = TargetScale.fit(rows.target, rows.weight, log=log_target)
        scale = scale.with_smearing(rows.target, np.zeros(len(rows)), rows.weight)
        bias = np.zeros(1)
    else:
        bias = _logits_of_shares(rows)
    return Rung(
        name="baseline",
        loss="squared_error" if scale else "log_loss",
        network=Network(inputs=0, outputs=len(bias)),
        params={"layers": [{"weight": np.zeros((0, len(bias))), "bias": bias}]},
        input_layer=None,
        target_scale=scale,
        clamp=False,
        status=Status.CONVERGED,
        certificate=Certificate("stationary"),
        seconds=perf_counter() - began,
    )


def _logits_of_shares(rows: Rows) -> np.ndarray:
    assert rows.classes is not None
    # Weights are brought to a mean of 1 first: "+ 1" is one row, whatever their unit.
    weight = rows.weight / rows.weight.mean()
    totals = np.bincount(rows.target, weights=weight, minlength=rows.classes) + 1.0
    shares = np.log(totals / totals.sum())
    return shares[1:] - shares[:1] if rows.classes == 2 else shares
