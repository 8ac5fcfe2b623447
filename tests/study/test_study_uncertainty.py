"""Robust intervals of coefficients, against statsmodels."""

import jax
import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy.special import expit

import gradum
from gradum.core import Network, Problem, objective
from gradum.core.losses import LOSSES
from gradum.core.penalties import L2
from gradum.rungs.linear.spec import LinearSpec
from gradum.solvers.driver import solve
from gradum.solvers.exact import LeastSquares
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.newton import newton
from gradum.study.inference.regression import regression_table
from gradum.study.uncertainty import coefficient_intervals, main_coefficients, sandwich
from gradum.tables.split import Part
from synthetic import ONCE, task

FREE = LinearSpec(strengths=(1e-6,))
WEAK = {**ONCE, "model": "linear", "linear": FREE}


def table(target, rows=400, **columns):
    """Two independent numbers of different units, a target of them, noise that x scales."""
    rng = np.random.default_rng(3)
    x, z = rng.normal(100, 20, rows), rng.normal(0, 0.01, rows)
    level = 0.02 * (x - 100) - 50 * z
    y = {
        "number": level + np.exp((x - 100) / 40) * rng.normal(size=rows),
        "label": np.where(level + rng.logistic(size=rows) > 0, "yes", "no"),
        "grade": np.digitize(level + rng.logistic(size=rows), [-0.7, 0.7]),
    }[target]
    return pl.DataFrame({"x": x, "z": z, "y": y, **columns})


def learned(model):
    """The rows that the linear rung was fitted on, as statsmodels takes them."""
    frame = model.run.dataset.frame.filter(pl.Series(model.run.parts != Part.TEST))
    return sm.add_constant(frame.select("x", "z").to_numpy()), model.run.dataset.target[
        model.run.parts != Part.TEST
    ]


def half_widths(frame):
    return (frame["high"] - frame["low"]).to_numpy() / 2


@pytest.mark.parametrize("target", ["number", "label"])
def test_a_coefficient_at_its_bound_has_no_interval_and_is_as_if_left_out(target):
    held = gradum.fit(table(target), "y", monotone="z+", **WEAK)  # its slope is below 0
    frame, sentence, _ = coefficient_intervals(held.run)
    assert "the coefficients of 'z' at 0" in sentence
    assert frame["low"].is_null().all()
    without = gradum.fit(table(target).drop("z"), "y", **WEAK)
    x, z = (frame.filter(feature=name)["coefficient"].item() for name in "xz")
    assert z == 0
    alone, *_ = coefficient_intervals(without.run)
    assert x == pytest.approx(alone.filter(feature="x")["coefficient"].item(), rel=1e-6)
    as_it_is, *_ = coefficient_intervals(gradum.fit(table(target), "y", **WEAK).run)
    kept = gradum.fit(table(target), "y", monotone="z-", **WEAK)
    frame, *_ = coefficient_intervals(kept.run)
    numbers = frame.select(pl.selectors.numeric()).to_numpy()
    np.testing.assert_allclose(
        numbers, as_it_is.select(pl.selectors.numeric()).to_numpy(), rtol=1e-5
    )


def test_least_squares_has_the_errors_of_statsmodels_hc3():
    model = gradum.fit(table("number"), "y", **WEAK)
    inputs, target = learned(model)
    peer = sm.OLS(target, inputs).fit(cov_type="HC3")
    frame, *_ = coefficient_intervals(model.run)
    np.testing.assert_allclose(half_widths(frame), 1.959963984540054 * peer.bse, rtol=1e-6)
    np.testing.assert_allclose(frame["low"], peer.conf_int()[:, 0], rtol=1e-5, atol=1e-5)


def test_logistic_regression_has_the_errors_of_hc3():
    model = gradum.fit(table("label"), "y", **WEAK)
    inputs, target = learned(model)
    share = expit(inputs @ sm.Logit(target, inputs).fit(disp=False, tol=1e-12).params)
    bend = share * (1 - share)
    inverse = np.linalg.inv(inputs.T @ (bend[:, None] * inputs))
    leverage = bend * np.einsum("ij,jk,ik->i", inputs, inverse, inputs)
    scores = inputs * ((target - share) / (1 - leverage))[:, None]
    errors = np.sqrt(np.diag(inverse @ scores.T @ scores @ inverse))
    frame, *_ = coefficient_intervals(model.run)
    np.testing.assert_allclose(half_widths(frame), 1.959963984540054 * errors, rtol=1e-6)


def test_weights_are_those_of_weighted_least_squares():
    weight = np.random.default_rng(1).gamma(2.0, size=400)
    model = gradum.fit(table("number", w=weight), "y", weight="w", **WEAK)
    inputs, target = learned(model)
    own = model.run.dataset.weight[model.run.parts != Part.TEST]
    peer = sm.WLS(target, inputs, weights=own).fit(cov_type="HC3")
    frame, *_ = coefficient_intervals(model.run)
    np.testing.assert_allclose(half_widths(frame), 1.959963984540054 * peer.bse, rtol=1e-6)


