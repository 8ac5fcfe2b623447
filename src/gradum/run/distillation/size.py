"""The size of a smaller model: the first that is expected to keep the budget."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradum.core.losses import learned_loss
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.compression import Trial
from gradum.run.distillation.larger import Larger
from gradum.rungs.context import Context
from gradum.rungs.kind import RungKind
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.rungs.transfer_set import TransferSet, mixed_rows, soft_targets
from gradum.scores.figures import figure
from gradum.tables.wording import first_upper
from gradum.waiting import tell

TRIAL_ROWS = 4_000
"""How many mixed rows, which no model learned from, tell how nearly two models answer alike."""


class Size(NamedTuple):
    """A kind of model, and its settings."""

    kind: RungKind[Any]
    settings: Any

    @property
    def words(self) -> str:
        """The size in words."""
        return self.kind.size_in_words(self.settings)

    def imitate(self, taught: TransferSet, context: Context) -> Rung:
        """Return a model of this size that answers as a teacher does."""
        return self.kind.imitate(taught, self.settings, context)


def smallest(
    larger: Larger, budget: float, context: Context
) -> tuple[Size, tuple[Trial, ...], Rung]:
    """Return the first size that is expected to keep the budget, all that were tried, and a model.

    Raises
    ------
    SpecError
        None is expected to.
    """
    taught, trials = larger.transfer_set(larger.kept, context), []
    sizes = [
        Size(kind, settings)
        for kind in KINDS.values()
        for settings in kind.students(taught.teacher)
    ]
    for place, size in enumerate(sizes):
        tell(say("distilling: {size}", size=size.words), place / len(sizes))
        student = size.imitate(taught, context)
        expected = expected_growth(taught, student, context.random("trial rows"))
        trials.append(Trial(size.kind.name, size.words, expected))
        if expected <= budget:
            return size, tuple(trials), student
    if not trials:
        raise SpecError(
            say("{model} has no smaller form.", model=first_upper(larger.words)),
            say("Keep the model."),
        )
    nearest = min(trials, key=lambda trial: trial.expected)
    raise SpecError(
        say(
            "No smaller model is expected to keep the error within {budget}% of that before: the "
            "nearest, {size}, would exceed it by {expected}%.",
            budget=figure(100 * budget),
            size=nearest.size,
            expected=figure(100 * nearest.expected),
        ),
        say("Allow more with --budget (budget), or keep the model."),
    )


def expected_growth(taught: TransferSet, student: Rung, rng: np.random.Generator) -> float:
    """Return the share by which the error would grow if the teacher were right.

    Let the target of a mixed row be drawn from what the teacher says of it. Then the log loss of
    the student's shares q exceeds that of the teacher's shares p, which is their entropy, by the
    divergence of the two: Σ KL(p ‖ q) / Σ H(p). For numbers, the mean squared error exceeds the
    teacher's by the mean squared distance d² of the two: √(1 + d² / mse) − 1, with the mse of the
    teacher's parts on real rows that they had not learned from.
    """
    teacher, rows = taught.teacher, taught.rows
    base = rng.integers(len(rows), size=TRIAL_ROWS)
    design = mixed_rows(rows.design.encoded(), base[:0], base, rng)
    said, answers = teacher.logits(design), student.logits(design)
    if teacher.target_scale is None:
        loss, target = learned_loss(rows.classes), soft_targets(teacher, said)
        return float(loss.value(answers, target).mean() / loss.value(said, target).mean() - 1)
    missed = teacher.target_scale.forward(rows.target) - taught.held_out[:, 0]
    distance = np.square(said - answers).mean()
    return float(np.sqrt(1 + distance / np.nanmean(np.square(missed))) - 1)
