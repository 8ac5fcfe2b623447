"""monotonic_cst of the packs, in scikit-learn's forms, and Monotone around a solver."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import ColumnError, SpecError
from synthetic import FEW


def rows(count=300):
    """Two numbers of which the first acts up and down, and a colour."""
    rng = np.random.default_rng(7)
    x = rng.uniform(-3, 3, (count, 2))
    frame = pl.DataFrame({"x": x[:, 0], "z": x[:, 1], "colour": rng.choice(["a", "b"], count)})
    return frame, np.sin(2 * x[:, 0]) + x[:, 0] * (x[:, 1] > 0) + 0.1 * rng.normal(size=count)


def along_x(model, frame, places=80):
    grid = pl.DataFrame({"x": np.linspace(-5, 5, places)})
    walk = frame.head(20).drop("x").join(grid, how="cross").select(frame.columns)
    return np.diff(np.asarray(model.predict(walk)).reshape(20, places), axis=1)


def test_a_dict_and_an_array_hold_the_same_direction():
    frame, y = rows()
    packs = [
        gradum.PackRegressor(pack=FEW, monotonic_cst=form, random_state=0).fit(frame, y)
        for form in ({"x": 1}, [1, 0, 0], {"x": 0})
    ]
    named, placed, free = (along_x(pack, frame) for pack in packs)
    assert np.array_equal(named, placed)
    assert named.min() >= -1e-6
    assert named.max() > 0.01
    assert free.min() < -0.01


@pytest.mark.parametrize(
    ("form", "error", "message"),
    [
        ([1, 0], SpecError, "shape \\(2,\\), for 3 columns"),
        ([2, 0, 0], SpecError, "numbers other than 1, 0 and -1"),
        ({"y": 1}, ColumnError, "no column 'y'"),
        ({"colour": 1}, SpecError, "'colour' can have no direction"),
    ],
)
def test_other_forms_are_refused(form, error, message):
    frame, y = rows(60)
    with pytest.raises(error, match=message):
        gradum.PackRegressor(pack=FEW, monotonic_cst=form).fit(frame, y)


def test_three_classes_have_no_direction():
    frame, y = rows(60)
    with pytest.raises(SpecError, match="3 classes"):
        gradum.PackClassifier(pack=FEW, monotonic_cst={"x": 1}).fit(frame, np.digitize(y, [-1, 1]))


def test_a_solver_of_steps_trains_a_monotone_network():
    frame, y = rows()
    x = frame.select("x", "z").to_numpy()
    walk = np.column_stack([np.tile(np.linspace(-5, 5, 80), 20), np.repeat(x[:20, 1], 80)])

    def steps(solver):
        model = gradum.MLPRegressor((16, 8), solver=solver, max_iter=20, random_state=0)
        return np.diff(model.fit(x, y).predict(walk).reshape(20, 80), axis=1)

    assert steps(gradum.Adam(0.01)).min() < -0.01
    averaged = gradum.Averaged(gradum.Monotone(gradum.SGD(0.05, momentum=0.9), (1,)), 0.9)
    for solver in (gradum.Monotone(gradum.Adam(0.01), (1,)), averaged):
        held = steps(solver)
        assert held.min() >= -1e-12
        assert held.max() > 0.01


def test_a_line_search_and_a_falling_activation_are_refused():
    frame, y = rows(60)
    with pytest.raises(SpecError, match="LBFGS searches along a line"):
        gradum.Monotone(gradum.LBFGS(), (1,))
    solver = gradum.Monotone(gradum.Adam(), (1,))
    with pytest.raises(SpecError, match="gelu falls in places"):
        gradum.MLPRegressor((4,), "gelu", solver=solver).fit(frame.select("x", "z").to_numpy(), y)
