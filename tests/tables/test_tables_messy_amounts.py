"""A messy sheet of amounts, times and periods, as files hold them: read, and read alike anyhow."""

import numpy as np
import polars as pl
import pytest

from gradum.errors import TargetError
from gradum.tables.check.check import check
from gradum.tables.encode import Encoder
from gradum.tables.row import RowDoor
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read
from gradum.tables.table import Table

N = 90
KINDS = {
    "parcel": "numeric",
    "departure": "time_of_day",
    "arrival": "time_of_day",
    "Fahrtdauer": "numeric",
    "built": "numeric",
    "quarter": "date",
    "followers": "numeric",
    "network": "categorical",
    "score": "categorical",
    "paid": "categorical",
    "总价（万元）": "numeric",
}


def drawn():
    """Draw the sheet; each column is written as somebody would type it."""
    rng = np.random.default_rng(7)
    grams = rng.integers(200, 9000, N)
    kilos = rng.random(N) < 0.6
    minutes, later = rng.integers(300, 1300, (2, N))
    amount = rng.integers(1, 13, N)
    return pl.DataFrame(
        {
            "parcel": [
                f"{g / 1000} kg" if k else f"{g} g" for g, k in zip(grams, kilos, strict=True)
            ],
            "departure": [f"{m // 60}:{m % 60:02}" if m % 11 else "?" for m in minutes],
            "arrival": [f"{m // 60 % 12 or 12}:{m % 60:02} {'ap'[int(m >= 720)]}m" for m in later],
            "Fahrtdauer": [f"{m // 300}:{m % 60:02}" for m in minutes],
            "built": [f"{1920 + a * 7}年" for a in amount],
            "quarter": [f"{2010 + a}-Q{a % 4 + 1}" for a in amount],
            "followers": [f"{a}.{a % 10}k" if a % 3 else f"{a}25" for a in amount],
            "network": [("3G", "4G", "5G")[a % 3] for a in amount],
            "score": [f"{a % 4}:{a % 3}" for a in amount],
            "paid": [f"{'€$'[a % 2]}{a}" for a in amount],
            "总价（万元）": [f"{500 + a}.{a}万" for a in amount],
        }
    )


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    path = tmp_path_factory.mktemp("sheet") / "sheet.csv"
    drawn().write_csv(path)
    table = read(path)
    return table, infer(table, target="总价（万元）")


def test_each_column_is_understood_and_said_in_one_sentence(sheet):
    _, schema = sheet
    assert {column.name: column.kind for column in schema.columns} == KINDS
    assert all("\n" not in column.reason for column in schema.columns)
    assert " kg" in schema.column("parcel").reason
    assert "is read as" in schema.target.reason  # the header's 万元 does not say it


@pytest.mark.parametrize(
    ("target", "unit"), [("parcel", "kg"), ("Fahrtdauer", "min"), ("network", "")]
)
def test_the_unit_of_a_target_is_the_one_that_it_is_converted_to(sheet, target, unit):
    table, _ = sheet
    assert infer(table, target=target).target_unit == unit


def test_whole_tables_blocks_and_single_rows_are_read_alike(sheet):
    table, schema = sheet
    whole = check(table, schema).frame
    for start in range(0, N, 13):
        block = Table(table.frame[start : start + 13], "sheet.csv", typed=False)
        assert check(block, schema, block=True).frame.equals(
            whole[start : start + 13].cast({pl.Float32: pl.Float64})
        )
    encoder = Encoder.fit(whole, schema)
    design, door = encoder.transform(whole), RowDoor(schema, encoder)
    for row in range(0, N, 17):
        raw = Table(table.frame[[row]], "rows", typed=False)
        alone = encoder.transform(check(raw, schema).frame)
        np.testing.assert_array_equal(alone.dense, design.dense[[row]])
        plain = door.design(table.frame.row(row, named=True))
        assert plain is None or (plain.dense == design.dense[[row]]).all()


def test_amounts_in_two_currencies_are_no_target(sheet):
    table, _ = sheet
    with pytest.raises(TargetError) as refused:
        infer(table, target="paid")
    assert "€" in refused.value.message
    assert "\n" not in f"{refused.value.message}{refused.value.remedy}"
