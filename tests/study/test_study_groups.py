"""Scores by group, against scikit-learn, brute force and simulation."""

import numpy as np
import polars as pl
import pytest
from evidence_of import classes, numbers
from scipy import stats
from sklearn import metrics as peer

from gradum.errors import SpecError
from gradum.scores.metrics import METRICS
from gradum.study.groups import comparison, scoring
from gradum.study.groups.groups import measures_of
from gradum.study.groups.learning_error import learning_errors
from gradum.study.groups.scoring import scores_by_group
from gradum.study.resampling import Subset, farthest_by_chance

SIZES = {"large": 300, "middle": 120, "small": 40, "tiny": 6, "one": 1, "another": 1}


def column(sizes=SIZES):
    return pl.DataFrame({"site": np.repeat(list(sizes), list(sizes.values()))})


def two_classes(sizes=SIZES, seed=0):
    """Well-calibrated probabilities of two classes."""
    rng = np.random.default_rng(seed)
    share = rng.beta(2, 2, sum(sizes.values()))
    return classes((rng.random(len(share)) < share).astype(int), share, features=column(sizes))


def of(found, values):
    return next(group for group in found.groups if group.values == values)


@pytest.fixture(scope="module")
def found():
    return scores_by_group(two_classes(), ["site"], "log_loss")


def test_a_group_has_the_scores_of_its_rows_and_their_differences_from_the_others(found):
    seen = two_classes()
    group = of(found, "middle")
    inside = (seen.frame["site"] == "middle").to_numpy()
    assert (group.column, group.rows, found.selected) == ("site", 120, "yes")
    predicted, share, truth = seen.prediction.value, seen.prediction.probability[:, 1], seen.target

    def loss(rows):
        return peer.log_loss(truth[rows], share[rows], labels=[0, 1])

    def rates(rows):
        table = peer.confusion_matrix(truth[rows], predicted[rows])
        return predicted[rows].mean(), table[1, 1] / table[1].sum(), table[0, 1] / table[0].sum()

    scores = [group.scores[name] for name in found.measures]
    inner, rest = [loss(inside), *rates(inside)], [loss(~inside), *rates(~inside)]
    np.testing.assert_allclose([score.value for score in scores], inner)
    apart = [score.difference.value for score in scores]
    np.testing.assert_allclose(apart, np.subtract(inner, rest))
    for score in scores:
        assert score.interval.low < score.value < score.interval.high
        assert score.difference.low < score.difference.value < score.difference.high


def test_small_groups_are_listed_and_named_but_not_compared(found):
    for values in ("tiny", "one", "another"):
        score = of(found, values).scores["log_loss"]
        assert (score.difference, score.finding) == (None, "too few rows to say")
        assert score.value is not None
    text = " ".join(found.sentences)
    assert "'tiny' (6)" in text
    assert "2 groups are single rows: 'another', 'one'" in text
    assert of(found, "one").scores["false_positive_rate"].value in (None, 0.0, 1.0)
    assert sum(group.rows for group in found.groups) == found.rows


def test_gaps_are_those_of_the_groups_with_enough_rows(found):
    gap = next(gap for gap in found.gaps if gap.measure == "selection_rate")
    enough = [of(found, values) for values in ("large", "middle", "small")]
    rates = [group.scores["selection_rate"].value for group in enough]
    assert gap.value == pytest.approx(np.ptp(rates))
    assert gap.low <= gap.value <= gap.high


def test_planted_differences_are_found_on_their_side():
    rng = np.random.default_rng(3)
    sizes = {"loud": 150, "still": 150, "plain": 300}
    scale = np.repeat([3.0, 0.3, 1.0], list(sizes.values()))
    seen = numbers(scale * rng.normal(size=600), np.zeros(600), features=column(sizes))
    found = scores_by_group(seen, ["site"], "rmse")
    findings = {group.values: group.scores["rmse"].finding for group in found.groups}
    assert (findings["loud"], findings["still"]) == (
        "weaker than the rest",
        "stronger than the rest",
    )
    assert "RMSE by site, weaker than the rest: 'loud'." in found.sentences


def test_groups_that_are_alike_are_rarely_told_apart():
    sizes = {f"site {place}": rows for place, rows in enumerate([20, 25, 40, 60, 90, 140])}
    rng, draws = np.random.default_rng(4), 40
    flagged = 0
    for seed in range(draws):
        errors = rng.standard_t(4, sum(sizes.values()))
        seen = numbers(errors, np.zeros(len(errors)), features=column(sizes), seed=seed)
        flagged += bool(scores_by_group(seen, ["site"], "rmse").flagged)
    assert flagged <= stats.binom.ppf(0.999, draws, 0.05)


def test_two_groups_are_one_comparison_and_several_cost_no_more_than_bonferroni():
    rng = np.random.default_rng(5)
    one = rng.normal(size=(1, 4000))
    twice = np.concatenate([one, -one])
    errors = twice.std(axis=1, ddof=1)
    assert comparison._level(twice, errors) == pytest.approx(0.05, abs=0.01)
    many = rng.normal(size=(10, 4000))
    level = comparison._level(many, many.std(axis=1, ddof=1))
    assert 0.005 <= level <= 0.0065  # 1 − 0.95^(1/10) is 0.0051


