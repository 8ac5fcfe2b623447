"""The confusion of classes, against scikit-learn's."""

from dataclasses import replace

import evidence_of
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from gradum.study.findings.confusion import confusion


def random_classes(rows, count, seed=0, **more):
    rng = np.random.default_rng(seed)
    share = np.arange(1, count + 1) / np.arange(1, count + 1).sum()
    target = rng.choice(count, rows, p=share)
    return evidence_of.classes(target, rng.dirichlet(np.ones(count), rows), **more)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_counts_are_scikit_learns(count):
    evidence = random_classes(500, count)
    found = confusion(evidence)
    expected = confusion_matrix(evidence.target, evidence.prediction.value, labels=np.arange(count))
    np.testing.assert_array_equal(found.counts, expected)
    assert found.labels == evidence.classes
    assert found.others == ""


def test_weights_do_not_change_counts_of_rows():
    weighted = random_classes(100, 3, weight=np.random.default_rng(1).random(100))
    assert confusion(weighted) == confusion(random_classes(100, 3))


def test_predictions_of_one_row_count_as_parts_of_it():
    twice = evidence_of.classes([0, 1, 0, 1], np.eye(2)[[0, 1, 0, 0]])
    found = confusion(replace(twice, rows=np.array([0, 1, 0, 1])))
    assert found.counts == ((1, 0), (0.5, 0.5))
    assert found.mistaken == (("yes", "no", 0.5),)


def test_a_class_that_no_row_has_is_still_shown():
    found = confusion(evidence_of.classes([0, 2, 2], np.eye(3)[[0, 2, 1]]))
    assert found.counts == ((1, 0, 0), (0, 0, 0), (0, 1, 1))
    assert found.mistaken == (("class 2", "class 1", 1),)


def test_the_most_frequent_mistakes_come_first():
    evidence = random_classes(2000, 8)
    mistaken = confusion(evidence).mistaken
    matrix = confusion_matrix(evidence.target, evidence.prediction.value)
    np.fill_diagonal(matrix, 0)
    assert [count for *_, count in mistaken] == sorted(matrix.ravel(), reverse=True)[:15]
    for true, predicted, count in mistaken:
        assert matrix[evidence.classes.index(true), evidence.classes.index(predicted)] == count


def test_of_many_classes_the_commonest_are_shown_and_the_rest_told():
    evidence = random_classes(5000, 60)
    found = confusion(evidence)
    rows = np.bincount(evidence.target, minlength=60)
    shown = [evidence.classes.index(label) for label in found.labels]
    assert shown == sorted(shown)
    assert len(shown) == 40
    assert rows[shown].min() >= np.delete(rows, shown).max()
    matrix = confusion_matrix(evidence.target, evidence.prediction.value, labels=np.arange(60))
    np.testing.assert_array_equal(found.counts, matrix[np.ix_(shown, shown)])
    left_out = 5000 - matrix[np.ix_(shown, shown)].sum()
    assert found.others == (
        f"Only the 40 most common of 60 classes are shown; {left_out:,} of 5,000 judged rows are "
        "of another class, or were taken for one."
    )


def test_a_single_row():
    found = confusion(evidence_of.classes([1], [0.2]))
    assert found.counts == ((0, 0), (1, 0))
    assert found.mistaken == (("yes", "no", 1),)
