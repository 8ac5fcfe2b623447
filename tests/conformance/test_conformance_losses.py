"""The demands on every loss of the registry: a new line there is tested here without a word."""

import copy
from dataclasses import fields

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from gradum.core import L2, LOSSES, Huber, LogLoss, Loss, Quantile
from gradum.errors import ShapeError, SpecError, TargetError
from gradum.show.answers.inference import Summary
from gradum.solvers.chunk import NEVER
from gradum.solvers.convex import CONVEX, minimise, solvers_of
from gradum.solvers.driver import solve
from gradum.study.inference.infer import infer
from toy_loss import LogCosh

VARIANTS = (Huber(0.7), Quantile((0.1, 0.5, 0.8)), LogLoss(0.2))  # settings besides the defaults
# A loss that is not in the registry passes as well: the suite asks nothing about a loss by name.
SETTINGS = {str(loss): loss for loss in (*LOSSES.values(), *VARIANTS, LogCosh())}
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
        pairs = [(outputs, sort) for outputs in every for sort in ("codes", "shares")]
        return [pair for pair in pairs if accepted(loss, targets(pair[0])[pair[1]])]
    outputs = loss.outputs(None)
    fitting = (sort for sort, target in targets(outputs).items() if accepted(loss, target))
    return [(outputs, next(fitting))]


CASES = [
    pytest.param(loss, *case, id=f"{name}-{case[0]}-{case[1]}")
    for name, loss in SETTINGS.items()
    for case in cases_of(loss)
]


def cases(wanted):
    some = [case for case in CASES if wanted(*case.values)]
    return pytest.mark.parametrize(("loss", "outputs", "sort"), some)


every_case = cases(lambda loss, outputs, sort: True)
of_classes = cases(lambda loss, outputs, sort: loss.link == "logit")
of_numbers = cases(lambda loss, outputs, sort: loss.link != "logit")
of_the_mean = cases(lambda loss, outputs, sort: loss.likelihood or loss.link == "logit")
of_quantiles = cases(lambda loss, outputs, sort: loss.quantiles)
of_observations = cases(lambda loss, outputs, sort: loss.likelihood and sort != "shares")
of_one_output = cases(lambda loss, outputs, sort: loss.likelihood and outputs == 1)
of_softmax = cases(lambda loss, outputs, sort: outputs > 1 and sort == "codes")
every_setting = pytest.mark.parametrize("loss", SETTINGS.values(), ids=SETTINGS)


def test_every_loss_has_valid_targets_here_and_goes_by_its_name():
    assert {case.values[0].name for case in CASES} == {*LOSSES, LogCosh.name}
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


@every_case
def test_everything_is_finite_at_extreme_logits(loss, outputs, sort):
    """In float32, which overflows where float64 does and sooner."""
    dtype = np.float32
    signs, target = example(loss, outputs, sort)
    signs = np.sign(signs)
    extremes = [size * sign for size in (1e2, 1e4) for sign in (signs, -signs, np.abs(signs))]
    logits = np.concatenate(extremes).astype(dtype)
    target = np.concatenate([target] * len(extremes))
    target = target.astype(np.int32 if sort == "codes" else dtype)
    slope = jax.value_and_grad(lambda z, y: loss.value(z, y).sum())
    value, (_, gradient) = jax.jit(lambda z, y: (loss.value(z, y), slope(z, y)))(logits, target)
    assert value.dtype == gradient.dtype == dtype
    plain = loss.value(logits, target)
    closed = (loss.gradient(logits, target), loss.hessian(logits, target))
    for found in (value, gradient, plain, *closed, loss.inverse_link(logits)):
        assert np.isfinite(found).all()
    np.testing.assert_allclose(value, plain, rtol=1e-5, atol=1e-30)  # XLA flushes subnormals
    np.testing.assert_allclose(gradient, closed[0], rtol=1e-5, atol=1e-6)


@every_case
def test_the_largest_curvature_is_the_least_bound_of_the_hessian(loss, outputs, sort):
    largest, target = 0.0, example(loss, outputs, sort)[1]
    two = np.zeros((ROWS, outputs))
    two[:, 2:] = -50.0  # two classes as likely, and no other
    at_target = np.tile(target[:, None], outputs) if loss.link == "identity" else two
    spreads = [example(loss, outputs, sort, spread)[0] for spread in (0.1, 1.0, 10.0)]
    for logits in (two, two + 50.0, two - 50.0, at_target, *spreads):
        largest = max(largest, np.linalg.eigvalsh(loss.hessian(logits, target)).max())
    bound = loss.largest_curvature(outputs)
    if bound is None:
        assert not loss.smooth or loss.one_score or largest > 1e9
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
    expected = np.quantile(target, loss.quantiles, weights=weight, method="inverted_cdf")
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


# What a loss states that it can do is true, and what it does not state is not.


