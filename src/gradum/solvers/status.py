"""The status of a solver: why it stopped, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

from gradum.messages import marked, say


class Status(StrEnum):
    """Why a solver stopped. A status is a value; whether it is an error, the caller decides."""

    CONVERGED = "converged"
    EARLY_STOPPED = "early_stopped"
    COMPLETED = "completed"
    PLATEAU = "plateau"
    STEP_LIMIT = "step_limit"
    TIME_LIMIT = "time_limit"
    STALLED = "stalled"
    SEPARATED = "separated"
    INTERRUPTED = "interrupted"
    DIVERGED = "diverged"

    @property
    def advice(self) -> str:
        """One sentence: what it means and what to do."""
        return say(_ADVICE[self])


_ADVICE = {
    Status.CONVERGED: marked("The optimum was reached within the tolerance; nothing to do."),
    Status.EARLY_STOPPED: marked(
        "The validation rows stopped improving, and the best epoch's parameters "
        "were kept; nothing to do."
    ),
    Status.COMPLETED: marked(
        "Every epoch was done, and each member's best epoch was kept; nothing to do."
    ),
    Status.PLATEAU: marked(
        "The training loss stopped improving; a smaller tol or another learning_rate may lower it."
    ),
    Status.STEP_LIMIT: marked(
        "The step limit was reached while still improving; allow more steps with max_iter."
    ),
    Status.TIME_LIMIT: marked(
        "The time limit ended the training before it was done, and the best so "
        "far was kept; allow more with --time-limit (time_limit), or spend less "
        "with a lower --effort (effort)."
    ),
    Status.STALLED: marked(
        "No step lowers the objective any further, yet the tolerance is not met: "
        "rounding limits it; standardise the columns or add a small penalty."
    ),
    Status.SEPARATED: marked(
        "Some columns tell a class apart without error, so the best coefficients "
        "are infinite and these are only large; set alpha above 0, or drop the "
        "columns that give the class away."
    ),
    Status.INTERRUPTED: marked(
        "The fit was stopped before it was done; the parameters are the best so far."
    ),
    Status.DIVERGED: marked(
        "The loss grew instead of falling; lower the learning_rate or standardise the columns."
    ),
}
