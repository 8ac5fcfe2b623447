"""``gradum.fit`` and ``Model`` from Python: options, refusals, and answers."""

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.metrics import r2_score

import gradum
from gradum.api import make_spec
from gradum.errors import (
    ColumnError,
    GradumError,
    ModelFileError,
    SpecError,
    TableError,
    TargetError,
)
from gradum.run.spec.spec import SplitSpec
from gradum.solvers.solution import EpochDone
from ladder import PLAIN_LADDER
from synthetic import FEATURES, ONCE, QUICK, TINY, mixed, task

NEW = mixed(20, seed=4).select(FEATURES)


def test_options_become_the_spec():
    spec = make_spec(
        "y",
        cv=4,
        seed=3,
        drop=["a", "b"],
        numeric="c",
        group="g",
        metric="auc",
        split=SplitSpec(test=0.3, repeats=7, small_table_rows=50),
        mlp=TINY,
    )
    assert (spec.target, spec.seed, spec.metric, spec.mlp) == ("y", 3, "auc", TINY)
    assert spec.overrides.drop == ("a", "b")
    assert spec.overrides.numeric == ("c",)
    assert (spec.overrides.group, spec.overrides.time) == ("g", None)
    assert spec.split == SplitSpec(test=0.3, repeats=7, small_table_rows=50, folds=4)


def test_an_option_left_empty_is_its_default():
    assert make_spec("y", metric=None, drop=None, group=None, cv=None) == make_spec("y")


def test_an_unknown_option_is_refused_with_those_there_are():
    with pytest.raises(SpecError, match=r"no option 'epochs'.*class_weight.*mlp"):
        gradum.fit(task("amount", 50), "amount", epochs=3)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda f: f.drop("amount"), TargetError, "no column 'amount'"),
        (lambda f: f.with_columns(amount=pl.lit(3.0)), TargetError, "constant"),
        (
            lambda f: f.with_columns(amount=pl.lit(None, pl.Float64)),
            TargetError,
            "missing in all 60 rows",
        ),
        (lambda f: f.select("amount"), TableError, "no column besides the target"),
        (lambda f: f.head(12), TargetError, "12 rows to learn from"),
        (lambda f: f.head(0), TableError, "no rows"),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused(change, error, said):
    with pytest.raises(error, match=said):
        gradum.fit(change(task("amount", 60)), "amount", **QUICK)


def test_a_column_that_is_not_there_is_refused_with_the_nearest_name():
    with pytest.raises(ColumnError, match=r"'colours'.*'colour'"):
        gradum.fit(task("amount", 60), "amount", drop=["colours"])


def test_probabilities_of_a_number_are_refused(regressor):
    with pytest.raises(TargetError, match="no classes"):
        regressor.predict_proba(NEW)


def test_scores_are_a_frame_of_every_rung_part_and_metric(classifier):
    frame = classifier.scores
    assert frame.columns == ["rung", "part", "metric", "value", "low", "high"]
    # Four rungs on train and test; on the validation rows only the one that did not learn them.
    assert len(frame) == (4 * 2 + 1) * frame["metric"].n_unique()
    value, low, high = (frame[name] for name in ("value", "low", "high"))
    assert ((low <= value + 1e-12) & (value <= high + 1e-12)).all()


def test_used_is_the_best_on_test_rows_and_enough_no_more_complex(classifier):
    test = classifier.scores.filter(part="test", metric="log_loss").sort("value")
    assert classifier.used == test["rung"][0]
    order = list(classifier.fitted.rungs)
    assert order.index(classifier.enough) <= order.index(classifier.used)
    metric = structs.replace(classifier.fitted.spec, metric="accuracy")
    other = gradum.api.fit_spec(metric, task("label"))
    best = other.scores.filter(part="test", metric="accuracy")["value"].max()
    assert other.scores.filter(rung=other.used, part="test", metric="accuracy")["value"][0] == best


def test_the_model_introduces_itself(classifier):
    assert repr(classifier) == (
        f"<gradum.Model of label (binary): {', '.join(PLAIN_LADDER)}; using {classifier.used}>"
    )
    assert classifier.summary().startswith(classifier.fitted.judgement.headline[0])
    assert "Judged on 240 held-out rows." in classifier.summary()
    page = classifier.report()
    assert page.startswith("<!doctype html>")
    assert repr(page).startswith("<a report of ")  # a notebook echoes this, not the page
    assert len(repr(page)) < 100


