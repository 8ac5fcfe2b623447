"""The verdict in the reader's words, on scores made by hand."""

import itertools

import msgspec
import numpy as np
import pytest
from msgspec import structs

import gradum
from gradum.run.judging.by_class import ClassScores
from gradum.run.judging.headline import headline, with_headline
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.verdict import decide
from gradum.scores.interval import Interval
from gradum.show.text import plain, verdict_parts


def around(value, half=0.03):
    return Interval(value, value - half, value + half, half / 2)


def judgement(metric, scores, error, *, prevalence=None, by_class=(), fit_check=""):
    """A judgement of rungs by all their scores; differences have one standard error."""
    names = list(scores)
    values = {name: scores[name][metric] for name in names}
    differences = {
        (a, b): around(values[a].value - values[b].value, 2 * error)
        for a, b in itertools.combinations(reversed(names), 2)
    }
    return Judgement(
        how="Judged.",
        rows={"test": 200},
        scores={name: {"test": each} for name, each in scores.items()},
        prevalence=prevalence or {},
        verdict=decide(metric, values, differences),
        fit_check=fit_check,
        by_class=by_class,
    )


def classes(accuracies, losses):
    return {
        name: {
            "log_loss": around(loss),
            "accuracy": around(share),
            "balanced_accuracy": around(0.61),
        }
        for (name, share), loss in zip(accuracies.items(), losses, strict=True)
    }


RIGHT = {"baseline": 0.62, "linear": 0.79, "pack": 0.80}
NEARLY = {"no": 0.62, "yes": 0.38}


def test_how_often_right_beside_guessing_and_the_simplest_that_does_as_well():
    said = headline(
        judgement("log_loss", classes(RIGHT, (0.66, 0.451, 0.436)), 0.02, prevalence=NEARLY)
    )
    assert said == (
        "Right in 80 of 100 rows [77–83]; always answering 'no', the most frequent class, is right "
        "in 62.",
        "Predictions use the network ensemble. As far as these rows show, the linear model, which "
        "is simpler, does as well: add --rung enough to use it.",
    )


def test_a_lead_within_the_interval_but_beyond_one_standard_error_is_one_statement():
    """No "no simpler rung comes near" beside "no difference shown"."""
    found = judgement("log_loss", classes(RIGHT, (0.66, 0.451, 0.436)), 0.01, prevalence=NEARLY)
    _, chosen = headline(found)
    assert chosen == (
        "Predictions use the network ensemble: it does best, though its lead over the linear model "
        "may be chance."
    )
    assert found.verdict.enough == "pack"


def test_a_lead_beyond_chance_is_said_so():
    found = judgement("log_loss", classes(RIGHT, (0.66, 0.451, 0.436)), 0.001, prevalence=NEARLY)
    assert "better than every simpler model, beyond chance" in headline(found)[1]


def test_where_nothing_helps_it_says_so():
    found = judgement("log_loss", classes(RIGHT, (0.66, 0.67, 0.68)), 0.02, prevalence=NEARLY)
    assert headline(found)[1] == "Use no model: none does better than guessing."
    found = judgement("log_loss", classes(RIGHT, (0.66, 0.67, 0.65)), 0.02, prevalence=NEARLY)
    assert headline(found)[1].startswith("No column is shown to help: guessing")


def test_a_constant_ranks_no_pairs():
    """Over folds whose constants differ, its AUC is that of the folds."""
    scores = classes(RIGHT, (0.66, 0.67, 0.68))
    scores["baseline"]["auc"] = around(0.48)
    labels = (ClassScores("no", 124, 200, around(0.6), around(1.0), around(0.7), 124),)
    labels += (ClassScores("yes", 76, 0, around(0.0), around(0.0), around(0.0), 0),)
    found = judgement("log_loss", scores, 0.02, prevalence=NEARLY, by_class=labels)
    said = headline(found)
    assert found.no_model_helps
    assert said[0].startswith("Right in 62 of 100 rows")
    assert said[1:] == (
        "Finds none of the 76 rows that are 'yes'.",
        "Use no model: none does better than guessing.",
    )
    alone = judgement("log_loss", {"baseline": scores["baseline"]}, 0.02, prevalence=NEARLY)
    assert not alone.no_model_helps  # as it was asked for


