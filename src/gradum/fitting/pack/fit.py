"""The pack rung: members trained side by side, each without a fold, the best of them kept."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import jax
import numpy as np
from msgspec import structs

from gradum.core.losses import Loss
from gradum.core.models.network import Params
from gradum.core.models.pack_network import PackNetwork
from gradum.errors import SpecError
from gradum.fitting.calibration import Calibration, HeldOutLogits, chosen_calibration
from gradum.fitting.context import Context, OutOfTime
from gradum.fitting.folding import walks_up_to
from gradum.fitting.pack.goal import Goal, judging, loss_of
from gradum.fitting.pack.held_out import HeldOut
from gradum.fitting.pack.inputs import PackInputs
from gradum.fitting.pack.lessons import told
from gradum.fitting.pack.members import Members, initial_codes, initial_weights
from gradum.fitting.pack.program import PackProgram
from gradum.fitting.pack.select import (
    answers,
    greedy,
    logits_of,
    sharpened,
    sharpness,
    sharpness_of_more,
    staying,
)
from gradum.fitting.pack.spec import PackSpec
from gradum.fitting.pack.text_scores import SHARE_OF_TIME, text_scores
from gradum.fitting.pack.training import PackTraining
from gradum.fitting.pack.wide import begin_wide
from gradum.fitting.post import steps_for
from gradum.fitting.rows import Rows
from gradum.fitting.rung import Rung
from gradum.fitting.smearing import HELD_OUT
from gradum.fitting.target_scale import TargetScale
from gradum.fitting.with_spread import with_spread
from gradum.margins import falls
from gradum.messages import say
from gradum.solvers.solution import Certificate
from gradum.solvers.threads import threads_for


def fit_pack(
    rows: Rows,
    validation: np.ndarray,
    spec: PackSpec,
    context: Context,
    *,
    loss: Loss | None = None,
    metric: str | None = None,
    log_target: bool,
    seconds: float | None = None,
) -> Rung:
    """Train the members, and keep those that together predict held-out rows best.

    Where the rows have a teacher, they are trained twice: without it, and with some that listen. Of
    the two packs the one stays that predicts held-out rows better.

    Parameters
    ----------
    rows : Rows
        All rows that may be learned from.
    validation : ndarray of shape (n,)
        Rows that are held out where no folds can be made.
    spec : PackSpec
    context : Context
        Once it says to stop, the members of that moment are chosen from.
    loss : Loss, optional
        What members learn by; if not given, the metric says.
    metric : str, optional
        What judges members by the rows that they hold out; if not given, the loss does.
    log_target : bool
    seconds : float, optional
        The most that training may take; at least one chunk is trained.

    Raises
    ------
    SpecError
        Every member diverged.
    OutOfTime
        The context's time is over before the first chunk.
    """
    began, limit = perf_counter(), math.inf if seconds is None else seconds
    seed = context.seed
    goal, scale = _goal(rows, loss or loss_of(metric, rows.classes), metric, log_target)
    walks = walks_up_to(spec.folds, rows, validation, context.random("pack", "folds"))
    if rows.teacher is not None:
        _refuse_teacher(goal, len(walks))
    learned = [train for train, _ in walks]
    scores = text_scores(
        rows.design.sparse if goal.linear[1] <= spec.text_scores else None,
        goal,
        walks,
        context.random("pack", "text scores"),
        context.until(began + SHARE_OF_TIME * limit),
    )
    inputs = PackInputs.of(rows, spec, goal, seed, scores)
    members = Members.draw(spec, rows=max(map(len, learned)), folds=len(walks), seed=seed)
    codes = initial_codes(inputs, members, goal, learned, seed=seed)
    with threads_for(len(rows), inputs.network.first):
        params = initial_weights(inputs, codes, members, goal, learned, seed=seed)
        begin_wide(params, inputs, members, goal, walks, context)
    context.require_time()
    program = PackProgram(
        inputs.padding.network,
        goal.loss,
        wide=bool(params["wide"].any()),
        scale_factor=spec.scale_factor,
        leak_factor=spec.leak_factor,
        muon=spec.muon,
    )

    def trained(
        members: Members, answers: np.ndarray | None, end: float
    ) -> tuple[PackTraining, _Chosen]:
        held = HeldOut(
            inputs,
            goal,
            [held for _, held in walks],
            members.fold,
            shrinkage=spec.shrinkage,
            seed=seed,
        )
        rows_of_members = [learned[fold] for fold in members.fold]
        training = PackTraining(
            program, inputs, goal, members, rows_of_members, params, spec, seed, answers
        )
        training.run(held, context, began=began, end=end)
        return training, _chosen(held, training, inputs, goal, spec)

    without = limit if rows.teacher is None else limit / 2
    training, chosen = trained(members, None, began + without)
    if rows.teacher is not None:
        answers = told(rows.teacher, walks, goal, context.until(began + limit))
        if scale is not None:
            answers = scale.forward(scale.within(answers))
        if not context.over():
            with suppress(OutOfTime):
                taught = trained(members.listening(spec, seed), answers, began + limit)
                if falls(taught[1].loss, chosen.loss):
                    training, chosen = taught
    kept, network = chosen.params, chosen.network
    judged, predicted = chosen.rows, chosen.predicted[:, 0]
    if scale is not None and not goal.levels:  # a quantile of logarithms needs no smearing
        target, weight = rows.target[judged], rows.weight[judged]
        scale = scale.with_smearing(target, predicted, weight, where=HELD_OUT)
    rung = Rung(
        name="pack",
        loss=goal.loss.name,
        network=network,
        params=kept,
        input_layer=inputs.layer,
        target_scale=scale,
        clamp=True,
        status=training.status,
        certificate=Certificate("cross-fitted", validation_loss=chosen.loss),
        history=tuple(training.history),
        iterations=len(training.history),
        advice=training.advice,
        settings={
            "members": spec.members,
            "kept": network.members,
            "folds": len(walks),
            "codes": network.codes,
            "pairs": inputs.pair_names(rows),
            "batch_size": training.batch_size,
            "steps": training.steps,
            **({} if rows.teacher is None else rows.teacher.record(chosen.teaching)),
        },
        post=steps_for(rows.class_weight, _calibration(chosen, rows, context)),
    )
    if scale is not None:
        rung = with_spread(rung, rows, context, judged, predicted)
    return replace(rung, seconds=perf_counter() - began)


def _calibration(chosen: _Chosen, rows: Rows, context: Context) -> tuple[Calibration, ...]:
    """Return the calibration of a pack of classes by what its folds hold out; if any pays."""
    if rows.classes is None:
        return ()
    held_out = HeldOutLogits.of(chosen.logits, rows, chosen.rows)
    return chosen_calibration(held_out, context.random("pack", "calibration"))


def _goal(
    rows: Rows, loss: Loss, metric: str | None, log_target: bool
) -> tuple[Goal, TargetScale | None]:
    """Return what is to be predicted of the rows, and the scale of numbers."""
    judge = judging(metric, rows.classes)
    goal = Goal(rows.target, rows.weight, loss, rows.classes, judge)
    if rows.classes is not None:
        return goal, None
    scale = TargetScale.fit(rows.target, rows.weight, log=log_target, robust=bool(goal.levels))
    return replace(goal, target=scale.forward(rows.target)), scale


def _refuse_teacher(goal: Goal, folds: int) -> None:
    """Raise SpecError where a pack cannot learn from a teacher."""
    if goal.classes is None and goal.outputs > 1:
        raise SpecError(
            say("A pack of several quantiles learns from no teacher."),
            say("Leave the teacher out, or ask for one quantile."),
        )
    if folds < 2:
        raise SpecError(
            say("A teacher needs folds, and these rows cannot be divided into two."),
            say("Leave the teacher out, or give more rows, groups or times."),
        )


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The members kept, and what they say of rows that they have not learned from.

    ``teaching`` (M) is how far each listened to a teacher; ``rows`` (m,) are these rows,
    ``predicted`` (m, k or K) the mean of each one's fold, and ``logits`` (m, k) that mean as sure
    of itself as suits these rows, whose loss is ``loss``.
    """

    teaching: list[float]
    params: Params
    network: PackNetwork
    rows: np.ndarray
    predicted: np.ndarray
    logits: np.ndarray
    loss: float


