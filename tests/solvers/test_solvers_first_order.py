"""The registry of first-order solvers, and the schedules."""

import jax
import numpy as np
import pytest

from gradum.errors import SpecError
from gradum.solvers import FIRST_ORDER, SGD, Adam, GradientDescent
from gradum.solvers.first_order import resolve
from gradum.solvers.schedules import SCHEDULES
from gradum.solvers.schedules import resolve as resolve_schedule


@pytest.mark.parametrize("solver", FIRST_ORDER.values(), ids=FIRST_ORDER)
def test_a_solver_is_a_frozen_pytree_of_its_numbers(solver):
    numbers, structure = jax.tree.flatten(solver)
    assert solver.learning_rate in numbers
    assert jax.tree.unflatten(structure, numbers) == solver
    assert hash(solver) == hash(type(solver)(**vars(solver)))
    # Another schedule is no other structure.
    other = type(solver)(**{**vars(solver), "schedule": "cosine"})
    assert jax.tree.structure(other) == structure


@pytest.mark.parametrize("solver", FIRST_ORDER.values(), ids=FIRST_ORDER)
def test_every_state_begins_at_zeros(solver):
    # The driver makes the first state of zeros without asking optax to compute it.
    params = {"layers": [{"weight": np.ones((3, 2)), "bias": np.ones(2)}]}
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


def test_schedules_at_known_points():
    at = np.array([0.0, 0.5, 1.0])
    np.testing.assert_allclose(SCHEDULES["constant"](at), [1, 1, 1])
    np.testing.assert_allclose(SCHEDULES["cosine"](at), [1, 0.5, 0], atol=1e-15)
    # coslog4 peaks where log2(1 + 15 t) is a half more than 0, 1, 2 or 3, and is 0 between.
    peaks = (2 ** np.array([0.5, 1.5, 2.5, 3.5]) - 1) / 15
    zeros = (2 ** np.array([0.0, 1.0, 2.0, 3.0, 4.0]) - 1) / 15
    np.testing.assert_allclose(SCHEDULES["coslog4"](peaks), 1.0)
    np.testing.assert_allclose(SCHEDULES["coslog4"](zeros), 0.0, atol=1e-14)
    with pytest.raises(SpecError, match="'linear'"):
        resolve_schedule("linear")
