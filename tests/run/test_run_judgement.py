"""The judging of rungs: scores against scikit-learn's, intervals against chance, the verdict."""

import msgspec
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as peer

from agreement import assert_interval
from gradum.errors import TargetError
from gradum.messages import as_text
from gradum.run.judging.judge_rungs import Seen, Truth, judge
from gradum.run.judging.judgement import Judgement
from gradum.rungs.rung import Prediction
from gradum.scores.interval import with_unknown_bounds

RNG = np.random.default_rng(0)
ROWS = 240
NUMBERS = RNG.normal(10, 3, ROWS)
CLASSES = RNG.integers(0, 3, ROWS)
WEIGHT = RNG.random(ROWS) + 0.5
EVERY = np.arange(ROWS)


def numbers_said(noise, seed=0):
    return Prediction(NUMBERS + np.random.default_rng(seed).normal(0, noise, ROWS), None)


def classes_said(sharpness, seed=0):
    logits = np.random.default_rng(seed).normal(size=(ROWS, 3))
    logits[EVERY, CLASSES] += sharpness
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Prediction.of_classes(shares)


def number_truth(**options):
    return Truth("regression", NUMBERS, WEIGHT, (), **options)


def class_truth(**options):
    return Truth("multiclass", CLASSES, WEIGHT, ("x", "y", "z"), **options)


def judged(truth, parts, metric, **options):
    return judge(truth, parts, metric=metric, seed=0, how="Judged.", **options)


MEAN = Prediction(np.full(ROWS, NUMBERS.mean()), None)


def test_scores_of_numbers_are_scikit_learns():
    said = numbers_said(2.0)
    found = judged(
        number_truth(), {"test": Seen(EVERY, {"baseline": MEAN, "linear": said})}, "rmse"
    )
    scores = found.scores["linear"]["test"]
    options = {"sample_weight": WEIGHT}
    expected = {
        "rmse": peer.root_mean_squared_error(NUMBERS, said.value, **options),
        "mae": peer.mean_absolute_error(NUMBERS, said.value, **options),
        "r2": peer.r2_score(NUMBERS, said.value, **options),
        "median_absolute_error": peer.median_absolute_error(NUMBERS, said.value, **options),
        "mape": peer.mean_absolute_percentage_error(NUMBERS, said.value, **options),
    }
    scores.pop("rmsle", None)  # some of these numbers may be below 0
    assert {name: each.value for name, each in scores.items()} == pytest.approx(expected)
    for each in scores.values():
        assert each.low < each.value < each.high


def test_scores_of_classes_are_scikit_learns():
    said = classes_said(1.5)
    uniform = Prediction.of_classes(np.full((ROWS, 3), 1 / 3))
    seen = Seen(EVERY, {"baseline": uniform, "linear": said})
    scores = judged(class_truth(), {"test": seen}, "log_loss").scores["linear"]["test"]
    options = {"sample_weight": WEIGHT}
    shares = said.probability
    expected = {
        "log_loss": peer.log_loss(CLASSES, shares, **options),
        "accuracy": peer.accuracy_score(CLASSES, said.value, **options),
        "macro_f1": peer.f1_score(CLASSES, said.value, average="macro", **options),
        "balanced_accuracy": peer.balanced_accuracy_score(CLASSES, said.value, **options),
    }
    for name, value in expected.items():
        assert scores[name].value == pytest.approx(value)


def test_the_verdict_is_of_the_test_rows_and_of_the_difference_on_each():
    """The standard error of a mean difference of n rows is their deviation over √n."""
    good, fair = numbers_said(1.0), numbers_said(1.5, seed=1)
    plain = Truth("regression", NUMBERS, np.ones(ROWS), ())
    parts = {
        "train": Seen(EVERY, {"baseline": MEAN, "linear": good, "mlp": fair}),
        "test": Seen(EVERY, {"baseline": MEAN, "linear": fair, "mlp": good}),
    }
    found = judged(plain, parts, "mae").verdict
    assert found.used == "mlp"
    pair = next(c for c in found.comparisons if (c.rung, c.against) == ("mlp", "linear"))
    rows = np.abs(good.value - NUMBERS) - np.abs(fair.value - NUMBERS)
    assert pair.difference.value == pytest.approx(rows.mean())
    assert pair.difference.standard_error == pytest.approx(rows.std() / np.sqrt(ROWS), rel=0.1)


