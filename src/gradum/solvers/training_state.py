"""The state of a training between two chunks: counts, early stopping, and a snapshot of both.

A snapshot is all that a training needs to continue to the same bits.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from gradum.core import Params, Problem
from gradum.errors import ShapeError, SpecError
from gradum.margins import falls
from gradum.solvers.chunk import Info, State
from gradum.solvers.rows_to_learn import Validation
from gradum.solvers.solution import EpochDone, Status

FAR_ABOVE = 1e3
"""A loss this many times that of a new model's first step is not the result of learning."""


@dataclass
class Tally:
    """Counts steps and epochs, and averages the losses of each."""

    epoch: int
    step: int
    steps_per_epoch: int
    chunk_loss: float = math.nan
    first_loss: float = math.nan
    gradient_norm: float = math.nan
    finite: bool = True
    _loss: float = 0.0

    def epochs(self, info: Info, share: np.ndarray) -> Iterator[float]:
        """Count a chunk's steps; yield the training loss of each epoch that it completes.

        An epoch's loss is the mean over its batches, weighted by their ``share`` of the rows
        [steps]. A step whose loss was not finite was not taken, and does not count.
        """
        steps = int(info.steps) - (not info.finite)
        losses = info.losses[:steps].astype(np.float64)
        self.finite = bool(info.finite)
        if steps:
            self.gradient_norm, self.chunk_loss = float(info.gradient_norm), float(losses.mean())
        if math.isnan(self.first_loss) and steps:
            self.first_loss = float(losses[0])
        for part in (losses * share[:steps]).tolist():
            self._loss += part
            self.step += 1
            if self.step % self.steps_per_epoch == 0:
                self.epoch += 1
                loss, self._loss = self._loss, 0.0
                yield loss

    @property
    def grown(self) -> bool:
        """Whether the loss is far above that of the first step, though finite."""
        return self.chunk_loss > FAR_ABOVE * self.first_loss


@dataclass(frozen=True)
class Regime:
    """How long to train, and in what portions.

    Parameters
    ----------
    max_epochs : int
        The most passes over the rows.
    batch_size : int, optional
        Rows per step; all rows if not given or if there are fewer.
    patience : int, optional
        Stop after this many epochs without an improvement of the validation loss, or of the
        training loss if there are no validation rows. If not given, never stop for this reason.
    tol : float
        A smaller improvement does not count.
    each_epoch : bool
        Whether something looks at the parameters after each epoch; if so, no chunk spans two
        epochs.
    gradient_tol : float
        If a step sees every row, stop as converged once the gradient's norm is at most this.

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
                    "{name} is {value}.",
                    "Give a whole number from {least} up.",
                    name=name,
                    value=value,
                    least=least,
                )


@dataclass(frozen=True)
class StoppingState:
    """What early stopping has seen so far."""

    mark: float = math.inf
    """The lowest loss so far, from which gains are measured."""
    waited: int = 0
    """Epochs since the last gain."""
    best_epoch: int | None = None
    best_loss: float | None = None
    best_params: Params | None = None
    """Those of the best epoch; None before the first one, or without validation rows."""


class EarlyStopping:
    """Follows the epochs: scores the validation rows, keeps the best epoch, and says when to end.

    The best epoch is the earliest one with the lowest validation loss. An epoch that improves on
    the best before it by more than ``tol`` renews the patience, as in scikit-learn.
    """

    def __init__(self, problem: Problem, validation: Validation | None, regime: Regime) -> None:
        self._problem, self._validation, self._regime = problem, validation, regime
        self.seen = StoppingState()

    def epoch_done(
        self, epoch: int, train_loss: float, params: Callable[[], Params]
    ) -> float | None:
        """Record an epoch, and return its validation loss if there are validation rows.

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
        """Return how many epochs are certain to come; 1 if each one is looked at."""
        if self._validation is not None or self._regime.each_epoch:
            return 1
        patience = self._regime.patience
        return sys.maxsize if patience is None else patience - self.seen.waited

    @property
    def status(self) -> Status | None:
        """Why to end now; None to continue."""
        if self._regime.patience is None or self.seen.waited < self._regime.patience:
            return None
        return Status.PLATEAU if self._validation is None else Status.EARLY_STOPPED


@dataclass(frozen=True)
class Snapshot:
    """Numbers and arrays on the host, which a file can hold.

    A `Solution` with its state is something else: from it, a *further* training begins.

    Parameters
    ----------
    state : tuple of ndarray
        The parameters and the optimiser's state with padded shapes, leaf by leaf in JAX's order.
    best : tuple of ndarray or None
        The parameters of the best epoch, leaf by leaf.
    tally : Tally
        Steps and epochs done, and the losses of the current epoch.
    seen : StoppingState
        The state that decides when to stop, without the best parameters.
    seconds, compile_seconds : float
        Spent so far.
    """

    state: tuple[np.ndarray, ...]
    best: tuple[np.ndarray, ...] | None
    tally: Tally
    seen: StoppingState
    history: tuple[EpochDone, ...]
    seconds: float
    compile_seconds: float

    @classmethod
    def take(
        cls,
        state: State,
        tally: Tally,
        seen: StoppingState,
        history: Sequence[EpochDone],
        seconds: float,
        compile_seconds: float,
    ) -> Snapshot:
        """Copy a training's state to the host, so that no later chunk overwrites it."""
        return cls(
            _leaves(state),
            None if seen.best_params is None else _leaves(seen.best_params),
            replace(tally),
            replace(seen, best_params=None),
            tuple(history),
            seconds,
            compile_seconds,
        )

    def restored(
        self, state: State, tally: Tally, params: Params
    ) -> tuple[State, Tally, StoppingState]:
        """Return the saved state, in the form of a training that begins.

        Raises
        ------
        ShapeError
            The snapshot is from another network, solver, dtype or number of rows.
        """
        if self.tally.steps_per_epoch != tally.steps_per_epoch or self.tally.step < tally.step:
            raise _other_training()
        best = None if self.best is None else _rebuilt(params, self.best)
        seen = replace(self.seen, best_params=best)
        return _rebuilt(state, self.state), replace(self.tally), seen


def _leaves(tree: Any) -> tuple[np.ndarray, ...]:
    return tuple(np.array(leaf) for leaf in jax.tree.leaves(tree))


def _rebuilt(like: Any, leaves: Sequence[np.ndarray]) -> Any:
    """Return ``like`` with copies of these leaves in place of its own."""
    expected, structure = jax.tree.flatten(like)
    forms = [[(np.shape(leaf), leaf.dtype) for leaf in tree] for tree in (expected, leaves)]
    if forms[0] != forms[1]:
        raise _other_training()
    return jax.tree.unflatten(structure, [np.array(leaf) for leaf in leaves])


def _other_training() -> ShapeError:
    return ShapeError("The snapshot is of another training.", "Train from the beginning.")
