"""The choice among rungs, on intervals made by hand."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradum
from gradum.messages import as_text
from gradum.run.judging.verdict import Comparison, choice, decide
from gradum.scores.interval import Interval


def around(value, error):
    return Interval(value, value - 2 * error, value + 2 * error, error)


def verdict(metric, values, error):
    """Decide, where the paired difference of any two rungs has the same standard error."""
    scores = {name: around(value, 0.05) for name, value in values.items()}
    pairs = itertools.combinations(reversed(values), 2)
    return decide(metric, scores, {(a, b): around(values[a] - values[b], error) for a, b in pairs})


LOSSES = {"baseline": 0.70, "linear": 0.41, "mlp": 0.40}


def test_the_best_is_used_and_the_simplest_within_one_error_is_enough():
    found = verdict("log_loss", LOSSES, error=0.02)
    assert (found.used, found.enough) == ("mlp", "linear")
    assert verdict("log_loss", LOSSES, error=0.005).enough == "mlp"
    assert verdict("log_loss", LOSSES, error=0.5).enough == "baseline"


def test_where_more_is_better_the_same_numbers_say_the_opposite():
    found = verdict("accuracy", LOSSES, error=0.02)
    assert (found.used, found.enough) == ("baseline", "baseline")
    upside_down = {name: 1 - value for name, value in LOSSES.items()}
    found = verdict("accuracy", upside_down, error=0.02)
    assert (found.used, found.enough) == ("mlp", "linear")


def test_of_equals_the_simplest_is_used():
    found = verdict("rmse", dict.fromkeys(LOSSES, 1.0), error=0.0)
    assert (found.used, found.enough) == ("baseline", "baseline")


def test_a_rung_more_complex_than_the_best_is_not_enough():
    found = verdict("rmse", {"baseline": 2.0, "linear": 1.0, "mlp": 1.01}, error=0.3)
    assert (found.used, found.enough) == ("linear", "linear")


@pytest.mark.parametrize(
    ("metric", "low", "high", "finding"),
    [
        ("rmse", -0.2, -0.1, "linear is better than baseline"),
        ("rmse", 0.1, 0.2, "linear is worse than baseline"),
        ("rmse", -0.2, 0.1, "no difference shown between linear and baseline"),
        ("rmse", -0.2, 0.0, "no difference shown between linear and baseline"),
        ("auc", 0.1, 0.2, "linear is better than baseline"),
        ("auc", -0.2, -0.1, "linear is worse than baseline"),
        ("auc", 0.0, 0.2, "no difference shown between linear and baseline"),
        ("auc", float("nan"), float("nan"), "no difference shown between linear and baseline"),
    ],
)
def test_what_an_interval_shows(metric, low, high, finding):
    scores = {"baseline": around(0.5, 0.1), "linear": around(0.6, 0.1)}
    difference = Interval((low + high) / 2, low, high, 0.05)
    found = decide(metric, scores, {("linear", "baseline"): difference})
    assert found.comparisons[0].finding == finding
    with gradum.language("zh"):
        in_chinese = decide(metric, scores, {("linear", "baseline"): difference}).comparisons[0]
    assert in_chinese.finding != finding
    assert in_chinese.shows == found.comparisons[0].shows

    earlier = msgspec.to_builtins(found.comparisons[0], enc_hook=as_text)
    del earlier["shows"]  # which files of earlier versions lack
    assert msgspec.convert(earlier, Comparison).shows == found.comparisons[0].shows


def test_the_choice_is_said_in_the_language_in_use_whatever_it_was_when_the_rungs_were_compared():
    unsure = {"baseline": 1.0, "linear": 0.8, "mlp": 0.79}
    with gradum.language("zh"):
        found = verdict("rmse", unsure, error=0.009)
    said = choice(list(unsure), found.used, found.enough, found.comparisons)
    assert said == verdict("rmse", unsure, error=0.009).sentences[0]
    assert "its lead over the linear model may be chance" in said
    assert found.sentences[0] == "预测采用MLP：它最好，但对线性模型的领先可能只是偶然。"


number = st.floats(-5, 5).map(lambda value: round(value, 2))


@given(st.sampled_from(["rmse", "log_loss", "auc", "r2"]), st.data())
def test_never_better_nor_worse_where_an_interval_covers_zero(metric, data):
    names = ["baseline", "linear", "mlp"]
    scores = {name: around(data.draw(number), 0.1) for name in names}
    differences = {}
    for pair in itertools.combinations(reversed(names), 2):
        low, high = sorted([data.draw(number), data.draw(number)])
        differences[pair] = Interval((low + high) / 2, low, high, abs(data.draw(number)))
    found = decide(metric, scores, differences)
    for item in found.comparisons:
        covers = item.difference.low <= 0 <= item.difference.high
        assert covers == item.finding.startswith("no difference shown")
    claims = [item for item in found.comparisons if item.shows != "nothing"]
    assert len(claims) == sum(not (d.low <= 0 <= d.high) for d in differences.values())
    assert names.index(found.enough) <= names.index(found.used)
    assert all(("nan" not in line) for line in found.sentences)