def test_rows_of_a_group_count_together():
    group = np.repeat([f"g{k:02}" for k in range(50)], 8)
    model = gradum.fit(table("number", g=group), "y", group="g", **WEAK)
    inputs, target = learned(model)
    own = model.run.dataset.groups[model.run.parts != Part.TEST]
    peer = sm.OLS(target, inputs).fit(
        cov_type="cluster", cov_kwds={"groups": own, "use_correction": False}
    )
    frame, sentence, _ = coefficient_intervals(model.run)
    np.testing.assert_allclose(half_widths(frame), 1.959963984540054 * peer.bse, rtol=1e-6)
    assert "rows of one group taken together" in sentence


def test_a_standardised_interval_is_that_of_one_standard_deviation():
    model = gradum.fit(table("number"), "y", **WEAK)
    frame, *_ = coefficient_intervals(model.run)
    deviation = learned(model)[0][:, 1:].std(axis=0)
    widths = (frame["standardised_high"] - frame["standardised_low"]).to_numpy() / 2
    np.testing.assert_allclose(widths[1:], half_widths(frame)[1:] * deviation, rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.3, 1e-3])
def test_a_softmax_has_the_sandwich_of_automatic_differentiation(alpha):
    rng = np.random.default_rng(0)
    columns, target = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    weight, groups = rng.gamma(2.0, size=60), rng.integers(0, 20, 60)
    loss = LOSSES["log_loss"]
    model = LinearModel.of(columns, target, loss, outputs=3, weight=weight)
    solution = solve(newton(model, l2=alpha))
    for own in (None, groups):
        variance = sandwich(
            Columns.of(columns),
            target,
            loss,
            solution.params,
            alpha=alpha,
            weight=weight,
            combinations=np.eye(4),
            groups=own,
        )
        brute = brute_force(columns, target, weight, own, solution.params, alpha)
        np.testing.assert_allclose(variance, brute, rtol=1e-7)


def brute_force(columns, target, weight, groups, params, alpha):
    """H⁺ M H⁺ by differentiating the objective itself; the pseudo-inverse fixes the free shift."""
    problem = Problem(Network(3, 3), LOSSES["log_loss"], L2(alpha))
    groups = np.arange(len(target)) if groups is None else groups
    with jax.enable_x64(True):
        flat, restore = jax.flatten_util.ravel_pytree(params)

        def whole(theta):
            return objective(restore(theta), problem, {"dense": columns}, target, weight)

        def each(theta):
            logits = problem.network.apply(restore(theta), {"dense": columns})
            return weight * problem.loss.value(logits, target) / weight.sum()

        inverse = np.linalg.pinv(jax.jit(jax.hessian(whole))(flat), rcond=1e-10)
        scores = np.asarray(jax.jit(jax.jacfwd(each))(flat))
        summed = [scores[groups == group].sum(axis=0) for group in np.unique(groups)]
        moved = inverse @ np.array(summed).T
        layer = restore(np.sum(moved**2, axis=1))["layers"][0]
        return np.vstack([layer["weight"], layer["bias"]])


def test_intervals_hold_the_penalised_estimate_of_other_samples():
    rng = np.random.default_rng(5)
    truth, covered = np.array([1.0, -0.5, 0.0]), []

    def sample(rows):
        columns = rng.normal(size=(rows, 3))
        noise = (1 + np.abs(columns[:, 0])) * rng.normal(size=rows)
        return columns, columns @ truth + noise

    def estimate(columns, target):
        return LeastSquares(columns, target).solve(0.5).params

    limit = estimate(*sample(400_000))["layers"][0]["weight"][:, 0]
    assert np.abs(limit - truth).max() > 0.1  # the penalty's pull is plain to see
    for _ in range(150):
        columns, target = sample(200)
        params = estimate(columns, target)
        variance = sandwich(
            Columns.of(columns),
            target,
            LOSSES["squared_error"],
            params,
            alpha=0.5,
            weight=np.ones(200),
            combinations=np.eye(4),
        )
        away = np.abs(params["layers"][0]["weight"][:, 0] - limit)
        covered.append(away <= 1.96 * np.sqrt(variance[:-1, 0]))
    assert 0.92 < np.mean(covered) < 0.97


def test_a_report_gets_the_largest_first_without_the_intercept(regressor):
    found = main_coefficients(regressor.run)
    first = {"colour=green (against red)", "colour=blue (against red)", "size"}
    assert {row.feature for row in found.rows[:3]} == first
    sizes = [abs(row.standardised.value) for row in found.rows]
    assert sizes == sorted(sizes, reverse=True)
    # without the intercept and the references of two columns
    assert len(found.rows) + found.left_out == len(regressor.coefficients) - 3
    size = next(row.coefficient for row in found.rows if row.feature == "size")
    assert 0.45 < size.low < size.value < size.high < 0.55  # synthetic.mixed makes it 0.5


