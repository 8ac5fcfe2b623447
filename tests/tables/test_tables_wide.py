"""Tables of thousands of columns: nothing may take work by their number squared."""

import sys

import numpy as np
import polars as pl
import pytest
from refusals import refused_by_name as refused

from gradum.errors import SchemaError
from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read


def frame(columns, rows=30):
    values = np.random.default_rng(0).normal(size=(rows, columns))
    return pl.DataFrame({f"a feature with the number {j}": values[:, j] for j in range(columns)})


def test_a_header_longer_than_any_sample_is_read(tmp_path):
    wide = frame(600, 3).rename(lambda name: f"{name}, which has {'a long ' * 35}name")
    wide.write_csv(tmp_path / "t.csv")
    assert len(",".join(wide.columns)) > 150_000
    table = read(tmp_path / "t.csv")
    assert table.frame.columns == wide.columns
    assert np.array_equal(table.frame.cast(pl.Float64).to_numpy(), wide.to_numpy())


def test_a_name_longer_than_any_field_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("x" * 200_000)
    refused(tmp_path / "t.csv", "a column whose name is longer than 131,072 characters")


def test_a_ragged_row_of_a_wide_table_is_named(tmp_path):
    text = frame(2000, 3).write_csv()
    (tmp_path / "t.csv").write_text(text + "1,2\n")
    with pytest.raises(ValueError, match=r"2,000 columns, but line 5 has 2 fields"):
        read(tmp_path / "t.csv")


def work(act):
    """Count the calls that an act makes, and the columns of all the frames that polars makes."""
    calls = columns = 0

    def count(frame, event, _):
        nonlocal calls, columns
        calls += event in ("call", "c_call")
        if event == "call" and frame.f_code is POLARS_MAKES_A_FRAME:
            columns += frame.f_locals["py_df"].width()

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
    return np.array([calls, columns])


POLARS_MAKES_A_FRAME = pl.DataFrame._from_pydf.__func__.__code__


@pytest.mark.parametrize("typed", [True, False])
def test_work_grows_with_the_columns_not_with_their_square(tmp_path, typed):
    def pipeline(columns):
        wide = frame(columns)
        path = tmp_path / str(columns)
        if typed:
            wide.write_parquet(path)
        else:
            wide.write_csv(path)

        def run():
            table = read(path)
            schema = infer(table, target=table.frame.columns[0])
            checked = check(table, schema)
            Encoder.fit(checked.frame, schema).transform(checked.frame)

        return run

    pipeline(5)()  # what is imported once
    few, many = work(pipeline(30)), work(pipeline(120))
    assert (few > 30).all()
    assert (many < 4 * 1.1 * few).all()  # the square would be 16


def test_a_table_that_lacks_every_column_is_refused_at_once():
    def refusal(columns):
        wide = frame(columns)
        schema = infer(read(wide))
        other = read(
            wide.rename({name: name.replace("feature", "column") for name in wide.columns})
        )

        def refuse():
            with pytest.raises(SchemaError, match="lacks"):
                check(other, schema)

        return refuse

    refusal(5)()
    few, _ = work(refusal(60))
    many, _ = work(refusal(240))
    assert many < 4 * 1.25 * few
