"""Runs on classes in an order: all rungs keep one score, and what is no order is refused."""

import re
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.special import expit

import gradum
from gradum.errors import GradumError, SpecError
from gradum.ship.recording.model import recorded_model
from gradum.study.certified.table_graph import TableGraph

RNG = np.random.default_rng(0)
ROWS = 500
ORDER = ("none", "mild", "severe")
A, B = RNG.normal(size=(2, ROWS))
CODES = np.digitize(A - np.abs(B) + RNG.logistic(size=ROWS), [-1.0, 1.0])
TABLE = pl.DataFrame(
    {"a": A, "b": B, "g": np.arange(ROWS) % 7, "y": np.array(ORDER)[CODES], "n": A + B}
)
SMALL = {"members": 6, "folds": 3, "hidden_layer_sizes": [16, 8], "epochs": 8, "most_codes": 4}
PLAIN = {"learning_curve": False, "explain": False, "drop": ["g", "n"], "cv": 2}

QUICK = {"learning_curve": False, "cv": 2, "model": "linear", "linear": {"strengths": [1.0]}}


@cache
def ladder():
    return gradum.fit(TABLE, "y", ordered="none<mild<severe", pack=SMALL, **PLAIN)


@pytest.mark.slow
@pytest.mark.parametrize("rung", ["baseline", "linear", "mlp", "pack"])
def test_every_rung_has_one_score_and_rising_thresholds(rung):
    model = ladder()
    each = model.fitted.rungs[rung]
    design = model.run.dataset.rows(model.fitted.encoder).design.encoded()
    logits = each.logits(design)
    above = np.diff(logits, axis=1)  # f − θ_k: its differences are thresholds, the same for all
    apart = above[:, 0] - above[:, 1]
    np.testing.assert_allclose(apart, apart[0], rtol=1e-4)
    assert apart[0] > 0
    share = model.predict_proba(TABLE, rung=rung)
    for step in each.post:
        above = np.diff(step(logits), axis=1)
    cumulative = np.column_stack([share[:, 1:].sum(axis=1), share[:, 2]])
    np.testing.assert_allclose(cumulative, expit(above), atol=1e-6)
    np.testing.assert_array_equal(
        model.predict(TABLE, rung=rung), np.array(ORDER)[share.argmax(axis=1)]
    )


def test_models_beat_the_baseline_and_are_scored_by_ranks_too():
    model = ladder()
    scores = model.fitted.judgement.scores
    assert model.fitted.judgement.verdict.metric == "log_loss"
    best = scores[model.fitted.used]["test"]
    assert best["log_loss"].value < scores["baseline"]["test"]["log_loss"].value
    assert best["quadratic_kappa"].value > 0.2
    assert best["mean_rank_error"].value < scores["baseline"]["test"]["mean_rank_error"].value


def test_each_threshold_has_a_reliability_curve_of_the_rows_above_it():
    from gradum.study.findings.findings import examine

    model = ladder()
    found = examine(model.run).reliability
    assert [curve.label for curve in found.thresholds] == ["above none", "above mild"]
    judged = model.run.judged
    share = judged.predictions[model.fitted.used].probability
    for place, curve in enumerate(found.thresholds, 1):
        observed = (CODES[judged.rows] >= place).mean()
        large = share[:, place:].sum(axis=1).mean() - observed
        assert curve.calibration_in_the_large.value == pytest.approx(large, abs=1e-9)
        assert sum(bin_.rows for bin_ in curve.bins) == len(judged.rows) == ROWS


def test_coefficients_are_those_of_the_score_below_its_thresholds():
    model = ladder()
    frame = model.coefficients
    assert frame["feature"].to_list() == ["none | mild", "mild | severe", "a", "b"]
    low, high, *slopes = frame["coefficient"]
    score = TABLE["a"].to_numpy() * slopes[0] + TABLE["b"].to_numpy() * slopes[1]
    share = model.predict_proba(TABLE, rung="linear")
    np.testing.assert_allclose(share[:, 2], expit(score - high), atol=1e-9)
    np.testing.assert_allclose(share[:, 0], expit(low - score), atol=1e-9)


