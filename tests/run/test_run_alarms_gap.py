"""The alarm of a gap between validation and test: planted, absent, and small by chance."""

import numpy as np
import polars as pl
import pytest
from alarm_tables import planned
from msgspec import structs

from gradum.run.alarms.gap import gap
from gradum.run.judging.judge_rungs import Seen, judge
from gradum.rungs.rung import Prediction
from gradum.scores.figures import figure

ROWS = 600
VALIDATION, TEST = np.arange(300), np.arange(300, 600)


def made(validation, test, metric="rmse", seed=0, more=None, **options):
    """A run whose network is off by so much on either part; the baseline says the mean."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=ROWS)
    place = [f"p{k % 40}" for k in range(ROWS)]
    frame = pl.DataFrame({"x": y, "place": place, "t": np.arange(ROWS), "y": y, **(more or {})})
    dataset, _ = planned(frame, "y", **options)
    said = y + rng.normal(size=ROWS) * np.where(np.arange(ROWS) < 300, validation, test)
    mean = np.zeros(ROWS)
    parts = {
        "validation": Seen(VALIDATION, {"mlp": Prediction(said[VALIDATION], None)}),
        "test": Seen(
            TEST, {"baseline": Prediction(mean[TEST], None), "mlp": Prediction(said[TEST], None)}
        ),
    }
    return dataset, judge(dataset.truth, parts, metric=metric, seed=seed, how="Judged.")


@pytest.mark.parametrize("metric", ["rmse", "r2", "mae"])
def test_a_validation_score_that_flatters_is_found(metric):
    dataset, judgement = made(0.2, 0.6, metric)
    (alarm,) = gap(dataset, judgement)
    scores = judgement.scores["mlp"]
    for part in ("validation", "test"):
        assert figure(scores[part][metric].value) in alarm.sentence
    assert alarm.sentence.endswith("say so with --group 'place'.")
    assert alarm.kind == "validation better than test"


def test_the_remedy_names_columns_that_this_table_has():
    day = np.datetime64("2021-03-01") + np.arange(ROWS)
    (alarm,) = gap(*made(0.2, 0.6, more={"day": day}))
    assert alarm.sentence.endswith("say so with --group 'place' or --time 'day'.")
    (alarm,) = gap(*made(0.2, 0.6, drop=("place",)))
    assert "--" not in alarm.sentence
    assert alarm.sentence.endswith("believe the test score.")


@pytest.mark.parametrize("metric", ["rmse", "r2", "mae"])
def test_the_other_way_about_is_no_danger(metric):
    assert gap(*made(0.6, 0.2, metric)) == ()


def test_chance_is_no_gap():
    for seed in range(8):
        assert gap(*made(0.5, 0.5, seed=seed)) == ()


def test_what_is_small_beside_the_gain_is_no_gap():
    """0.02 and 0.05 differ for sure, but both are next to nothing beside the baseline's 1."""
    dataset, judgement = made(0.02, 0.05)
    scores = judgement.scores["mlp"]
    difference = scores["test"]["rmse"].value - scores["validation"]["rmse"].value
    assert difference > 3 * np.hypot(*(scores[p]["rmse"].standard_error for p in scores))
    assert gap(dataset, judgement) == ()


@pytest.mark.parametrize("options", [{"group": "place"}, {"time": "t"}])
def test_where_the_structure_is_known_it_is_not_asked_for(options):
    (alarm,) = gap(*made(0.2, 0.6, **options))
    assert "--group" not in alarm.sentence


def test_a_rung_that_no_validation_row_stopped_has_no_gap():
    dataset, judgement = made(0.2, 0.6)
    scores = {rung: {"test": parts["test"]} for rung, parts in judgement.scores.items()}
    assert gap(dataset, structs.replace(judgement, scores=scores)) == ()
