"""Tables of thousands of columns: nothing may take time by their number squared."""

import time

import numpy as np
import polars as pl
import pytest

from gradum.errors import SchemaError
from gradum.tables.check import check
from gradum.tables.encode import Encoder
from gradum.tables.read import read
from gradum.tables.schema import infer


def frame(columns, rows=30):
    values = np.random.default_rng(0).normal(size=(rows, columns))
    return pl.DataFrame({f"a feature with the number {j}": values[:, j] for j in range(columns)})


def test_a_header_longer_than_any_sample_is_read(tmp_path):
    wide = frame(6000, 3)
    wide.write_csv(tmp_path / "t.csv")
    assert len(",".join(wide.columns)) > 150_000
    table = read(tmp_path / "t.csv")
    assert table.frame.columns == wide.columns
    assert np.array_equal(table.frame.cast(pl.Float64).to_numpy(), wide.to_numpy())


def test_a_ragged_row_of_a_wide_table_is_named(tmp_path):
    text = frame(2000, 3).write_csv()
    (tmp_path / "t.csv").write_text(text + "1,2\n")
    with pytest.raises(ValueError, match=r"2,000 columns, but line 5 has 2 fields"):
        read(tmp_path / "t.csv")


def seconds(call):
    """The lesser processor time of two calls."""

    def once():
        before = time.process_time()
        call()
        return time.process_time() - before

    return min(once() for _ in range(2))


@pytest.mark.parametrize("typed", [True, False])
def test_time_grows_with_the_columns_not_with_their_square(tmp_path, typed):
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

    few, many = seconds(pipeline(80)), seconds(pipeline(640))
    assert many < 8 * 2.5 * few  # the square would be 64


def test_a_table_that_lacks_every_column_is_refused_at_once():
    wide = frame(1500)
    schema = infer(read(wide))
    other = wide.rename({name: name.replace("feature", "column") for name in wide.columns})
    before = time.process_time()
    with pytest.raises(SchemaError, match="lacks"):
        check(read(other), schema)
    assert time.process_time() - before < 5
