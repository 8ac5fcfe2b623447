"""Early stopping: its rules, and its state over the epochs."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from gradum.core import Params, Problem
from gradum.errors import SpecError
from gradum.margins import falls
from gradum.messages import say
from gradum.solvers.data import Validation
from gradum.solvers.status import Status


@dataclass(frozen=True)
class Regime:
    """How long to train, and in what portions.

    Parameters
    ----------
    max_epochs : int
        Passes over the rows at most.
    batch_size : int, optional
        Rows a step; all of them if not given or if there are no more.
    patience : int, optional
        Stop after so many epochs without an improvement of the validation loss, or of the
        training loss where there are no validation rows. Never, if not given.
    tol : float
        An improvement smaller than this is none.
    each_epoch : bool
        Whether somebody looks at the parameters after each epoch: no chunk spans two then.
    gradient_tol : float
        Where a step sees every row, stop as converged once the gradient's norm is at most
        this.

    Raises
    ------
    SpecError
        A number is out of range.
    """

    max_epochs: int
    batch_size: int | None = None
    patience: int | None = None
    tol: float = 0.0
    gradient_tol: float = 0.0
    each_epoch: bool = False

    def __post_init__(self) -> None:
        for name, least in (("max_epochs", 0), ("batch_size", 1), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SpecError(
                    say("{name} is {value}.", name=name, value=value),
                    say("Give a whole number from {least} up.", least=least),
                )


@dataclass(frozen=True)
class StoppingState:
    """What early stopping has seen so far.

    Parameters
    ----------
    mark : float
        The least loss so far, of which gains are counted.
    waited : int
        Epochs since the last gain.
    best_epoch, best_loss, best_params
        Of the best epoch; None before there was one, or without validation rows.
    """

    mark: float = math.inf
    waited: int = 0
    best_epoch: int | None = None
    best_loss: float | None = None
    best_params: Params | None = None


class EarlyStopping:
    """Follows the epochs: scores the validation rows, keeps the best, and says when to end.

    The best epoch is the one of least validation loss, the earliest of equals. An epoch that
    gains more than ``tol`` over the best before it renews the patience, as in scikit-learn.
    """

    def __init__(self, problem: Problem, validation: Validation | None, regime: Regime) -> None:
        self._problem, self._validation, self._regime = problem, validation, regime
        self.seen = StoppingState()

    def epoch_done(
        self, epoch: int, train_loss: float, params: Callable[[], Params]
    ) -> float | None:
        """Take note of an epoch; return its validation loss, if there are validation rows.

        ``params`` brings the parameters to the host; it is called only if they are needed.
        """
        if self._validation is None:
            self._note(train_loss)
            return None
        current = params()
        loss = self._validation.score(current, self._problem)
        if self.seen.best_loss is None or falls(loss, self.seen.best_loss):
            self.seen = replace(self.seen, best_epoch=epoch, best_loss=loss, best_params=current)
        self._note(loss)
        return loss

    def _note(self, loss: float) -> None:
        waited = 0 if loss < self.seen.mark - self._regime.tol else self.seen.waited + 1
        self.seen = replace(self.seen, mark=min(self.seen.mark, loss), waited=waited)

    def sure(self) -> int:
        """Return how many epochs are sure to come, whatever their losses; 1 of those looked at."""
        if self._validation is not None or self._regime.each_epoch:
            return 1
        patience = self._regime.patience
        return sys.maxsize if patience is None else patience - self.seen.waited

    @property
    def status(self) -> Status | None:
        """Why to end now; None to go on."""
        if self._regime.patience is None or self.seen.waited < self._regime.patience:
            return None
        return Status.PLATEAU if self._validation is None else Status.EARLY_STOPPED
