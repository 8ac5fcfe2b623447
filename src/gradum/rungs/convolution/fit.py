"""Convolutional networks, and the mean of their answers.

The first one holds out a fold: these rows choose its epoch, and calibrate the answers. The others
learn from all rows, so that a group or a rare class that the fold holds is learned too. They are
also shown mirrored grids, if the first one, which was not, answers those of its fold as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
from msgspec import structs

from gradum.core.models.parameters import Params, named, nested
from gradum.errors import SpecError
from gradum.rungs.calibration import Calibration, HeldOutLogits, chosen_calibration
from gradum.rungs.context import Context
from gradum.rungs.convolution.inputs import ConvolutionInputs
from gradum.rungs.convolution.program import ConvolutionProgram
from gradum.rungs.convolution.spec import ConvolutionSpec
from gradum.rungs.convolution.training import MemberTraining, TrainedMember
from gradum.rungs.folding import walks_up_to
from gradum.rungs.post import steps_for
from gradum.rungs.rows import Rows
from gradum.rungs.rung import Rung
from gradum.rungs.smearing import HELD_OUT
from gradum.rungs.target_scale import TargetScale
from gradum.rungs.with_spread import with_spread
from gradum.solvers.solution import Certificate, EpochDone, Status


def fit_convolution(
    rows: Rows, validation: np.ndarray, spec: ConvolutionSpec, context: Context, *, log_target: bool
) -> Rung:
    """Train the networks one after the other; together they are the rung.

    Parameters
    ----------
    rows : Rows
        All rows that may be learned from; their design has grids.
    validation : ndarray of shape (n,)
        Rows that are held out where no folds can be made.
    context : Context
        Once it says to stop, no other network begins; the one under way is left out unless it is
        the first, which is kept at its best epoch.

    Raises
    ------
    SpecError
        The first network diverged.
    OutOfTime
        The context's time is over before the first step.
    """
    began = perf_counter()
    scale, loss = rows.scale(log=log_target), rows.learned_by()
    target = rows.target if scale is None else scale.forward(rows.target)
    inputs = ConvolutionInputs.of(rows, spec, loss, target)
    program = ConvolutionProgram(
        inputs.network, loss, spec.decay, spec.column_rate, spec.label_smoothing
    )
    rng = context.random("convolution", "folds")
    first, *_ = walks_up_to(spec.folds, rows, validation, rng)
    everything = np.arange(len(rows)), np.zeros(0, np.intp)
    context.require_time()
    course, members, mirrored = _Course(context, began), [], []
    for number in range(spec.members):
        walk = everything if number else first
        training = MemberTraining(program, inputs, spec, walk, context.seed, number, mirrored)
        members.append(training.run(context, course.note, began))
        course.ended()
        if not number:
            mirrored = training.may_mirror(members[0])
        if members[-1].status is not Status.COMPLETED:
            break
    # A network that was cut short before its steps became small is worse than none.
    whole = [member for member in members if member.status is Status.COMPLETED] or members
    kept = [member for member in whole if np.isfinite(member.loss)]
    if members[0] not in kept:
        raise SpecError(
            "The convolutional network diverged.", "Look for extreme values in the numeric columns."
        )
    rung = _rung(kept, members[-1].status, inputs, spec, loss.spelled, mirrored)
    rung = replace(rung, history=tuple(course.history), iterations=len(course.history))
    rung = _judged(rung, kept[0], rows, scale, context)
    return replace(rung, seconds=perf_counter() - began)


@dataclass
class _Course:
    """The epochs of all networks, counted on from one to the next."""

    context: Context
    began: float
    history: list[dict[str, Any]] = field(default_factory=list)
    epochs: int = 0
    steps: int = 0

    def note(self, done: EpochDone) -> None:
        """Keep and tell an epoch of the network under way."""
        epoch, step = self.epochs + done.epoch, self.steps + done.step
        entry = {"epoch": epoch, "objective": done.train_loss}
        entry |= {"validation_loss": done.validation_loss, "seconds": done.seconds}
        self.history.append(entry)
        self.context.tell(replace(done, epoch=epoch, step=step))
        self._last = epoch, step

    def ended(self) -> None:
        """Count the epochs of the next network from here."""
        self.epochs, self.steps = self._last


def _rung(
    kept: list[TrainedMember],
    status: Status,
    inputs: ConvolutionInputs,
    spec: ConvolutionSpec,
    loss: str,
    mirrored: list[bool],
) -> Rung:
    """Return the rung of the kept networks, before anything follows its logits."""
    return Rung(
        name="convolution",
        loss=loss,
        network=structs.replace(inputs.network, members=len(kept)),
        params=_together([member.params for member in kept], inputs.fixed),
        input_layer=inputs.layer,
        target_scale=None,
        clamp=True,
        status=status,
        certificate=Certificate("cross-fitted", validation_loss=kept[0].loss),
        settings={
            "members": spec.members,
            "kept": len(kept),
            "hidden_units": spec.hidden_units,
            "layers": [len(column.layers) for column in inputs.network.grids],
            "steps": sum(member.steps for member in kept),
            "mirrored": mirrored,
        },
    )


def _judged(
    rung: Rung, first: TrainedMember, rows: Rows, scale: TargetScale | None, context: Context
) -> Rung:
    """Return the rung with what its first network says of the rows that it holds out."""
    judged, logits = first.rows, first.logits
    if scale is None:
        calibration: tuple[Calibration, ...] = chosen_calibration(
            HeldOutLogits.of(logits, rows, judged), context.random("convolution", "calibration")
        )
        return replace(rung, post=steps_for(rows.class_weight, calibration))
    predicted = logits[:, 0].astype(np.float64)
    target, weight = rows.target[judged], rows.weight[judged]
    scale = scale.settled(rows.learned_by(), target, predicted, weight, where=HELD_OUT)
    return with_spread(replace(rung, target_scale=scale), rows, context, judged, predicted)


def _together(members: list[Params], fixed: Params) -> Params:
    """Return the parameters of networks of one member each as those of one network."""
    several = [named(params) for params in members]
    stacked = {
        name: np.concatenate([arrays[name] for arrays in several])
        for name in several[0]
        if name not in fixed
    }
    return nested({**fixed, **stacked})
