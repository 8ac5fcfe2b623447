"""The error and the power of a trust report: correct predictions, planted faults, single lines."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from gradum.api.trust.coverage import CoverageThresholds, short_groups
from gradum.api.trust.drift import DriftThresholds, alike
from gradum.api.trust.predictions import predictions_of_table
from gradum.api.trust.report import trust_predictions
from gradum.api.trust.scores import changed
from gradum.scores.interval import Interval
from gradum.study.coverage.coverage import Coverage
from gradum.study.coverage.covered_groups import SHORT, CoveredRows, covered_groups
from gradum.study.evaluation.changes import Change
from gradum.study.trust import settled
from gradum.study.watch.watched import WatchAlarm, Watched
from gradum.tables.sources.read import read


def drawn(rows, seed):
    """Rows of a logistic law: its share, the site, which has no part in it, and the class."""
    rng = np.random.default_rng(seed)
    share = 1 / (1 + np.exp(0.3 - rng.normal(size=(rows, 2)) @ [1.1, 0.7]))
    return share, rng.choice(["a", "b", "c"], rows), np.where(rng.random(rows) < share, "yes", "no")


def examined(said, site, target):
    table = pl.DataFrame({"said": said, "site": site, "y": target})
    return predictions_of_table(read(table), "y", ["said"], by=["site"])


def failing(said, site, target, **options):
    report = trust_predictions(examined(said, site, target), **options)
    return {check.name for check in report.checks if check.status == "failed"}


def test_correct_predictions_seldom_fail_and_wrong_ones_do():
    correct = [failing(*drawn(300, seed)) for seed in range(6)]
    assert sum(map(bool, correct)) <= stats.binom.ppf(0.999, 6, 0.03)
    share, site, target = drawn(500, 0)
    assert "calibration.judged" in failing(np.minimum(share + 0.1, 0.999), site, target)
    at_one = np.minimum(share + 0.25 * (site == "b"), 0.999)
    assert failing(at_one, site, target) & {"groups.rates", "groups.selection"}


def test_a_smaller_error_asks_for_more():
    share, site, target = drawn(200, 5)
    said = np.minimum(share + 0.11, 0.999)
    assert failing(said, site, target) == {"calibration.judged"}
    assert not failing(said, site, target, thresholds={"error": 1e-6})


def covered(rows, seed, least=0):
    """Coverage of judged rows by marginal sets of a correct classifier, less so at site c."""
    share, site, target = drawn(rows, seed)
    evidence = examined(share, site, target).evidence
    own = 1 - np.where(target == "yes", share, 1 - share)
    within = own <= np.quantile(own, 0.9, method="higher")
    within[np.flatnonzero((site == "c") & within)[:least]] = False
    strata = np.zeros(rows, np.intp)
    groups = covered_groups(CoveredRows(evidence, np.arange(rows), within, strata), ["site"])
    tested = sum(group.p_value is not None for group in groups)
    return Coverage("split", 0.9, rows, int(within.sum()), groups, tested, None, (), "", "")


def test_marginal_sets_fail_by_groups_of_columns_and_not_by_true_classes():
    marginal = covered(8_000, 0)
    (yes,) = [group for group in marginal.groups if group.values == "yes"]
    assert (yes.column, yes.finding) == ("y", SHORT)  # as such sets must be, of the rarer class
    ((held,), _) = settled([short_groups(marginal, "y", CoverageThresholds())], 0.03)
    assert (held.status, held.p_value) == ("held", 1.0)
    missed = covered(8_000, 0, least=300)
    ((failed,), _) = settled([short_groups(missed, "y", CoverageThresholds())], 0.03)
    assert (failed.status, "site is c" in failed.reason) == ("failed", True)
    two = CoverageThresholds(most_short_groups=1)
    assert short_groups(missed, "y", two).status == "held"


def test_a_short_group_has_the_binomial_probability_of_a_coverage_that_is_allowed():
    coverage = covered(500, 1, least=20)
    groups = [group for group in coverage.groups if group.column == "site"]
    least = min(stats.binom.cdf(group.covered, group.rows, 0.85) for group in groups)
    check = short_groups(coverage, "y", CoverageThresholds())
    assert check.p_value == pytest.approx(len(groups) * least)


@pytest.mark.parametrize(
    ("metric", "value", "low", "high", "status"),
    [
        ("rmse", 2.0, 0.0, 4.0, "failed"),
        ("auc", -2.0, -4.0, 0.0, "failed"),
        ("rmse", -1, -3, 1, "held"),
    ],
)
def test_a_score_on_new_rows_has_the_p_value_of_its_interval(metric, value, low, high, status):
    difference, exact = Interval(value, low, high, 1.02), Interval(0.0, 0.0, 0.0, 0.0)
    check = changed(Change(metric, difference, exact, difference, ""))
    expected = 0.025 if status == "failed" else stats.norm.cdf(1.96 / 2)
    assert (check.status, check.p_value) == (status, pytest.approx(expected, rel=1e-3))


def test_drift_fails_by_an_alarm_at_the_level_of_the_report_only():
    alarm = (WatchAlarm("column", "It moved."),)
    for p, status in ((0.02, "failed"), (0.04, "held")):
        watched = Watched("y", "linear", 100, 400, alarm, 3, (), p=p)
        ((check,), _) = settled([alike(watched, "new.csv", DriftThresholds())], 0.03)
        assert check.status == status
    harmless = Watched("y", "linear", 100, 400, (), 3, (), p=1e-9)
    assert alike(harmless, "new.csv", DriftThresholds()).status == "held"