def test_a_row_predicted_in_several_repeats_is_one_observation():
    """Said twice over, the rows are no surer than once."""
    said = numbers_said(2.0)
    twice = Seen.pool([Seen(EVERY, {"baseline": said})] * 2)
    once = judged(number_truth(), {"test": Seen(EVERY, {"baseline": said})}, "mae")
    again = judged(number_truth(), {"test": twice}, "mae")
    a, b = (each.scores["baseline"]["test"]["mae"] for each in (once, again))
    assert b.value == pytest.approx(a.value)
    assert b.standard_error == pytest.approx(a.standard_error, rel=0.15)
    assert again.rows == {"test": ROWS}


def test_groups_that_err_together_make_an_interval_wider():
    group = EVERY // 24
    common = np.random.default_rng(2).normal(0, 2, 10)[group]
    seen = Seen(EVERY, {"baseline": Prediction(NUMBERS + common, None)})
    alone = judged(number_truth(), {"test": seen}, "mae").scores["baseline"]["test"]["mae"]
    grouped = judged(number_truth(groups=group), {"test": seen}, "mae")
    assert grouped.scores["baseline"]["test"]["mae"].standard_error > 2 * alone.standard_error


def test_pooled_rows_are_averaged_over_their_repeats():
    rng = np.random.default_rng(0)
    said = [
        (rng.permutation(10)[:6], rng.random(6), rng.dirichlet(np.ones(3), 6)) for _ in range(3)
    ]
    several = [
        Seen(rows, {"linear": Prediction(value, None), "mlp": Prediction.of_classes(shares)})
        for rows, value, shares in said
    ]
    rows, averaged = Seen.pool(several).average(10)
    assert rows.tolist() == sorted({int(row) for each, _, _ in said for row in each})
    for place, row in enumerate(rows):
        values = [value[list(each).index(row)] for each, value, _ in said if row in each]
        shares = [share[list(each).index(row)] for each, _, share in said if row in each]
        assert averaged["linear"].value[place] == pytest.approx(np.mean(values))
        np.testing.assert_allclose(averaged["mlp"].probability[place], np.mean(shares, axis=0))
        assert averaged["mlp"].value[place] == np.mean(shares, axis=0).argmax()


def test_only_rungs_that_every_fold_has_are_pooled():
    first = Seen(np.array([0, 1]), {"baseline": MEAN, "linear": MEAN})
    second = Seen(np.array([2, 3]), {"baseline": MEAN})
    assert list(Seen.pool([first, second]).predictions) == ["baseline"]


def test_prevalence_counts_weights_and_names_absent_classes():
    truth = Truth("multiclass", np.array([0, 0, 1, 1]), np.array([3.0, 1, 2, 2]), ("x", "y", "z"))
    seen = Seen(np.arange(4), {"baseline": Prediction.of_classes(np.full((4, 3), 1 / 3))})
    assert judged(truth, {"test": seen}, "log_loss").prevalence == {"x": 0.5, "y": 0.5, "z": 0.0}


def single_class(metric):
    truth = Truth("binary", np.zeros(30, np.int64), np.ones(30), ("no", "yes"))
    shares = np.random.default_rng(0).dirichlet(np.ones(2), 30)
    return judged(
        truth, {"test": Seen(np.arange(30), {"baseline": Prediction.of_classes(shares)})}, metric
    )


def test_what_the_rows_leave_undefined_is_left_out():
    scores = single_class("log_loss").scores["baseline"]["test"]
    assert "auc" not in scores
    assert {"log_loss", "accuracy", "brier"} <= set(scores)


def test_a_verdict_by_an_undefined_metric_is_refused():
    with pytest.raises(TargetError, match="auc is undefined on the 30 judging rows"):
        single_class("auc")


def checked(train, test):
    """The fit check of rungs by their noise on training and on test rows."""
    said = {
        part: {"baseline": MEAN} | {name: numbers_said(each, k) for name, each in noise.items()}
        for k, (part, noise) in enumerate({"train": train, "test": test}.items())
    }
    parts = {part: Seen(EVERY, predictions) for part, predictions in said.items()}
    found = judged(number_truth(), parts, "rmse")
    return found.verdict.used, found.fit_check


