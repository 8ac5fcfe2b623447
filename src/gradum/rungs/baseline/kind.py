"""The baseline rung: what is predicted for a row without looking at it."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
from msgspec import structs

from gradum.core.losses import Loss, learned_loss
from gradum.core.models.network import Network
from gradum.messages import marked
from gradum.rungs.context import Context
from gradum.rungs.cost import LEARNED, Fit, Taken
from gradum.rungs.kind import RungKind
from gradum.rungs.learning_rows import InBlocks, InMemory
from gradum.rungs.names import BASELINE
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.rungs.spread.fit import constant_spread
from gradum.rungs.spread.spread import Spread
from gradum.rungs.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status
from gradum.tables.split import Part


class BaselineKind(RungKind[None]):
    """The kind of rung that is the baseline; it never balances classes."""

    name = BASELINE
    title = marked("baseline")
    in_words = marked("the baseline")
    in_blocks = True
    kept = False
    monotone = True

    def taken(self, settings: None) -> Taken:
        """Return next to nothing: the baseline takes hardly any memory besides the rows."""
        return replace(LEARNED, level=0)

    def fit(self, rows: InMemory, spec: RungSpec[None], context: Context) -> Rung:
        """Fit it to the training and validation rows."""
        learned = rows.as_given(Part.TRAIN, Part.VALIDATION)
        naive = bool(spec.from_naive)
        return fit_baseline(learned, log_target=spec.log_target, from_naive=naive)

    def fit_in_blocks(self, rows: InBlocks, spec: RungSpec[None], context: Context) -> Rung:
        """Fit it to the sums over the training rows; a sample gives the smearing of logarithms."""
        began = perf_counter()
        if rows.scale is None:
            return baseline_of_shares(rows.totals.by_class, began)
        return baseline_of_mean(rows.scale, rows.take(Part.TRAIN), began)

    def holds(self, rung: Rung) -> bool:
        """Whether it looks at no column."""
        return rung.input_layer is None and rung.network.inputs == 0 and rung.network.is_linear

    def seconds(self, spec: RungSpec[None], fit: Fit) -> float:
        """Return 0."""
        return 0.0


def fit_baseline(rows: Rows, *, log_target: bool, from_naive: bool = False) -> Rung:
    """Predict the mean, or the class shares, of the given rows.

    It is 0 if the target is what a naive forecast misses (``from_naive``).
    """
    began = perf_counter()
    if rows.classes is not None:
        # Weights are first brought to a mean of 1, so that a weight of 1 is one row, whatever their
        # unit.
        weight = rows.weight / rows.weight.mean()
        totals = np.bincount(rows.target, weight, rows.classes)
        return baseline_of_shares(totals, began, rows.loss)
    scale = rows.scale(log=log_target)
    assert scale is not None
    if from_naive:
        return baseline_of_mean(structs.replace(scale, centre=0.0), rows, began, answer=0.0)
    return baseline_of_mean(scale, rows, began)


def baseline_of_mean(
    scale: TargetScale, rows: Rows, began: float, answer: float | None = None
) -> Rung:
    """Return the baseline that predicts an answer, or else the best constant, on the given scale.

    The rows give its spread. For most losses, the best constant is the answer to the logit 0; the
    rows give that of the others.
    """
    scale = scale.with_smearing(rows.target, np.zeros(len(rows)), rows.weight)
    loss, target = rows.learned_by(), scale.forward(rows.target)
    bias = np.full(1, answer or 0.0)
    if answer is None and loss.link == "identity" and not loss.quadratic:
        bias[0] = loss.constant(target, rows.weight)
    missed, weight = target - loss.inverse_link(bias[None]), rows.weight
    if rows.exposure is not None:
        missed, weight = missed * np.sqrt(rows.exposure), weight / rows.exposure
    spread = constant_spread(missed, weight)
    return _baseline(loss.spelled, bias, scale, began, spread)


def baseline_of_shares(totals: np.ndarray, began: float, loss: Loss | None = None) -> Rung:
    """Return the baseline of classes with these total weights (K,), where rows weigh 1 on average.

    A class that these rows lack counts as one row, so that it does not make the log loss infinite.
    The other shares are those of the rows. With one more row for each class, as in Laplace
    smoothing, any rung with an intercept would seem better than the baseline where a class is rare.
    """
    totals = np.where(totals > 0, totals, 1.0)
    shares = np.log(totals / totals.sum())
    bias = shares[1:] - shares[:1] if len(totals) == 2 else shares
    if loss is not None and loss.one_score:
        bias = loss.start(np.arange(len(totals)), totals / totals.sum(), len(totals))
    return _baseline((loss or learned_loss(len(totals))).spelled, bias, None, began)


def _baseline(
    loss: str,
    bias: np.ndarray,
    scale: TargetScale | None,
    began: float,
    spread: Spread | None = None,
) -> Rung:
    """Put the answer, 0 on the scaled target or the log of the shares, into a bias."""
    return Rung(
        name=BASELINE,
        loss=loss,
        network=Network(inputs=0, outputs=len(bias)),
        params={"layers": [{"weight": np.zeros((0, len(bias))), "bias": bias}]},
        input_layer=None,
        target_scale=scale,
        clamp=False,
        status=Status.CONVERGED,
        certificate=Certificate("stationary"),
        seconds=perf_counter() - began,
        spread=spread,
    )
