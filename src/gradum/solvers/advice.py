"""Advice on a first-order training that has ended: how far it got, and what to do."""

from __future__ import annotations

import math

from gradum.messages import say
from gradum.scores.figures import figure
from gradum.solvers.first_order import FirstOrder
from gradum.solvers.solution import EpochDone, Status
from gradum.solvers.training_state import Tally

ROUNDING = 1e-6  # a rise of the loss by less may be rounding


def advice_on(
    status: Status, solver: FirstOrder, tally: Tally, history: list[EpochDone], gradient_tol: float
) -> str:
    """Return the status's advice, with figures from this training where they help.

    Parameters
    ----------
    status : Status
        Why the training ended.
    solver : FirstOrder
        The solver that took the steps.
    tally : Tally
        The steps, and their losses.
    history : list of EpochDone
        The epochs of this training.
    gradient_tol : float
        The target for the gradient's norm; there is none if it is below 0.
    """
    if status is Status.DIVERGED:
        return _divergence(solver, tally)
    reached = _reached(tally, history, gradient_tol)
    if not reached:
        return status.advice
    if status is Status.PLATEAU:
        return say(
            "The training loss stopped improving: {reached}; a smaller tol or "
            "another learning_rate may lower it.",
            reached=reached,
        )
    if status is Status.STALLED:
        return say(
            "No step lowers the objective any further: {reached}; rounding limits "
            "it, so standardise the columns or compute in float64.",
            reached=reached,
        )
    if status is Status.STEP_LIMIT:
        return say(
            "The step limit was reached: {reached}; {more}.",
            reached=reached,
            more=_more(solver, history, gradient_tol),
        )
    return status.advice


def _reached(tally: Tally, history: list[EpochDone], gradient_tol: float) -> str:
    """Return the last change of the loss and the last gradient, if there are any."""
    known = []
    change = _last_change(history)
    if not math.isnan(change):
        known.append(_say_change(change, history[-1]))
    if gradient_tol >= 0 and tally.step:
        norm = tally.gradient_norm
        if gradient_tol:
            known.append(
                say(
                    "the gradient's norm was {norm:.2g}, above the tolerance {tolerance:.2g}",
                    norm=norm,
                    tolerance=gradient_tol,
                )
            )
        else:
            known.append(say("the gradient's norm was {norm:.2g}", norm=norm))
    return say(", and ").join(known)


def _say_change(change: float, last: EpochDone) -> str:
    values = {"epoch": last.epoch, "loss": figure(last.train_loss)}
    if change > 0:
        return say(
            "epoch {epoch} raised the loss by {percent:.2g}% to {loss}",
            percent=100 * change,
            **values,
        )
    if change < 0:
        return say(
            "epoch {epoch} lowered the loss by {percent:.2g}% to {loss}",
            percent=-100 * change,
            **values,
        )
    return say("epoch {epoch} left the loss at {loss}", **values)


def _last_change(history: list[EpochDone]) -> float:
    """Return the last epoch's relative change of the training loss; NaN if there is none."""
    if len(history) < 2 or not history[-2].train_loss:
        return math.nan
    before, after = history[-2].train_loss, history[-1].train_loss
    return (after - before) / abs(before)


def _more(solver: FirstOrder, history: list[EpochDone], gradient_tol: float) -> str:
    """Return what to do about a step limit."""
    change = _last_change(history)
    if change == 0:
        return say("rounding hides any gain by now, so loosen tol or compute in float64")
    if change > ROUNDING and not solver.searches:
        return say(
            "the steps are too long to settle, so lower the learning_rate or let it "
            "fall, as with schedule='cosine'"
        )
    if gradient_tol >= 0 and not solver.searches:
        return say("allow more steps with max_iter, or use the solver 'lbfgs', which needs fewer")
    return say("allow more steps with max_iter")


def _divergence(solver: FirstOrder, tally: Tally) -> str:
    if not tally.step:
        return say(
            "The loss or its gradient is not finite at the first step already; "
            "standardise the columns and a numeric target."
        )
    if tally.finite:
        grown = say(
            "The loss rose from {first:.2g} to {last:.2g} by step {step}, where the gradient's "
            "norm was {norm:.2g}",
            first=tally.first_loss,
            last=tally.chunk_loss,
            step=tally.step,
            norm=tally.gradient_norm,
        )
    else:
        grown = say(
            "The loss was no longer finite after step {step}, where the gradient's norm was "
            "{norm:.2g}",
            step=tally.step,
            norm=tally.gradient_norm,
        )
    learning_rate = _shorter(solver)
    if learning_rate is None:
        return say("{grown}; standardise the columns.", grown=grown)
    return say(
        "{grown}; try learning_rate={learning_rate:g}, or standardise the columns.",
        grown=grown,
        learning_rate=learning_rate,
    )


def _shorter(solver: FirstOrder) -> float | None:
    """Return a learning rate to try; None for a solver that finds its own."""
    if solver.learning_rate is None:
        return None
    usual = getattr(type(solver), "learning_rate", None)  # the method's default
    learning_rate = min(solver.learning_rate / 10, usual if isinstance(usual, float) else math.inf)
    return float(f"{learning_rate:.1g}")
