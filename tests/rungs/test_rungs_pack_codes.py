"""Codes of a numeric column: thresholds against scikit-learn's trees, ramps and waves by hand."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from gradum.rungs.pack.codes import LEAF_ROWS, ramps, steps, thresholds, waves
from gradum.rungs.pack.inputs import codes_each
from gradum.rungs.pack.spec import PackSpec


def of_tree(tree, column, told, weight=None):
    """The thresholds of a tree of one column, sorted."""
    tree.fit(column[:, None], told, sample_weight=weight)
    inner = tree.tree_.children_left >= 0
    return np.sort(tree.tree_.threshold[inner])


def found(column, told, weight=None, most=7):
    """Midpoints of the two values between which each threshold lies."""
    weight = np.ones(len(column)) if weight is None else weight
    shift, slope = steps(column, told, weight, most=most)
    used = slope > 0
    return np.sort(shift[used] + 0.5 / slope[used])


def column_and_number(seed, rows=400, values=None):
    rng = np.random.default_rng(seed)
    column = rng.normal(size=rows) if values is None else rng.integers(0, values, rows) * 1.0
    column = column.astype(np.float32).astype(np.float64)  # as scikit-learn's trees see it
    return column, np.sin(3 * column) + rng.normal(0, 0.3, rows)


@pytest.mark.parametrize("values", [None, 30])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("most", [1, 7, 31])
def test_a_number_s_thresholds_are_those_of_a_regression_tree(seed, values, most):
    column, target = column_and_number(seed, values=values)
    tree = DecisionTreeRegressor(max_leaf_nodes=most + 1, min_samples_leaf=LEAF_ROWS)
    expected = of_tree(tree, column, target)
    assert len(expected) > (0 if most == 1 else 4)
    np.testing.assert_allclose(found(column, target[:, None], most=most), expected, rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_the_thresholds_of_classes_are_those_of_a_tree_of_gini(seed, classes):
    rng = np.random.default_rng(seed)
    column = rng.normal(size=500).astype(np.float32).astype(np.float64)
    labels = np.digitize(column + rng.normal(0, 0.5, 500), np.linspace(-1, 1, classes - 1))
    tree = DecisionTreeClassifier(max_leaf_nodes=9, min_samples_leaf=LEAF_ROWS)
    expected = of_tree(tree, column, labels)
    assert len(expected) > 3
    said = found(column, np.eye(classes)[labels], most=8)
    np.testing.assert_allclose(said, expected, rtol=1e-9)


def test_weights_are_a_tree_s_weights():
    column, target = column_and_number(0)
    weight = np.random.default_rng(9).uniform(0.1, 3, len(column))
    tree = DecisionTreeRegressor(max_leaf_nodes=8, min_samples_leaf=LEAF_ROWS)
    expected = of_tree(tree, column, target, weight)
    np.testing.assert_allclose(found(column, target[:, None], weight), expected, rtol=1e-9)
    assert not np.allclose(expected, found(column, target[:, None])[: len(expected)])


def test_a_weight_of_three_is_a_row_thrice():
    column, target = column_and_number(1, rows=300)
    column = np.sort(column)
    often = np.random.default_rng(2).integers(1, 4, 300)
    # One threshold, which leaves so many rows on either side that their number does not matter.
    once = found(column, target[:, None], often * 1.0, most=1)
    thrice = found(np.repeat(column, often), np.repeat(target, often)[:, None], most=1)
    np.testing.assert_allclose(once, thrice, rtol=1e-12)


def test_steps_rise_from_0_to_1_between_neighbouring_values():
    column, target = column_and_number(3)
    shift, slope = steps(column, target[:, None], np.ones(400), most=8)
    used, values = slope > 0, np.unique(column)
    assert used.sum() == 8
    for low, steep in zip(shift[used], slope[used], strict=True):
        place = int(np.flatnonzero(values == low)[0])
        high = values[place + 1]
        assert np.clip(steep * (low - low), 0, 1) == 0
        assert steep * (high - low) == pytest.approx(1)
        rises = np.clip(steep * (values - low), 0, 1)
        np.testing.assert_allclose(rises, np.arange(len(values)) > place, atol=1e-9)


@pytest.mark.parametrize("rows", [1, 2, LEAF_ROWS, 2 * LEAF_ROWS - 1])
def test_too_few_rows_have_no_thresholds(rows):
    column = np.arange(rows) * 1.0
    assert len(thresholds(column, column[:, None], np.ones(rows), most=4)) == 0
    shift, slope = steps(column, column[:, None], np.ones(rows), most=4)
    np.testing.assert_array_equal(shift, 0)
    np.testing.assert_array_equal(slope, 0)


def test_twice_the_fewest_rows_have_one_threshold():
    column = np.arange(2.0 * LEAF_ROWS)
    places = thresholds(column, (column > 3)[:, None] * 1.0, np.ones(len(column)), most=4)
    np.testing.assert_array_equal(places, [LEAF_ROWS])


def test_what_does_not_differ_is_not_parted():
    column, target = column_and_number(4, rows=100)
    one = np.ones(100)
    assert len(thresholds(one, target[:, None], one, most=4)) == 0  # one value
    assert len(thresholds(np.sort(column), one[:, None], one, most=4)) == 0  # nothing to tell


def test_equal_values_stay_together():
    rng = np.random.default_rng(5)
    column = np.sort(rng.integers(0, 3, 200) * 1.0)
    target = rng.normal(size=200)  # parts best anywhere, but only two places are allowed
    places = thresholds(column, target[:, None], np.ones(200), most=30)
    assert set(places) == {int(np.searchsorted(column, 1)), int(np.searchsorted(column, 2))}


@pytest.mark.parametrize("cycle", [np.sin, np.cos])
def test_places_of_a_circle_that_rounding_alone_parts_share_their_codes(cycle):
    minutes = np.repeat(np.arange(0.0, 1440.0, 5.0), LEAF_ROWS)
    column = cycle(minutes * (2 * np.pi / 1440)).astype(np.float32).astype(np.float64)
    different = len(np.unique(cycle(np.arange(0, 360, 1.25) * np.pi / 180).round(9)))
    assert len(np.unique(column)) > different  # as computed, some equal numbers differ
    _, slope = ramps(column, most=200, rng=np.random.default_rng(0))
    assert (slope > 0).sum() == different - 1
    # Each value is that of two minutes, one of which has the target 1: nothing tells them apart.
    later = minutes % 720 >= 360 if cycle is np.sin else minutes > 720
    turned = ~np.isin(minutes, [0, 360, 720, 1080])
    target = (later[turned] * 1.0)[:, None]
    _, slope = steps(column[turned], target, np.ones(turned.sum()), most=30)
    np.testing.assert_array_equal(slope, 0)


def test_ramps_join_all_values_where_they_are_few():
    column = np.array([3.0, 1.0, 1.0, 7.0, 3.0])
    shift, slope = ramps(column, most=4, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(shift, [1, 3, 0, 0])
    np.testing.assert_allclose(slope, [1 / 2, 1 / 4, 0, 0])


def test_ramps_lie_end_to_end_at_quantiles_jittered_by_half_their_distance():
    column, most = np.random.default_rng(0).exponential(size=5000), 8
    shift, slope = ramps(column, most=most, rng=np.random.default_rng(1))
    used = slope > 0
    ends = shift[used] + 1 / slope[used]
    np.testing.assert_allclose(ends[:-1], shift[used][1:], rtol=1e-9)
    ranks = np.searchsorted(np.sort(column), np.append(shift[used], ends[-1])) / len(column)
    assert used.sum() == most
    assert (np.abs(ranks - np.arange(most + 1) / most) <= 0.5 / most + 1e-3).all()
    assert (ranks >= 0).all()
    assert (ranks <= 1).all()


def test_ramps_of_a_constant_column_are_none():
    shift, slope = ramps(np.full(30, 2.0), most=4, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(shift, 0)
    np.testing.assert_array_equal(slope, 0)


def test_waves_have_normal_frequencies_and_uniform_phases():
    shift, slope = waves(most=20_000, frequency=0.5, rng=np.random.default_rng(0))
    assert (slope != 0).all()
    np.testing.assert_allclose(slope.std(), 0.5, rtol=0.02)
    np.testing.assert_allclose(slope.mean(), 0, atol=0.02)
    phase = -shift * slope  # cos 2π (slope z + phase)
    assert np.abs(phase).max() <= 0.5 + 1e-12
    np.testing.assert_allclose(phase.var(), 1 / 12, rtol=0.03)
    np.testing.assert_allclose(phase.mean(), 0, atol=0.01)


@pytest.mark.parametrize("told", ["steps", "ramps"])
def test_values_that_nearly_touch_have_finite_codes(told):
    """Between 0 and the smallest float32, 1 / distance is beyond float32."""
    column = np.repeat([0.0, 1e-44, 1.0], 20)
    if told == "steps":
        shift, slope = steps(column, np.arange(60.0)[:, None], np.ones(60), most=4)
    else:
        shift, slope = ramps(column, most=4, rng=np.random.default_rng(0))
    with np.errstate(over="raise"):
        shift, slope = shift.astype(np.float32), slope.astype(np.float32)
        place = slope[:, None] * (column.astype(np.float32) - shift[:, None])
    assert np.isfinite(place).all()
    assert (slope > 0).any()


def test_codes_get_fewer_as_columns_get_more():
    spec = PackSpec(most_codes=32, all_codes=320)
    counts = [codes_each(columns, spec) for columns in range(1, 300)]
    assert counts[0] == counts[9] == 32
    assert counts[10] == 16
    assert sorted(counts, reverse=True) == counts
    assert set(counts) == {32, 16, 8, 4, 0}
    assert max(n * c for n, c in enumerate(counts, 1)) <= 2 * 320
