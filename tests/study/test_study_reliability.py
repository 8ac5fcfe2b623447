"""Reliability curves: bins against counts, intervals against statsmodels and simulation."""

import evidence_of
import msgspec
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

import gradum
from gradum.messages import as_text
from gradum.scores.interval import wilson
from gradum.study.findings.reliability import Z95, Reliability, reliability
from gradum.study.prediction_bins import equal_count_bins


def binary(rows, seed=0, *, said=lambda share: share, **more):
    """Rows that are "yes" with a probability of which the model says what ``said`` makes of it."""
    rng = np.random.default_rng(seed)
    share = rng.beta(1.5, 2.5, rows)
    target = (rng.random(rows) < share).astype(int)
    return evidence_of.classes(target, said(share), seed=seed, **more)


def logit(share):
    return np.log(share / (1 - share))


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def multiclass(rows, steepness=1.0):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(rows, 4))
    share, said = (np.exp(each) for each in (logits, steepness * logits))
    share, said = (each / each.sum(axis=1, keepdims=True) for each in (share, said))
    target = (share.cumsum(axis=1) > rng.random(rows)[:, None]).argmax(axis=1)
    return evidence_of.classes(target, said)


def number(rows, slope=1.0, shift=0.0):
    rng = np.random.default_rng(4)
    truth = rng.normal(50, 10, rows)
    return evidence_of.numbers(truth + rng.normal(0, 3, rows), 50 + (truth - 50) / slope + shift)


@pytest.mark.parametrize("digits", [1, 2, 17])
def test_bins_have_about_equal_counts_and_split_no_tie(digits):
    values = np.round(np.random.default_rng(0).beta(1, 3, 1000), digits)
    codes = equal_count_bins(values)
    assert np.unique(codes).tolist() == list(range(codes.max() + 1))
    assert (np.diff(codes[np.argsort(values)]) >= 0).all()
    for value in np.unique(values):
        assert len(np.unique(codes[values == value])) == 1
    assert np.bincount(codes).min() >= 25
    if digits == 17:
        assert np.bincount(codes).tolist() == [100] * 10


@pytest.mark.parametrize(("rows", "bins"), [(1, 1), (39, 1), (40, 2), (199, 9), (5000, 10)])
def test_few_rows_have_few_bins(rows, bins):
    assert len(np.unique(equal_count_bins(np.arange(rows)))) == bins


def test_a_bin_holds_weighted_means_of_its_rows():
    weight = np.random.default_rng(1).exponential(size=500)
    evidence = binary(500, weight=weight)
    share = evidence.prediction.probability[:, 1]
    found = reliability(evidence)
    tenths = np.split(np.argsort(share), 10)
    for rows, tenth in zip(tenths, found.bins, strict=True):
        assert tenth.rows == 50
        assert tenth.predicted == pytest.approx(np.average(share[rows], weights=weight[rows]))
        assert tenth.observed.value == pytest.approx(
            np.average(evidence.target[rows], weights=weight[rows])
        )
    assert found.label == "yes"
    assert found.calibration_in_the_large.value == pytest.approx(
        np.average(share - evidence.target, weights=weight)
    )


@pytest.mark.parametrize(("count", "rows"), [(0, 20), (3, 50), (50, 50), (400, 1000)])
def test_wilson_is_statsmodels(count, rows):
    expected = proportion_confint(count, rows, method="wilson")
    assert wilson(count / rows, rows, Z95) == pytest.approx(expected, abs=1e-12)


def test_intervals_of_independent_rows_are_about_wilsons_and_never_shorter():
    widths = []
    for tenth in reliability(binary(2000)).bins:
        low, high = proportion_confint(
            round(tenth.observed.value * tenth.rows), tenth.rows, method="wilson"
        )
        widths.append((tenth.observed.high - tenth.observed.low) / (high - low))
    assert min(widths) >= 1 - 1e-9
    assert max(widths) < 1.25


@pytest.mark.parametrize("target", [0, 1])
def test_a_bin_of_one_kind_has_wilsons_interval(target):
    evidence = evidence_of.classes(np.full(30, target), np.full(30, 0.1))
    (only,) = reliability(evidence).bins
    expected = proportion_confint(30 * target, 30, method="wilson")
    assert (only.observed.low, only.observed.high) == pytest.approx(expected, abs=1e-12)
    large = reliability(evidence).calibration_in_the_large
    assert (large.low, large.high) == pytest.approx((0.1 - expected[1], 0.1 - expected[0]))