@every_case
def test_every_solver_takes_a_loss_to_its_optimum_or_refuses_it_by_name(loss, outputs, sort):
    _, target = example(loss, outputs, sort)
    columns, alpha = np.random.default_rng(4).normal(size=(ROWS, 2)), 0.1

    def objective(point):
        losses = loss.value(columns @ point[:-1] + point[-1], target)
        return losses.mean() + alpha / 2 * (point[:-1] ** 2).sum()

    def solved(name):
        steps = minimise(columns, target, loss, L2(alpha), solver=CONVEX[name], outputs=outputs)
        layer = solve(steps).params["layers"][0]
        return np.vstack([layer["weight"], layer["bias"]])

    rng = np.random.default_rng(5)
    assert solvers_of(loss)
    for name in CONVEX:
        if name not in solvers_of(loss):
            with pytest.raises(SpecError, match=rf"which {loss.name} is not\..*solver='"):
                solved(name)
            continue
        # Convex, so that what no small step from a point lowers is the least there is.
        best = solved(name)
        for size in (1e-3, 1e-2, 0.1, 1.0):
            steps = size * rng.normal(size=(50, *best.shape))
            steps[:, :-1] = loss.tied(steps[:, :-1])
            assert min(objective(best + step) for step in steps) >= objective(best) - 1e-10


@every_case
def test_a_quadratic_loss_is_the_squared_error(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)
    alike = outputs == 1 and np.allclose(loss.value(logits, target), (logits[:, 0] - target) ** 2)
    assert loss.quadratic == alike


@every_case
def test_a_strictly_convex_loss_bends_at_all_logits(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)
    least = np.linalg.eigvalsh(loss.hessian(logits, target))
    if loss.link == "logit" and outputs > 1:  # the same number on all logits changes nothing
        np.testing.assert_allclose(least[:, 0], 0.0, atol=1e-12)
        least = least[:, 1:]
    assert loss.strictly_convex == bool((least > 1e-12).all())


@of_numbers
def test_a_homogeneous_loss_of_another_unit_is_a_multiple_of_itself(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)
    factors = [loss.value(c * logits, c * target) / loss.value(logits, target) for c in (2.0, 4.0)]
    same = all(np.allclose(factor, factor[0]) for factor in factors)
    assert loss.homogeneous == (same and np.isclose(factors[0][0] ** 2, factors[1][0]))


@every_case
def test_a_majorant_is_above_the_loss_and_touches_it(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)
    curvature = loss.majorant(logits, target)
    if not loss.majorises:
        np.testing.assert_array_equal(curvature, loss.hessian(logits, target))
        return
    assert (np.linalg.eigvalsh(curvature) > 0).all()
    here, slope = loss.value(logits, target), loss.gradient(logits, target)
    for seed in range(20):
        step = 3.0 * np.random.default_rng(seed).normal(size=logits.shape)
        bend = np.einsum("ni,nij,nj->n", step, curvature, step) / 2
        parabola = here + (slope * step).sum(axis=1) + bend
        assert (loss.value(logits + step, target) <= parabola + 1e-12 * (1 + parabola)).all()


@every_case
def test_a_solver_starts_at_the_mean_of_a_likelihood_and_among_the_targets_else(
    loss, outputs, sort
):
    target, weight, _ = weighted_example(loss, outputs, sort)
    start = loss.start(target, weight, outputs)
    assert start.shape == (outputs,)
    if loss.link == "logit":
        shares = np.eye(max(outputs, 2))[target] if sort == "codes" else target
        mean = weight @ shares
        mean = mean if np.ndim(mean) else [1 - mean, mean]
        np.testing.assert_allclose(loss.inverse_link(start[None])[0], mean, rtol=1e-12)
    elif loss.likelihood is not None:
        np.testing.assert_allclose(loss.inverse_link(start[None])[0], weight @ target)
    else:
        assert (start >= target.min()).all()
        assert (start <= target.max()).all()


@of_numbers
def test_a_loss_of_numbers_pads_no_outputs(loss, outputs, sort):
    assert not loss.pads_outputs


@of_classes
def test_a_loss_of_classes_is_not_homogeneous(loss, outputs, sort):
    assert not loss.homogeneous


@of_softmax
def test_an_output_that_pads_changes_nothing(loss, outputs, sort):
    logits, target = example(loss, outputs, sort)
    padded = np.column_stack([logits, np.full(ROWS, NEVER)])
    wider = np.column_stack([loss.gradient(logits, target), np.zeros(ROWS)])
    same = np.array_equal(loss.value(padded, target), loss.value(logits, target))
    same = same and np.allclose(loss.gradient(padded, target), wider)
    assert loss.pads_outputs == (same and not loss.one_score)  # its slopes tell where it ends


@every_case
def test_a_pinball_loss_is_the_sum_that_it_states(loss, outputs, sort):
    assert loss.quantiles == tuple(level for _, level in loss.pinball)
    assert loss.at_levels((0.2, 0.7)) == loss or loss.at_levels((0.2, 0.7)).quantiles == (0.2, 0.7)
    if not loss.pinball:
        return
    logits, target = example(loss, outputs, sort)
    shares, levels = np.array(loss.pinball).T
    error = target[:, None] - logits
    total = (shares * np.maximum(levels * error, (levels - 1) * error)).sum(axis=1)
    np.testing.assert_allclose(loss.value(logits, target), total, rtol=1e-12)


