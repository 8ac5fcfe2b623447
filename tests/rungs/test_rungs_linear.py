"""The linear rung against scikit-learn on columns that pandas and scikit-learn made."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from msgspec.structs import replace
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from gradum.rungs.context import Context
from gradum.rungs.linear.fit import fit_linear
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.rows import Rows
from gradum.tables.check.check import check
from gradum.tables.check.role_values import target_values
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table
from synthetic import SHORT, task

ROWS = 400


def table(target):
    return task(target, ROWS).with_columns(pl.col("age").fill_null(30.0))


def rows(target, weight=None):
    frame = Table(table(target), "synthetic")
    schema = infer(frame, target=target)
    checked = check(frame, schema)
    weight = np.ones(ROWS) if weight is None else weight
    classes = len(schema.target.classes) or None
    design = Encoder.fit(checked.frame, schema).transform(checked.frame)
    return Rows(design, target_values(checked), weight, classes)


def peers_columns(target):
    """Numbers standardised, a column of two values as -1 and 1, one column a level."""
    frame = table(target).to_pandas()
    numbers = StandardScaler().fit_transform(frame[["size", "age"]])
    member = StandardScaler().fit_transform(frame[["member"]])
    levels = [pd.get_dummies(frame[name]).to_numpy(float) for name in ("colour", "city")]
    return np.hstack([numbers, member, *levels])


def fit(given, spec=SHORT, **options):
    validation = np.arange(len(given)) % 5 == 0
    context = Context(seed=options.get("seed", 0))
    return fit_linear(given, validation, spec, context, log_target=options.get("log", False))


@pytest.mark.parametrize("weighted", [False, True])
def test_a_number_is_predicted_as_by_ridge(weighted):
    """mean w(y - f)²/σ² + alpha/2 ‖W‖² is Ridge's objective with alpha · n / 2 on y / σ."""
    weight = np.random.default_rng(5).random(ROWS) if weighted else np.ones(ROWS)
    given = rows("amount", weight)
    rung = fit(given)
    alpha = rung.settings["alpha"]
    x = peers_columns("amount")
    spread = np.sqrt(np.cov(given.target, aweights=weight, ddof=0))
    peer = Ridge(alpha=alpha * weight.sum() / 2, tol=1e-12)
    peer.fit(x, given.target / spread, weight)
    np.testing.assert_allclose(
        rung.predict(given.design).value, peer.predict(x) * spread, rtol=1e-6
    )
    assert rung.certificate.gradient_norm < 1e-10


@pytest.mark.parametrize("target", ["label", "grade"])
@pytest.mark.parametrize("weighted", [False, True])
def test_classes_are_predicted_as_by_logistic_regression(target, weighted):
    """mean w·loss + alpha/2 ‖W‖² is scikit-learn's objective with C = 1 / (alpha Σw)."""
    weight = np.random.default_rng(5).random(ROWS) if weighted else np.ones(ROWS)
    given = rows(target, weight)
    rung = fit(given)
    x = peers_columns(target)
    peer = LogisticRegression(
        C=1 / (rung.settings["alpha"] * weight.sum()), tol=1e-9, max_iter=9999
    )
    peer.fit(x, given.target, weight)
    np.testing.assert_allclose(
        rung.predict(given.design).probability, peer.predict_proba(x), atol=2e-5
    )


def test_many_levels_stay_sparse_and_the_certificate_says_how_exact_it_is():
    rung = fit(rows("label"))
    assert "sparse_one_hot" in rung.input_layer.treatments
    assert rung.status == "converged"
    assert rung.certificate.gradient_norm < 1e-6


def test_the_logarithm_is_learned_and_smeared():
    """Fitted on exact powers, exp(a + b·size), the residuals vanish and the target comes back."""
    given = rows("amount")
    power = np.exp(given.design.dense[:, 0] / 20)
    given = Rows(given.design, power, given.weight, None)
    rung = fit(given, LinearSpec(strengths=(1e-9,)), log=True)
    assert rung.target_scale.smearing == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(rung.predict(given.design).value, power, rtol=1e-6)


def test_a_large_table_is_judged_by_its_validation_rows():
    given = rows("amount")
    rung = fit(given, LinearSpec(strengths=(10.0, 1.0), folds_up_to_rows=100))
    held = np.arange(ROWS) % 5 == 0
    x, y = peers_columns("amount"), (given.target - given.target.mean()) / given.target.std()
    for entry in rung.history:
        strength = entry["alpha"] * ROWS
        peer = Ridge(alpha=strength / 2, tol=1e-12).fit(x[~held], y[~held])
        error = np.mean((peer.predict(x[held]) - y[held]) ** 2)
        assert entry["validation_loss"] == pytest.approx(error, rel=1e-6)


def test_few_groups_are_kept_together_even_on_the_path():
    given = rows("amount")
    for groups in (np.arange(ROWS) % 3, np.zeros(ROWS, int)):
        grouped = Rows(given.design, given.target, given.weight, None, groups)
        five = replace(SHORT, folds=5)
        assert fit(grouped, five).settings["folds"] == max(1, len(set(groups)))
