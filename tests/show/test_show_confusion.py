"""The confusion matrix as a picture: counts up to 30 classes, beyond them the worst pairs."""

import re

import numpy as np

from gradum.show.pictures.confusion import WRITTEN_UP_TO, confusion_matrix
from gradum.study.findings.confusion import Confusion


def found(classes):
    counts = np.random.default_rng(0).integers(0, 4, (classes, classes))
    labels = tuple(f"class {k}" for k in range(classes))
    pairs = [(counts[i, j], i, j) for i in range(classes) for j in range(classes) if i != j]
    worst = sorted(pairs, reverse=True)[:15]
    mistaken = tuple((labels[i], labels[j], int(count)) for count, i, j in worst)
    return Confusion(labels, tuple(map(tuple, counts.tolist())), mistaken)


def written(drawing):
    """The numbers in a drawing's cells: all of its words that are numbers."""
    return sorted(int(word) for word in re.findall(r">(\d+)</text>", drawing))


def test_every_count_but_zero_is_written_up_to_30_classes():
    for classes in (3, WRITTEN_UP_TO):
        matrix = found(classes)
        counts = sorted(count for line in matrix.counts for count in line if count)
        assert written(confusion_matrix(matrix).drawn(900)) == counts


def test_beyond_them_the_worst_pairs_are_drawn():
    matrix = found(WRITTEN_UP_TO + 1)
    picture = confusion_matrix(matrix)
    drawing = picture.drawn(900)
    for true, predicted, _ in matrix.mistaken:
        assert f"{true} taken for {predicted}" in drawing
    assert len(picture.rows) == WRITTEN_UP_TO + 1  # every count stands in the table below


def test_many_classes_take_the_width_of_the_page():
    assert confusion_matrix(found(19)).wide
    assert not confusion_matrix(found(3)).wide


def test_long_names_lose_their_middle():
    matrix = found(3)
    long = tuple(f"a very long name of a class that ends in {k}" for k in range(3))
    labels = Confusion(long, matrix.counts, ())
    drawing = confusion_matrix(labels).drawn(900)
    assert ">a very long name…" in drawing
    assert all(f"s that ends in {k}<" in drawing for k in range(3))
    assert f">{long[0]}<" not in drawing
