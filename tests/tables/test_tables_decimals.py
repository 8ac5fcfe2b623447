"""Decimal commas and points, as other values and columns decide."""

import numpy as np
import pytest

from gradum.tables.check.check import check
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read

NUMBERS = np.random.default_rng(0).normal(0, 2000, 60).round(2)
THOUSANDTHS = np.array([1.234, 5.678, -9.012, 123.456, 2.345, 6.789] * 5)


def english(value, places=2):
    return f"{value:,.{places}f}"


def continental(value, places=2):
    return english(value, places).translate(str.maketrans(",.", ".,"))


def plain_comma(value, places=2):
    return f"{value:.{places}f}".replace(".", ",")


def table(path, delimiter=";", **columns):
    """Write columns of texts, quoted, and read them."""
    rows = [columns, *zip(*columns.values(), strict=True)]
    path.write_text("".join(delimiter.join(f'"{v}"' for v in row) + "\n" for row in rows))
    return read(path)


def numbers(table, name="x"):
    """What the door makes of a column, and how it says that it reads it."""
    schema = infer(table)
    column = schema.column(name)
    assert column.kind == "numeric"
    return check(table, schema).frame[name].to_numpy(), column.reason


WRITTEN = {
    "commas": (plain_comma, "decimal ','"),
    "points between thousands": (continental, "'.' between thousands, decimal ','"),
    "some with points between thousands": (
        lambda v: continental(v) if v > 0 else plain_comma(v),
        "'.' between thousands, decimal ','",
    ),
    "spaces between thousands": (
        lambda v: english(v).replace(",", " ").replace(".", ","),
        "' ' between thousands, decimal ','",
    ),
    "narrow spaces between thousands": (
        lambda v: english(v).replace(",", "\u202f").replace(".", ","),
        "' ' between thousands, decimal ','",
    ),
    "Swiss apostrophes": (lambda v: english(v).replace(",", "’"), '"\'" between thousands'),
    "a plus sign": (lambda v: f"{'+' if v > 0 else ''}{plain_comma(v)}", "decimal ','"),
    "a typographic minus": (lambda v: plain_comma(v).replace("-", "−"), "decimal ','"),
    "euros": (lambda v: f"{plain_comma(v)} €", "'€', decimal ','"),
    "per cent": (lambda v: f"{plain_comma(v)} %", "read as 12), decimal ','"),
    "exponents": (lambda v: f"{v:.9e}".replace(".", ","), "decimal ','"),
    "English": (english, "',' between thousands"),
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_numbers_are_read_as_they_are_written_whatever_divides_them(tmp_path, way, delimiter):
    write, said = WRITTEN[way]
    texts = [write(value) for value in NUMBERS]
    values, reason = numbers(table(tmp_path / "t.csv", delimiter, x=texts, k=range(60)))
    assert np.allclose(values, NUMBERS, rtol=1e-9)
    assert said in reason


def test_missing_values_stand_among_decimal_commas(tmp_path):
    texts = [*map(plain_comma, NUMBERS), "NA", "", "-", "k.A."]
    values, reason = numbers(table(tmp_path / "t.csv", x=texts, k=range(64)))
    assert np.allclose(values[:60], NUMBERS)
    assert np.isnan(values[60:]).all()
    assert "'k.A.' (1)" in reason


def test_another_column_tells_what_a_comma_before_three_digits_is(tmp_path):
    texts = [plain_comma(value, 3) for value in THOUSANDTHS]
    alone, _ = numbers(table(tmp_path / "t.csv", ",", x=texts, k=range(30)))
    assert np.allclose(alone, THOUSANDTHS * 1000)
    other = [plain_comma(value) for value in NUMBERS[:30]]
    values, reason = numbers(table(tmp_path / "t.csv", ",", x=texts, other=other))
    assert np.allclose(values, THOUSANDTHS)
    assert "decimal ','" in reason


def test_another_column_tells_what_a_point_before_three_digits_is(tmp_path):
    texts = [f"{value:.3f}" for value in THOUSANDTHS]
    alone, _ = numbers(table(tmp_path / "t.csv", x=texts, k=range(30)))
    assert np.allclose(alone, THOUSANDTHS)
    other = [plain_comma(value) for value in NUMBERS[:30]]
    values, reason = numbers(table(tmp_path / "t.csv", x=texts, other=other))
    assert np.allclose(values, THOUSANDTHS * 1000)
    assert "'.' between thousands" in reason


def test_semicolons_between_values_speak_for_decimal_commas(tmp_path):
    texts = [plain_comma(value, 3) for value in THOUSANDTHS]
    values, _ = numbers(table(tmp_path / "t.csv", ";", x=texts, k=range(30)))
    assert np.allclose(values, THOUSANDTHS)


def test_a_column_that_has_decimal_points_speaks_against_commas(tmp_path):
    texts = [plain_comma(value, 3) for value in THOUSANDTHS]
    points = [f"{value:.2f}" for value in NUMBERS[:30]]
    values, _ = numbers(table(tmp_path / "t.csv", ";", x=texts, points=points))
    assert np.allclose(values, THOUSANDTHS * 1000)


def test_whole_numbers_keep_the_decimal_point(tmp_path):
    other = [plain_comma(value) for value in NUMBERS[:30]]
    read_once = table(tmp_path / "t.csv", x=range(30), other=other)
    assert infer(read_once).column("x").parse.decimal == "."


def test_a_target_is_read_with_the_decimal_commas_of_the_table(tmp_path):
    y = [plain_comma(value, 3) for value in THOUSANDTHS]
    other = [plain_comma(value) for value in NUMBERS[:30]]
    one = table(tmp_path / "t.csv", ",", y=y, other=other)
    schema = infer(one, target="y", task="regression")
    assert np.allclose(check(one, schema).frame["y"], THOUSANDTHS)
    assert "from -9.012 to 123.5" in schema.target.reason