def test_a_rung_that_loses_on_new_rows_to_a_simpler_one_that_it_beat_in_training_overfits():
    used, said = checked({"linear": 1.0, "mlp": 0.1}, {"linear": 1.0, "mlp": 2.0})
    assert used == "linear"
    assert said.startswith("Overfitting: MLP beats linear on the rows it learned from")
    assert "--max-epochs" in said


def test_a_gap_that_costs_nothing_is_no_overfitting_and_is_explained():
    used, said = checked({"linear": 1.9, "mlp": 0.2}, {"linear": 2.5, "mlp": 1.0})
    assert used == "mlp"
    assert "overfitting" not in said.casefold()
    assert "it does no harm that the MLP does better on the rows it learned from" in said
    assert said.startswith("No simpler model does better on new rows")


def test_scores_that_read_alike_are_no_gap():
    """Each of 240 errors is greater by a hundred-thousandth, which is beyond chance."""
    said = {
        part: {"baseline": MEAN, "linear": Prediction(NUMBERS + size, None)}
        for part, size in (("train", 1.0), ("test", 1.00001))
    }
    parts = {part: Seen(EVERY, predictions) for part, predictions in said.items()}
    found = judged(number_truth(), parts, "rmse").fit_check
    assert found.startswith("No sign of overfitting: RMSE 1 on the rows it learned from, 1 on new")


def test_a_loss_to_a_simpler_rung_is_written_with_the_digits_that_show_it():
    flat = {"baseline": MEAN, "linear": Prediction(NUMBERS + 1.0, None)}
    train = flat | {"mlp": Prediction(NUMBERS + 0.5, None)}
    test = flat | {"mlp": Prediction(NUMBERS + 1.0001, None)}
    parts = {"train": Seen(EVERY, train), "test": Seen(EVERY, test)}
    found = judged(number_truth(), parts, "rmse").fit_check
    assert found.startswith("Overfitting: MLP beats linear")
    assert "(RMSE 0.5 against 1)" in found
    assert "(1.0001 against 1)" in found


def test_no_gap_is_no_sign_of_overfitting():
    _, said = checked({"mlp": 2.0}, {"mlp": 2.0})
    assert said.startswith("No sign of overfitting")


def test_nothing_better_than_the_baseline_is_underfitting():
    used, said = checked({"mlp": 99}, {"mlp": 99})
    assert used == "baseline"
    assert said.startswith("Underfitting")


def test_scores_of_each_class_are_scikit_learns():
    said = classes_said(1.5)
    found = judged(class_truth(), {"test": Seen(EVERY, {"linear": said})}, "log_loss").by_class
    expected = peer.precision_recall_fscore_support(CLASSES, said.value, sample_weight=WEIGHT)
    ours = [[getattr(each, name).value for each in found] for name in ("precision", "recall", "f1")]
    np.testing.assert_allclose(ours, expected[:3])
    assert [each.support for each in found] == np.bincount(CLASSES).tolist()
    assert [each.predicted for each in found] == np.bincount(said.value).tolist()
    for each in found:
        for score in (each.precision, each.recall, each.f1):
            assert score.low < score.value < score.high


def said_of(found, missed, wrong, left):
    """Two classes: so many rows found, missed, called so wrongly and left in peace."""
    target = np.repeat([1, 1, 0, 0], (found, missed, wrong, left))
    called = np.repeat([1, 0, 1, 0], (found, missed, wrong, left))
    share = np.where(called, 0.7, 0.2) + 0.1 * np.random.default_rng(0).random(len(target))
    truth = Truth("binary", target, np.ones(len(target)), ("no", "yes"))
    return truth, Prediction.of_classes(np.column_stack([1 - share, share]))


@pytest.mark.parametrize("repeats", [1, 2])
@pytest.mark.parametrize(
    ("found", "wrong", "known"), [(1, 0, False), (6, 3, False), (7, 3, True), (10, 0, True)]
)
def test_precision_rests_on_the_rows_predicted_and_has_one_interval(found, wrong, known, repeats):
    """However many rows the class has, fewer than ten that are called so say too little."""
    truth, said = said_of(found, 30 - found, wrong, 370 - wrong)
    seen = Seen.pool([Seen(np.arange(400), {"linear": said})] * repeats)
    judgement = judged(truth, {"test": seen}, "log_loss")
    scores, (_, yes) = judgement.scores["linear"]["test"], judgement.by_class
    assert_interval(scores["precision"], found / (found + wrong), known=known)
    for name in ("macro_precision", "recall", "f1"):
        assert scores[name].known == (known or name != "macro_precision")
    for name in ("precision", "recall", "f1"):
        assert getattr(yes, name) == scores[name]
    assert (yes.support, yes.predicted, yes.hits) == (30, found + wrong, found)
    noted = any("No interval of precision" in note for note in judgement.notes)
    assert noted == (not known)
    if wrong == 0 and known:  # no resample is wrong: Wilson's of ten rows, with Student's quantile
        z = stats.t(9).ppf(0.975)
        assert scores["precision"].low == pytest.approx(10 / (10 + z**2))