def test_a_model_file_and_stated_classes_keep_the_order(tmp_path):
    model = ladder()
    model.save(tmp_path / "m.gradum")
    again = gradum.load(tmp_path / "m.gradum")
    np.testing.assert_array_equal(again.predict_proba(TABLE), model.predict_proba(TABLE))
    assert again.fitted.schema.target.classes == ORDER
    assert again.fitted.spec.ordered == ORDER


def test_an_ordered_category_of_pandas_and_an_enum_say_their_order():
    frame = TABLE.to_pandas()
    frame["y"] = pd.Categorical(frame["y"], categories=[*ORDER, "dead"], ordered=True)
    enum = TABLE.with_columns(pl.col("y").cast(pl.Enum(ORDER)))
    for data in (frame, enum):
        target = gradum.fit(data, "y", **QUICK).fitted.schema.target
        assert (target.classes, target.loss) == (ORDER, "ordered")
    declined = gradum.fit(enum, "y", loss="log_loss", **QUICK).fitted
    assert declined.schema.target.loss == "log_loss"
    numbers = gradum.fit(TABLE, "g", loss="ordered", **QUICK)
    assert numbers.fitted.schema.target.classes == tuple(range(7))


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("y", {"ordered": "none<mild<dead"}, "leaves out: 'severe'.*Add them at their place"),
        ("y", {"ordered": "none<mild<severe<dead"}, "No row of 'y' has the class 'dead'"),
        ("y", {"ordered": "none<mild<mild"}, "names 'mild' twice"),
        ("y", {"ordered": "none<mild"}, "no order of three classes"),
        ("y", {"ordered": ["none", "a<b", "c"]}, "no order of three classes"),
        ("y", {"loss": "ordered"}, "no order of their own.*--ordered"),
        ("n", {"ordered": "a<b<c"}, "is a number, which has no classes.*task multiclass"),
        ("y", {"ordered": ORDER, "loss": "log_loss"}, "were both given.*Leave out --loss"),
        ("y", {"ordered": ORDER, "class_weight": "balanced"}, "not balanced.*--class-weight"),
        ("y", {"metric": "quadratic_kappa"}, "--ordered for ranks"),
    ],
)
def test_what_is_no_order_is_refused_in_one_line(target, options, message):
    with pytest.raises(GradumError) as caught:
        gradum.fit(TABLE, target, model="linear", **options)
    said = f"{caught.value.message} {caught.value.remedy}"
    assert re.search(message, said), said
    assert "\n" not in said


def test_estimators_and_inference_refuse_an_order():
    with pytest.raises(SpecError, match="know no order"):
        gradum.LogisticRegression(loss="ordered").fit(np.eye(3), [0, 1, 2])
    with pytest.raises(SpecError, match="no likelihood"):
        gradum.infer(TABLE, target="y", loss="ordered")


@pytest.mark.parametrize("rung", ["linear", "mlp", "pack"])
def test_graphs_and_programs_of_other_forms_give_the_same_probabilities(rung):
    model = ladder()
    frame = model.run.dataset.frame.select("a", "b")
    recorded = recorded_model(model.fitted, rung)
    answers = recorded.program(recorded.raw(frame))
    share = model.predict_proba(TABLE, rung=rung)
    np.testing.assert_allclose(answers["probability"], share, atol=1e-6)
    graph = TableGraph(model.fitted, model.fitted.rung(rung))
    np.testing.assert_allclose(graph.answer(graph.inputs.of_typed(frame)), share, atol=1e-5)


def test_a_rising_score_is_proved_to_raise_the_highest_class_alone():
    assert ladder().verify("monotone a+ of severe", rung="linear").verdict == "proved"
    assert ladder().verify("monotone a+ of none", rung="linear").verdict == "refuted"


def test_compressing_an_order_and_showing_a_step_of_it_are_refused():
    with pytest.raises(SpecError, match="without order"):
        ladder().compress()
    with pytest.raises(SpecError, match="held to one score"):
        gradum.explain_step(ladder(), TABLE.row(0, named=True), rung="linear")


def test_words_under_a_loss_of_numbers_name_the_loss():
    with pytest.raises(GradumError, match=r"'y' is to be a number \(--loss poisson\)") as caught:
        gradum.fit(TABLE, "y", loss="poisson", model="linear")
    assert "leave out --loss" in caught.value.remedy
