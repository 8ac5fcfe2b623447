"""The size of a smaller model: the first that is expected to keep the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from gradum.core.losses import learned_loss
from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.compression import Trial
from gradum.run.distillation.larger import Larger
from gradum.run.fitted import Fitted
from gradum.rungs.context import Context
from gradum.rungs.kind import RungKind
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.rungs.transfer_set import TransferSet, mixed_rows, soft_targets
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
    larger: Larger,
    budget: float,
    context: Context,
    fits: Callable[[Fitted], bool] = lambda small: True,
) -> tuple[Size, tuple[Trial, ...], Rung]:
    """Return the first size that fits and is expected to keep the budget, or else the nearest.

    Beside it are all trials, and a model of that size.

    Raises
    ------
    SpecError
        There is no smaller size, or none that fits.
    """
    taught, trials, found = larger.transfer_set(larger.kept, context), [], []
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
        if fits(replace(larger.fitted, rungs={student.name: student}, judgement=None)):
            found.append((expected, size, student))
            if expected <= budget:
                break
    if not found:
        raise SpecError(
            "{model} has no smaller form.", "Keep the model.", model=first_upper(larger.words)
        )
    _, size, student = min(found, key=lambda trial: trial[0])
    return size, tuple(trials), student


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
