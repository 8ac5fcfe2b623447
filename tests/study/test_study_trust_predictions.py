"""Trust in models from elsewhere: what predictions show, against other libraries and by hand."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from gradum.api.trust.elsewhere import trust_elsewhere
from gradum.api.trust.predictions import examined_answers, labelled_rows, predictions_of_table
from gradum.api.trust.report import trust_predictions
from gradum.errors import GradumError, SpecError, TableError, TargetError
from gradum.tables.sources.read import read

ROWS = 600


@pytest.fixture(scope="module")
def scored():
    """Scores of two classes that mean what they say, and others made of them."""
    rng = np.random.default_rng(3)
    logit = 1.5 * rng.normal(size=ROWS)
    share = 1 / (1 + np.exp(-logit))
    group = rng.choice(["a", "b"], ROWS)
    return pl.DataFrame(
        {
            "share": share,
            "sure": 1 / (1 + np.exp(-4 * logit)),
            "points": 600 + 20 * logit,
            "y": np.where(rng.random(ROWS) < share, "yes", "no"),
            "group": group,
        }
    )


def examined(scored, tmp_path, *columns, **options):
    path = tmp_path / "scores.csv"
    scored.select(*columns).write_csv(path)
    return trust_elsewhere(path, target=options.pop("target", "y"), **options)


def of(report, name):
    return [check for check in report.checks if check.name == name]


def test_scores_are_those_of_scikit_learn(scored, tmp_path):
    report = examined(scored, tmp_path, "share", "y")
    (scores,) = (s.finding.details["judged"] for s in report.sections if s.name == "scores")
    truth = scored["y"] == "yes"
    assert scores["log_loss"].value == pytest.approx(log_loss(truth, scored["share"]))
    assert scores["auc"].value == pytest.approx(roc_auc_score(truth, scored["share"]))
    shares = np.full(ROWS, truth.mean())
    (better,) = of(report, "scores.baseline")
    difference = log_loss(truth, scored["share"]) - log_loss(truth, shares)
    assert (better.status, better.value) == ("held", pytest.approx(difference))


def test_a_model_that_is_too_sure_fails_and_one_that_means_it_holds(scored, tmp_path):
    (honest,) = of(examined(scored, tmp_path, "share", "y"), "calibration.judged")
    report = examined(scored, tmp_path, "sure", "y")
    (sure,) = of(report, "calibration.judged")
    assert (honest.status, sure.status) == ("held", "failed")
    assert report.failed
    # The mean gap by hand: ten bins of as many rows each, by the rank of the score.
    order = np.argsort(scored["sure"].to_numpy())
    truth = (scored["y"] == "yes").to_numpy().astype(float)
    bins = np.array_split(order, 10)
    gaps = [abs(truth[part].mean() - scored["sure"].to_numpy()[part].mean()) for part in bins]
    assert sure.value == pytest.approx(np.mean(gaps))


def test_a_gap_that_is_allowed_holds_though_it_is_shown(scored, tmp_path):
    wide = {"calibration": {"most_gap": 0.5}}
    (check,) = of(examined(scored, tmp_path, "sure", "y", thresholds=wide), "calibration.judged")
    assert check.status == "held"
    assert check.reason.endswith("This gap is shown, but small.")


def test_scores_that_are_no_probabilities_only_rank(scored, tmp_path):
    report = examined(scored, tmp_path, "points", "y", "group", scores=["points"], by=["group"])
    (scores,) = (s.finding.details["judged"] for s in report.sections if s.name == "scores")
    assert set(scores) == {"auc", "average_precision", "gini", "ks"}
    assert scores["auc"].value == pytest.approx(roc_auc_score(scored["y"], scored["points"]))
    (calibration,) = of(report, "calibration.judged")
    (selection,) = of(report, "groups.selection")
    assert {calibration.status, selection.status} == {"not checked"}
    assert [check.about for check in of(report, "groups.score")] == ["group"]


def test_scores_may_be_of_the_first_class(scored, tmp_path):
    first = scored.with_columns(share=1 - pl.col("share"))
    of_first = examined(first, tmp_path, "share", "y", positive="no")
    of_second = examined(scored, tmp_path, "share", "y")
    for one, other in zip(of_first.checks, of_second.checks, strict=True):
        assert one.value == pytest.approx(other.value)


def test_four_fifths_by_hand(scored, tmp_path):
    kept = scored.filter((pl.col("group") == "a") | (pl.col("share") < 0.6))
    report = examined(kept, tmp_path, "share", "y", "group", scores=["share"], by=["group"])
    rates = [(kept.filter(pl.col("group") == name)["share"] >= 0.5).mean() for name in ("a", "b")]
    (selection,) = of(report, "groups.selection")
    assert selection.value == pytest.approx(min(rates) / max(rates))
    assert selection.status == "failed"
    allowed = {"groups": {"least_selection_ratio": 0.1}}
    again = examined(
        kept,
        tmp_path,
        "share",
        "y",
        "group",
        scores=["share"],
        by=["group"],
        thresholds=allowed,
    )
    assert of(again, "groups.selection")[0].status == "held"


def test_numbers_are_held_against_their_mean(tmp_path):
    rng = np.random.default_rng(5)
    said = rng.normal(10, 3, ROWS)
    truth = said + rng.normal(0, 1, ROWS)
    table = pl.DataFrame({"said": said, "flat": 10 + 0.2 * (said - 10), "y": truth})
    good = examined(table, tmp_path, "said", "y")
    (scores,) = (s.finding.details["judged"] for s in good.sections if s.name == "scores")
    assert scores["rmse"].value == pytest.approx(root_mean_squared_error(truth, said))
    (better,) = of(good, "scores.baseline")
    assert better.value == pytest.approx(root_mean_squared_error(truth, said) - truth.std())
    assert of(good, "calibration.judged")[0].status == "held"
    flat = examined(table, tmp_path, "flat", "y")
    (gap,) = of(flat, "calibration.judged")
    order = np.array_split(np.argsort(table["flat"].to_numpy()), 10)
    gaps = [abs(truth[part].mean() - table["flat"].to_numpy()[part].mean()) for part in order]
    assert gap.status == "failed"
    assert gap.value == pytest.approx(np.mean(gaps) / truth.std())


def test_probabilities_of_classes_are_found_by_their_names(tmp_path):
    rng = np.random.default_rng(7)
    shares = rng.dirichlet([1, 1, 1], 300)
    label = np.array([rng.choice(3, p=row) for row in shares])
    names = np.array(["b", "c", "a"])
    table = pl.DataFrame({f"probability_{n}": shares[:, i] for i, n in enumerate(names)})
    table = table.with_columns(truth=pl.Series(names[label]))
    found = predictions_of_table(read(table), "truth").evidence
    assert found.classes == ("a", "b", "c")
    np.testing.assert_allclose(found.prediction.probability, shares[:, [2, 0, 1]])
    report = examined(table, tmp_path, pl.all(), target="truth")
    assert {check.name for check in of(report, "groups.score")} == {"groups.score"}
    assert not of(report, "groups.selection")  # of two classes alone
    assert of(report, "calibration.judged")[0].status == "held"


def test_what_predictions_cannot_show_is_not_checked(scored, tmp_path):
    report = examined(scored, tmp_path, "share", "y")
    unchecked = {check.part for check in report.not_checked}
    assert {"coverage", "explanations", "stress", "properties", "drift"} <= unchecked
    assert all(check.remedy for check in report.not_checked)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda t: t.with_columns(share=pl.lit(None, pl.Float64)), {}, "share"),
        (lambda t: t, {"scores": ["shar"]}, "'share'"),
        (lambda t: t, {"scores": ["y"]}, "both as the truth"),
        (lambda t: t, {"scores": ["share"], "by": ["grup"]}, "'group'"),
        (lambda t: t, {"scores": ["share", "points"]}, "add up to 1"),
        (lambda t: t, {"scores": ["share", "points", "sure"]}, "2 classes, and 3"),
        (lambda t: t, {"scores": ["share"], "positive": "maybe"}, "'maybe'"),
        (lambda t: t, {"scores": ["share"], "task": "regression"}, "y"),
        (lambda t: t, {}, "not clear"),
        (lambda t: t, {"scores": ["share"], "data": "other.csv"}, "other.csv"),
    ],
)
def test_mistakes_name_what_is_wrong(scored, tmp_path, change, options, words):
    path = tmp_path / "scores.csv"
    change(scored).write_csv(path)
    with pytest.raises(GradumError) as raised:
        trust_elsewhere(path, options.pop("data", None), target="y", **options)
    assert words in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_missing_score_is_named_with_its_row(scored, tmp_path):
    table = scored.with_row_index().with_columns(
        share=pl.when(pl.col("index") == 6).then(None).otherwise("share")
    )
    with pytest.raises(GradumError, match=r"'share'.*row 7"):
        examined(table, tmp_path, "share", "y")


def test_a_gap_that_chance_explains_holds_and_says_so(scored, tmp_path):
    few = scored.head(120)
    report = examined(
        few,
        tmp_path,
        "share",
        "y",
        "group",
        scores=["share"],
        by=["group"],
        thresholds={"calibration": {"most_gap": 0.0}, "groups": {"most_rate_gap": 0.0}},
    )
    for name in ("calibration.judged", "groups.rates"):
        (check,) = of(report, name)
        assert check.value > check.limit
        assert (check.status, "more rows would tell" in check.reason) == ("held", True)


def test_a_table_without_columns_of_scores_is_refused(scored, tmp_path):
    with pytest.raises(SpecError, match="has no columns of scores"):
        examined(scored, tmp_path, "y", "group", by=["group"])


@pytest.mark.parametrize("answer", [1e300, -1e39, np.inf, np.nan])
def test_answers_beyond_single_precision_are_refused_by_row(answer):
    table = read(pl.DataFrame({"y": np.arange(20.0), "x": np.arange(20.0) ** 2}))
    dataset = labelled_rows(table, "y", numbers=["x"], task="regression")
    answers = np.linspace(0, 19, 20)[:, None]
    answers[3] = answer
    with pytest.raises(TableError, match=r"infinite or beyond 3\.403e\+38 in row 4\."):
        examined_answers("net", dataset, answers, by=(), how="", sha256={})


@pytest.mark.filterwarnings("error")
def test_predictions_whose_squares_vanish_are_judged_without_a_slope():
    rng = np.random.default_rng(0)
    table = read(pl.DataFrame({"y": rng.normal(size=200), "x": np.arange(200.0)}))
    dataset = labelled_rows(table, "y", numbers=["x"], task="regression")
    answers = 1e-300 * rng.normal(size=(200, 1))
    report = trust_predictions(examined_answers("net", dataset, answers, by=(), how="", sha256={}))
    (judged,) = of(report, "calibration.judged")
    assert judged.status in ("held", "failed")


def test_one_value_is_not_spoken_of_as_several(tmp_path):
    one = pl.DataFrame({"y": ["a"], "p": [0.5]})
    with pytest.raises(TargetError, match="is constant: its only value is 'a'"):
        examined(one, tmp_path, "y", "p")
    three = pl.DataFrame({"y": ["a", "b", "c"] * 2, "p": [0.5, 0.2, 0.1] * 2})
    with pytest.raises(SpecError, match="3 classes, and 1 column of scores was given"):
        examined(three, tmp_path, "y", "p")
