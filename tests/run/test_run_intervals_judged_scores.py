"""The scores that a run keeps of its judged rows, against predictions by the public door."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.errors import SchemaError, SpecError, TargetError
from gradum.run.events.events import RungFinished
from gradum.run.intervals.conformal import interval_levels
from gradum.run.judge import first_repeat
from gradum.run.spec.spec import SplitSpec
from gradum.tables.split import Part
from synthetic import FEATURES, ONCE, QUICK, mixed, task

LINEAR = {"model": "linear", **QUICK}


@pytest.fixture(scope="module")
def folded():
    """A linear rung on 300 rows, judged by three folds, twice over."""
    return gradum.fit(task("amount", 300), "amount", cv=3, **LINEAR | {"split": SplitSpec()})


def test_a_hold_out_keeps_the_errors_of_its_judged_rows(regressor):
    guarantee, run = regressor.fitted.guarantee, regressor.run
    judged = np.flatnonzero(run.parts == Part.TEST)
    assert (guarantee.terms.name, guarantee.terms.rows) == ("split", len(judged))
    assert guarantee.scores.by_rung.keys() == regressor.fitted.rungs.keys()
    frame = run.dataset.frame[judged]
    ends = regressor.predict_interval(frame, coverage=0.8, rung="linear")
    target = run.dataset.target[judged]
    inside = np.mean((ends[:, 0] <= target) & (target <= ends[:, 1]))
    assert inside == np.ceil(0.8 * (len(judged) + 1)) / len(judged)


def test_what_choosing_the_rung_on_the_same_rows_can_cost_is_said(regressor, folded):
    assert "by up to 3 points" in regressor.guarantee().sentence  # 40 / √240
    assert "chosen" not in folded.guarantee().sentence


def test_the_scores_of_classes_are_what_the_true_one_lacks(classifier):
    scores, run = classifier.fitted.guarantee.scores, classifier.run
    judged = np.flatnonzero(run.parts == Part.TEST)
    shares = classifier.predict_proba(run.dataset.frame[judged], rung="mlp")
    expected = 1 - shares[np.arange(len(judged)), run.dataset.target[judged]]
    np.testing.assert_allclose(scores.by_rung["mlp"], expected, atol=1e-6)
    np.testing.assert_array_equal(scores.label, run.dataset.target[judged])


def test_cv_plus_has_each_row_judged_once_and_the_ends_of_its_definition(folded):
    guarantee, run = folded.fitted.guarantee, folded.run
    judges = first_repeat(run.judges)
    assert (guarantee.terms.name, guarantee.terms.folds, len(judges)) == ("cross", 3, 3)
    assert len(guarantee.scores) == 300
    new = task("amount", 20, seed=8)
    lower, upper = [], []
    for judge in judges:
        rung, scale = judge.rungs["linear"], judge.rungs["linear"].target_scale
        rows = np.flatnonzero(judge.parts == Part.TEST)
        located = rung.locate(judge.encoder.transform(run.dataset.frame[rows]))
        scores = np.abs(located.deviations(scale.forward(run.dataset.target[rows])))
        there = rung.locate(judge.encoder.transform(new.cast({"colour": pl.String})))
        for score in scores:
            lower.append(scale.quantile(there.at(-score)))
            upper.append(scale.quantile(there.at(score)))
    rank = int(np.ceil(0.9 * 301))
    expected = np.column_stack(
        [-np.sort(-np.array(lower), axis=0)[rank - 1], np.sort(upper, axis=0)[rank - 1]]
    )
    np.testing.assert_allclose(folded.predict_interval(new), expected, rtol=0, atol=1e-4)


def test_groups_and_weights_reach_the_scores():
    table = task("amount", 400).with_columns(
        pl.Series("house", np.arange(400) // 4), pl.Series("times", np.arange(400) % 3 + 1)
    )
    grouped = gradum.fit(table, "amount", group="house", cv=3, **LINEAR).fitted.guarantee
    assert np.bincount(grouped.scores.group).tolist() == [4] * 100
    everything = np.ones(400, bool)
    weight, newcomer = grouped.scores.weights(everything)
    assert weight.sum() == pytest.approx(100)
    assert newcomer == 1
    weighed = gradum.fit(table, "amount", weight="times", **ONCE, model="linear")
    judged = weighed.run.parts == Part.TEST
    scores = weighed.fitted.guarantee.scores
    np.testing.assert_array_equal(scores.weight, (np.arange(400) % 3 + 1)[judged])
    assert weighed.guarantee().low is None
    assert "weights" in weighed.guarantee().sentence


def test_where_nothing_is_guaranteed_the_reason_is_said():
    table = task("amount", 400)
    model = gradum.fit(table, "amount", **ONCE, refit=True, model="linear")
    statement = model.guarantee()
    assert (statement.name, statement.at_least, statement.low) == ("none", None, None)
    assert "refitted" in statement.sentence
    assert "No guarantee" in statement.sentence
    assert np.isfinite(model.predict_interval(table)).all()


def test_an_interrupted_run_guarantees_nothing():
    finished = []

    def hear(event):
        finished.extend([event] * isinstance(event, RungFinished))

    model = gradum.fit(
        task("amount", 300),
        "amount",
        cv=3,
        **LINEAR,
        on_event=hear,
        stop=lambda: len(finished) >= 6,  # of two rungs, the one that is kept and two folds'
    )
    assert model.run.interrupted
    assert "interrupted" in model.guarantee().sentence


def test_each_level_is_covered_by_itself():
    table = mixed(1200).drop("label", "grade")
    noise = np.random.default_rng(1).normal(size=1200) * (table["colour"] == "blue").to_numpy()
    table = table.with_columns(amount=pl.col("amount") + 40 * noise)
    model = gradum.fit(table, "amount", interval_by="colour", **LINEAR)
    new = table.head(6).with_columns(
        colour=pl.Series(["red", "blue", "green", "red", "mauve", None])
    )
    ends = model.predict_interval(new, coverage=0.8)
    width = ends[:, 1] - ends[:, 0]
    assert width[1] > 5 * width[0]
    assert np.isinf(ends[4:]).all()
    terms, scores = model.fitted.guarantee.terms, model.fitted.guarantee.scores
    assert terms.levels == ("blue", "green", "red")
    red = np.sort(np.abs(scores.by_rung["linear"][scores.level == 2]))
    rung, rank = model.fitted.rung("linear"), int(np.ceil(0.8 * (len(red) + 1)))
    located = rung.locate(model.fitted.encoder.transform(new.select(FEATURES)))
    expected = rung.target_scale.scale * (located.below + located.above) * red[rank - 1]
    assert width[[0, 3]] == pytest.approx(expected[[0, 3]], rel=1e-4)
    assert "'colour'" in model.guarantee(0.8).sentence


def test_the_column_of_the_levels_need_be_no_feature_but_has_to_be_there():
    table = task("amount", 400)
    options = {**ONCE, "model": "linear", "drop": "colour"}
    model = gradum.fit(table, "amount", interval_by="colour", **options)
    assert "colour" not in model.features
    assert np.isfinite(model.predict_interval(table, 0.8)).all()
    with pytest.raises(SchemaError, match="'colour'"):
        model.predict_interval(table.drop("colour"), 0.8)
    assert len(model.predict(table.drop("colour"))) == 400


def test_a_column_that_has_no_levels_for_this_is_refused(monkeypatch):
    with pytest.raises(SpecError, match="it is the target"):
        gradum.fit(task("amount", 40), "amount", interval_by="amount", **LINEAR)
    monkeypatch.setattr(interval_levels, "MOST_LEVELS", 20)
    with pytest.raises(SpecError, match="25 levels"):
        gradum.fit(task("amount", 600), "amount", interval_by="city", cv=2, **LINEAR)


def test_sets_cover_each_class_if_asked_and_are_never_empty(classifier):
    new = task("label", 500, seed=4)
    labels = new["label"].to_list()
    for by_class in (False, True):
        sets = classifier.predict_set(new, 0.8, by_class=by_class, rung="linear")
        assert all(len(held) for held in sets)
        held = pl.DataFrame({"label": labels, "sets": sets})
        held = held.with_columns(covered=pl.col("sets").list.contains(pl.col("label")))
        shares = held.group_by("label").agg(pl.col("covered").mean())["covered"]
        assert held["covered"].mean() > 0.7
        if by_class:
            assert shares.min() > 0.7
    narrow = classifier.predict_set(new, 0.01)
    assert [held for (held,) in narrow] == classifier.predict(new).tolist()
    wide = classifier.predict_set(new, 0.9999)
    assert all(held == ("no", "yes") for held in wide)
    assert "every set has all classes" in classifier.guarantee(0.9999).sentence


def test_what_makes_no_sense_is_refused_in_a_line(regressor, classifier):
    new = task("amount", 5)
    for coverage in (0, 1, -1, 1.5, float("nan")):
        with pytest.raises(SpecError, match="coverage"):
            regressor.predict_interval(new, coverage)
    with pytest.raises(TargetError, match="predict_set"):
        classifier.predict_interval(new)
    with pytest.raises(TargetError, match="predict_interval"):
        regressor.predict_set(new)
    with pytest.raises(SpecError, match="no classes"):
        regressor.guarantee(by_class=True)
