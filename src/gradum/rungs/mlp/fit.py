"""The multi-layer perceptron rung: two hidden layers, stopped by the validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from gradum.core.losses import Loss
from gradum.core.models.architecture import Embedding
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.network import Network
from gradum.core.objective import Problem
from gradum.core.penalties import L2
from gradum.errors import SpecError
from gradum.messages import say, sentences
from gradum.rungs.calibration import Calibration, HeldOutLogits, chosen_calibration
from gradum.rungs.context import Context
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.post import PostStep, steps_for
from gradum.rungs.robust_layer import robust_layer
from gradum.rungs.rows import Rows, expanded
from gradum.rungs.rung import Rung
from gradum.rungs.target_scale import TargetScale
from gradum.rungs.training_events import Resumed
from gradum.rungs.with_spread import with_spread
from gradum.solvers import schedules
from gradum.solvers.driver import train
from gradum.solvers.first_order import FirstOrder, Monotone, resolve
from gradum.solvers.lanes import Lanes
from gradum.solvers.pool import SegmentedData
from gradum.solvers.rows_to_learn import Data, Validation
from gradum.solvers.schedules import Schedule
from gradum.solvers.solution import EpochDone, Solution, Status
from gradum.solvers.training_state import Regime

LEARNING_RATES = {
    "gd": 3e-2,
    "sgd": 3e-2,
    "momentum": 1e-2,
    "nesterov": 1e-2,
    "adam": 1e-2,
    "adamw": 1e-2,
    "muon": 1e-2,
}
"""The learning rate that suits a solver on a table, by the solver's name.

