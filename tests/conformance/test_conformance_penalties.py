"""The demands on every penalty of the registry: a new line needs its formula here, and no more."""

import dataclasses

import jax
import numpy as np
import pytest

from gradum.core import PENALTIES
from gradum.errors import ShapeError

ALPHA, FACTOR = 0.7, np.array([1.0, 0.0, 2.5])
FORMULAS = {  # the price of weights w of alpha 1 and factor 1, by default settings
    "none": lambda w: 0.0 * w,
    "l2": lambda w: w**2 / 2,
    "l1": np.abs,
    "elastic_net": lambda w: 0.5 * np.abs(w) + 0.5 * w**2 / 2,
}
every_penalty = pytest.mark.parametrize("name", PENALTIES)
every_strength = pytest.mark.parametrize("name", [name for name in PENALTIES if name != "none"])


def made(name, **settings):
    """The penalty, which has all of the settings unless it is none at all."""
    return PENALTIES[name]() if name == "none" else PENALTIES[name](**settings)


def draw(seed=0):
    """Parameters of a network of 3 columns, one hidden layer and an embedding; no weight is 0."""
    rng = np.random.default_rng(seed)

    def weights(*shape):
        return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 2.0, shape)

    layers = [{"weight": weights(*s), "bias": weights(s[1])} for s in ((3, 4), (4, 2))]
    return {"layers": layers, "embedding": weights(5, 2)}


def price(name, params, alpha=ALPHA, factor=None):
    first, second = (FORMULAS[name](layer["weight"]) for layer in params["layers"])
    first = first if factor is None else factor[:, None] * first
    return alpha * (first.sum() + second.sum() + FORMULAS[name](params["embedding"]).sum())


def test_every_penalty_has_its_formula_here_and_goes_by_its_name():
    assert set(FORMULAS) == set(PENALTIES)
    assert [penalty.name for penalty in PENALTIES.values()] == list(PENALTIES)
    assert not dataclasses.fields(PENALTIES["none"])


@every_penalty
@pytest.mark.parametrize("factor", [None, FACTOR], ids=["alike", "by column"])
def test_the_value_is_the_formula_in_numpy_and_jax(name, factor):
    penalty, params = made(name, alpha=ALPHA, factor=factor), draw()
    expected = price(name, params, factor=factor)
    assert penalty.value(params) == pytest.approx(expected, rel=1e-14)
    with jax.enable_x64(True):
        traced = jax.jit(penalty.value)(params)
    np.testing.assert_allclose(traced, expected, rtol=1e-14)
    assert made(name).value(params) == 0.0  # without a strength there is none


@every_penalty
@pytest.mark.parametrize("factor", [None, FACTOR], ids=["alike", "by column"])
def test_the_strengths_say_what_the_value_does(name, factor):
    penalty = made(name, alpha=ALPHA, factor=factor)
    l1, l2 = penalty.strengths(3)
    assert (l1.shape, l2.shape, l1.dtype, l2.dtype) == ((3,), (3,), np.float64, np.float64)
    weight = draw()["layers"][0]["weight"]
    expected = (l1 @ np.abs(weight) + l2 @ weight**2 / 2).sum()
    alone = {"layers": [{"weight": weight, "bias": np.ones(4)}]}
    assert penalty.value(alone) == pytest.approx(expected, rel=1e-14)


@every_penalty
def test_the_gradient_is_that_of_the_strengths_and_biases_are_free(name):
    penalty, params = made(name, alpha=ALPHA, factor=FACTOR), draw()
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda params: penalty.value(params) + 0.0))(params)
    l1, l2 = (strength[:, None] for strength in penalty.strengths(3))
    first = params["layers"][0]["weight"]
    np.testing.assert_allclose(
        gradient["layers"][0]["weight"], l1 * np.sign(first) + l2 * first, rtol=1e-14
    )
    for layer in gradient["layers"]:
        np.testing.assert_array_equal(layer["bias"], 0.0)
    for entry in np.ndindex(5, 2):
        shift = np.zeros((5, 2))
        shift[entry] = 1e-5
        above, below = ({**params, "embedding": params["embedding"] + s} for s in (shift, -shift))
        rise = penalty.value(above) - penalty.value(below)
        assert gradient["embedding"][entry] == pytest.approx(rise / 2e-5, abs=1e-8)


@every_strength
def test_a_factor_of_0_frees_a_column_and_no_other(name):
    penalty, params, other = made(name, alpha=ALPHA, factor=FACTOR), draw(), draw()
    other["layers"][0]["weight"][1] += 10.0
    assert penalty.value(other) == penalty.value(params)
    assert [strength[1] for strength in penalty.strengths(3)] == [0.0, 0.0]
    other["layers"][0]["weight"][2] *= 10.0
    assert penalty.value(other) > penalty.value(params)


@every_strength
def test_factors_of_another_number_of_columns_are_refused(name):
    with pytest.raises(ShapeError, match=r"shape \(3,\) for 4 columns"):
        made(name, factor=FACTOR).strengths(4)


@every_penalty
def test_another_strength_compiles_nothing_anew(name):
    traces, params = [], draw()

    @jax.jit
    def value(penalty, params):
        traces.append(penalty)
        return penalty.value(params) + 0.0

    alphas = (0.0, 0.5, 2.0)
    found = [float(value(made(name, alpha=alpha), params)) for alpha in alphas]
    assert len(traces) == 1
    expected = [price(name, params, alpha=alpha) for alpha in alphas]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
