"""Columns that depend on each other, against SciPy's rank correlation pair by pair."""

from itertools import combinations

import numpy as np
import polars as pl
from scipy.stats import spearmanr

from gradum.questions.explain.correlated import correlated
from gradum.tables.columns import Column


def columns(kinds):
    return [Column(name, kind, "feature") for name, kind in kinds.items()]


def players(names):
    return tuple((name,) for name in names)


def test_groups_are_chains_of_strong_rank_correlations():
    rng = np.random.default_rng(4)
    a, e, f = rng.normal(size=(3, 200))
    values = {
        "a": a,
        "b": rng.normal(size=200),
        "c": -np.exp(2 * a + e),
        "d": a + 0.6 * rng.normal(size=200),
        "e": e,
        "f": f,
        "g": f**3,
        "h": np.ones(200),
    }
    rows = pl.DataFrame(values)
    strong = {
        (one, other)
        for one, other in combinations("abcdefg", 2)
        if abs(spearmanr(values[one], values[other]).statistic) >= 0.8
    }
    assert strong == {("a", "c"), ("a", "d"), ("f", "g")}  # c and d only by way of a
    found = columns(dict.fromkeys(values, "numeric"))
    assert correlated(rows, found, players(values)) == (("a", "c", "d"), ("f", "g"))
    together = (("a", "c", "d", "e"), ("b",), ("f",), ("g",), ("h",))
    assert correlated(rows, found, together) == (("f", "g"),)


def test_exactly_the_bound_is_strong_in_either_direction():
    swapped = [8.0, 4, 3, 2, 6, 5, 7, 1, 10, 9, 12, 11, 13, 14, 15]  # 1 − 6 · 112 / (15 · 224)
    rows = pl.DataFrame({"x": np.arange(1.0, 16), "y": swapped}).with_columns(z=-pl.col("y"))
    assert abs(spearmanr(rows["x"], rows["y"]).statistic - 0.8) < 1e-12
    found = columns({"x": "numeric", "z": "numeric"})
    assert correlated(rows, found, players("xz")) == (("x", "z"),)


def test_dates_count_and_levels_do_not():
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 10), eager=True).cast(pl.Datetime)
    rows = pl.DataFrame({"day": days, "n": np.arange(10.0), "level": list("abcdefghij")})
    found = columns({"day": "date", "n": "numeric", "level": "categorical"})
    assert correlated(rows, found, players(rows.columns)) == (("day", "n"),)
    assert correlated(rows.head(9), found, players(rows.columns)) == ()
    with_gap = rows.with_columns(n=pl.when(pl.col("n") != 3).then(pl.col("n")))
    assert correlated(with_gap, found, players(rows.columns)) == (("day", "n"),)