Adam's rate was chosen with the other defaults of `MLPSpec`. The others were chosen among 0.01,
0.03, 0.1 and 0.3 by the validation loss on 2,000 rows of each of four public tables, from those
rates with which no training broke down.
"""


def fit_mlp(
    rows: Rows,
    validation: Rows | None,
    spec: MLPSpec,
    context: Context,
    *,
    log_target: bool,
    epochs: int | None = None,
    calibration: Sequence[PostStep] = (),
) -> Rung:
    """Train on the rows, and keep the epoch that is best on the validation rows.

    The validation rows also calibrate its probabilities. Without them, ``epochs`` says how long to
    train, and ``calibration`` gives the steps after the logits.
    """
    began = perf_counter()
    scale = rows.scale(log=log_target)
    layer = robust_layer(rows)
    data = encoded(layer, scale, rows)
    judged = None if validation is None else encoded(layer, scale, validation)
    directions = rows.directions if rows.monotone else None
    rung, solution = train_network(
        layer, data, judged, spec, context, rows.learned_by(), rows.classes, epochs, directions
    )
    if solution.status is Status.DIVERGED:
        refuse_infinite(rung, solution, data)
    if scale is not None:
        with np.errstate(over="ignore", invalid="ignore"):  # from weights that grew without bound
            fitted = rung.network.forward(solution.params, data.inputs)[:, 0].astype(np.float64)
        scale = scale.settled(rows.learned_by(), rows.target, fitted, rows.weight)
    if validation is not None:
        calibration = calibrated(rung, validation, context)
    rung = replace(rung, target_scale=scale, post=steps_for(rows.class_weight, calibration))
    if validation is not None:
        rung = with_spread(rung, validation, context)
    return replace(rung, seconds=rung.seconds + perf_counter() - began)


def calibrated(rung: Rung, validation: Rows, context: Context) -> tuple[Calibration, ...]:
    """Return the calibration of a network of classes by validation rows; empty if none pays off."""
    if validation.classes is None:
        return ()
    with np.errstate(over="ignore", invalid="ignore"):  # from weights that grew without bound
        held_out = HeldOutLogits.of(rung.logits(validation.design.encoded()), validation)
    return chosen_calibration(held_out, context.random("mlp", "calibration"))


def train_network(
    layer: InputLayer,
    data: Data | SegmentedData,
    validation: Data | None,
    spec: MLPSpec,
    context: Context,
    loss: Loss,
    classes: int | None,
    epochs: int | None = None,
    directions: np.ndarray | None = None,
    lanes: Lanes | None = None,
) -> tuple[Rung, Solution]:
    """Train a network on encoded rows, wherever they lie.

    Given the ``directions`` of the first columns (d,), the network is monotone in these; given
    ``lanes``, it learns in these. Returns
    the rung, without its scale if it is a regression, and the solution. The rung's seconds are
    those of earlier trainings that were cut short.
    """
    most, snapshot = epochs or spec.max_epochs, context.snapshot()
    if snapshot is not None:
        context.tell(Resumed("mlp", snapshot.tally.epoch, most))
    network = _network(spec, data.columns, loss.outputs(classes), layer)
    solver, alpha = solver_of(spec, epochs), spec.penalty(data.rows)
    if directions is not None:
        solver = Monotone(solver, tuple(directions.astype(int).tolist()))
    batch_size = data.rows if solver.full_batch else spec.batch_size(data.rows)
    solution = context.train(
        train(
            Problem(network, loss, L2(alpha), spec.dropout or None),
            data,
            solver=solver,
            regime=Regime(
                max_epochs=most,
                batch_size=batch_size,
                patience=None if validation is None else spec.patience,
            ),
            validation=None if validation is None else Validation(validation),
            seed=context.seed,
            resume=snapshot,
            lanes=lanes,
        )
    )
    rung = Rung(
        name="mlp",
        loss=loss.spelled,
        network=network,
        params=solution.params,
        input_layer=layer,
        target_scale=None,
        clamp=True,
        status=solution.status,
        certificate=solution.certificate,
        history=tuple(_entry(epoch) for epoch in solution.history),
        iterations=solution.iterations,
        seconds=0.0 if snapshot is None else snapshot.seconds,
        settings={
            "hidden_layer_sizes": list(spec.hidden_layer_sizes),
            "activation": spec.activation,
            "solver": spec.solver,
            "learning_rate": solver.learning_rate,
            "schedule": spec.schedule,
            "alpha": alpha,
            "dropout": spec.dropout,
            "batch_size": batch_size,
            "steps_per_epoch": -(-data.rows // batch_size),
        },
        advice=solution.advice,
    )
    return rung, solution


def refuse_infinite(rung: Rung, solution: Solution, data: Data) -> None:
    """Raise SpecError if training broke down so early that the network predicts no numbers."""
    with np.errstate(all="ignore"):
        logits = rung.network.forward(solution.params, data.inputs)
    if not np.isfinite(logits).all():
        raise SpecError(sentences([say("The MLP's training broke down."), solution.advice]))


def _entry(epoch: EpochDone) -> dict[str, Any]:
    """Name what history.jsonl keeps of an epoch; the training loss includes the penalty."""
    return {
        "epoch": epoch.epoch,
        "objective": epoch.train_loss,
        "validation_loss": epoch.validation_loss,
        "seconds": epoch.seconds,
    }


def solver_of(spec: MLPSpec, epochs: int | None = None) -> FirstOrder:
    """Return the spec's solver, with its learning rate and schedule if it takes them.

    Raises
    ------
    SpecError
        A learning rate is given, but the solver finds its step length itself.
    """
    rate = LEARNING_RATES.get(spec.solver) if spec.learning_rate is None else spec.learning_rate
    solver = resolve(spec.solver, rate)
    if solver.learning_rate is None:
        return solver
    return replace(solver, schedule=_schedule(spec, epochs))  # type: ignore[type-var]


def _schedule(spec: MLPSpec, epochs: int | None) -> Schedule:
    """Return the spec's schedule, or the first part of it if training ends at ``epochs``."""
    whole = schedules.resolve(spec.schedule)
    share = 1.0 if epochs is None else epochs / spec.max_epochs
    return lambda progress: whole(share * progress)


def _network(spec: MLPSpec, inputs: int, outputs: int, layer: InputLayer) -> Network:
    embedding = Embedding.of(layer, spec.embedding_size)
    return Network(inputs, outputs, spec.hidden_layer_sizes, spec.activation, embedding=embedding)


def encoded(layer: InputLayer, scale: TargetScale | None, rows: Rows) -> Data:
    """Return rows in the form in which the network takes them."""
    inputs = expanded(layer, rows)
    target = rows.target if scale is None else scale.forward(rows.target)
    return Data(inputs, target, rows.weight)
