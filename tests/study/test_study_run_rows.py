"""Rows of a run, told apart from new ones by hashes of their values."""

import numpy as np
import polars as pl

from gradum.study.evaluation.run_rows import RunRows, row_hashes, trained_on_sentence

COLUMNS = ("x", "c")


def frame(rows, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"x": rng.normal(size=rows), "c": rng.choice(["a", "b", None], rows)})


def known(table, learned):
    return RunRows.of(COLUMNS, [(row_hashes(table.select(COLUMNS)), learned)])


def test_rows_learned_from_and_rows_held_out_are_told_apart_from_new_ones():
    table, learned = frame(100), np.arange(100) < 80
    found = known(table, learned).among(pl.concat([table, frame(50, 1)]))
    np.testing.assert_array_equal(found[0], np.r_[learned, np.zeros(50, bool)])
    np.testing.assert_array_equal(found[1], np.r_[~learned, np.zeros(50, bool)])


def test_numbers_are_the_same_in_half_the_memory_and_missing_ones_in_either_form():
    table = pl.DataFrame({"x": [0.5, None, -0.0, 3.0], "c": ["a", "b", None, "a"]})
    other = pl.DataFrame(
        {"x": pl.Series([0.5, np.nan, 0.0, 3.0], dtype=pl.Float32), "c": ["a", "b", None, "a"]}
    )
    np.testing.assert_array_equal(row_hashes(table), row_hashes(other))


def test_rows_that_are_alike_by_chance_are_not_said_to_be_known():
    """Of three columns' levels a table has but a few kinds of rows."""
    rng = np.random.default_rng(0)

    def coarse(rows):
        return pl.DataFrame({"x": rng.integers(0, 3, rows).astype(float), "c": ["a"] * rows})

    table = coarse(300)
    assert not known(table, np.ones(300, bool)).among(coarse(200))[0].any()


def test_a_table_that_lacks_a_column_has_no_row_of_the_runs():
    table = frame(20)
    found = known(table, np.ones(20, bool)).among(table.drop("c"))
    assert not np.any(found)


def test_what_is_said_of_some_and_of_all_rows():
    some = trained_on_sentence(412, 1309, scored=True)
    assert some.startswith("412 of 1,309 rows are rows that the model was trained on: ")
    assert some.endswith(": they make the scores too good.")
    assert trained_on_sentence(80, 80, scored=True).startswith("All 80 rows are rows that")