Fold = tuple[np.ndarray, np.ndarray, np.ndarray]
"""A fold's members, the rows that they hold out, and what they say of these."""


def _chosen(
    held: HeldOut,
    training: PackTraining,
    inputs: PackInputs,
    goal: Goal,
    spec: PackSpec,
) -> _Chosen:
    """Return the members kept.

    Each fold chooses among its own members by the rows it holds out; all folds count the same.
    Members of classes are made as sure of themselves as suits these rows before they are compared:
    those that have learned smoothed classes are less sure than they should be.
    """
    network, (folds, factors) = inputs.network, _judged(held, inputs.network, goal)
    if not folds:
        raise SpecError(
            say("Every member of the pack diverged."),
            say("Look for extreme values in the numeric columns."),
        )
    shares = _shares(folds, np.ones(len(factors), bool), goal, spec)
    shares = _shares(folds, staying(shares, spec.kept), goal, spec)
    share = shares.sum(axis=0) / shares.sum()
    kept = np.flatnonzero(share)
    members: list[Any] = [held.members[member] for member in kept]
    params: Params = jax.tree.map(lambda *leaves: np.stack(leaves), *members)
    params |= {name: array[kept] for name, array in training.fixed.items()} | inputs.text
    params = sharpened(params, factors[kept])
    params["share"] = share[kept].astype(np.float32)
    params["sharpness"] = np.ones(1, np.float32)
    judged = np.concatenate([rows for _, rows, _ in folds])
    means = [
        np.tensordot(shares[at, members], predicted, 1)
        for at, (members, _, predicted) in enumerate(folds)
    ]
    together = np.concatenate(means)
    if network.link == "identity":
        logits, loss = together, float(goal.mean_loss(together, judged))
    else:
        factor, loss = sharpness(together, goal.target[judged], goal.weight[judged])
        logits = factor * logits_of(together)
        params["sharpness"][:] = sharpness_of_more(factor, shares, share)
    kept_network = structs.replace(network, members=len(kept))
    teaching = training.members.teaching[kept].astype(float).round(3).tolist()
    return _Chosen(teaching, params, kept_network, judged, together, logits, loss)


def _judged(held: HeldOut, network: PackNetwork, goal: Goal) -> tuple[list[Fold], np.ndarray]:
    """Return every fold that has members, and the factor of each member's logits (M,)."""
    folds, factors = [], np.ones(len(held.best), np.float32)
    for fold, rows in enumerate(held.folds):
        members = np.flatnonzero((held.fold == fold) & np.isfinite(held.best))
        if not len(members):
            continue
        logits = held.logits[members, : len(rows)]
        if goal.classes is not None:
            factors[members] = [
                sharpness(member, goal.target[rows], goal.weight[rows])[0]
                for member in answers(network, logits)
            ]
        folds.append((members, rows, answers(network, factors[members, None, None] * logits)))
    return folds, factors


def _shares(folds: list[Fold], allowed: np.ndarray, goal: Goal, spec: PackSpec) -> np.ndarray:
    """Return the shares of the members in the mean of each fold (folds, M), of those allowed."""
    shares = np.zeros((len(folds), len(allowed)))
    for share, (members, rows, predicted) in zip(shares, folds, strict=True):
        may = allowed[members]
        share[members[may]] = greedy(predicted[may], goal.cost(rows), picks=spec.picks)
    return shares
