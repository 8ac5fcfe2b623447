"""Advice on a first-order training that has ended: how far it got, and what to do."""

from __future__ import annotations

import math

from gradum.scores.figures import figure
from gradum.solvers.events import EpochDone
from gradum.solvers.first_order import FirstOrder
from gradum.solvers.status import Status
from gradum.solvers.tally import Tally

ROUNDING = 1e-6  # a rise of the loss by less may be rounding


def advice_on(
    status: Status,
    solver: FirstOrder,
    tally: Tally,
    history: list[EpochDone],
    gradient_tol: float,
) -> str:
    """Return the status's advice, with the figures of this training where they help.

    Parameters
    ----------
    status : Status
        Why it ended.
    solver : FirstOrder
        What took the steps.
    tally : Tally
        The steps, and their losses.
    history : list of EpochDone
        The epochs of this training.
    gradient_tol : float
        The gradient's norm that was to be reached; below 0, none was.
    """
    if status is Status.DIVERGED:
        return _divergence(solver, tally)
    reached = _reached(tally, history, gradient_tol)
    if not reached:
        return status.advice
    if status is Status.PLATEAU:
        return (
            f"The training loss stopped improving: {reached}; a smaller tol or another "
            "learning_rate may lower it."
        )
    if status is Status.STALLED:
        return (
            f"No step lowers the objective any further: {reached}; rounding limits it, so "
            "standardise the columns or compute in float64."
        )
    if status is Status.STEP_LIMIT:
        return f"The step limit was reached: {reached}; {_more(solver, history, gradient_tol)}."
    return status.advice


def _reached(tally: Tally, history: list[EpochDone], gradient_tol: float) -> str:
    """Return the last change of the loss and the last gradient, where there are any."""
    known = []
    change = _last_change(history)
    if not math.isnan(change):
        verb = "raised" if change > 0 else "lowered"
        how = f"{verb} the loss by {100 * abs(change):.2g}% to" if change else "left the loss at"
        known.append(f"epoch {history[-1].epoch} {how} {figure(history[-1].train_loss)}")
    if gradient_tol >= 0 and tally.step:
        tolerance = f", above the tolerance {gradient_tol:.2g}" if gradient_tol else ""
        known.append(f"the gradient's norm was {tally.gradient_norm:.2g}{tolerance}")
    return ", and ".join(known)


def _last_change(history: list[EpochDone]) -> float:
    """Return the last epoch's relative change of the training loss; NaN if it has none."""
    if len(history) < 2 or not history[-2].train_loss:
        return math.nan
    before, after = history[-2].train_loss, history[-1].train_loss
    return (after - before) / abs(before)


def _more(solver: FirstOrder, history: list[EpochDone], gradient_tol: float) -> str:
    """Return what to do about a step limit."""
    change = _last_change(history)
    if change == 0:
        return "rounding hides any gain by now, so loosen tol or compute in float64"
    if change > ROUNDING and not solver.searches:
        return (
            "the steps are too long to settle, so lower the learning_rate or let it fall, "
            "as with schedule='cosine'"
        )
    if gradient_tol >= 0 and not solver.searches:
        return "allow more steps with max_iter, or use the solver 'lbfgs', which needs fewer"
    return "allow more steps with max_iter"


def _divergence(solver: FirstOrder, tally: Tally) -> str:
    if not tally.step:
        return (
            "The loss or its gradient is not finite at the first step already; standardise the "
            "columns and a numeric target."
        )
    what = f"was no longer finite after step {tally.step}"
    if tally.finite:
        what = f"rose from {tally.first_loss:.2g} to {tally.chunk_loss:.2g} by step {tally.step}"
    return (
        f"The loss {what}, where the gradient's norm was {tally.gradient_norm:.2g}; "
        f"{_shorter(solver)}standardise the columns."
    )


def _shorter(solver: FirstOrder) -> str:
    if solver.learning_rate is None:
        return ""
    usual = getattr(type(solver), "learning_rate", None)  # the method's default
    learning_rate = min(solver.learning_rate / 10, usual if isinstance(usual, float) else math.inf)
    return f"try learning_rate={float(f'{learning_rate:.1g}'):g}, or "
