"""The numbers of a step that matter most, against sums done in full."""

import numpy as np
import pytest

from gradum.study.step_terms import influence, largest_entries, largest_terms


def test_the_largest_terms_and_the_rest_are_the_whole_sum():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=50), rng.normal(size=50)
    terms = largest_terms(left, right, 8)
    by_size = np.argsort(-np.abs(left * right))
    assert list(terms.places) == by_size[:8].tolist()
    assert terms.left_out == 42
    assert terms.rest == pytest.approx((left * right)[by_size[8:]].sum())
    assert terms.left @ terms.right + terms.rest == pytest.approx(terms.total)
    assert terms.total == pytest.approx(np.dot(left, right))


def test_terms_that_are_0_are_left_out():
    terms = largest_terms(np.array([0.0, 2.0, 0.0]), np.array([5.0, -1.0, 7.0]))
    assert (terms.places, terms.left_out, terms.rest, terms.total) == ((1,), 2, 0.0, -2.0)


def test_of_equal_entries_the_first_comes_first():
    values = np.array([[1.0, -3.0], [3.0 * (1 + 1e-14), 0.5]])
    assert largest_entries(values, 3) == [(0, 1), (1, 0), (0, 0)]
    assert largest_entries(values, 9)[-1] == (1, 1)


@pytest.mark.parametrize("kind", ["few alike", "many alike", "mostly 0", "all 0"])
def test_the_largest_entries_are_those_of_a_stable_sort(kind):
    rng = np.random.default_rng(1)
    values = {
        "few alike": rng.normal(size=(30, 40)),
        "many alike": rng.integers(-3, 4, size=(30, 40)).astype(float),
        "mostly 0": np.where(rng.random((30, 40)) < 0.002, -2.0, 0.0),
        "all 0": np.zeros((30, 40)),
    }[kind]
    expected = np.argsort(-np.abs(values), axis=None, kind="stable")[:12]
    found = [np.ravel_multi_index(at, values.shape) for at in largest_entries(values, 12)]
    assert found == expected.tolist()


def test_influence_is_the_length_of_what_a_number_adds():
    z, weight = np.array([2.0, -1.0, 0.0]), np.array([[3.0, 4.0], [1.0, 0.0], [9.0, 9.0]])
    added = [np.linalg.norm(value * row) for value, row in zip(z, weight, strict=True)]
    np.testing.assert_allclose(influence(z, weight), added)
