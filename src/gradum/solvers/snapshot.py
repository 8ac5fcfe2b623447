"""A training as it stands between two chunks: all that it takes to go on, to the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from gradum.core import Params
from gradum.errors import ShapeError
from gradum.messages import say
from gradum.solvers.chunk import State
from gradum.solvers.events import EpochDone
from gradum.solvers.stopping import StoppingState
from gradum.solvers.tally import Tally


@dataclass(frozen=True)
class Snapshot:
    """Numbers and arrays on the host, which a file can hold.

    A `Solution` with its state is another thing: from there, a *further* training begins.

    Parameters
    ----------
    state : tuple of ndarray
        The parameters and the optimiser's state in the padded shapes, leaf by leaf in JAX's order.
    best : tuple of ndarray or None
        The parameters of the best epoch, leaf by leaf.
    tally : Tally
        Steps and epochs done, and the losses of the epoch under way.
    seen : StoppingState
        What decides when to stop, without the best parameters.
    history : tuple of EpochDone
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
        """Copy a training's state to the host, where no later chunk overwrites it."""
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
        """Return what was carried, in the form of a training that begins.

        Raises
        ------
        ShapeError
            The snapshot is of another network, solver, dtype or number of rows.
        """
        if self.tally.steps_per_epoch != tally.steps_per_epoch or self.tally.step < tally.step:
            raise _other_training()
        best = None if self.best is None else _rebuilt(params, self.best)
        seen = replace(self.seen, best_params=best)
        return _rebuilt(state, self.state), replace(self.tally), seen


def _leaves(tree: Any) -> tuple[np.ndarray, ...]:
    return tuple(np.array(leaf) for leaf in jax.tree.leaves(tree))


def _rebuilt(like: Any, leaves: Sequence[np.ndarray]) -> Any:
    """Put copies of the leaves where those of ``like`` are."""
    expected, structure = jax.tree.flatten(like)
    forms = [[(np.shape(leaf), leaf.dtype) for leaf in tree] for tree in (expected, leaves)]
    if forms[0] != forms[1]:
        raise _other_training()
    return jax.tree.unflatten(structure, [np.array(leaf) for leaf in leaves])


def _other_training() -> ShapeError:
    return ShapeError(say("The snapshot is of another training."), say("Train from the beginning."))
