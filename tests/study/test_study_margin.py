"""As good as the other within a margin: claims against the paired t-test, and their errors."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_rel

from gradum.errors import ColumnError, SpecError
from gradum.run.judging.judge_rungs import Truth
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import Resamples
from gradum.scores.outcome import Outcome
from gradum.study.evaluation.incumbent import incumbent
from gradum.study.evaluation.margin import Margin, as_good
from gradum.study.evaluation.run_comparison import compare
from gradum.study.evidence import Evidence
from gradum.tables.schema.schema import Column, Schema, Target

ROWS = 400


def drawn(rng, rows, worse=0.0):
    """Two predictions of one target, whose mean absolute errors differ by ``worse``."""
    target, shared = rng.normal(size=rows), rng.normal(size=rows)
    one, two = (np.abs(shared + 0.5 * rng.normal(size=rows)) + more for more in (0.0, worse))
    return [
        Outcome(task="regression", target=target, prediction=target + error, weight=np.ones(rows))
        for error in (one, two)
    ]


def test_a_margin_is_a_share_or_a_number_above_0():
    assert Margin.read(" 2.5% ") == Margin(0.025, is_share=True)
    assert Margin.read("2.5%").words == "2.5%"
    assert Margin.read("3%").words == "3%"
    assert Margin.read("0.01") == Margin(0.01, is_share=False)
    for text in ("", "0", "-1%", "100%", "nan", "inf", "one"):
        with pytest.raises(SpecError, match="Give a share of the score, such as 1%"):
            Margin.read(text)


@pytest.mark.parametrize("worse", [0.0, 0.03, 0.2])
@pytest.mark.parametrize("size", [0.05, 0.1])
def test_bounds_are_those_of_the_paired_t_test(worse, size):
    one, two = drawn(np.random.default_rng(1), ROWS, worse)
    resamples = Resamples.draw(ROWS, count=1000, rng=np.random.default_rng(2))
    found = as_good(one, two, "mae", Margin(size, is_share=False), resamples)
    errors = [np.abs(each.prediction - each.target) for each in (one, two)]
    for excess, (mine, other) in zip(found.excess, (errors, errors[::-1]), strict=True):
        paired = ttest_rel(mine, other).confidence_interval(0.9)
        assert excess.value == pytest.approx(np.mean(mine - other) - size)
        half = (paired.high - paired.low) / 2
        assert excess.low == pytest.approx(paired.low - size, abs=0.1 * half)
        assert excess.high == pytest.approx(paired.high - size, abs=0.1 * half)


def test_a_share_is_of_the_other_score_for_either_direction():
    rng = np.random.default_rng(3)
    target = rng.integers(0, 2, ROWS)
    outcomes = []
    for hits in (0.8, 0.76):
        right = np.arange(ROWS) < hits * ROWS
        second = np.where(right == target, 0.9, 0.1)
        probability = np.column_stack([1 - second, second])
        outcomes.append(
            Outcome("binary", target, probability.argmax(1), probability, np.ones(ROWS))
        )
    resamples = Resamples.draw(ROWS, count=200, rng=rng)
    found = as_good(*outcomes, "accuracy", Margin(0.1, is_share=True), resamples)
    assert [each.value for each in found.excess] == pytest.approx(
        [0.9 * 0.76 - 0.8, 0.9 * 0.8 - 0.76]
    )


def test_a_model_that_is_worse_by_the_margin_is_rarely_called_as_good():
    rng, claims, repeats = np.random.default_rng(4), 0, 150
    for _ in range(repeats):
        one, two = drawn(rng, 80, worse=0.2)
        resamples = Resamples.draw(80, count=200, rng=rng)
        found = as_good(one, two, "mae", Margin(0.2, is_share=False), resamples)
        claims += found.shown[1]
        assert found.shown[0]
    assert 1 <= claims <= 17  # both ends of what 5% of 150 are in 99.8% of samples


def test_the_rows_needed_show_it_in_four_of_five_samples():
    rng, size, repeats = np.random.default_rng(5), 0.12, 100
    few = [
        as_good(
            *drawn(rng, 60),
            "mae",
            Margin(size, is_share=False),
            Resamples.draw(60, count=200, rng=rng),
        ).needed
        for _ in range(40)
    ]
    rows = round(float(np.median([needed for needed in few if needed is not None])))
    shown = sum(
        all(
            as_good(
                *drawn(rng, rows),
                "mae",
                Margin(size, is_share=False),
                Resamples.draw(rows, count=200, rng=rng),
            ).shown
        )
        for _ in range(repeats)
    )
    assert 0.68 <= shown / repeats <= 0.9


def test_metrics_that_do_not_suit_are_refused():
    one, two = drawn(np.random.default_rng(6), ROWS)
    resamples = Resamples.draw(ROWS, count=200, rng=np.random.default_rng(6))
    with pytest.raises(SpecError, match=r"no metric 'auc' of this target\. Give --metric .*rmse"):
        as_good(one, two, "auc", Margin(0.1, is_share=True), resamples)
    with pytest.raises(SpecError, match=r"R² is -.*, and a share of it is no margin"):
        as_good(one, two, "r2", Margin(0.1, is_share=True), resamples)


RNG = np.random.default_rng(7)
CODES = RNG.integers(0, 2, ROWS)
SECOND = np.clip(0.3 + 0.4 * CODES + 0.2 * RNG.normal(size=ROWS), 0.01, 0.99)


def judged(classes=("no", "yes"), **columns):
    """A run that judged 400 rows of two classes, and had these columns in its table."""
    target = Target("ill", "binary", classes)
    schema = Schema(
        "t", ROWS, tuple(Column(name, "numeric", "ignored") for name in columns), target
    )
    truth = Truth("binary", CODES, np.ones(ROWS), classes)
    prediction = Prediction.of_classes(np.column_stack([1 - SECOND, SECOND]))
    rows = np.arange(ROWS)
    frame = pl.DataFrame(columns)
    return Evidence("mlp", truth, rows, rows + 1, prediction, frame, schema, 0, ROWS)


def test_a_column_of_the_runs_own_probabilities_differs_nowhere():
    run = judged(score=SECOND)
    other, how_read = incumbent(run, "score")
    assert how_read == "Column 'score' is read as the probability of 'yes'."
    compared = compare(run, other, margin=Margin(0.01, is_share=True))
    assert {each.difference.value for each in compared.differences} == {0.0}
    assert compared.as_good.shown == (True, True)
    assert compared.as_good.metric == "log_loss"
    assert compared.rungs[1] == "column 'score'"


def test_classes_are_taken_as_certain():
    run = judged(said=np.array(["no", "yes"])[(SECOND > 0.5).astype(int)])
    other, how_read = incumbent(run, "said")
    assert how_read.startswith("Column 'said' holds classes, each taken as certain")
    differences = {each.metric: each.difference.value for each in compare(run, other).differences}
    assert differences["accuracy"] == differences["mcc"] == 0.0
    assert differences["log_loss"] < 0


def test_whole_numbers_name_classes_and_rows_without_an_answer_are_left_out():
    codes = [None if k < 10 else float(code) for k, code in enumerate(CODES)]
    run = judged(classes=("0", "1"), said=pl.Series(codes))
    found, _ = incumbent(run, "said")
    assert len(found) == ROWS - 10
    assert (found.prediction.value == CODES[10:]).all()
    assert compare(run, found).only == (10, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([300.0 + k for k in range(ROWS)], "holds '300', which is neither 'no' or 'yes' nor a"),
        (["maybe"] * ROWS, "holds 'maybe', which is neither 'no' or 'yes' nor a probability"),
        (pl.Series([None] * ROWS, dtype=pl.Float64), "has no answer in the judged rows"),
    ],
)
def test_a_column_without_answers_is_refused(values, said):
    with pytest.raises(ColumnError, match=said):
        incumbent(judged(said=values), "said")
    with pytest.raises(ColumnError, match=r"no column 'sayd'\. Did you mean 'said'"):
        incumbent(judged(said=values), "sayd")