def coded(rows=400):
    """Two levels, three levels, a number; the first row has a level of its own."""
    rng = np.random.default_rng(8)
    sex = rng.choice(["female", "male"], rows, p=[0.3, 0.7])
    colour = rng.choice(["blue", "green", "red"], rows, p=[0.2, 0.5, 0.3])
    sex[0], x = "unknown", rng.normal(5, 2, rows)
    level = 1.5 * (sex == "male") - 0.8 * (colour == "red") + 0.3 * x - 2
    return pl.DataFrame(
        {
            "x": x,
            "sex": sex,
            "colour": colour,
            "number": level + rng.normal(size=rows),
            "label": np.where(level + rng.logistic(size=rows) > 0, "yes", "no"),
        }
    )


EXPECTED = ["x", "sex=female", "colour=blue", "colour=red"]


@pytest.mark.parametrize("target", ["number", "label"])
def test_levels_are_compared_with_the_commonest_as_statsmodels_does(target):
    """The penalty is tiny, and the contrasts and their HC3 errors those of 0/1 columns by hand."""
    frame = coded().drop("label" if target == "number" else "number")[1:]
    model = gradum.fit(frame, target, **WEAK)
    learned = model.run.dataset.frame.filter(pl.Series(model.run.parts != Part.TEST))
    truth = model.run.dataset.target[model.run.parts != Part.TEST]
    inputs = sm.add_constant(
        np.column_stack(
            [learned["x"]]
            + [learned[name] == level for name, level in (one.split("=") for one in EXPECTED[1:])]
        ).astype(float)
    )
    found = {
        row.feature.split(" (")[0]: row.coefficient for row in main_coefficients(model.run).rows
    }
    assert set(found) == set(EXPECTED)
    peer = sm.OLS(truth, inputs) if target == "number" else sm.Logit(truth, inputs)
    expected = peer.fit(cov_type="HC3", disp=False).params[1:]
    np.testing.assert_allclose([found[name].value for name in EXPECTED], expected, rtol=1e-3)
    frame, *_ = coefficient_intervals(model.run)
    if target == "number":
        errors = peer.fit(cov_type="HC3").bse
        np.testing.assert_allclose(
            [found[name].high - found[name].low for name in EXPECTED],
            2 * 1.959963984540054 * errors[1:],
            rtol=1e-3,
        )
        assert frame["coefficient"][0] == pytest.approx(peer.fit().params[0], rel=1e-3)


def test_the_picture_and_the_regression_table_have_one_reference():
    model = gradum.fit(coded().drop("label")[1:], "number", **WEAK)
    table = regression_table(model.run).inference
    shown = {row.feature: row for row in main_coefficients(model.run).rows}
    assert table.references == {"sex": "male", "colour": "green"}
    for each in table.coefficients:
        if "=" in each.name:
            against = table.references[each.name.split("=")[0]]
            row = shown.pop(f"{each.name} (against {against})")
            assert row.coefficient.value == pytest.approx(each.estimate, rel=1e-2, abs=1e-3)
    assert set(shown) == {"x"}


def test_of_two_levels_the_contrast_is_what_a_prediction_changes_by():
    model = gradum.fit(coded().drop("label"), "number", **ONCE, model="linear")  # penalised
    base = {"x": 4.0, "sex": "male", "colour": "green"}
    for row in main_coefficients(model.run).rows:
        if row.source == "x":
            continue
        changed = base | {row.source: row.feature.split("=")[1].split(" ")[0]}
        difference = model.predict(changed, rung="linear") - model.predict(base, rung="linear")
        assert difference[0] == pytest.approx(row.coefficient.value, rel=1e-9)


def test_a_refitted_rung_is_asked_about_all_rows():
    model = gradum.fit(table("number"), "y", refit=True, **WEAK)
    everything = model.run.dataset
    inputs = sm.add_constant(everything.frame.select("x", "z").to_numpy())
    peer = sm.OLS(everything.target, inputs).fit(cov_type="HC3")
    frame, *_ = coefficient_intervals(model.run)
    np.testing.assert_allclose(half_widths(frame), 1.959963984540054 * peer.bse, rtol=1e-6)


def test_too_many_coefficients_have_none(regressor, monkeypatch):
    monkeypatch.setattr("gradum.study.uncertainty.MOST_PARAMETERS", 5)
    frame, sentence, _ = coefficient_intervals(regressor.run)
    assert frame["low"].null_count() == len(frame)
    assert "No intervals: 31 coefficients of 960 rows are too many." in sentence
    assert main_coefficients(regressor.run).rows[0].coefficient.low is None


def test_columns_that_depend_on_each_other_have_none_without_a_penalty():
    model = gradum.fit(
        table("label").with_columns(twin=2 * pl.col("x") + pl.col("z")),
        "y",
        **{**WEAK, "linear": LinearSpec(strengths=(0.0,))},
    )
    frame, sentence, _ = coefficient_intervals(model.run)
    assert frame["low"].null_count() == len(frame)
    assert "cannot be told apart" in sentence


def test_without_a_linear_rung_there_is_nothing_to_show():
    model = gradum.fit(task("amount", 200), "amount", model="mlp", **ONCE)
    assert main_coefficients(model.run) is None
