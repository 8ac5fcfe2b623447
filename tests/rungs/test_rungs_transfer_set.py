"""Transfer sets: which rows are mixed, what stays together in them, and what they are answered."""

import numpy as np

from gradum.rungs.transfer_set import MIXED, mixed_rows
from gradum.tables.kinds.design import CodedColumn, Design, Feature, Layout

LAYOUT = Layout(
    dense=(
        Feature("size", "size", "value"),
        Feature("size missing", "size", "missing"),
        Feature("age", "age", "value"),
    ),
    codes=(CodedColumn("colour", ("red", "green")),),
)


def design(rows=400):
    """Every row has numbers of its own, so that each cell tells the row that it came from."""
    number = np.arange(rows, dtype=float)
    dense = np.column_stack([number, number % 2, 1000 + number])
    return Design(
        {"dense": dense, "codes": (np.arange(rows) % 3)[:, None].astype(np.int32)}, LAYOUT
    )


def test_whole_rows_stay_as_they_are():
    whole = np.array([7, 3, 3])
    mixed = mixed_rows(design(), whole, np.arange(400), np.random.default_rng(0))
    assert len(mixed) == 403
    np.testing.assert_array_equal(mixed.dense[:3], design().dense[whole])
    np.testing.assert_array_equal(mixed.codes[:3], design().codes[whole])


def test_what_is_made_of_one_column_stays_together():
    further = np.tile(np.arange(400), 10)
    mixed = mixed_rows(design(), further[:0], further, np.random.default_rng(0))
    size, missing, age = mixed.dense.T
    np.testing.assert_array_equal(missing, size % 2)
    moved = np.stack([size != further, age != 1000 + further])
    error = np.sqrt(MIXED * (1 - MIXED) / len(further))
    np.testing.assert_allclose(moved.mean(axis=1), MIXED, atol=5 * error)
    assert abs((moved[0] & moved[1]).mean() - MIXED**2) < 5 * error  # each column by itself
