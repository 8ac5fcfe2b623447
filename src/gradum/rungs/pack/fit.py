"""The pack rung: members trained side by side, each holding out a fold, and the best kept."""

from __future__ import annotations

import math
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
from gradum.margins import falls
from gradum.rungs.calibration import Calibration, HeldOutLogits, chosen_calibration
from gradum.rungs.context import Context, OutOfTime
from gradum.rungs.folding import Walk, walks_up_to
from gradum.rungs.pack.goal import Goal, judging
from gradum.rungs.pack.held_out import HeldOut
from gradum.rungs.pack.inputs import PackInputs
from gradum.rungs.pack.lessons import told
from gradum.rungs.pack.members import Members, initial_codes, initial_weights
from gradum.rungs.pack.program import PackProgram
from gradum.rungs.pack.select import (
    answers,
    greedy,
    logits_of,
    sharpened,
    sharpness,
    sharpness_of_more,
    staying,
)
from gradum.rungs.pack.spec import PackSpec
from gradum.rungs.pack.text_scores import SHARE_OF_TIME, text_scores
from gradum.rungs.pack.training import PackTraining
from gradum.rungs.pack.wide import begin_wide
from gradum.rungs.post import steps_for
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.smearing import HELD_OUT
from gradum.rungs.target_scale import TargetScale
from gradum.rungs.teacher import Teacher
from gradum.rungs.with_spread import with_spread
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

    If the rows have a teacher, the members are trained twice: without the teacher, and with some of
    them learning from it. The pack that predicts held-out rows better is kept.

    Parameters
    ----------
    rows : Rows
        All rows that may be learned from.
    validation : ndarray of shape (n,)
        Rows that are held out where no folds can be made.
    spec : PackSpec
    context : Context
        Once it says to stop, the choice is made among the members as they are at that moment.
    loss : Loss, optional
        What members learn by; if not given, the metric decides.
    metric : str, optional
        What judges members by the rows that they hold out; if not given, the loss judges them.
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
    began = perf_counter()
    rows = rows if loss is None else replace(rows, loss=loss)
    goal, scale = _goal(rows, metric, log_target)
    trainer = _Trainer.of(
        rows, validation, goal, spec, context, began, math.inf if seconds is None else seconds
    )
    if rows.teacher is None:
        chosen, lesson = trainer.trained(trainer.members, began + trainer.limit), {}
    else:
        chosen, lesson = _with_teacher(trainer, rows.teacher, scale)
    rung = _rung(chosen, trainer, rows, scale)
    return replace(rung, settings={**rung.settings, **lesson}, seconds=perf_counter() - began)


def _rung(chosen: _Chosen, trainer: _Trainer, rows: Rows, scale: TargetScale | None) -> Rung:
    """Return the rung of the kept members, calibrated or with a spread."""
    training, inputs, goal = chosen.training, trainer.inputs, trainer.goal
    judged, predicted = chosen.rows, chosen.predicted[:, 0]
    if scale is not None and not goal.levels:  # a quantile of logarithms needs no smearing
        target, weight = rows.target[judged], rows.weight[judged]
        scale = scale.settled(goal.loss, target, predicted, weight, where=HELD_OUT)
    rung = Rung(
        name="pack",
        loss=goal.loss.spelled,
        network=chosen.network,
        params=chosen.params,
        input_layer=inputs.layer,
        target_scale=scale,
        clamp=True,
        status=training.status,
        certificate=Certificate("cross-fitted", validation_loss=chosen.loss),
        history=tuple(training.history),
        iterations=len(training.history),
        advice=training.advice,
        settings={
            "members": trainer.spec.members,
            "kept": chosen.network.members,
            "folds": len(trainer.walks),
            "codes": chosen.network.codes,
            "pairs": inputs.pair_names(rows),
            "batch_size": training.batch_size,
            "steps": training.steps,
            "held_out": chosen.held_out,
        },
        post=steps_for(rows.class_weight, _calibration(chosen, rows, trainer.context)),
    )
    if scale is None:
        return rung
    return with_spread(rung, rows, trainer.context, judged, predicted)


