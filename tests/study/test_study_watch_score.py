"""The score that `Model.watch` expects of new rows, beside the one that they have."""

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
from scipy.special import expit

import gradum
from gradum.errors import ModelFileError
from gradum.run.reference.judged_summary import ClassBin, JudgedClasses
from gradum.ship import bundle

pytestmark = pytest.mark.usefixtures("judged_as_for_users")


def rows(count, rng, *, shift=0.0):
    """Rows of which two classes are the harder to tell, the nearer to 0 a number is."""
    x, z = rng.normal(size=count) + shift, rng.normal(size=count)
    yes = rng.random(count) < expit(2 * x + 0.5 * z)
    return pl.DataFrame({"x": x, "z": z, "label": np.where(yes, "yes", "no")})


@pytest.fixture(scope="module")
def model():
    return gradum.fit(rows(1_500, np.random.default_rng(1)), "label", model="linear", seed=1)


@pytest.fixture(scope="module")
def harder():
    """Rows of which most are near the boundary."""
    frame = rows(4_000, np.random.default_rng(2))
    return frame.filter(pl.col("x").abs() < 0.5)


@pytest.mark.slow
def test_the_score_of_harder_rows_is_expected_and_raises_an_alarm(model, harder):
    watch = model.watch(harder.drop("label"))
    expected = watch.found.expected_score
    assert expected.by_columns
    assert expected.worse
    assert [alarm.kind for alarm in watch.found.alarms].count("score") == 1
    true = model.evaluate(harder).judgement.scores["linear"]["test"]
    for score in expected.scores:
        assert score.low <= true[score.metric].value <= score.high, score.metric
    text = " ".join(str(watch).split())
    assert text.count("Even without labels, the log loss of these rows can be estimated") == 1
    assert "cannot be seen without labels" in text
    assert "used here: gradum evaluate" not in text  # which there are none for


@pytest.mark.slow
def test_labels_of_the_table_are_said_to_be_there_unless_they_are_asked_about(model, harder):
    some = harder.head(300).with_columns(
        pl.when(pl.int_range(pl.len()) < 40).then(None).otherwise(pl.col("label")).alias("label")
    )
    (note,) = [one for one in model.watch(some).found.notes if "gradum evaluate" in one]
    assert "holds 'label' in 260 rows, which is not used here" in note
    asked = model.watch(some, stream=True)
    assert not [one for one in asked.found.notes if "gradum evaluate" in one]


@pytest.mark.slow
def test_rows_that_are_alike_are_expected_to_score_as_the_judged_ones_did(model):
    watch = model.watch(rows(1_000, np.random.default_rng(3)))
    expected = watch.found.expected_score
    assert not expected.worse
    for score in expected.scores:
        assert score.low <= score.judged <= score.high, score.metric


@pytest.mark.slow
def test_a_model_file_alone_expects_a_score_by_answers(model, harder, tmp_path):
    model.save(tmp_path / "model.gradum")
    alone = gradum.load(tmp_path / "model.gradum")
    expected = alone.watch(harder.drop("label")).found.expected_score
    assert not expected.by_columns
    true = model.evaluate(harder).judgement.scores["linear"]["test"]
    assert expected.scores[0].low <= true["log_loss"].value <= expected.scores[0].high
    assert "only by their answers" in " ".join(expected.sentences)


def test_of_another_rung_no_score_is_expected(model, harder):
    found = model.watch(harder, rung="baseline").found
    assert found.expected_score is None
    assert any("only for the model in use" in note for note in found.notes)


def test_a_summary_of_other_classes_is_refused(model, tmp_path):
    reference = model.fitted.reference
    three = JudgedClasses((ClassBin((0.5, 0.25, 0.25), (10, 5, 5)),))
    changed = msgspec.structs.replace(reference, judged=three)
    bundle.save(replace(model.fitted, reference=changed), tmp_path / "model.gradum")
    with pytest.raises(ModelFileError, match="judged rows"):
        bundle.load(tmp_path / "model.gradum")