def test_of_very_unequal_classes_it_says_how_many_of_the_rare_one_are_found():
    shares = {"no": 0.9, "yes": 0.1}
    rare = (
        ClassScores("no", 180, 190, around(0.9), around(0.97), around(0.93)),
        ClassScores("yes", 20, 10, around(0.6), around(0.32), around(0.4)),
    )
    scores = classes({"baseline": 0.9, "linear": 0.91}, (0.3, 0.2))
    scores["linear"]["auc"] = around(0.83)
    said = headline(judgement("log_loss", scores, 0.01, prevalence=shares, by_class=rare))
    assert said[:3] == (
        "Finds 1 of 3 rows that are 'yes' (32% [29–35]); when it says 'yes', it is right 3 times "
        "in 5 (60% [57–63]).",
        "Right in 91 of 100 rows [88–94]; always answering 'no', the most frequent class, is right "
        "in 90.",
        "In 83 of 100 pairs [80–86], it ranks a row that is 'yes' above a row that is not; chance "
        "does so in 50.",
    )


@pytest.mark.parametrize("labels", [("no", "yes"), ("yes", "no")])
def test_every_sentence_on_two_classes_speaks_of_the_rarer_one(labels):
    shares = {label: {"no": 0.7, "yes": 0.3}[label] for label in labels}
    scores = classes({"baseline": 0.7, "linear": 0.71}, (0.6, 0.5))
    scores["linear"]["auc"] = around(0.77)
    each = tuple(ClassScores(name, 60, 50, *[around(0.5)] * 3, 30) for name in labels)
    _, found, ranked, use = headline(
        judgement("log_loss", scores, 0.01, prevalence=shares, by_class=each)
    )[:4]
    assert all("'yes'" in sentence for sentence in (found, ranked, use))
    assert "'no'" not in found + ranked


@pytest.mark.parametrize(("accuracy", "ranks"), [(0.63, True), (0.79, False)])
def test_answers_that_do_not_beat_guessing_are_to_rank_rows(accuracy, ranks):
    scores = classes({"baseline": 0.62, "linear": accuracy}, (0.66, 0.6))
    scores["linear"]["auc"] = around(0.71)
    labels = (ClassScores("no", 124, 150, around(0.8), around(0.7), around(0.7), 105),)
    labels += (ClassScores("yes", 76, 50, around(0.4), around(0.5), around(0.45), 30),)
    said = headline(judgement("log_loss", scores, 0.01, prevalence=NEARLY, by_class=labels))
    assert f"Right in {round(100 * accuracy)} of 100 rows" in said[0]
    assert "'yes' (" in said[1]
    assert "71 of 100 pairs" in said[2]
    assert (
        "So use its probabilities, to sort rows from most to least likely 'yes'" in said[3]
    ) == ranks


@pytest.mark.parametrize(
    ("predicted", "hits", "precision", "said"),
    [
        (1, 1, 1.0, "; it says 'yes' for 1 of all 200 rows, and is right for 1."),
        (2, 0, 0.0, "Finds none of the 20 rows that are 'yes'."),
        (0, 0, np.nan, "Finds none of the 20 rows that are 'yes'."),
    ],
)
def test_of_few_rows_called_rare_it_says_how_many(predicted, hits, precision, said):
    unknown = Interval(precision, np.nan, np.nan, 0.0)
    classes_found = (
        ClassScores("no", 180, 200 - predicted, around(0.9), around(0.97), around(0.93)),
        ClassScores("yes", 20, predicted, unknown, around(0.05), around(0.1), hits),
    )
    scores = classes({"baseline": 0.9, "linear": 0.91}, (0.3, 0.2))
    shares = {"no": 0.9, "yes": 0.1}
    found = judgement("log_loss", scores, 0.01, prevalence=shares, by_class=classes_found)
    assert headline(found)[0].endswith(said)