def test_differences_by_chance_are_those_of_random_groups():
    seen = two_classes({"a": 200, "b": 150, "c": 50}, seed=6)
    measures = measures_of("binary", "log_loss")[:1]
    cut = scoring._cut(seen, "site")
    groups = [comparison.ColumnGroup(cut, code) for code in range(3)]
    every = np.arange(400)
    ones = np.ones((3, 1))
    permuted = comparison._permuted(seen, groups, measures, every, ones > 0, np.ones(3))
    chance = farthest_by_chance(permuted[:, 0])[:, None]
    rng, whole = np.random.default_rng(0), Subset.of(seen, every, every >= 0)
    score = METRICS["log_loss"].function
    drawn = np.empty((3, 500))
    for draw in range(500):
        order = rng.permutation(400)
        for place, group in enumerate(groups):
            inside = group.mask[order].astype(float)[None, :]
            inner, rest = (score(whole.weighting(side))[0] for side in (inside, 1 - inside))
            drawn[place, draw] = inner - rest
    farthest = np.abs(drawn / drawn.std(axis=1, keepdims=True)).max(axis=0)
    expected = drawn.std(axis=1) * np.quantile(farthest, 0.95)
    np.testing.assert_allclose(chance[:, 0].mean(axis=1), expected, rtol=0.2)


def test_of_many_rows_a_sample_tells_how_far_scores_vary():
    rng = np.random.default_rng(7)
    sizes = {"most": 29_000, "some": 900, "few": 100}
    errors = rng.normal(size=30_000)
    found = scores_by_group(
        numbers(errors, np.zeros(30_000), features=column(sizes)), ["site"], "mae"
    )
    for values, rows in sizes.items():
        error = of(found, values).scores["mae"].interval.standard_error
        assert error == pytest.approx(np.abs(errors).std() / np.sqrt(rows), rel=0.25)


def test_several_columns_are_compared_all_at_once():
    seen = two_classes({"a": 300, "b": 300})
    half = pl.Series("half", np.tile(["x", "y"], 300))
    both = classes(
        seen.target,
        seen.prediction.probability[:, 1],
        features=seen.frame.select("site").with_columns(half),
    )
    one, two = (
        scores_by_group(both, names, "log_loss") for names in (["site"], ["site", "half", "site"])
    )
    assert [group.column for group in two.groups] == ["site", "site", "half", "half"]
    assert {gap.column for gap in two.gaps} == {"site", "half"}
    widths = [
        np.ptp([score.low, score.high])
        for found in (one, two)
        for score in [found.groups[0].scores["log_loss"].difference]
    ]
    assert widths[1] >= widths[0] * 0.95


@pytest.mark.parametrize(
    ("name", "message"), [("target", "is the target"), ("sote", "Did you mean 'site'")]
)
def test_columns_that_form_no_groups_are_refused(name, message):
    with pytest.raises(SpecError, match=message):
        scores_by_group(two_classes(), [name], "log_loss")


def test_a_column_of_too_many_levels_is_refused():
    names = pl.DataFrame({"site": [f"site {place}" for place in range(300)]})
    seen = numbers(np.arange(300.0), np.zeros(300), features=names)
    with pytest.raises(SpecError, match="300 levels, more than 200 groups"):
        scores_by_group(seen, ["site"], "mae")


def test_a_column_of_one_group_is_refused():
    seen = numbers(np.arange(50.0), np.zeros(50), features=column({"only": 50}))
    with pytest.raises(SpecError, match="the same value in all rows"):
        scores_by_group(seen, ["site"], "mae")


def test_a_group_that_is_always_right_has_an_interval():
    truth = np.r_[np.ones(40, int), np.tile([0, 1], 60)]
    seen = classes(truth, np.full(160, 0.9), features=column({"right": 40, "half": 120}))
    score = of(scores_by_group(seen, ["site"], "accuracy"), "right").scores["accuracy"]
    assert (score.value, score.interval.high) == (1.0, 1.0)
    assert 0.85 < score.interval.low < 0.95
    assert score.finding == "stronger than the rest"


def test_an_error_of_learning_is_that_of_the_level_of_a_group():
    share = np.linspace(0.02, 0.98, 4001)
    site = np.repeat(["a", "b"], [1000, 3001])
    seen = classes((share > 0.5).astype(int), share, features=pl.DataFrame({"site": site}))
    sides, rates = [site == "b", site == "a"], measures_of("binary", "auc")
    found = learning_errors(seen, sides, rates, learned=8002)
    # Twice as many rows were learned from: SE = 1 / √(2 Σ p (1 − p)), and selection moves by as
    # many rows as are within it of a half, where a logit is 4 shares.
    step = (2 * (share * (1 - share))[site == "b"].sum()) ** -0.5
    within = np.abs(np.log(share / (1 - share))) < step
    assert found[0, 1] == pytest.approx(within.sum() / 2 / 3001, abs=1e-3)
    assert found[0, 1] == pytest.approx(step / 4 / 0.96 * 4001 / 3001, rel=0.02)
    assert found[0, 0] == pytest.approx(0.0, abs=1e-9)  # a level changes no order
    assert (found[1, 1:] == 0).all()  # no row of the other group is near a half


def test_differences_allow_for_the_error_of_learning():
    seen = two_classes({"large": 300, "small": 100})
    rates = measures_of("binary", "log_loss")
    plain, wider = (
        of(scores_by_group(seen, ["site"], "log_loss", learned), "small") for learned in (None, 400)
    )
    sides = [np.repeat([False, True], [300, 100]), np.repeat([True, False], [300, 100])]
    off_by = np.hypot(*learning_errors(seen, sides, rates, 400))
    for kind, measure in enumerate(each.name for each in rates):
        before, after = plain.scores[measure], wider.scores[measure]
        error = np.hypot(before.difference.standard_error, off_by[kind])
        assert after.difference.standard_error == pytest.approx(error, rel=1e-9)
        assert after.difference.value == before.difference.value
        assert after.p_value >= before.p_value
    assert off_by[1] > 0.5 * plain.scores["selection_rate"].difference.standard_error
