"""Inference where estimates do not exist: separation, dependent columns, stalled solvers."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from scipy import sparse

from gradum.core.losses import resolve
from gradum.errors import ShapeError, SpecError, TargetError
from gradum.messages import as_text
from gradum.solvers.solution import Status
from gradum.study.inference.collinearity import Standard
from gradum.study.inference.infer import infer
from gradum.study.inference.optimum import fit
from gradum.study.inference.regression_sentences import caveats
from gradum.study.inference.result import Inference


def numbers(rows=60, width=3, seed=0):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, width)) + 2.0
    return columns, columns @ np.arange(1.0, width + 1) + rng.normal(size=rows)


def said(found):
    return " ".join(found.sentences)


def test_a_separating_column_is_named_and_nothing_is_estimated():
    columns, _ = numbers()
    target = (columns[:, 1] > 2.0).astype(int)
    found = infer(columns, target, "log_loss", names=["a", "b", "c"])
    assert found.statistics is None
    assert all(each.estimate is None and each.error is None for each in found.coefficients)
    assert "likelihood has no maximum" in said(found)
    assert "'b' (+∞)" in said(found)


def test_a_level_of_zeros_separates_counts():
    rng = np.random.default_rng(0)
    flag = np.repeat([0.0, 1.0], [50, 10])
    target = np.where(flag == 1, 0, 1 + rng.poisson(2.0, 60)).astype(float)
    found = infer(np.column_stack([flag, rng.normal(size=60)]), target, "poisson", names="ab")
    assert found.statistics is None
    assert "'a' (−∞)" in said(found)
    assert "'b'" not in said(found)


def test_a_class_apart_is_named_among_several():
    rng = np.random.default_rng(0)
    target = np.repeat([0, 1, 2], 30)
    columns = np.column_stack([rng.normal(size=90), (target == 2) + 0.1 * rng.random(90)])
    found = infer(columns, target, "log_loss", names=["a", "b"], classes=["x", "y", "z"])
    assert found.statistics is None
    assert "'b (z)' (+∞)" in said(found)


def test_columns_that_depend_on_each_other_are_named_and_have_no_numbers():
    columns, target = numbers()
    both = np.column_stack([columns, columns[:, 0] - 2 * columns[:, 2]])
    found = infer(both, target, names=["a", "b", "c", "d"])
    known = {each.name: each for each in found.coefficients}
    assert "'d' is determined by 'a', 'c':" in said(found)
    assert all(known[name].estimate is None and known[name].p is None for name in "acd")
    full = {each.name: each for each in infer(columns, target, names=["a", "b", "c"]).coefficients}
    for name in ("b", "(intercept)"):
        assert known[name].error == pytest.approx(full[name].error, rel=1e-10)
        assert known[name].estimate == pytest.approx(full[name].estimate, rel=1e-10)
    assert found.statistics.rank == 4


def test_the_dummies_of_all_levels_take_the_intercept_with_them():
    columns, target = numbers()
    level = np.arange(60) % 3
    dummies = (level[:, None] == np.arange(3)).astype(float)
    found = infer(np.column_stack([columns, dummies]), target, names=list("abcxyz"))
    known = {each.name: each for each in found.coefficients}
    assert "'z' is determined by 'x', 'y' and the intercept" in said(found)
    assert [name for name in known if known[name].estimate is None] == [
        "(intercept)", "x", "y", "z",
    ]  # fmt: skip


def test_a_constant_column_is_named():
    columns, target = numbers()
    found = infer(np.column_stack([columns, np.full(60, 7.0)]), target, names=list("abcd"))
    assert "'d' is constant, as the intercept is" in said(found)
    assert found.coefficients[1].error is not None


def test_collinear_columns_of_several_classes_are_named():
    columns, _ = numbers(120)
    target = np.random.default_rng(1).integers(0, 3, 120)
    found = infer(np.column_stack([columns, columns[:, 1]]), target, "log_loss", names=list("abcd"))
    missing = [each.name for each in found.coefficients if each.estimate is None]
    assert missing == ["b", "d"] * 2


@pytest.mark.parametrize("rows", [3, 4])
def test_too_few_rows_leave_no_error(rows):
    columns, target = numbers(rows)
    found = infer(columns, target)
    assert found.statistics is None
    assert "No standard errors" in said(found)
    assert all(each.error is None for each in found.coefficients)


def test_an_exact_fit_leaves_no_error():
    columns, _ = numbers()
    found = infer(columns, columns @ [1.0, 2.0, 3.0] + 5.0)
    assert found.statistics is None
    assert "the fit is exact" in said(found)
    assert found.coefficients[3].estimate == pytest.approx(3.0)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
@pytest.mark.parametrize("loss", ["squared_error", "gamma"])
def test_the_unit_of_the_target_makes_no_fit_exact(loss, unit):
    columns, target = numbers()
    plain = infer(columns, np.exp(0.1 * target), loss).coefficients[2]
    found = infer(columns, np.exp(0.1 * target) * unit, loss).coefficients[2]
    assert found.p == pytest.approx(plain.p, rel=1e-6)


def test_a_row_of_leverage_1_is_named():
    columns, target = numbers()
    columns[:, 0] = np.arange(60) == 9
    found = infer(columns, target, covariance="HC3")
    assert "Row 10 has leverage 1" in said(found)
    assert all(each.row != 10 for each in found.influential)
    assert all(np.isfinite(each.error) for each in found.coefficients)


@pytest.mark.parametrize("covariance", ["classical", "HC0"])
def test_a_penalised_fit_has_the_spread_of_ridge_and_says_so(covariance):
    columns, target = numbers()
    found = infer(columns, target, alpha=0.5, covariance=covariance)
    matrix = np.column_stack([columns, np.ones(60)])
    hessian = matrix.T @ matrix + 60 * 0.25 * np.diag([1.0, 1.0, 1.0, 0.0])
    inverse = np.linalg.inv(hessian)
    estimate = inverse @ matrix.T @ target
    residual = target - matrix @ estimate
    hat = np.trace(inverse @ matrix.T @ matrix)
    meat = matrix.T @ matrix * (residual @ residual / (60 - hat))
    if covariance == "HC0":
        meat = matrix.T @ (residual[:, None] ** 2 * matrix)
    errors = np.roll(np.sqrt(np.diag(inverse @ meat @ inverse)), 1)
    np.testing.assert_allclose([each.error for each in found.coefficients], errors, rtol=1e-9)
    assert "do not test 'no effect'" in said(found)
    assert found.statistics.parameters == pytest.approx(hat)
    assert found.statistics.aic is None
    assert found.statistics.test is None


def test_a_penalty_determines_what_the_columns_do_not():
    columns, target = numbers()
    twins = np.column_stack([columns, columns[:, 0], np.full(60, 7.0)])
    found = infer(twins, target, alpha=0.1)
    first, twin, constant = (found.coefficients[k] for k in (1, 4, 5))
    assert first.estimate == pytest.approx(twin.estimate, rel=1e-8)
    assert first.error == pytest.approx(twin.error, rel=1e-8)
    assert constant.estimate == pytest.approx(0.0, abs=1e-10)
    assert found.statistics.condition is None
    assert (
        msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text), type=Inference) == found
    )


def test_a_penalised_softmax_has_the_spread_of_its_differences():
    columns, _ = numbers(90)
    target = np.random.default_rng(1).integers(0, 3, 90)
    found = infer(columns, target, "log_loss", alpha=0.1)
    matrix = np.column_stack([columns, np.ones(90)])
    estimate = np.array([each.estimate for each in found.coefficients]).reshape(2, 4)
    # The intercepts' common shift is free, and that of the weights is 0 under the penalty.
    weights = np.vstack([np.zeros(4), np.roll(estimate, -1, axis=1)])
    weights[:, :3] -= weights[:, :3].mean(axis=0)
    odds = np.exp(matrix @ weights.T)
    p = odds / odds.sum(axis=1, keepdims=True)
    information = sum(
        np.kron(np.diag(p[i]) - np.outer(p[i], p[i]), np.outer(matrix[i], matrix[i]))
        for i in range(90)
    )
    hessian = information + 9.0 * np.kron(np.eye(3), np.diag([1.0, 1.0, 1.0, 0.0]))
    inverse = np.linalg.pinv(hessian)
    contrast = np.kron([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]], np.eye(4))
    covariance = contrast @ inverse @ information @ inverse @ contrast.T
    errors = np.roll(np.sqrt(np.diag(covariance)).reshape(2, 4), 1, axis=1).ravel()
    np.testing.assert_allclose([each.error for each in found.coefficients], errors, rtol=1e-6)
    assert found.statistics.parameters == pytest.approx(np.trace(inverse @ information), rel=1e-6)


def test_weights_that_count_no_rows_are_remarked():
    columns, target = numbers()
    found = infer(columns, target, weight=np.full(60, 1.5), weights="frequency")
    assert "not whole numbers" in said(found)
    assert "Σw = 90" in said(found)


def test_nearly_dependent_columns_are_remarked():
    columns, target = numbers()
    columns[:, 2] = columns[:, 0] + 1e-7 * columns[:, 1] ** 2
    assert "nearly depend on each other" in said(infer(columns, target))


def test_what_rounding_hides_has_no_error():
    columns, _ = numbers(90)
    columns[:, 2] = columns[:, 0] + 1e-11 * columns[:, 1] ** 2
    found = infer(columns, np.random.default_rng(1).integers(0, 3, 90), "log_loss")
    assert found.statistics is None
    assert "rounding hides" in said(found)


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        ("squared_error", numbers()[1]),
        ("log_loss", np.arange(60) % 2),
        ("log_loss", np.arange(60) % 3),
        ("log_loss", (numbers()[0][:, 0] > 2).astype(int)),
    ],
)
def test_it_survives_json(loss, target):
    found = infer(numbers()[0], target, loss)
    assert (
        msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text), type=Inference) == found
    )


def test_sparse_columns_are_columns():
    columns, target = numbers()
    assert infer(sparse.csr_array(columns), target) == infer(columns, target)


def test_an_intercept_alone_is_a_mean():
    target = numbers()[1]
    found = infer(np.zeros((60, 0)), target)
    assert found.coefficients[0].estimate == pytest.approx(target.mean())
    assert found.coefficients[0].error == pytest.approx(target.std(ddof=1) / np.sqrt(60))
    assert found.statistics.test is None


def test_rows_of_weight_0_are_not_there():
    columns, target = numbers()
    weight = np.ones(60)
    weight[[3, 40]] = 0.0
    found = infer(columns, target, weight=weight, weights="frequency")
    rest = infer(np.delete(columns, [3, 40], 0), np.delete(target, [3, 40]))
    assert found.coefficients == rest.coefficients
    assert found.statistics.rows == 58


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"loss": "huber"}, SpecError, "huber"),
        ({"loss": "cauchy"}, SpecError, "cauchy"),
        ({"covariance": "HC4"}, SpecError, "HC4"),
        ({"weights": "aweight"}, SpecError, "aweight"),
        ({"level": 95}, SpecError, "95"),
        ({"alpha": -1.0}, SpecError, "alpha"),
        ({"alpha": "cv"}, SpecError, "alpha"),
        ({"alpha": None}, SpecError, "alpha"),
        ({"level": "x"}, SpecError, "level"),
        ({"groups": np.zeros(60, int), "covariance": "HC1"}, SpecError, "HC1"),
        ({"weight": np.ones(60)}, SpecError, "frequency.*precision"),
        ({"weight": np.ones(59), "weights": "precision"}, ShapeError, "weights"),
        ({"weight": np.full(60, np.nan), "weights": "precision"}, SpecError, "weights"),
        ({"offset": np.ones(59)}, ShapeError, "offsets"),
        ({"offset": np.full(60, np.inf)}, SpecError, "offsets"),
        ({"names": ["a"]}, ShapeError, "names"),
        ({"loss": "poisson"}, TargetError, "at least 0"),
        ({"loss": "log_loss"}, TargetError, "between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(options, error, word):
    columns, target = numbers()
    with pytest.raises(error, match=word):
        infer(columns, target - 10.0, **options)


def test_robust_errors_by_leverage_need_a_single_output():
    with pytest.raises(SpecError, match="HC3"):
        infer(numbers()[0], np.arange(60) % 3, "log_loss", covariance="HC3")


def test_a_class_without_rows_is_refused():
    with pytest.raises(TargetError, match="'b'"):
        infer(numbers()[0], np.arange(60) % 2 * 2, "log_loss", classes=["a", "b", "c"])


@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "poisson"])
@pytest.mark.parametrize("off", [0.0, 0.1])
def test_a_solver_that_stalled_is_only_mentioned_short_of_the_optimum(loss, off):
    columns, target = numbers()
    target = {
        "squared_error": target,
        "log_loss": np.random.default_rng(1).integers(0, 3, 60),
        "poisson": np.random.default_rng(1).poisson(2.0, 60).astype(float),
    }[loss]
    weight, loss = np.ones(60), resolve(loss)
    standard = Standard.of(columns, weight, fit_intercept=True)
    outputs = 3 if loss.name == "log_loss" else 1
    found = fit(standard, target, weight, "frequency", loss, outputs, 0.0, np.zeros(60))
    moved = found.fitted.logits.copy()
    moved[:, 0] += off
    found = replace(found, fitted=replace(found.fitted, logits=moved))
    remarks = " ".join(caveats(found.fitted, Status.STALLED, found.slope))
    assert ("stopped short of the optimum" in remarks) == (off > 0)
