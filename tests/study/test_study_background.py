"""Background rows stand for the rows that a run learned from, by their weight."""

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.study.explanation.learned import BACKGROUND_ROWS, background_rows, drawn_by_weight
from gradum.tables.split import Part
from synthetic import QUICK


def fit(rows, **options):
    return gradum.fit(
        rows, "y", model="linear", cv=2, learning_curve=False, seed=0, **QUICK, **options
    )


@pytest.mark.parametrize("count", [150, 900])
def test_their_mean_is_the_weighted_mean_within_its_error(count):
    """Of a table of fewer rows than the background may have as well, whose rows then repeat."""
    rng = np.random.default_rng(2)
    x, weight = rng.normal(size=count), rng.exponential(size=count) ** 2
    weight *= np.exp(x)  # the mean by weight lies well away from the plain one
    rows = pl.DataFrame({"x": x, "y": x + rng.normal(size=count), "w": weight})
    model = fit(rows, weight="w")
    kept = background_rows(model.run)["x"]

    learned = model.run.parts != Part.TEST
    expected = np.average(x[learned], weights=weight[learned])
    error = kept.std() / np.sqrt(len(kept))
    assert len(kept) == min(count, BACKGROUND_ROWS)
    assert abs(kept.mean() - expected) < 3 * error
    assert abs(kept.mean() - x.mean()) > 3 * error


def test_a_row_comes_as_often_as_its_weight_says():
    weight = np.array([0.0, 1.0, 2.0, 5.0, 0.5, 1.5])
    rng = np.random.default_rng(0)
    draws = [drawn_by_weight(weight, 4, rng) for _ in range(4_000)]
    counts = np.array([np.bincount(places, minlength=6) for places in draws])
    expected = 4 * weight / weight.sum()
    assert (np.abs(counts - expected) < 1).all()
    np.testing.assert_allclose(counts.mean(axis=0), expected, atol=0.03)


def test_rows_that_weigh_the_same_come_once():
    rng = np.random.default_rng(1)
    for weight in (1.0, 0.1, 1 / 3):
        places = drawn_by_weight(np.full(200, weight), 200, rng)
        np.testing.assert_array_equal(places, np.arange(200))
    places = drawn_by_weight(np.ones(1_000), 200, rng)
    assert len(set(places.tolist())) == 200