def test_groups_that_are_all_alike_count_once():
    rng = np.random.default_rng(0)
    target = np.repeat((rng.random(100) < 0.4).astype(int), 20)
    groups = np.repeat(np.arange(100), 20)
    (grouped,) = reliability(evidence_of.classes(target, np.full(2000, 0.4), groups=groups)).bins
    low, high = proportion_confint(round(grouped.observed.value * 100), 100, method="wilson")
    assert grouped.observed.high - grouped.observed.low == pytest.approx(high - low, rel=0.15)
    of_one_kind = evidence_of.classes(np.zeros(2000, int), np.full(2000, 0.4), groups=groups)
    (zeros,) = reliability(of_one_kind).bins
    expected = proportion_confint(0, 100, method="wilson")
    assert (zeros.observed.low, zeros.observed.high) == pytest.approx(expected, abs=1e-12)


def test_the_calibration_in_the_large_varies_as_a_mean_of_differences():
    """Also where predictions are constant: the shares of the classes are not held fixed."""
    for evidence in (binary(1000), evidence_of.classes([0, 0, 1] * 300, np.full(900, 0.3))):
        gap = evidence.prediction.probability[:, 1] - evidence.target
        expected = gap.std() / np.sqrt(len(gap))
        large = reliability(evidence).calibration_in_the_large
        assert large.standard_error == pytest.approx(expected, rel=0.15)
        assert large.high - large.low == pytest.approx(3.92 * expected, rel=0.2)


def test_unequal_weights_make_it_vary_more():
    weight = np.random.default_rng(1).exponential(size=2000)
    evidence = binary(2000, weight=weight)
    gap = evidence.prediction.probability[:, 1] - evidence.target
    off = gap - np.average(gap, weights=weight)
    expected = np.sqrt(np.sum((weight * off) ** 2)) / weight.sum()
    large = reliability(evidence).calibration_in_the_large
    assert large.standard_error == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        (lambda share: share, "No miscalibration shown: the mean probability of 'yes' is "),
        (lambda share: sigmoid(2 * logit(share)), "Too sure of itself: where two probabilities"),
        (lambda share: sigmoid(0.5 * logit(share)), "Not sure enough: where two probabilities"),
        (
            lambda share: share + 0.1 * (1 - share),
            "Predicts too high: the mean probability of 'yes'",
        ),
        (lambda share: 0.85 * share, "Predicts too low: the mean probability of 'yes' is"),
        (lambda share: share + 0.05 * np.sin(6 * np.pi * share), "predictions are too"),
    ],
)
def test_a_planted_miscalibration_of_two_classes_is_named(said, finding):
    assert finding in reliability(binary(10_000, seed=1, said=said)).sentence


def test_the_predicted_class_is_looked_at_where_there_are_several():
    evidence = multiclass(3000, steepness=2.0)
    found = reliability(evidence)
    confidence = evidence.prediction.probability.max(axis=1)
    accuracy = np.mean(evidence.prediction.value == evidence.target)
    assert found.label == "the predicted class"
    assert found.calibration_in_the_large.value == pytest.approx(confidence.mean() - accuracy)
    assert found.sentence.startswith(
        "Too sure of itself: the mean probability of the predicted class"
    )
    assert reliability(multiclass(3000, 0.5)).sentence.startswith("Not sure enough: the mean")
    assert reliability(multiclass(3000)).sentence.startswith("No miscalibration shown")


@pytest.mark.parametrize(
    ("slope", "shift", "finding"),
    [
        (1.0, 0.0, "No miscalibration shown: "),
        (0.7, 0.0, "Predictions vary too much: actual values differ only 0.7"),
        (1.4, 0.0, "Predictions vary too little: "),
        (1.0, 1.0, "Predicts too high"),
        (1.0, -1.0, "Predicts too low"),
    ],
)
def test_a_planted_miscalibration_of_numbers_is_named(slope, shift, finding):
    found = reliability(number(1000, slope, shift))
    assert finding in found.sentence
    assert found.label == "target"


def test_a_slope_is_quoted_with_an_interval_that_holds_it():
    sentence = reliability(number(2000, slope=0.7)).sentence
    low, high = map(float, sentence[sentence.index("[") + 1 : sentence.index("]")].split(","))
    assert low < 0.7 < high
    assert high - low < 0.1


def test_calibrated_models_are_seldom_accused():
    """At 5% at most; eight or more of 40 would happen once in a thousand times."""
    accused = [
        not reliability(binary(300, seed)).sentence.startswith("No miscalibration")
        for seed in range(40)
    ]
    assert sum(accused) < 8


