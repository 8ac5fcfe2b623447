"""Columns and levels that predict a class without error, and the rows left without them."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

import gradum
from gradum.study.inference.infer import infer


def flagged(rows=300, seed=0):
    """Two numbers and a 0/1 column, with noise in the classes."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, 3))
    columns[:, 2] = np.arange(rows) % 30 == 7
    noise = rng.logistic(size=rows)
    return columns, (columns[:, 0] - 0.5 + noise > 0).astype(int)


def said(found):
    return " ".join(found.sentences)


def test_a_level_that_predicts_a_class_goes_with_its_rows():
    columns, target = flagged()
    flag = columns[:, 2] == 1
    target[flag] = 1
    found = infer(columns, target, "log_loss", names=["a", "b", "c"], classes=["no", "yes"])
    peer = sm.Logit(target[~flag], sm.add_constant(columns[~flag, :2])).fit(disp=0)
    own = found.coefficients
    np.testing.assert_allclose([each.estimate for each in own[:3]], peer.params, rtol=1e-7)
    np.testing.assert_allclose([each.error for each in own[:3]], peer.bse, rtol=1e-7)
    assert own[3].estimate is None
    assert found.statistics.rows == 290
    assert found.statistics.log_likelihood == pytest.approx(peer.llf)
    assert "'c' is left out with its 10 rows, which it predicts without error: class 'yes'." in (
        said(found)
    )


def test_the_estimates_are_the_limit_of_a_vanishing_penalty():
    columns, target = flagged()
    target[columns[:, 2] == 1] = 1
    found = infer(columns, target, "log_loss").coefficients
    near = infer(columns, target, "log_loss", alpha=1e-9).coefficients
    for mine, theirs in zip(found[:3], near[:3], strict=True):
        assert mine.estimate == pytest.approx(theirs.estimate, abs=1e-4)


def test_a_column_whose_zeros_predict_a_class_goes_with_these():
    columns, target = flagged()
    columns[:, 2] = 1.0 - columns[:, 2]
    zeros = columns[:, 2] == 0
    target[zeros] = 0
    found = infer(columns, target, "log_loss", names=["a", "b", "c"], classes=["no", "yes"])
    peer = sm.Logit(target[~zeros], sm.add_constant(columns[~zeros, :2])).fit(disp=0)
    np.testing.assert_allclose(
        [each.estimate for each in found.coefficients[:3]], peer.params, rtol=1e-7
    )
    assert "'c' is left out with the 10 rows where it is 0" in said(found)


def test_what_predicts_only_among_the_rows_left_is_left_out_next():
    columns, target = flagged()
    first = columns[:, 2] == 1
    second = np.arange(300) % 30 < 3
    target[second] = 1
    target[np.flatnonzero(second)[:2]] = 0
    first[np.flatnonzero(second)[:2]] = True
    target[first] = 0
    columns = np.column_stack([columns[:, :2], first, second])
    found = infer(columns, target, "log_loss", names=["a", "b", "c", "d"])
    left = ~(first | second)
    peer = sm.Logit(target[left], sm.add_constant(columns[left, :2])).fit(disp=0)
    np.testing.assert_allclose(
        [each.estimate for each in found.coefficients[:3]], peer.params, rtol=1e-7
    )
    assert found.statistics.rows == left.sum()


def test_many_levels_are_named_in_one_sentence():
    columns, target = flagged()
    flags = (np.arange(300)[:, None] == np.arange(7) * 11).astype(float)
    target[flags.any(axis=1)] = 0
    names = ["a", "b", *(f"f{k}" for k in range(7))]
    found = infer(np.column_stack([columns[:, :2], flags]), target, "log_loss", names=names)
    assert (
        "'f0', 'f1', 'f2', 'f3', 'f4' and 2 more are left out with their 7 rows, which they "
        "predict without error: class '0'."
    ) in said(found)


