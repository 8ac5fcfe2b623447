"""Numbers at the ends of what floats hold: used as they are, or set aside in true words."""

import numpy as np
import polars as pl
import pytest

from gradum.errors import ColumnError, TargetError
from gradum.tables.schema.schema import Overrides, infer
from gradum.tables.sources.read import read

RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(40, 2)), RNG.normal(size=40), RNG.uniform(1, 2, size=40)
BEYOND = r"holds only numbers that are infinite or beyond 3.403e\+38, which count as missing"


@pytest.fixture(params=["typed", "text"])
def understood(request, tmp_path):
    """``understood(target=1e100)`` is the schema of a table with that column multiplied."""

    def infer_of(numeric=(), feature=1.0, target=1.0, weight=1.0):
        frame = pl.DataFrame({"a": X[:, 0] * feature, "b": X[:, 1]})
        frame = frame.with_columns(y=Y * target, w=W * weight)
        path = tmp_path / ("t.parquet" if request.param == "typed" else "t.csv")
        (frame.write_parquet if request.param == "typed" else frame.write_csv)(path)
        return infer(read(path), target="y", overrides=Overrides(weight="w", numeric=numeric))

    return infer_of


@pytest.mark.parametrize("scale", [1e-140, 1e-40, 1e30])
def test_wide_ranges_are_used_as_they_are(understood, scale):
    schema = understood(feature=scale, target=scale, weight=scale)
    assert [column.name for column in schema.features] == ["a", "b"]


def test_numbers_too_close_together_are_set_aside_with_a_word(understood):
    for numeric in ((), ("a",)):
        column = understood(numeric, feature=1e-300).column("a")
        assert column.role == "unused"
        assert "too close together to be told apart, so not used; multiply them" in column.reason


def test_numbers_too_large_are_set_aside_with_a_word(understood):
    column = understood(feature=1e100).column("a")
    assert column.role == "unused"
    assert "infinite" in column.reason
    assert "beyond 3.403e+38" in column.reason


def test_targets_and_weights_of_such_scales_are_refused_in_true_words(understood):
    with pytest.raises(TargetError, match=f"Target 'y' {BEYOND}"):
        understood(target=1e100)
    with pytest.raises(TargetError, match=r"Target 'y' varies from .*e-300 to .*e-300 only"):
        understood(target=1e-300)
    with pytest.raises(ColumnError, match=f"Column 'w' {BEYOND}"):
        understood(weight=1e300)