def test_groups_that_are_all_alike_do_not_accuse_a_calibrated_model():
    accused = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        share = np.repeat(rng.uniform(0.2, 0.8, 60), 20)
        target = (np.repeat(rng.random(60), 20) < share).astype(int)
        groups = np.repeat(np.arange(60), 20)
        sentence = reliability(evidence_of.classes(target, share, groups=groups)).sentence
        accused += not sentence.startswith("No miscalibration")
    assert accused < 5


@pytest.mark.parametrize(
    "evidence",
    [
        evidence_of.classes([1], [0.01]),
        evidence_of.classes(np.zeros(50, int), np.full(50, 0.03)),
        evidence_of.classes(np.r_[1, 1, np.zeros(98, int)], np.full(100, 0.001)),
        evidence_of.numbers([3.0], [1.0]),
        evidence_of.classes([0, 1] * 100, np.full(200, 0.9), groups=np.repeat([0, 1], 100)),
    ],
)
def test_of_too_few_rows_or_groups_nothing_is_said(evidence):
    assert reliability(evidence).sentence.startswith("There are too few rows, or groups of rows")


def test_time_is_drawn_in_stretches():
    """Errors that last make a mean less certain than as many errors that do not."""
    rng = np.random.default_rng(0)
    drift = np.repeat(rng.normal(size=100), 10)
    in_time = evidence_of.numbers(drift, np.zeros(1000), time=np.arange(1000))
    at_random = evidence_of.numbers(drift, np.zeros(1000))
    spread = [reliability(e).calibration_in_the_large.standard_error for e in (in_time, at_random)]
    assert spread[0] > 1.5 * spread[1]


def test_many_rows_are_drawn_from_a_sample_and_keep_the_values_of_all():
    evidence = binary(60_000)
    share = evidence.prediction.probability[:, 1]
    found = reliability(evidence)
    assert [tenth.rows for tenth in found.bins] == [6000] * 10
    assert found.calibration_in_the_large.value == pytest.approx((share - evidence.target).mean())
    for tenth in found.bins:
        assert tenth.observed.low < tenth.observed.value < tenth.observed.high


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("said", "shown"), [(lambda p: p, False), (lambda p: p**2, True)])
def test_whether_a_miscalibration_is_shown_does_not_hang_on_the_language(language, said, shown):
    with gradum.language(language):
        found = reliability(binary(10_000, seed=1, said=said))
    assert found.shown is shown
    assert ("校准偏差" in found.sentence) == (language == "zh" and not shown)


def test_a_file_from_before_says_by_its_sentence_whether_a_miscalibration_is_shown():
    found = reliability(binary(10_000, seed=1, said=lambda p: p))
    old = msgspec.to_builtins(found, enc_hook=as_text)
    del old["miscalibrated"]
    assert not msgspec.convert(old, Reliability).shown
    old["sentence"] = "Predicts too high: 0.5 on average, where 0.4 is observed."
    assert msgspec.convert(old, Reliability).shown


def test_the_p_value_is_the_least_of_three_kinds_of_tests():
    evidence = binary(800, said=lambda share: np.clip(share + 0.07, 0, 1))
    curve = reliability(evidence)
    said = evidence.prediction.probability[:, 1]
    error = np.sqrt((said * (1 - said)).sum()) / 800
    z = (said.mean() - evidence.target.mean()) / max(
        error, curve.calibration_in_the_large.standard_error
    )
    assert curve.p_value == pytest.approx(3 * 2 * stats.t.sf(z, 799), rel=1e-6)
    assert curve.comparisons == 3
    assert reliability(number(300, shift=3.0)).p_value < 1e-6


def test_true_means_of_few_rows_have_p_values_above_their_share():
    found = np.array([reliability(noisy(200, seed)).p_value for seed in range(80)])
    for level in (0.01, 0.05):
        assert np.mean(found <= level) <= stats.binom.ppf(0.999, 80, level) / 80


def test_a_correct_model_may_err_as_its_rows_let_it():
    """Least squares on 200 rows, judged on 800: these know its mean better than it can."""
    shown = np.zeros(2)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        design = np.column_stack([np.ones(1000), rng.normal(size=(1000, 2))])
        target = design @ [1.0, 2.0, -1.0] + rng.normal(size=1000)
        weights = np.linalg.lstsq(design[:200], target[:200], rcond=None)[0]
        evidence = evidence_of.numbers(target[200:], design[200:] @ weights, seed=seed)
        shown += [reliability(evidence, learned).miscalibrated for learned in (None, 200)]
    assert shown[1] <= stats.binom.ppf(0.999, 40, 0.05) < shown[0]


def noisy(rows, seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(50, 10, rows)
    return evidence_of.numbers(truth + rng.normal(0, 10, rows), truth, seed=seed)
