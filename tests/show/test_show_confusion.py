"""The confusion matrix as a picture: counts up to 30 classes, beyond them the worst pairs."""

import re
from collections import Counter

import numpy as np
import pytest

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


def labels(drawing):
    """The words in a drawing that are no numbers, without the titles of its axes."""
    words = re.findall(r">([^<>]*)</text>", drawing)
    return [word for word in words if not re.fullmatch(r"\d+|true|predicted", word)]


@pytest.mark.parametrize("classes", [2, 5, 12])
@pytest.mark.parametrize("width", [280, 460])
def test_every_class_keeps_a_label_of_its_own_on_both_axes(classes, width):
    words = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ]
    long = tuple(f"customer of group {word} in the region north" for word in words[:classes])
    matrix = Confusion(long, found(classes).counts, ())
    counted = Counter(labels(confusion_matrix(matrix).drawn(width)))
    assert len(counted) == classes
    assert set(counted.values()) == {2}


def test_an_error_has_another_colour_than_what_is_right_and_is_shaded_by_share_of_its_class():
    rare = Confusion(("no", "yes"), ((990, 0), (9, 1)), (("yes", "no", 9),))
    cells = confusion_matrix(rare).specification["data"]["values"]
    of = {(cell["true"], cell["predicted"]): cell for cell in cells}
    assert of["no", "no"]["colour"] == of["yes", "yes"]["colour"] != of["yes", "no"]["colour"]
    assert (of["yes", "no"]["share"], of["yes", "yes"]["share"]) == (0.9, 0.1)


def test_a_fraction_of_a_row_is_explained():
    whole, parts = (
        Confusion(("a", "b"), ((count, 2), (1, 3)), (("a", "b", 2),)) for count in (4, 4.5)
    )
    captions = [confusion_matrix(each).caption for each in (whole, parts)]
    assert captions[1].startswith(captions[0])
    assert len(captions[1]) > len(captions[0])
