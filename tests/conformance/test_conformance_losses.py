"""What every loss of the registry must be: a new line there is tested here without a word."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from gradum.core import LOSSES, Huber, LogLoss, Quantile
from gradum.errors import ShapeError, TargetError

VARIANTS = (Huber(0.7), Quantile((0.1, 0.5, 0.8)), LogLoss(0.2))  # settings besides the defaults
SETTINGS = {str(loss): loss for loss in (*LOSSES.values(), *VARIANTS)}
NOT_OF_THE_MEAN = {"huber"}  # smooth, yet the best constant is no mean
OUT_OF_RANGE = {"identity": np.inf, "logit": -1, "log": -1.0}  # by link
ROWS = 23


def targets(outputs):
    """Targets of every sort, of which a loss takes some."""
    rng, classes = np.random.default_rng(0), max(outputs, 2)
    shares = rng.dirichlet(np.ones(classes), ROWS)
    return {
        "numbers": rng.normal(size=ROWS),
        "counts": np.append(0.0, rng.poisson(2.0, ROWS - 1)),
        "amounts": rng.gamma(2.0, size=ROWS),
        "codes": rng.integers(0, classes, ROWS),
        "shares": shares[:, 1] if outputs == 1 else shares,
    }


def accepted(loss, target):
    try:
        loss.check_target(target)
    except TargetError:
        return False
    return True


def example(loss, outputs, sort, spread=3.0, seed=0):
    logits = np.random.default_rng(seed).normal(size=(ROWS, outputs))
    return spread * logits, targets(outputs)[sort]


def cases_of(loss):
    """List the outputs and the sorts of targets: codes and shares of classes, else what fits."""
    if loss.link == "logit":
        every = [loss.outputs(classes) for classes in (2, 4)]
        return [(outputs, sort) for outputs in every for sort in ("codes", "shares")]
    outputs = loss.outputs(None)
    fitting = (sort for sort, target in targets(outputs).items() if accepted(loss, target))
    return [(outputs, next(fitting))]


CASES = [
    pytest.param(loss, *case, id=f"{name}-{case[0]}-{case[1]}")
    for name, loss in SETTINGS.items()
    for case in cases_of(loss)
]


def cases(wanted):
    some = [case for case in CASES if wanted(case.values[0])]
    return pytest.mark.parametrize(("loss", "outputs", "sort"), some)


every_case = cases(lambda loss: True)
of_the_mean = cases(lambda loss: loss.smooth and loss.name not in NOT_OF_THE_MEAN)
of_quantiles = cases(lambda loss: not loss.smooth)
every_setting = pytest.mark.parametrize("loss", SETTINGS.values(), ids=SETTINGS)


def test_every_loss_has_valid_targets_here_and_goes_by_its_name():
    assert {case.values[0].name for case in CASES} == set(LOSSES)
    assert all(accepted(case.values[0], example(*case.values)[1]) for case in CASES)
    assert [loss.name for loss in LOSSES.values()] == list(LOSSES)


@every_case
def test_gradient_is_the_central_difference_of_the_value(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)
    gradient, step = loss.gradient(logits, target), 1e-5
    assert gradient.shape == logits.shape
    for k in range(outputs):
        shift = step * np.eye(outputs)[k]
        rise = loss.value(logits + shift, target) - loss.value(logits - shift, target)
        np.testing.assert_allclose(gradient[:, k], rise / (2 * step), atol=1e-7)


@every_case
def test_hessian_is_the_central_difference_of_the_gradient(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)
    hessian, step = loss.hessian(logits, target), 1e-5
    assert hessian.shape == (ROWS, outputs, outputs)
    for k in range(outputs):
        shift = step * np.eye(outputs)[k]
        rise = loss.gradient(logits + shift, target) - loss.gradient(logits - shift, target)
        np.testing.assert_allclose(hessian[:, k], rise / (2 * step), atol=1e-7)


@every_case
def test_jax_is_numpy_and_autodiff_gives_the_closed_forms(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)

    def of_row(row, label):
        return loss.value(row[None], label[None])[0]

    def everything(z, y):
        gradient = jax.grad(lambda z: loss.value(z, y).sum())(z)
        return (
            loss.value(z, y),
            jax.vmap(of_row)(z, y),
            gradient,
            jax.vmap(jax.hessian(of_row))(z, y),
        )

    expected = loss.value(logits, target)
    assert isinstance(expected, np.ndarray)
    with jax.enable_x64(True):
        z, y = jnp.asarray(logits), jnp.asarray(target)
        compiled, mapped, gradient, hessian = jax.jit(everything)(z, y)
        for value in (loss.value(z, y), compiled, mapped):
            np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(gradient, loss.gradient(logits, target), atol=1e-13)
    np.testing.assert_allclose(hessian, loss.hessian(logits, target), atol=1e-12)


@pytest.mark.parametrize("spread", [1.0, 10.0, 200.0])
@every_case
def test_the_value_is_convex_along_segments(loss, outputs, sort, spread):
    rng = np.random.default_rng(1)
    for seed in range(20):
        start, target = example(loss, outputs, sort, spread, seed)
        end, share = spread * rng.normal(size=start.shape), rng.random((ROWS, 1))
        ends = np.stack([loss.value(start, target), loss.value(end, target)])
        between = loss.value(share * start + (1 - share) * end, target)
        chord = share[:, 0] * ends[0] + (1 - share[:, 0]) * ends[1]
        assert (between <= chord + 1e-12 * (1 + np.abs(ends).sum(axis=0))).all()


@every_case
def test_the_conjugate_is_fenchels_and_youngs(loss, outputs, sort):
    # value(z) + conjugate(a) ≥ a·z for every z, with equality where a is the slope at z.
    logits, target = example(loss, outputs, sort)
    here, there = (loss.gradient(factor * logits, target) for factor in (1.0, -0.5))
    touched = loss.value(logits, target) + loss.conjugate(here, target)
    np.testing.assert_allclose(touched, (here * logits).sum(axis=1), rtol=1e-12, atol=1e-12)
    for share in (1.0, 0.5, 0.2):  # slopes between two slopes are slopes
        slope = share * here + (1 - share) * there
        conjugate = loss.conjugate(slope, target)
        assert np.isfinite(conjugate).all()
        for seed in range(20):
            point, _ = example(loss, outputs, sort, 4.0, seed)
            paired = (slope * point).sum(axis=1)
            value = loss.value(point, target)
            assert (value + conjugate >= paired - 1e-12 * (1 + value + np.abs(paired))).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_case
def test_everything_is_finite_at_extreme_logits(loss, outputs, sort, dtype):
    signs, target = example(loss, outputs, sort)
    signs = np.sign(signs)
    extremes = [size * sign for size in (1e2, 1e4) for sign in (signs, -signs, np.abs(signs))]
    logits = np.concatenate(extremes).astype(dtype)
    target = np.concatenate([target] * len(extremes))
    target = target.astype(np.int32 if sort == "codes" else dtype)
    with jax.enable_x64(dtype is np.float64):
        slope = jax.value_and_grad(lambda z, y: loss.value(z, y).sum())
        value, (_, gradient) = jax.jit(lambda z, y: (loss.value(z, y), slope(z, y)))(logits, target)
    assert value.dtype == gradient.dtype == dtype
    plain = loss.value(logits, target)
    closed = (loss.gradient(logits, target), loss.hessian(logits, target))
    for found in (value, gradient, plain, *closed, loss.inverse_link(logits)):
        assert np.isfinite(found).all()
    np.testing.assert_allclose(value, plain, rtol=1e-5, atol=1e-30)  # XLA flushes subnormals
    np.testing.assert_allclose(gradient, closed[0], rtol=1e-5, atol=1e-6)


@every_setting
def test_the_largest_curvature_is_the_least_bound_of_the_hessian(loss):
    largest = 0.0
    for outputs, sort in cases_of(loss):
        two, target = np.zeros((ROWS, outputs)), example(loss, outputs, sort)[1]
        two[:, 2:] = -50.0  # two classes as likely, and no other
        spreads = [example(loss, outputs, sort, spread)[0] for spread in (0.1, 1.0, 10.0)]
        for logits in (two, two + 50.0, two - 50.0, *spreads):
            largest = max(largest, np.linalg.eigvalsh(loss.hessian(logits, target)).max())
    bound = loss.largest_curvature
    if bound is None:
        assert not loss.smooth or largest > 1e9
    else:
        assert 0.99 * bound < largest <= bound * (1 + 1e-12)


@every_case
def test_a_bad_target_is_refused_naming_its_row(loss, outputs, sort):
    _, target = example(loss, outputs, sort)
    bad = [OUT_OF_RANGE[loss.link]] + ([] if sort == "codes" else [np.nan, np.inf, -np.inf])
    for value in bad:
        spoilt = target.copy()
        spoilt[3] = value
        with pytest.raises(TargetError, match=r"row 4\b") as caught:
            loss.check_target(spoilt)
        assert caught.value.remedy.endswith(".")


def weighted_example(loss, outputs, sort):
    """A target, weights that sum to 1, and the mean loss of one row of logits for all."""
    _, target = example(loss, outputs, sort)
    weight = np.random.default_rng(3).dirichlet(np.ones(ROWS))
    return target, weight, lambda row: weight @ loss.value(np.tile(row, (ROWS, 1)), target)


@pytest.mark.filterwarnings("ignore:Desired error not necessarily achieved")
@of_the_mean
def test_the_best_constant_is_the_weighted_mean(loss, outputs, sort):
    target, weight, mean_loss = weighted_example(loss, outputs, sort)

    def slope(row):
        return weight @ loss.gradient(np.tile(row, (ROWS, 1)), target)

    start, options = np.zeros(outputs), {"gtol": 1e-11}
    best = scipy.optimize.minimize(mean_loss, start, jac=slope, options=options).x
    expected = np.eye(max(outputs, 2))[target] if sort == "codes" else target
    if loss.link == "logit":
        if expected.ndim == 1:
            expected = np.stack([1 - expected, expected], axis=1)
        smoothing = getattr(loss, "label_smoothing", 0.0)
        expected = (1 - smoothing) * expected + smoothing / expected.shape[1]
    found = loss.inverse_link(best[None])[0]
    np.testing.assert_allclose(found, weight @ expected, rtol=1e-7)


@of_quantiles
def test_the_best_constant_is_the_weighted_quantile(loss, outputs, sort):
    target, weight, mean_loss = weighted_example(loss, outputs, sort)
    # Outputs are apart, and kinks are at the targets: the best is one of these.
    trials = target[:, None] * np.eye(outputs)[:, None, :]
    best = [target[np.argmin([mean_loss(row) for row in trial])] for trial in trials]
    found = np.atleast_1d(loss.inverse_link(np.array([best]))[0])
    levels = getattr(loss, "levels", (0.5,))
    expected = np.quantile(target, levels, weights=weight, method="inverted_cdf")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize(
    ("predictions", "target"),
    [
        ((100, 1), (100, 100)),
        ((100,), (100, 1)),
        ((100, 1), (100, 1)),
        ((100,), (100,)),
        ((100, 1), (99,)),
    ],
)
@every_setting
def test_unequal_shapes_are_refused_naming_both(loss, predictions, target, traced):
    value = jax.jit(loss.value) if traced else loss.value
    with pytest.raises(ShapeError) as caught:
        value(np.zeros(predictions), np.zeros(target))
    assert str(predictions) in str(caught.value)
    assert str(target) in str(caught.value)
    if not traced:
        for closed in (loss.gradient, loss.hessian):
            with pytest.raises(ShapeError):
                closed(np.zeros(predictions), np.zeros(target))


@every_setting
def test_a_loss_is_a_value_that_a_compiled_program_can_be_made_for(loss):
    traces = []

    def mean(loss, logits, target):
        traces.append(loss)
        return loss.value(logits, target).mean()

    compiled, twin = jax.jit(mean, static_argnums=0), copy.deepcopy(loss)
    assert twin == loss
    assert hash(twin) == hash(loss)
    outputs, sort = cases_of(loss)[0]
    logits, target = example(loss, outputs, sort)
    for equal in (loss, twin):
        compiled(equal, logits, target)
    assert traces == [loss]


def test_settings_that_differ_are_unequal():
    assert len(set(SETTINGS.values()) | {LogLoss(0.1), Huber(0.8)}) == len(SETTINGS) + 2
