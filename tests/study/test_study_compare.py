"""Two runs on the rows that both judged."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.metrics import log_loss

from gradum.errors import SpecError
from gradum.run.judging.judge_rungs import Truth
from gradum.run.judging.verdict import Standing
from gradum.rungs.rung import Prediction
from gradum.scores.interval import Interval
from gradum.show.text import comparison_parts, plain
from gradum.study.evaluation.run_comparison import compare
from gradum.study.evidence import Evidence
from gradum.tables.schema.schema import Column, Schema, Target

RNG = np.random.default_rng(5)
TARGET = RNG.integers(0, 2, 400)
SCHEMA = Schema("t", 400, (), Target("ill", "binary", ("no", "yes")))


def judged(probability, classes=("no", "yes"), target=TARGET, numbers=None, groups=None, rivals=()):
    """A run that judged all 400 rows, or those of the given numbers."""
    truth = Truth("binary", target, np.ones(len(target)), classes, groups)
    rows = np.arange(len(target)) if numbers is None else np.asarray(numbers) - 1
    prediction = Prediction.of_classes(np.column_stack([1 - probability, probability])[rows])
    frame = pl.DataFrame({"x": rows})
    counts = 0, len(rows), 0.5
    return Evidence("mlp", truth, rows, rows + 1, prediction, frame, SCHEMA, *counts, rivals)


def sharp(confidence, noise=0.0):
    """Probabilities of "yes" that lean to the truth."""
    lean = np.where(TARGET == 1, confidence, 1 - confidence)
    return np.clip(lean + noise * RNG.normal(size=len(TARGET)), 0.01, 0.99)


def test_where_a_run_says_another_score_of_its_rows_the_words_say_why():
    run = judged(sharp(0.7, 0.2))
    own = log_loss(TARGET, run.prediction.probability)
    same, other = (replace(run, own_score=("log_loss", score)) for score in (own, 2 * own))
    found = compare(same, other)
    (note,) = found.notes
    assert note.startswith(f"The second run's report gives log loss {2 * own:.3g} ")
    assert note in " ".join(plain(*comparison_parts(found, ("a", "b"))).split())


def test_a_run_against_itself_differs_nowhere():
    same = judged(sharp(0.7, 0.2))
    compared = compare(same, same)
    assert compared.rows == 400
    assert compared.only == (0, 0)
    for each in compared.differences:
        assert each.difference.value == each.difference.low == each.difference.high == 0.0
        assert each.finding == "no difference shown"


def test_runs_with_different_splits_have_no_winner():
    good, bad = judged(sharp(0.8, 0.1)), judged(sharp(0.6, 0.1))
    columns = (Column("day", "date", "time"), Column("who", "categorical", "group"))
    by_time, by_group = (
        replace(bad, schema=structs.replace(SCHEMA, columns=(column,))) for column in columns
    )
    compared = compare(good, by_time)
    assert {each.finding for each in compared.differences} == {"another split"}
    assert compared.caution.startswith(
        "The first run divided the rows at random, the second by time, 'day': their scores answer "
        "different questions, and neither is called better."
    )
    shown = plain(*comparison_parts(compared, ("a", "b")), width=200)
    assert shown.startswith(compared.caution)
    assert "is better" not in shown
    assert "by time, 'day', the second by group, 'who'" in compare(by_time, by_group).caution
    assert compare(by_time, by_time).caution == ""


def test_the_better_run_is_found_and_its_scores_are_scikit_learns():
    good, bad = sharp(0.8, 0.1), sharp(0.6, 0.1)
    found = {each.metric: each for each in compare(judged(good), judged(bad)).differences}
    loss = found["log_loss"]
    assert loss.first == pytest.approx(log_loss(TARGET, good))
    assert loss.difference.value == pytest.approx(log_loss(TARGET, good) - log_loss(TARGET, bad))
    assert loss.difference.high < 0
    assert {each.finding for each in found.values() if each.metric != "accuracy"} == {
        "first is better"
    }


def test_only_rows_that_both_judged_count():
    good, bad = sharp(0.8), sharp(0.6)
    first = judged(good, numbers=np.arange(1, 301))
    second = judged(bad, numbers=np.arange(101, 401))
    compared = compare(first, second)
    assert (compared.rows, compared.only) == (200, (100, 100))
    loss = next(each for each in compared.differences if each.metric == "log_loss")
    assert loss.first == pytest.approx(log_loss(TARGET[100:300], good[100:300]))


def test_rivals_of_both_runs_stand_beside_them_where_both_judged_the_same_rows():
    def rival(name, value):
        scores = {"log_loss": Interval(value, value - 0.1, value + 0.1, 0.05)}
        return Standing(name, scores, "mlp", Interval(0.0, -0.1, 0.1, 0.05), "no difference shown")

    first = judged(sharp(0.8), rivals=(rival("Trees", 0.41), rival("Lines", 0.5)))
    second = judged(sharp(0.6), rivals=(rival("Trees", 0.43), rival("Others", 0.3)))
    compared = compare(first, second)
    (trees,) = compared.rivals
    assert (trees.name, trees.first["log_loss"].value, trees.second["log_loss"].value) == (
        "Trees",
        0.41,
        0.43,
    )
    shown = plain(*comparison_parts(compared, ("a", "b")), width=120)
    assert re.search(r"Log loss of Trees +0\.41 +0\.43 +a rival", shown)
    assert (
        compare(first, judged(sharp(0.6), numbers=range(1, 301), rivals=second.rivals)).rivals == ()
    )


def test_classes_in_another_order_are_the_same_classes():
    yes = sharp(0.7, 0.2)
    turned = judged(1 - yes, classes=("yes", "no"), target=1 - TARGET)
    for each in compare(judged(yes), turned).differences:
        assert each.difference.value == pytest.approx(0.0, abs=1e-12), each.metric


def test_rows_of_one_group_are_drawn_together():
    """Within a group all rows differ alike, so that eight groups tell far less than 400 rows."""
    groups = np.repeat(np.arange(8), 50)
    good = sharp(0.7)
    shift = np.where(groups % 2, 0.15, -0.15)
    bad = good + np.where(TARGET == 1, shift, -shift)
    alone = compare(judged(good), judged(bad)).differences[0].difference
    together = compare(judged(good, groups=groups), judged(bad, groups=groups))
    width = together.differences[0].difference
    assert width.high - width.low > 2 * (alone.high - alone.low)


def test_runs_of_other_targets_are_refused():
    with pytest.raises(SpecError, match="same target") as refused:
        compare(judged(sharp(0.7)), judged(sharp(0.7), classes=("a", "b")))
    assert "'ill' (classes 'no', 'yes') and 'ill' (classes 'a', 'b')" in str(refused.value)


def test_runs_without_a_common_row_are_refused():
    first = judged(sharp(0.7), numbers=[1, 2, 3])
    with pytest.raises(SpecError, match="no rows in common"):
        compare(first, judged(sharp(0.7), numbers=[4, 5]))
    with pytest.raises(SpecError, match="no rows in common"):
        compare(judged(sharp(0.7)), judged(sharp(0.7), target=1 - TARGET))
