"""Checks that a loss suits the target (its task, values, exposure), and notes on what it does."""

from __future__ import annotations

import numpy as np

from gradum.core.losses import resolve
from gradum.errors import SpecError, TargetError
from gradum.messages import say
from gradum.scores.outcome import TASKS
from gradum.tables.check.check import Checked
from gradum.tables.check.role_values import row_numbers, target_values
from gradum.tables.schema.schema import Schema, Target

WHOLE = 1e-9  # of a count, which may be off by rounding


def task_of(loss: str | None) -> str | None:
    """Return the task that a loss of numbers implies, however few numbers there are."""
    return "regression" if loss is not None and resolve(loss).link != "logit" else None


def refuse_loss(target: Target, schema: Schema) -> None:
    """Refuse a loss that does not suit the task, and exposures for a loss that has no rate.

    Raises
    ------
    SpecError
    """
    if target.loss and (resolve(target.loss).link == "logit") != bool(target.classes):
        raise SpecError(
            "The loss {loss} does not suit {target!r}, whose task is {task}.",
            "Leave out --loss, or choose the task with --task.",
            loss=target.loss,
            target=target.name,
            task=say(TASKS[target.task]),
        )
    if target.loss and target.log:
        raise SpecError(
            "--loss and --log-target were both given.",
            "Leave out --log-target: poisson, gamma and tweedie learn the mean's logarithm.",
        )
    if schema.exposure is None:
        return
    if target.classes or not target.loss or resolve(target.loss).link != "log":
        raise SpecError(
            "--exposure is for counts and amounts, and their loss is not given.",
            "Add --loss poisson, gamma or tweedie, or leave out --exposure.",
        )


def refuse_unsuited(checked: Checked) -> None:
    """Refuse targets that have no meaning for the loss that was asked for.

    Raises
    ------
    TargetError
        It names the rows, what their targets must be, and what to do.
    """
    target = checked.schema.target
    if target is None or not target.loss or target.classes:
        return
    loss, values = resolve(target.loss), target_values(checked)
    counts = row_numbers(checked)
    (rule, remedy), unsuited = loss.valid, ~loss.takes(values)
    if loss.whole and not unsuited.any():
        unsuited = np.abs(counts - np.round(counts)) > WHOLE * np.maximum(counts, 1.0)
        rule = say("whole numbers")
        remedy = say("Give counts, and --exposure for rates; for amounts use --loss tweedie.")
    if unsuited.any():
        raise TargetError(
            say(
                "{column} does not suit the loss {loss} in {rows}: it must be {rule}.",
                column=checked.named(say("Target"), target.name),
                loss=target.loss,
                rows=checked.rows_text(unsuited),
                rule=rule,
            ),
            remedy,
        )


def loss_notes(schema: Schema) -> tuple[str, ...]:
    """Say what models learned by, if a loss was asked for, and what exposures do.

    A forecast says so itself.
    """
    target = schema.learned_target
    if not target.loss or schema.forecast is not None:
        return ()
    learned = say("Models learn {target} by the loss {loss}.", target=target.name, loss=target.loss)
    if schema.exposure is None:
        return (learned,)
    per_unit = say(
        "Scores, errors and explanations are of {target} per unit of {exposure}, rows weighted by "
        "it; predictions of new rows are for the {exposure} of each.",
        target=target.name,
        exposure=schema.exposure,
    )
    return learned, per_unit
