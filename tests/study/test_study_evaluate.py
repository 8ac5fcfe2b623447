"""Evaluation on new rows, against scikit-learn's scores of the same predictions."""

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as peer

import gradum
from gradum.errors import SchemaError, TargetError
from gradum.study.evaluation import evaluate
from synthetic import ONCE, task

HELD = task("label", 200, seed=21)


def test_scores_are_scikit_learns_on_the_models_own_predictions(classifier):
    evaluation = classifier.evaluate(HELD)
    truth = (HELD["label"] == "yes").to_numpy()
    for rung in ("baseline", "linear", "mlp", "pack"):
        share = classifier.predict_proba(HELD, rung=rung)[:, 1]
        scores = evaluation.judgement.scores[rung]["test"]
        assert scores["log_loss"].value == pytest.approx(peer.log_loss(truth, share))
        assert scores["auc"].value == pytest.approx(peer.roc_auc_score(truth, share))
        assert scores["accuracy"].value == pytest.approx(np.mean((share > 0.5) == truth))
    assert evaluation.judgement.how == "Judged on 200 rows of the data frame."


def test_the_model_that_predicts_is_named_whichever_is_best_on_the_rows(classifier):
    """Another model may lead on these rows by chance: `predict` uses the run's all the same."""
    for held in (HELD.head(60), HELD.tail(60)):
        judgement = classifier.evaluate(held).judgement
        said = " ".join((*judgement.headline, *judgement.verdict.sentences))
        assert "Predictions use the network ensemble" in said
        assert "predicts unless" not in said


def test_rows_that_the_model_was_trained_on_are_known_and_not_compared(classifier):
    table = task("label")
    mixed = pl.concat([table, HELD], how="vertical_relaxed")
    evaluation = classifier.evaluate(mixed)
    held_out = classifier.fitted.judgement.rows["test"]
    assert evaluation.trained_on == len(table) - held_out
    assert f"{evaluation.trained_on:,} of 1,400 rows are rows that" in evaluation.sentences[0]
    alone = classifier.evaluate(HELD)
    assert alone.trained_on == 0
    for change, other in zip(evaluation.changes, alone.changes, strict=True):
        assert (change.metric, change.new.value) == (other.metric, other.new.value)
    assert "No row is new to the run" in classifier.evaluate(table).sentences[1]


def test_rows_without_a_label_do_not_judge(classifier):
    holed = HELD.with_columns(
        pl.when(pl.int_range(200) < 50).then(None).otherwise("label").alias("label")
    )
    judgement = classifier.evaluate(holed).judgement
    alone = classifier.evaluate(HELD.tail(150)).judgement
    assert judgement.rows == {"test": 150}
    for rung, parts in judgement.scores.items():
        for name, interval in parts["test"].items():
            assert interval.value == pytest.approx(
                alone.scores[rung]["test"][name].value, nan_ok=True
            )


def test_weights_of_the_held_out_rows_count():
    frame = task("amount", 200).with_columns(w=pl.lit(1.0))
    model = gradum.fit(frame, "amount", model="linear", weight="w", **ONCE)
    weight = np.random.default_rng(0).random(100) + 0.1
    held = task("amount", 100, 5).with_columns(w=pl.Series(weight))
    said = model.evaluate(held).judgement.scores["linear"]["test"]["mae"].value
    error = np.abs(held["amount"].to_numpy() - model.predict(held))
    assert said == pytest.approx(np.average(error, weights=weight))


def test_each_difference_is_told_once(classifier):
    strange = HELD.with_columns(
        pl.when(pl.int_range(200) < 3).then(pl.lit("?!")).otherwise(pl.col("size")).alias("size")
    )
    evaluation = classifier.evaluate(strange)
    told = [*evaluation.differences, *evaluation.judgement.notes]
    assert len(told) == len(set(told))
    assert sum("'?!'" in sentence for sentence in told) == 1


def test_unknown_labels_and_absent_targets_are_refused(classifier):
    with pytest.raises(TargetError, match=r"labels that training never saw in row 1: 'maybe'"):
        classifier.evaluate(
            HELD.with_columns(
                pl.when(pl.int_range(200) == 0)
                .then(pl.lit("maybe"))
                .otherwise("label")
                .alias("label")
            )
        )
    with pytest.raises(SchemaError, match="'label'"):
        classifier.evaluate(HELD.drop("label"))
    with pytest.raises(TargetError, match="only rows without a target"):
        classifier.evaluate(HELD.with_columns(label=pl.lit(None, pl.String)))


def test_a_refitted_model_is_evaluated_though_its_other_rungs_are_gone():
    model = gradum.fit(task("label", 200), "label", model="linear", refit=True, **ONCE)
    judgement = model.evaluate(HELD).judgement
    assert list(judgement.scores) == [model.used] == ["linear"]
    assert judgement.verdict.enough == "linear"


def test_of_a_table_that_takes_too_much_some_rows_are_judged(classifier, tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    task("label", 900, seed=4).write_parquet(path)
    monkeypatch.setattr(evaluate, "FEWEST_HELD", 300)
    all_rows = classifier.evaluate(path).judgement
    assert all_rows.how == "Judged on 900 rows of t.parquet."
    assert classifier.evaluate(path, max_memory="2GB").judgement == all_rows
    some, again = (classifier.evaluate(path, max_memory=1).judgement for _ in range(2))
    assert some.how == "Judged on 300 rows drawn from 900 of t.parquet."
    assert some == again
    for name, parts in some.scores.items():
        whole = all_rows.scores[name]["test"]["log_loss"]
        assert abs(parts["test"]["log_loss"].value - whole.value) < 0.02 + 4 * whole.standard_error
    monkeypatch.setattr(evaluate, "FEWEST_HELD", 900)
    assert classifier.evaluate(path, max_memory=1).judgement.scores == all_rows.scores