def test_a_column_that_is_the_class_leaves_no_numbers_and_is_named():
    columns, target = flagged()
    columns[:, 2] = target
    found = infer(columns, target, "log_loss", names=["a", "b", "c"])
    assert found.statistics is None
    assert all(each.estimate is None for each in found.coefficients)
    assert "'c' tells the classes apart without error" in said(found)


def test_columns_that_separate_together_are_named():
    columns, _ = flagged()
    target = (columns[:, 0] + columns[:, 1] > 0).astype(int)
    found = infer(columns, target, "log_loss", names=["a", "b", "c"])
    assert found.statistics is None
    assert "together: 'a', 'b'." in said(found)


def three_classes():
    columns, _ = flagged(400)
    rng = np.random.default_rng(1)
    utility = np.column_stack([np.zeros(400), columns[:, 0], -columns[:, 1]])
    return columns, (utility + rng.gumbel(size=(400, 3))).argmax(axis=1)


def test_of_three_classes_a_pure_level_goes_with_its_rows():
    columns, target = three_classes()
    flag = columns[:, 2] == 1
    target[flag] = 2
    found = infer(columns, target, "log_loss", names=["a", "b", "c"])
    peer = sm.MNLogit(target[~flag], sm.add_constant(columns[~flag, :2])).fit(disp=0)
    own = np.array([each.estimate or np.nan for each in found.coefficients]).reshape(2, 4)
    np.testing.assert_allclose(own[:, :3].T, peer.params, rtol=1e-6)
    assert found.statistics.rows == 400 - flag.sum()


def test_of_three_classes_a_level_without_one_goes_alone():
    columns, target = three_classes()
    flag = columns[:, 2] == 1
    target[flag] = np.where(np.arange(flag.sum()) % 2, 0, 2)
    found = infer(columns, target, "log_loss", names=["a", "b", "c"])
    peer = sm.MNLogit(target, sm.add_constant(columns[:, :2])).fit(disp=0)
    own = np.array([each.estimate or np.nan for each in found.coefficients]).reshape(2, 4)
    np.testing.assert_allclose(own[:, :3].T, peer.params, rtol=1e-6)
    assert found.statistics.rows == 400
    assert "'c' is left out, but its rows are not" in said(found)


def test_a_penalty_keeps_every_row():
    columns, target = flagged()
    target[columns[:, 2] == 1] = 1
    assert infer(columns, target, "log_loss", alpha=0.1).statistics.rows == 300


def test_rows_keep_their_numbers_weights_and_groups():
    columns, target = flagged()
    flag = columns[:, 2] == 1
    target[flag] = 1
    rng = np.random.default_rng(2)
    weight, groups = rng.integers(1, 4, 300), np.arange(300) // 6
    rest = {"weights": "frequency", "weight": weight[~flag], "groups": groups[~flag]}
    found = infer(columns, target, "log_loss", weights="frequency", weight=weight, groups=groups)
    numbers = np.flatnonzero(~flag) + 1
    wanted = infer(columns[~flag, :2], target[~flag], "log_loss", numbers=numbers, **rest)
    for mine, theirs in zip(found.coefficients[:3], wanted.coefficients, strict=True):
        assert mine.estimate == pytest.approx(theirs.estimate, rel=1e-10)
        assert mine.error == pytest.approx(theirs.error, rel=1e-10)
    assert [each.row for each in found.influential] == [each.row for each in wanted.influential]


def test_a_table_with_a_rare_level_has_its_numbers():
    columns, target = flagged()
    level = np.where(columns[:, 2] == 1, "rare", np.where(np.arange(300) % 2, "p", "q"))
    frame = pl.DataFrame({"x": columns[:, 0], "g": level, "y": np.where(target, "yes", "no")})
    frame = frame.with_columns(y=pl.when(pl.col("g") == "rare").then(pl.lit("no")).otherwise("y"))
    summary = gradum.infer(frame, "y")
    assert "'g=rare' is left out with its 10 rows" in said(summary.inference)
    assert all(
        (each.error is None) == (each.name == "g=rare") for each in summary.inference.coefficients
    )
