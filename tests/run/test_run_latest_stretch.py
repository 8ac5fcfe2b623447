"""Latest errors that are unlike all before: found where they are, seldom where they are not."""

import numpy as np
import pytest

from gradum.run.judging.judge_rungs import Seen, Truth, judge
from gradum.run.judging.latest_stretch import are_unlike_before, as_of_late
from gradum.rungs.rung import Prediction

STAMPS, WIDTH = 80, 10


def judged(latest, metric="mae", stretch=2 * WIDTH):
    """Judge two models: one errs by 1, the other by about a half, on the latest stretch by more."""
    rng = np.random.default_rng(0)
    time = np.repeat(np.arange(STAMPS), 5)
    target = rng.normal(0, 1, len(time))
    own = np.where(time >= STAMPS - WIDTH, latest, 0.5) * rng.uniform(0.9, 1.1, len(time))
    predictions = {"baseline": target + 1, "linear": target + own}
    truth = Truth("regression", target, np.ones(len(time)), (), time=time, stretch=stretch)
    seen = Seen(
        np.arange(len(time)),
        {name: Prediction(values, None) for name, values in predictions.items()},
    )
    found = judge(truth, {"test": seen}, metric=metric, seed=0, how="")
    return found, as_of_late(found, truth, seen)


def test_a_model_whose_latest_errors_are_unlike_all_before_does_not_go_on():
    before, after = judged(latest=1.5)
    assert before.verdict.used == after.verdict.best == "linear"
    assert after.verdict.used == "baseline"
    assert after.verdict.sentences[0].startswith(
        "Predictions use the naive forecast: the linear model did best"
    )
    assert "On the latest 10 steps, the linear model errs 2.98 times as much" in after.notes[-1]
    assert before.scores == after.scores


@pytest.mark.parametrize(
    "options",
    [
        {"latest": 0.5},
        {"latest": 0.95},  # unlike before, but still no worse than the other
        {"latest": 1.5, "stretch": 60},  # too few stretches to tell
        {"latest": 1.5, "stretch": 0},  # no forecast
    ],
)
def test_others_go_on(options):
    before, after = judged(**options)
    assert after is before


@pytest.mark.parametrize("count", [4, 6, 10])
def test_errors_of_one_law_are_seldom_said_to_be_unlike(count):
    rng = np.random.default_rng(count)
    draws = np.exp(rng.normal(0, 0.3, (4000, count)))
    found = np.mean([are_unlike_before(each) for each in draws])
    assert 0.005 < found < 0.015


def test_a_change_is_found():
    rng = np.random.default_rng(1)
    draws = np.exp(rng.normal(0, 0.1, (500, 5))) * np.array([2.0, 1, 1, 1, 1])
    assert np.mean([are_unlike_before(each) for each in draws]) > 0.8