def test_rungs_that_never_predict_a_class_have_no_precision_and_are_not_compared_by_it():
    truth, said = said_of(20, 10, 5, 365)
    never = Prediction.of_classes(np.tile([0.9, 0.1], (400, 1)))
    seen = Seen(np.arange(400), {"baseline": never, "linear": said})
    found = judged(truth, {"test": seen}, "precision")
    for name in ("precision", "macro_precision"):
        assert_interval(found.scores["baseline"]["test"][name], np.nan, known=False)
    assert found.verdict.used == found.verdict.enough == "linear"
    assert found.verdict.comparisons == ()
    assert found.compared.keys() == {"linear"}
    assert found.notes[0] == (
        "baseline has no precision, as the second class is never predicted, and takes no part in "
        "the comparison."
    )
    with pytest.raises(TargetError, match="the second class is never predicted"):
        judged(truth, {"test": Seen(np.arange(400), {"baseline": never})}, "precision")
    content = msgspec.json.decode(msgspec.json.encode(found, enc_hook=as_text))
    assert msgspec.convert(with_unknown_bounds(content), Judgement) == found


def test_repeats_that_disagree_of_a_row_each_count_a_part_of_it():
    """One row of twenty is taken for the other class in one of two repeats."""
    target = np.repeat([0, 1], 20)
    shares = np.where(target[:, None] == [0, 1], 0.8, 0.2)
    other = shares.copy()
    other[25] = [0.6, 0.4]
    seen = [Seen(np.arange(40), {"linear": Prediction.of_classes(p)}) for p in (shares, other)]
    truth = Truth("binary", target, np.ones(40), ("no", "yes"))
    no, yes = judged(truth, {"test": Seen.pool(seen)}, "log_loss").by_class
    assert [(each.support, each.predicted, each.hits) for each in (no, yes)] == [
        (20, 20.5, 20),
        (20, 19.5, 19.5),
    ]
    assert yes.recall.value == pytest.approx(19.5 / 20)


def test_a_far_worse_score_that_few_rows_decide_is_no_absence_of_a_sign():
    """One row of 240 is off by a thousand times what the others are."""
    off = np.zeros(ROWS)
    off[17] = 1_000.0
    train, test = Prediction(NUMBERS + 1.0, None), Prediction(NUMBERS + 1.0 + off, None)
    guess = Prediction(NUMBERS + 3.0 + off, None)
    parts = {
        part: Seen(EVERY, {"baseline": guess, "linear": said})
        for part, said in {"train": train, "test": test}.items()
    }
    said = judged(number_truth(), parts, "rmse").fit_check
    assert said.startswith(
        "These rows do not show whether it overfits: RMSE is 1 on the rows it learned"
    )


def test_a_class_of_few_rows_has_scores_and_no_interval():
    target = np.r_[np.zeros(60, int), np.ones(6, int)]
    truth = Truth("binary", target, np.ones(66), ("no", "yes"))
    shares = np.c_[0.9 - 0.5 * target, 0.1 + 0.5 * target]
    seen = Seen(np.arange(66), {"linear": Prediction.of_classes(shares)})
    common, rare = judged(truth, {"test": seen}, "log_loss").by_class
    assert common.recall.known
    assert (rare.support, rare.recall.value, rare.recall.known) == (6, 1.0, False)


def test_the_same_seed_draws_the_same_intervals():
    parts = {"test": Seen(EVERY, {"baseline": numbers_said(2.0)})}
    assert judged(number_truth(), parts, "mae") == judged(number_truth(), parts, "mae")
    other = judge(number_truth(), parts, metric="mae", seed=1, how="Judged.")
    assert other.scores != judged(number_truth(), parts, "mae").scores
