"""The rows that were predicted worst, ordered by scikit-learn's losses."""

import datetime
import io

import evidence_of
import msgspec
import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.metrics import log_loss

from gradum.messages import as_text
from gradum.study.findings.worst import MOST_PICTURED, worst_rows
from gradum.tables.grids.cell import Grid, packed
from gradum.tables.grids.resize import resized


def test_classes_are_ordered_by_scikit_learns_log_loss():
    rng = np.random.default_rng(0)
    share, target = rng.dirichlet(np.ones(3), 100), rng.integers(0, 3, 100)
    evidence = evidence_of.classes(target, share, weight=rng.exponential(size=100))
    loss = [log_loss([t], [s], labels=[0, 1, 2]) for t, s in zip(target, share, strict=True)]
    found = worst_rows(evidence, evidence.features)
    assert [each.row for each in found] == (np.argsort(loss)[::-1][:20] + 1).tolist()
    first = int(np.argmax(loss))
    assert found[0].target == f"class {target[first]}"
    assert found[0].prediction == f"class {share[first].argmax()}"
    assert found[0].surprise == f"probability {share[first, target[first]]:.2g} of the true class"


def test_numbers_are_ordered_by_squared_error():
    evidence = evidence_of.numbers([1.0, 2500.0, 3.0], [1.0, 2400.5, 10.0])
    found = worst_rows(evidence, evidence.features)
    assert [each.row for each in found] == [2, 3, 1]
    assert (found[0].target, found[0].prediction) == ("2,500", "2,400")
    assert found[0].surprise == "residual +99.5"
    assert found[1].surprise == "residual -7"


def test_equal_losses_are_ordered_by_row_number():
    numbers = np.random.default_rng(0).permutation(50) + 1
    evidence = evidence_of.classes([0, 1] * 25, np.full(50, 0.5), row_numbers=numbers)
    assert [each.row for each in worst_rows(evidence, evidence.features)] == list(range(1, 21))


def test_certain_mistakes_are_equals():
    evidence = evidence_of.classes([1, 1, 0], [1e-300, 0.0, 0.5])
    assert [each.row for each in worst_rows(evidence, evidence.features)] == [1, 2, 3]


def test_values_are_written_as_people_read_them():
    features = pl.DataFrame(
        {
            "size": [1234.5678, None],
            "year": [2024.0, 1999.0],
            "member": [True, False],
            "colour": ["red", None],
            "note": ["word " * 100, "short"],
            "day": [datetime.datetime(2024, 2, 29), datetime.datetime(2024, 3, 1, 13, 45)],
        }
    )
    evidence = evidence_of.classes([1, 0], [0.1, 0.2], features=features)
    first, second = worst_rows(evidence, evidence.features)
    assert first.values["size"] == "1,234.6"
    assert first.values | {"size": "", "note": ""} == {
        "size": "",
        "year": "2024",
        "member": "yes",
        "colour": "red",
        "note": "",
        "day": "2024-02-29",
    }
    assert len(first.values["note"]) <= 201
    assert second.values == {
        "size": "–",
        "year": "1999",
        "member": "no",
        "colour": "–",
        "note": "short",
        "day": "2024-03-01 13:45",
    }


@pytest.mark.parametrize("rows", [1, 20, 21])
def test_there_are_twenty_at_most(rows):
    evidence = evidence_of.numbers(np.arange(rows), np.zeros(rows))
    assert len(worst_rows(evidence, evidence.features)) == min(rows, 20)


def test_pictures_are_kept_small_of_the_first_rows_alone():
    rng = np.random.default_rng(0)
    grids = rng.integers(0, 256, (30, 60, 90, 3)).astype(np.uint8)
    cells = [packed(b"p", Grid(pixels, f"{row}.png")) for row, pixels in enumerate(grids)]
    cells[4] = None
    features = pl.DataFrame({"photo": pl.Series(cells, dtype=pl.Binary), "size": [1.0] * 30})
    evidence = evidence_of.classes([1] * 30, np.linspace(0.1, 0.9, 30), features=features)
    found = worst_rows(evidence, evidence.features)
    assert [list(row.pictures) for row in found] == [
        [] if place == 4 or place >= MOST_PICTURED else ["photo"] for place in range(20)
    ]
    assert found[0].values["photo"] == "0.png"
    with Image.open(io.BytesIO(found[1].pictures["photo"])) as picture:
        np.testing.assert_array_equal(np.asarray(picture), resized(grids[1], 32, 48))


def test_rows_without_pictures_have_no_field_of_them():
    found = worst_rows(evidence_of.classes([1, 0], [0.1, 0.2]), [])
    assert set(msgspec.to_builtins(found[0], enc_hook=as_text)) == {
        *("row", "target", "prediction", "surprise", "values")
    }
