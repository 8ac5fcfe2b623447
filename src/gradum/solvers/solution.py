"""The solution of a solver: parameters, the reason why it stopped, and a certificate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gradum.messages import listed, say
from gradum.solvers.events import EpochDone
from gradum.solvers.status import Status


@dataclass(frozen=True)
class Certificate:
    """What is known about the answer, measured at the answer and not along the way.

    Parameters
    ----------
    kind : str
        ``"stationary"``: a convex problem, of which the gradient is the proof;
        ``"validation"``: a network, judged by rows it was not trained on;
        ``"training"``: a network without such rows, of which nothing is proven;
        ``"cross-fitted"``: an ensemble, each row judged by members that had not learned from it;
        these rows chose the members too, so that the loss is somewhat too good.
    gradient_norm : float or None
        Euclidean norm of the full objective's gradient, in float64; of the smallest subgradient
        where an L1 term has a kink.
    duality_gap : float or None
        No more than this is the objective above its minimum, wherever the solver stopped; None
        where that cannot be bounded, such as where nothing is penalised. See `duality`.
    objective : float or None
        The objective at the answer.
    condition : float or None
        Condition number of the scaled columns, with the penalty's root below them.
    rank, columns : int or None
        Numerical rank of the columns, and how many there are.
    separating : tuple of int
        Columns that together tell a class apart without error, where a fit found that.
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
                        "{loss:.4g}",
                        epoch=self.best_epoch,
                        loss=self.validation_loss,
                    )
                )
        if self.kind == "cross-fitted" and self.validation_loss is not None:
            known.append(
                say(
                    "the loss is {loss:.4g} on rows that were each predicted by "
                    "members that had not learned from them; these rows also chose the "
                    "members, so it is somewhat too good",
                    loss=self.validation_loss,
                )
            )
        if not known:
            return say("Nothing is proven of this answer.")
        return say("At the answer {known}.", known=listed(known))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON knows them."""
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
        Epochs of a stochastic solver, iterations of any other.
    steps : int
        Updates of the parameters.
    history : tuple of EpochDone
        One entry an epoch or iteration.
    advice : str
        What the status means here; the status's own sentence unless more is known.
    seconds : float
        Wall time, compilation included.
    compile_seconds : float
        The part of ``seconds`` that went into compiling, 0 where all was compiled before.
    state : object
        What the solver needs to continue where it stopped; None if it cannot.
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
