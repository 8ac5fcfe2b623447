"""The answer of a solver: its events, why it stopped, and a certificate.

Events are immutable, and are all that is visible of a solver from outside. Progress bars,
``--json`` lines, histories and callbacks consume this stream; a solver neither prints nor logs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from gradum.core import Params
from gradum.messages import listed, marked, say


class Status(StrEnum):
    """Why a solver stopped. A status is a value; the caller decides whether it is an error."""

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
        "The validation loss stopped improving, and the parameters of the best epoch were kept; "
        "nothing to do."
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


@dataclass(frozen=True)
class ChunkDone:
    """Some steps of an epoch are done.

    Parameters
    ----------
    step : int
        Steps (updates of the parameters) taken so far in this fit.
    epoch : int
        The current epoch, from 1.
    loss : float
        Mean objective over the chunk's steps.
    snapshot : callable or None
        Takes a `Snapshot` of the training as it stands until the next event. It is not part of the
        value, and is None if this chunk was the last for a reason other than the step limit.
    """

    snapshot: ClassVar[Callable[[], Any] | None] = None

    step: int
    epoch: int
    loss: float

    def at(self, snapshot: Callable[[], Any]) -> ChunkDone:
        """Return the event with this snapshot."""
        event = replace(self)
        object.__setattr__(event, "snapshot", snapshot)
        return event


@dataclass(frozen=True)
class EpochDone:
    """Every row has been seen once more; an entry of a solution's history.

    Parameters
    ----------
    epoch : int
        Epochs done, from 1; iterations, for solvers that have no epochs.
    step : int
        Steps taken so far.
    train_loss : float
        Mean objective over the epoch's steps, each measured before its update.
    validation_loss : float or None
        Loss of the validation rows after the epoch, or the monitor's value.
    seconds : float
        Seconds since the fit began, including compilation.
    params : callable or None
        Brings the parameters at the end of the chunk to the host, until the next event. It is not
        part of the value, and is None in a history.
    """

    params: ClassVar[Callable[[], Params] | None] = None

    epoch: int
    step: int
    train_loss: float
    validation_loss: float | None
    seconds: float

    def at(self, params: Callable[[], Params]) -> EpochDone:
        """Return the event with these parameters."""
        event = replace(self)
        object.__setattr__(event, "params", params)
        return event


@dataclass(frozen=True)
class Stopped:
    """The solver has ended: the reason, and what to do about it."""

    status: Status
    advice: str
    epoch: int
    step: int


Event = ChunkDone | EpochDone | Stopped


@dataclass(frozen=True)
class Certificate:
    """Evidence about the answer, measured at the answer and not on the way to it.

    Parameters
    ----------
    kind : str
        ``"stationary"``: a convex problem, for which the gradient is the proof;
        ``"validation"``: a network, judged by rows it was not trained on;
        ``"training"``: a network without such rows, about which nothing is proven;
        ``"cross-fitted"``: an ensemble, each row judged by members that did not learn from it;
        these rows also chose the members, so the loss is somewhat too optimistic.
    gradient_norm : float or None
        Euclidean norm of the full objective's gradient, in float64, or of its smallest subgradient
        where an L1 term has a kink.
    duality_gap : float or None
        The objective is at most this much above its minimum, wherever the solver stopped; None if
        that cannot be bounded, for example without a penalty. See `duality`.
    objective : float or None
        The objective at the answer.
    condition : float or None
        Condition number of the scaled columns, with the penalty's root stacked below them.
    rank, columns : int or None
        Numerical rank of the columns, and their number.
    separating : tuple of int
        Columns that together separate a class without error, if a fit found such columns.
    best_epoch : int or None
        The epoch whose parameters were kept.
    validation_loss : float or None
        The validation rows' loss, or the monitor's value, at that epoch.
    """

    kind: str
    gradient_norm: float | None = None
    duality_gap: float | None = None
    objective: float | None = None
    condition: float | None = None
    rank: int | None = None
    columns: int | None = None
    separating: tuple[int, ...] = ()
    best_epoch: int | None = None
    validation_loss: float | None = None

    @property
    def sentence(self) -> str:
        """The certificate in words."""
        known = []
        if self.gradient_norm is not None:
            known.append(
                say("the gradient's norm is {norm:.2g} in float64", norm=self.gradient_norm)
            )
        if self.duality_gap is not None:
            known.append(
                say("the objective is within {gap:.2g} of its minimum", gap=self.duality_gap)
            )
        if self.condition is not None:
            known.append(say("the condition number is {condition:.2g}", condition=self.condition))
        if self.rank is not None:
            if self.columns is None:
                known.append(say("the rank is {rank}", rank=self.rank))
            else:
                known.append(
                    say("the rank is {rank} of {columns}", rank=self.rank, columns=self.columns)
                )
        if self.best_epoch is not None:
            if self.validation_loss is None:
                known.append(
                    say("the parameters are those of epoch {epoch}", epoch=self.best_epoch)
                )
            else:
                known.append(
                    say(
                        "the parameters are those of epoch {epoch}, with validation loss "
                        "{loss:.3g}",
                        epoch=self.best_epoch,
                        loss=self.validation_loss,
                    )
                )
        if self.kind == "cross-fitted" and self.validation_loss is not None:
            known.append(
                say(
                    "the loss is {loss:.3g} on rows that were each predicted by "
                    "members that had not learned from them; these rows also chose the "
                    "members, so it is somewhat too good",
                    loss=self.validation_loss,
                )
            )
        if not known:
            return say("Nothing is proved about this solution.")
        return say("At the solution, {known}.", known=listed(known))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields in JSON's types."""
        return asdict(self)


@dataclass(frozen=True)
class Solution:
    """The answer of a solver.

    Parameters
    ----------
    params : dict
        Parameters of the network, NumPy arrays.
    status : Status
        Why the solver stopped.
    certificate : Certificate
        What is known about the answer.
    iterations : int
        Epochs of a stochastic solver, or iterations of any other.
    steps : int
        Updates of the parameters.
    history : tuple of EpochDone
        One entry per epoch or iteration.
    advice : str
        What the status means here; the status's own sentence unless more is known.
    seconds : float
        Wall time, including compilation.
    compile_seconds : float
        The part of ``seconds`` spent on compiling; 0 if everything had been compiled before.
    state : object
        What the solver needs to continue where it stopped; None if it cannot continue.
    """

    params: dict[str, Any]
    status: Status
    certificate: Certificate
    iterations: int
    steps: int = 0
    history: tuple[EpochDone, ...] = ()
    advice: str = ""
    seconds: float = 0.0
    compile_seconds: float = 0.0
    state: Any = None

    def __post_init__(self) -> None:
        if not self.advice:
            object.__setattr__(self, "advice", self.status.advice)


class Iterations:
    """The iterations of a fit, each of one step; they are counted and timed from here on."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._done: list[EpochDone] = []

    def after(self, objective: float, params: Callable[[], Params]) -> EpochDone:
        """Return the event of one more iteration, at these parameters."""
        number, seconds = len(self._done) + 1, time.perf_counter() - self._began
        self._done.append(EpochDone(number, number, objective, None, seconds))
        return self._done[-1].at(params)

    def solution(
        self, params: dict[str, Any], status: Status, certificate: Certificate
    ) -> Solution:
        """Return the answer after these iterations."""
        return Solution(
            params,
            status,
            certificate,
            iterations=max(len(self._done), 1),
            steps=len(self._done),
            history=tuple(self._done),
            seconds=time.perf_counter() - self._began,
        )
