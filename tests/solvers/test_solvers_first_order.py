"""The registry of first-order solvers."""

import jax
import numpy as np
import pytest

from gradum.errors import SpecError
from gradum.solvers import FIRST_ORDER, SGD, Adam, Averaged, Clipped, GradientDescent
from gradum.solvers.first_order import resolve
from gradum.solvers.first_order.gradient_descent import SteepestDescent


@pytest.mark.parametrize("solver", FIRST_ORDER.values(), ids=FIRST_ORDER)
def test_a_solver_is_a_frozen_pytree_of_its_numbers(solver):
    numbers, structure = jax.tree.flatten(solver)
    assert solver.learning_rate is None or solver.learning_rate in numbers
    assert jax.tree.unflatten(structure, numbers) == solver
    assert hash(solver) == hash(type(solver)(**vars(solver)))
    if not solver.searches:  # another schedule is no other structure
        other = type(solver)(**{**vars(solver), "schedule": "cosine"})
        assert jax.tree.structure(other) == structure


COMPOSED = [*FIRST_ORDER.values(), Averaged(Clipped(Adam())), SteepestDescent()]


@pytest.mark.parametrize("solver", COMPOSED, ids=str)
def test_every_state_begins_at_zeros(solver):
    # The driver makes the first state of zeros without asking optax to compute it.
    layer = {"weight": np.ones((2, 2), np.float32), "bias": np.ones(2, np.float32)}
    params = {"layers": [layer, layer, layer]}
    state = solver.transformation().init(params)
    assert all((np.asarray(values) == 0).all() for values in jax.tree.leaves(state))


def test_resolve():
    assert resolve("adam") == Adam()
    assert resolve("sgd", 0.5) == SGD(0.5)
    assert resolve(GradientDescent(0.3)) == GradientDescent(0.3)
    assert resolve("nesterov", 0.2) == SGD(0.2, momentum=0.9, nesterov=True)
    with pytest.raises(SpecError, match=r"'adamm'.* adamw"):
        resolve("adamm")
    with pytest.raises(SpecError, match="learning_rate is -1"):
        resolve("adam", -1.0)
