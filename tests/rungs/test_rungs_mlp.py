"""The multi-layer perceptron rung: the epoch kept, its loss, and trainings that diverge."""

import dataclasses
import re

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.metrics import log_loss, mean_squared_error, r2_score

import gradum
from gradum.errors import SpecError
from gradum.rungs.context import ALONE, Context
from gradum.rungs.linear.fit import fit_linear
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.fit import fit_mlp
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.rows import Rows
from gradum.solvers.solution import Status
from gradum.tables.check.check import check
from gradum.tables.check.role_values import target_values
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table
from synthetic import task

SPEC = MLPSpec(hidden_layer_sizes=(8,), max_epochs=12, patience=3, learning_rate=0.02)


def rows(frame, target):
    table = Table(frame, "synthetic")
    schema = infer(table, target=target)
    checked = check(table, schema)
    design = Encoder.fit(checked.frame, schema).transform(checked.frame)
    classes = len(schema.target.classes) or None
    return Rows(design, target_values(checked), np.ones(len(frame)), classes)


def fit(train, validation, spec=SPEC, *, seed=0, **options):
    context = Context(seed=seed)
    return fit_mlp(train, validation, spec, context, **{"log_target": False} | options)


def halves(target, n=400):
    whole = rows(task(target, n), target)
    return whole.take(np.arange(n * 3 // 4)), whole.take(np.arange(n * 3 // 4, n))


@pytest.mark.parametrize("target", ["label", "grade"])
def test_the_epoch_kept_is_the_best_and_its_loss_is_scikit_learns(target):
    train, validation = halves(target)
    rung = fit(train, validation)
    by_epoch = [entry["validation_loss"] for entry in rung.history]
    best = int(np.argmin(by_epoch))
    assert rung.certificate.best_epoch == rung.history[best]["epoch"] == best + 1
    said = rung.predict(validation.design).probability
    assert by_epoch[best] == pytest.approx(log_loss(validation.target, said), rel=1e-5)


def test_the_loss_of_a_number_is_in_units_of_its_variance():
    train, validation = halves("amount")
    rung = fit(train, validation)
    inside = dataclasses.replace(rung, clamp=False).predict(validation.design).value
    error = mean_squared_error(validation.target, inside) / train.target.var()
    assert rung.certificate.validation_loss == pytest.approx(error, rel=1e-4)


def test_predictions_of_numbers_stay_within_the_training_targets():
    train, validation = halves("amount")
    rung = fit(train, validation)
    far = dataclasses.replace(
        validation.design,
        arrays={**validation.design.arrays, "dense": validation.design.dense + 1e6},
    )
    said = rung.predict(far).value
    assert said.min() >= train.target.min()
    assert said.max() <= train.target.max()


def test_patience_ends_the_training_early():
    train, validation = halves("label", 100)
    rung = fit(train, validation, structs.replace(SPEC, max_epochs=200, learning_rate=0.1))
    assert rung.status == "early_stopped"
    assert len(rung.history) == rung.certificate.best_epoch + SPEC.patience < 200


def test_without_validation_rows_it_trains_as_long_as_said():
    train, _ = halves("label")
    rung = fit(train, None, epochs=4)
    assert [entry["epoch"] for entry in rung.history] == [1, 2, 3, 4]
    assert all(entry["validation_loss"] is None for entry in rung.history)


def test_the_seed_decides_every_weight():
    train, validation = halves("label")

    def weights(seed):
        return fit(train, validation, seed=seed).params["layers"][0]["weight"]

    np.testing.assert_array_equal(weights(3), weights(3))
    assert not np.allclose(weights(3), weights(4))


def test_many_levels_share_an_embedding_and_are_learned_from():
    """The level alone decides the target, which no linear scale of its code could tell."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, 20, 800)
    effect = rng.permutation(np.linspace(-3, 3, 20))
    frame = pl.DataFrame(
        {"shop": [f"shop {k:02}" for k in level], "y": effect[level] + rng.normal(0, 0.3, 800)}
    )
    whole = rows(frame, "y")
    train, held = whole.take(np.arange(600)), whole.take(np.arange(600, 800))
    rung = fit(train, held, MLPSpec(hidden_layer_sizes=(16,), max_epochs=40, learning_rate=0.01))
    assert rung.params["embedding"].shape == (21, 8)
    assert r2_score(held.target, rung.predict(held.design).value) > 0.95


def test_it_learns_what_no_linear_model_can():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 2))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] * x[:, 1] > 0})
    whole = rows(frame, "y")
    train, held = whole.take(np.arange(700)), whole.take(np.arange(700, 900))
    mlp = fit(train, held, MLPSpec(hidden_layer_sizes=(16,), max_epochs=40, learning_rate=0.02))
    nothing, one = np.zeros(700, bool), LinearSpec(strengths=(1.0,))
    linear = fit_linear(train, nothing, one, ALONE, log_target=False)
    assert np.mean(mlp.predict(held.design).value == held.target) > 0.93
    assert np.mean(linear.predict(held.design).value == held.target) < 0.65


@pytest.mark.parametrize("target", ["amount", "label"])
def test_training_that_diverged_says_where_and_which_learning_rate_to_try(target):
    rung = fit(*halves(target), structs.replace(SPEC, learning_rate=1e6))
    assert rung.status is Status.DIVERGED
    assert re.search(r"step \d+, where the gradient.s norm was \S+; try learning_", rung.advice)


def test_training_after_which_nothing_can_be_predicted_is_refused():
    with pytest.raises(SpecError, match=r"MLP's training broke down.*try learning_rate=0.001"):
        fit(*halves("label"), structs.replace(SPEC, learning_rate=1e30))


def test_a_run_notes_that_a_rung_diverged():
    wild = structs.replace(SPEC, learning_rate=1e6)
    model = gradum.fit(task("label", 200), "label", model="mlp", cv=2, mlp=wild)
    (note,) = (note for note in model.fitted.judgement.notes if "diverged" in note)
    assert re.match(r"MLP diverged in 4 of 4 fits\. The loss .* try learning_rate=0.001", note)