def test_of_rows_that_the_run_did_not_judge_it_says_which_model_predicts():
    """A run that predicts by the linear model is told nothing of the best on other rows."""
    scores = classes({"baseline": 0.7, "linear": 0.8, "pack": 0.81}, (0.6, 0.42, 0.4))
    said = headline(judgement("log_loss", scores, 0.03), "linear")[0]
    assert said == (
        "Predictions use the linear model, which the run chose; on these rows the network ensemble "
        "does better, which may be chance."
    )
    sure = headline(judgement("log_loss", scores, 0.001), "linear")[0]
    assert sure.endswith("does better, beyond chance: add --rung pack to use it.")
    own = headline(judgement("log_loss", scores, 0.03), "pack")[0]
    assert own == "Predictions use the network ensemble, which does best on these rows too."


def test_of_numbers_it_says_how_far_off():
    scores = {
        name: {
            "rmse": around(2 * error),
            "mae": around(error),
            "median_absolute_error": around(0.9),
        }
        for name, error in (("baseline", 9.9), ("linear", 1.72))
    }
    said = headline(judgement("rmse", scores, 0.01))
    assert said[0] == (
        "Off by 1.72 [1.69–1.75] on average, by less than 0.9 in half of the rows; always "
        "guessing the mean is off by 9.9."
    )
    assert said[1:] == (
        "Predictions use the linear model: it does better than guessing, beyond chance.",
    )


@pytest.mark.parametrize(
    ("unit", "amounts"),
    [("kg", ("1.72 kg [", "0.9 kg", "9.9 kg.")), ("€", ("€1.72 [", "€0.9", "€9.9."))],
)
def test_errors_have_the_unit_of_the_target(unit, amounts):
    scores = {
        "baseline": {"mae": around(9.9), "rmse": around(9.9)},
        "linear": {
            "mae": around(1.72),
            "rmse": around(3.0),
            "median_absolute_error": around(0.9),
        },
    }
    found = structs.replace(judgement("rmse", scores, 0.01), unit=unit)
    assert all(amount in headline(found)[0] for amount in amounts)
    shown = plain(*verdict_parts(with_headline(found)))
    assert f"RMSE in {unit}" in shown
    assert f"MAE in {unit}" in shown


def test_a_single_rung_is_compared_with_nothing():
    scores = {"linear": {"rmse": around(2.0), "mae": around(1.0)}}
    assert headline(judgement("rmse", scores, 0.1)) == ("Off by 1.00 [0.97–1.03] on average.",)


def test_a_headline_in_chinese_is_whole_and_keeps_names_and_figures():
    scores = classes({"baseline": 0.9, "linear": 0.93}, (0.4, 0.3))
    rare = ClassScores("{rare}", 40, 30, *(around(0.5, 0.1) for _ in range(3)))
    common = ClassScores("no", 360, 370, *(around(0.95) for _ in range(3)))
    said = judgement(
        "log_loss", scores, 0.01, prevalence={"no": 0.9, "{rare}": 0.1}, by_class=(rare, common)
    )
    with gradum.language("zh"):
        first = headline(said)[0]
    assert first == (
        "每 2 行 '{rare}' 能找出 1 行（50% [40–60]）；"
        "它说是 '{rare}' 时，每 2 次说对 1 次（50% [40–60]）。"
    )


def test_whether_the_model_is_kept_on_all_rows_hangs_on_no_language():
    held_out = judgement("log_loss", classes({"baseline": 0.9}, (0.4,)), 0.01)
    assert not held_out.kept_on_all
    assert msgspec.structs.replace(held_out, folds=5, how="用 5 折交叉验证评判").kept_on_all
    earlier = "Judged by 5-fold cross-validation; the model that is kept is fitted on all rows."
    assert msgspec.structs.replace(held_out, how=earlier).kept_on_all


def test_a_lead_over_a_rung_that_the_time_limit_cut_short_is_called_unfair():
    found = judgement("log_loss", classes(RIGHT, (0.66, 0.451, 0.400)), 0.01, prevalence=NEARLY)
    found = structs.replace(found, cut_short=("linear",), fit_check="The pack overfits.")
    assert headline(found)[1:] == (
        "Predictions use the network ensemble: it does better than every simpler model, "
        "beyond chance.",
        "The comparison is unfair to the linear model, which the time limit cut short; allow more "
        "with --time-limit (time_limit).",
    )
    # What was cut short and leads all the same is no matter of fairness.
    assert "unfair" not in " ".join(headline(structs.replace(found, cut_short=("pack",))))