@dataclass(frozen=True, eq=False)
class _Trainer:
    """What all trainings of a pack share, so that each begins in the same way.

    ``members`` were drawn, and ``params`` are those that they begin with. ``began`` is a moment of
    the performance counter; from then on, all trainings together may take ``limit`` seconds.
    """

    goal: Goal
    walks: list[Walk]
    inputs: PackInputs
    members: Members
    params: Params
    program: PackProgram
    spec: PackSpec
    context: Context
    began: float
    limit: float

    @classmethod
    def of(
        cls,
        rows: Rows,
        validation: np.ndarray,
        goal: Goal,
        spec: PackSpec,
        context: Context,
        began: float,
        limit: float,
    ) -> _Trainer:
        """Divide the rows, draw the members, and prepare everything that they begin with."""
        seed = context.seed
        walks = walks_up_to(spec.folds, rows, validation, context.random("pack", "folds"))
        if rows.teacher is not None:
            _refuse_teacher(goal, len(walks))
        learned = [train for train, _ in walks]
        scores = text_scores(
            rows.design.sparse if goal.linear[1] <= spec.text_scores else None,
            rows.design.layout.views,
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
        return cls(goal, walks, inputs, members, params, program, spec, context, began, limit)

    def trained(self, members: Members, end: float, answers: np.ndarray | None = None) -> _Chosen:
        """Train the members until ``end`` at most, some by a teacher's answers, and choose some."""
        seed, fold = self.context.seed, members.fold
        held = HeldOut(
            self.inputs,
            self.goal,
            [held for _, held in self.walks],
            fold,
            shrinkage=self.spec.shrinkage,
            seed=seed,
        )
        training = PackTraining(
            self.program,
            self.inputs,
            self.goal,
            members,
            [self.walks[place][0] for place in fold],
            self.params,
            self.spec,
            seed,
            answers,
        )
        training.run(held, self.context, began=self.began, end=end)
        return _chosen(held, training, self.inputs, self.goal, self.spec)


def _with_teacher(
    trainer: _Trainer, teacher: Teacher, scale: TargetScale | None
) -> tuple[_Chosen, dict[str, Any]]:
    """Return the better of two packs, one that learned alone and one with a teacher; and a record.

    In the record, ``heard`` tells whether there was time to find out which is better, and
    ``teaching`` the share of the teacher's answers in what each kept member learned.
    """
    alone = trainer.trained(trainer.members, trainer.began + trainer.limit / 2)
    taught = _taught(trainer, teacher, scale)
    chosen, heard = alone, taught is not None and not taught.training.cut_short
    if taught is not None and falls(taught.loss, alone.loss):
        chosen, heard = taught, True
    return chosen, {"teacher": teacher.title, "heard": heard, "teaching": chosen.teaching}


def _taught(trainer: _Trainer, teacher: Teacher, scale: TargetScale | None) -> _Chosen | None:
    """Return a pack in which some members learned from a teacher.

    None if the teacher had nothing to say, or there was no time to learn from it.
    """
    end = trainer.began + trainer.limit
    context = trainer.context.until(end)
    answers = told(teacher, trainer.walks, trainer.goal, context)
    if not np.isfinite(answers).any() or context.over():
        return None
    if scale is not None:
        answers = scale.forward(scale.within(answers))
    try:
        return trainer.trained(trainer.members.listening(trainer.spec, context.seed), end, answers)
    except OutOfTime:
        return None


def _calibration(chosen: _Chosen, rows: Rows, context: Context) -> tuple[Calibration, ...]:
    """Return the calibration of a pack of classes by its held-out rows; empty if none pays off."""
    if rows.classes is None:
        return ()
    held_out = HeldOutLogits.of(chosen.logits, rows, chosen.rows)
    return chosen_calibration(held_out, context.random("pack", "calibration"))


def _goal(rows: Rows, metric: str | None, log_target: bool) -> tuple[Goal, TargetScale | None]:
    """Return the goal of a pack on these rows, and the scale of the target if it is a number."""
    loss = rows.learned_by(metric)
    judge = None if loss.one_score else judging(metric, rows.classes)
    goal = Goal(rows.target, rows.weight, loss, rows.classes, judge)
    scale = rows.scale(log=log_target, metric=metric)
    if scale is None:
        return goal, None
    return replace(goal, target=scale.forward(rows.target)), scale


def _refuse_teacher(goal: Goal, folds: int) -> None:
    """Raise SpecError where a pack cannot learn from a teacher."""
    if goal.classes is None and goal.outputs > 1:
        raise SpecError(
            "A network ensemble of several quantiles learns from no teacher.",
            "Leave the teacher out, or ask for one quantile.",
        )
    if folds < 3:  # the teacher learns from the rows outside two folds
        raise SpecError(
            "A teacher needs three folds, and the network ensemble has fewer.",
            "Leave the teacher out, or give more folds, groups or times.",
        )


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The members kept from a training, and what they say of rows that they have not learned from.

    ``teaching`` (M) is the share of a teacher's answers in what each member learned, ``held_out``
    (M) the fold that it holds out. ``rows`` (m,)
    are the rows not learned from. ``predicted`` (m, k or K) is, for each of these, the mean of its
    fold's members. ``logits`` (m, k) are the logits of this mean, made as confident as suits these
    rows, and ``loss`` is their loss.
    """

    training: PackTraining
    teaching: list[float]
    held_out: list[int]
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

    Each fold chooses among its own members by the rows that it holds out; all folds count the same.
    Members of classes are compared after each has been made as confident as suits these rows:
    members that have learned smoothed classes are less confident than they should be.
    """
    network, (folds, factors) = inputs.network, _judged(held, inputs.network, goal)
    if not folds:
        raise SpecError(
            "Every member of the network ensemble diverged.",
            "Look for extreme values in the numeric columns.",
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
    held_out = training.members.fold[kept].tolist()
    return _Chosen(
        training, teaching, held_out, params, kept_network, judged, together, logits, loss
    )


def _judged(held: HeldOut, network: PackNetwork, goal: Goal) -> tuple[list[Fold], np.ndarray]:
    """Return every fold that has members, and the factor of each member's logits (M,)."""
    folds, factors = [], np.ones(len(held.best), np.float32)
    for fold, rows in enumerate(held.folds):
        members = np.flatnonzero((held.fold == fold) & np.isfinite(held.best))
        if not len(members):
            continue
        logits = held.logits[members, : len(rows)]
        if goal.of_shares:
            factors[members] = [
                sharpness(member, goal.target[rows], goal.weight[rows])[0]
                for member in answers(network, logits)
            ]
        folds.append((members, rows, answers(network, factors[members, None, None] * logits)))
    return folds, factors


def _shares(folds: list[Fold], allowed: np.ndarray, goal: Goal, spec: PackSpec) -> np.ndarray:
    """Return the shares of the allowed members in the mean of each fold (folds, M)."""
    shares = np.zeros((len(folds), len(allowed)))
    for share, (members, rows, predicted) in zip(shares, folds, strict=True):
        may = allowed[members]
        share[members[may]] = greedy(predicted[may], goal.cost(rows), picks=spec.picks)
    return shares