def test_what_a_model_knows_is_asked_by_plain_names(classifier, regressor):
    frame = task("label", 200, 5)
    assert (classifier.target, classifier.task) == ("label", "binary")
    assert classifier.features == ("size", "age", "colour", "member", "city")
    said = classifier.predict(frame.drop("label"))
    assert classifier.score(frame) == pytest.approx(np.mean(said == frame["label"].to_numpy()))
    numbers = task("amount", 200, 5)
    expected = r2_score(numbers["amount"], regressor.predict(numbers.drop("amount")))
    assert regressor.score(numbers) == pytest.approx(expected)
    with pytest.raises(TargetError, match=r"R² is undefined on these rows: .*\. Give others\."):
        regressor.score(numbers.with_columns(amount=pl.lit(3.0)))
    found = classifier.importance
    assert found.columns == ["column", "increase", "low", "high"]
    assert set(found["column"]) == set(classifier.features)
    assert found["increase"].is_sorted(descending=True)


def test_events_are_handed_on_as_they_come():
    epochs = []

    def on_event(event):
        if isinstance(event, EpochDone):
            epochs.append(event.epoch)

    gradum.fit(task("amount"), "amount", model="mlp", on_event=on_event, **QUICK)
    assert epochs == [1, 2, 3, 4, 5]


def test_fitting_changes_neither_the_frame_nor_jax():
    import jax

    frame = task("amount", 120).to_pandas()
    before, x64 = frame.copy(), jax.config.jax_enable_x64
    gradum.fit(frame, "amount", **ONCE)
    assert frame.equals(before)
    assert jax.config.jax_enable_x64 == x64


def test_saving_where_nothing_can_be_is_refused(regressor, tmp_path):
    with pytest.raises(GradumError, match="is not a folder"):
        regressor.save(tmp_path / "no" / "m.gradum")
    with pytest.raises(ModelFileError, match="does not exist"):
        gradum.load(tmp_path / "no.gradum")
    (tmp_path / "t.gradum").write_text("a,b\n1,2\n")
    with pytest.raises(ModelFileError, match="not a gradum model file"):
        gradum.load(tmp_path / "t.gradum")


@pytest.mark.parametrize("target", [np.zeros(3), pl.Series([1, 2]), [1, 2], 4])
def test_values_in_place_of_a_name_are_refused_with_what_takes_them(target):
    with pytest.raises(SpecError, match=r"takes the name of the column .* have fit\(X, y\)"):
        gradum.fit({"x": [1, 2, 3]}, target)


def test_public_names_are_there_and_others_are_not():
    for name in gradum.__all__:
        assert getattr(gradum, name) is not None
    assert set(gradum.__all__) <= set(dir(gradum))
    with pytest.raises(AttributeError, match="no attribute 'forest'"):
        _ = gradum.forest


@pytest.mark.parametrize("target", ["amount", "label", "grade"])
def test_the_smallest_table_is_fitted_without_a_stumble(target):
    folds = {"cv": None if target == "label" else 2}
    model = gradum.fit(task(target, 20, seed=2), target, **QUICK, **folds)
    assert model.fitted.judgement.rows["test"] == 20
    metric = model.fitted.judgement.verdict.metric
    assert model.scores.filter(metric=metric)["value"].is_finite().all()


def test_a_class_of_one_row_is_refused_or_left_out_where_asked():
    frame = task("label", 200).with_columns(
        label=pl.when(pl.int_range(200) == 7).then(pl.lit("once")).otherwise("label")
    )
    with pytest.raises(TargetError, match=r"'once' \(1\).*--drop-rare-classes"):
        gradum.fit(frame, "label", **ONCE)
    model = gradum.fit(frame, "label", drop_rare_classes=True, **ONCE)
    assert model.classes == ("no", "yes")
    assert 7 not in model.run.dataset.numbers
    np.testing.assert_allclose(model.predict_proba(NEW).sum(axis=1), 1)
