"""The use of a compiled chunk: padded shapes, one dtype, and the state on host and device."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from gradum.core import Params, Problem
from gradum.randomness import stream
from gradum.solvers.batches import Chunk
from gradum.solvers.chunk import (
    Info,
    Noise,
    State,
    pad_params,
    pad_problem,
    precision,
    run_chunk,
    traces,
    unpad_params,
)
from gradum.solvers.first_order import FirstOrder


@dataclass(frozen=True)
class Continuation:
    """What training needs besides the parameters to continue where it stopped.

    ``optimizer`` is the optimiser's state, NumPy arrays with the padded shapes; None before the
    first step. ``params`` are the last parameters if the answer depends on others as well, such as
    an average; else None.
    """

    optimizer: Any = None
    params: Params | None = None
    epoch: int = 0
    step: int = 0


def _zeros(solver: FirstOrder, structure: Any, shapes: tuple) -> Any:
    """Return the optimiser's first state for parameters with this structure and these shapes.

    It is made in NumPy: JAX would compile a small program for each of these arrays.
    """
    likes = _state_shapes(solver, structure, shapes)
    return jax.tree.map(lambda like: np.zeros(like.shape, like.dtype), likes)


@lru_cache(maxsize=256)
def _state_shapes(solver: FirstOrder, structure: Any, shapes: tuple) -> Any:
    """Trace an optimiser's first state, which takes longer than a small training's first epoch."""
    params = jax.tree.unflatten(
        structure, [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in shapes]
    )
    with precision(shapes[0][1].type):
        return jax.eval_shape(solver.transformation().init, params)


class Program:
    """Runs chunks of one problem with one solver, in one dtype."""

    def __init__(
        self, problem: Problem, solver: FirstOrder, dtype: Any, gradient_tol: float, seed: int
    ) -> None:
        """Round the shapes up; ``gradient_tol`` below 0 never stops a chunk."""
        self._dtype, self._solver = dtype, solver
        self._key = None
        if problem.dropout is not None:
            self._key = stream(seed, "dropout").integers(2**32, size=2, dtype=np.uint32)
        padded = pad_problem(problem)
        self._network, self._padded = problem.network, padded.network
        # All numbers get one dtype, whatever they were given as, so that they are traced once.
        numbers = (padded, solver, gradient_tol)
        with precision(self._dtype):
            self._numbers = jax.device_put(jax.tree.map(dtype, numbers))
        self.compile_seconds = 0.0

    def begin(self, params: Params, optimizer: Any) -> State:
        """Return the state before the first step; ``optimizer`` is None at the very first."""
        first = jax.tree.map(
            lambda values: np.array(values, self._dtype),
            pad_params(params, self._network, self._padded),
        )
        if optimizer is not None:
            return State(first, jax.tree.map(np.array, optimizer))
        leaves, structure = jax.tree.flatten(first)
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        return State(first, _zeros(self._solver, structure, shapes))

    def launch(self, state: State, chunk: Chunk, first: int) -> tuple[State, Info]:
        """Start a chunk whose first step is number ``first``, and return without waiting for it."""
        noise = None if self._key is None else Noise(self._key, np.int32(first))
        traced, began = traces(), time.perf_counter()
        with precision(self._dtype):
            result = run_chunk(state, chunk.batches, np.int32(chunk.steps), *self._numbers, noise)
        if traces() > traced:
            self.compile_seconds += time.perf_counter() - began
        return result

    def params(self, state: State) -> Params:
        """Return the current answer, on the host."""
        return self._unpadded(self._solver.answer(state.params, state.optimizer))

    def continuation(self, state: State, epoch: int, step: int) -> Continuation:
        """Return what is needed to continue from here."""
        answer = self._solver.answer(state.params, state.optimizer)
        last = None if answer is state.params else self._unpadded(state.params)
        return Continuation(jax.tree.map(np.array, state.optimizer), last, epoch, step)

    def _unpadded(self, params: Params) -> Params:
        return unpad_params(params, self._network, self._padded)


Advancing = Callable[[Program, Iterator[Any], State, int], Iterator[tuple[Any, State, Info]]]
"""Takes chunks, or what a feed has in their place, and yields each with the state after it."""


def advance(
    program: Program, chunks: Iterator[Chunk], state: State, step: int
) -> Iterator[tuple[Chunk, State, Info]]:
    """Run chunk after chunk from a step on, and yield each with the state after it."""
    upcoming = next(chunks, None)
    while upcoming is not None:
        chunk = upcoming
        state, info = program.launch(state, chunk, step)
        step += chunk.steps
        upcoming = next(chunks, None)  # gathered on the host while the program runs
        yield chunk, state, Info(*map(np.asarray, info))