@of_observations
def test_a_likelihood_falls_as_the_loss_rises(loss, outputs, sort):
    likelihood, (logits, target) = loss.likelihood, example(loss, outputs, sort, spread=1.0)
    weight = np.random.default_rng(6).integers(1, 4, ROWS).astype(float)

    def both(logits):
        deviance = 2 * likelihood.unit * weight @ loss.value(logits, target)
        # The variance of a normal distribution is the one of the greatest likelihood.
        size = weight.sum() * np.log(deviance) if loss.quadratic else deviance
        return size, likelihood.log_likelihood(logits, target, weight, False, 1.0)

    (here, by_here), (there, by_there) = both(logits), both(0.5 * logits)
    assert by_here - by_there == pytest.approx(-(here - there) / 2, rel=1e-10)
    if loss.quadratic or likelihood.dispersed:
        equal = likelihood.log_likelihood(logits, target, np.ones(ROWS), True, 0.7)
        assert equal == pytest.approx(
            likelihood.log_likelihood(logits, target, np.ones(ROWS), False, 0.7)
        )
    assert loss.smooth
    words = ("model", "explained", "separation", "assumption", "robustness")
    assert all(getattr(likelihood, word) for word in words)


@of_one_output
def test_a_likelihoods_link_residual_and_curvature_are_those_of_its_loss(loss, outputs, sort):
    likelihood, (logits, _) = loss.likelihood, example(loss, outputs, sort, spread=1.0)
    mean = loss.inverse_link(logits)
    mean = mean[:, 1] if loss.link == "logit" else mean
    np.testing.assert_allclose(likelihood.link(mean), logits[:, 0], rtol=1e-12)
    # The Hessians are linear in the target, so that at its mean they are at their own.
    curvatures = [likelihood.unit * loss.hessian(logits, at)[:, 0, 0] for at in (mean, 0.9 * mean)]
    if likelihood.expected_curvature is None:
        np.testing.assert_allclose(curvatures[0], curvatures[1])
    else:
        np.testing.assert_allclose(likelihood.expected_curvature(logits[:, 0]), curvatures[0])
        assert not np.allclose(curvatures[0], curvatures[1])
    if likelihood.pearson is not None:
        near = mean + 1e-4 * np.abs(mean)
        deviance = 2 * likelihood.unit * loss.value(logits, near)
        square = likelihood.pearson(logits[:, 0], near) ** 2
        np.testing.assert_allclose(square, deviance, rtol=1e-3)


@of_observations
def test_the_regression_table_of_a_likelihood_has_its_words(loss, outputs, sort):
    _, target = example(loss, outputs, sort)
    columns = np.random.default_rng(8).normal(size=(ROWS, 1))
    found = infer(columns, target, loss, target_name="y")
    assert all(each.error > 0 for each in found.coefficients)
    text = " ".join(str(Summary(found)).split())
    assert loss.likelihood.assumption in text
    assert loss.likelihood.ratio in text
    assert loss.likelihood.model in text or outputs > 1


@cases(lambda loss, outputs, sort: not loss.likelihood)
def test_inference_refuses_a_loss_that_is_no_likelihood_by_name(loss, outputs, sort):
    _, target = example(loss, outputs, sort)
    with pytest.raises(SpecError, match="is no likelihood") as caught:
        infer(np.ones((ROWS, 1)), target, loss)
    assert repr(loss) in caught.value.message or repr(loss.name) in caught.value.message
    for name, other in LOSSES.items():
        assert (name in caught.value.remedy) == (other.likelihood is not None)


@every_case
def test_the_formulas_are_there_and_hold_the_losss_own_numbers(loss, outputs, sort):
    texts = [loss.formula(outputs), loss.slope_formula, loss.target_formula]
    assert texts[0] != Loss.formula(loss, outputs)
    assert texts[1] != Loss.slope_formula.fget(loss)
    assert len(loss.symbols) <= len(fields(loss))
    assert all(any(symbol in text for text in texts) for symbol in loss.symbols)


@cases(lambda loss, outputs, sort: loss.target_formula)
def test_a_truth_that_the_loss_changes_is_the_probability_less_the_slope(loss, outputs, sort):
    # (1 − s)·t + s/K, which the worked step shows.
    logits, target = example(loss, outputs, sort)
    size, classes = loss.symbols["s"], max(outputs, 2)
    truth = np.eye(classes)[target] if sort == "codes" else target
    truth = truth[:, -1:] if truth.ndim == 2 and outputs == 1 else truth.reshape(ROWS, outputs)
    made = loss.inverse_link(logits)[:, -outputs:] - loss.gradient(logits, target)
    np.testing.assert_allclose(made, (1 - size) * truth + size / classes, atol=1e-15)
