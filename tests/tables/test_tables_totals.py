"""Rows of totals are found by what they add up, held or in blocks, and nothing else is."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from gradum.run.dataset import labelled
from gradum.tables.doubts.total_words import named_totals
from gradum.tables.doubts.totals import totals_of, without_totals
from gradum.tables.encode import Encoder
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.schema.schema import infer
from gradum.tables.sources import stream
from gradum.tables.sources.open_stream import opened
from gradum.tables.sources.read import read
from gradum.tables.table import Table

RNG = np.random.default_rng(11)
COUNT = 120


def sales(count=COUNT, **columns):
    """Rows of a table of sales: a region, the year, and two columns that may be added."""
    sold = RNG.integers(1, 90, count)
    return {
        "region": RNG.choice(["North", "South", "East"], count).tolist(),
        "year": RNG.integers(2000, 2010, count).tolist(),
        "sold": sold.tolist(),
        "paid": np.round(sold * RNG.uniform(1, 3, count), 2).tolist(),
        **columns,
    }


def table(columns, last=(), *, typed=False):
    """A table of these columns, with further rows; as text, or with types."""
    frame = pl.DataFrame(columns, strict=False)
    frame = frame if typed else frame.cast(pl.String)
    for row in last:
        cells = row if typed else map(_text, row)
        more = pl.DataFrame(dict(zip(frame.columns, cells, strict=True)), schema=frame.schema)
        frame = pl.concat([frame, more])
    return Table(frame, "t", typed=typed)


def _text(cell):
    return None if cell is None else str(cell)


def total(columns, word, rows=slice(None)):
    """The row that adds up some of the others."""
    sold, paid = sum(columns["sold"][rows]), round(sum(columns["paid"][rows]), 2)
    return (word, None, sold, paid)


def found(table):
    """The rows of totals, from 0; the same whether the table is held or read in blocks."""
    totals = totals_of(table)
    held = [] if totals is None else totals.rows.tolist()
    with opened(table) as rows:
        less = rows.without_totals()
        streamed = [] if less.totals is None else less.totals.tolist()
        assert (rows.total_rows() is None) == (totals is None)
        assert streamed == held
        assert less.head.left_out == without_totals(table).left_out
        kept = np.delete(np.arange(len(table.frame)), held)
        blocks = list(less.blocks())
        assert pl.concat([block.frame for block in blocks]).equals(table.frame[kept])
        if held:
            assert np.array_equal(np.concatenate([block.numbers for block in blocks]), kept)
            assert less.sample(10**6, RNG).numbers.tolist() == kept.tolist()
    return held


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Blocks of 50 rows, so that totals lie in other blocks than what they add up."""
    monkeypatch.setattr(stream, "BLOCK_ROWS", 50)


WORDS = ("Total 2023", "Grand total:", "GESAMT", "Итого", "合 计", "总计：", "합계", "Yht.")


@pytest.mark.parametrize(
    ("word", "typed"),
    [*((word, False) for word in WORDS), ("Summe", True), (None, False), (None, True)],
)
def test_the_last_row_that_adds_up_all_others_is_left_out_whatever_its_word(word, typed):
    columns = sales()
    whole = table(columns, [total(columns, word)], typed=typed)
    assert found(whole) == [COUNT]
    less = without_totals(whole)
    assert less.frame.equals(whole.frame[:-1])
    assert without_totals(less) is not whole
    assert f"Row {COUNT + 1}" in less.left_out[0]
    assert "--keep-totals" in less.left_out[0]
    assert [(doubt.matter, doubt.option) for doubt in less.doubts] == [("total", "--keep-totals")]


def test_the_word_is_told_and_the_option_keeps_the_row(tmp_path):
    columns = sales()
    path = tmp_path / "t.csv"
    table(columns, [total(columns, "Zwischensumme")]).frame.write_csv(path)
    assert "'Zwischensumme'" in without_totals(read(path)).left_out[0]
    for kept in (path, read(path).frame):
        asked = read(kept, ReadingOptions(keep_totals=True))
        assert without_totals(asked).left_out == ()
        assert len(without_totals(asked).frame) == COUNT + 1
        with opened(kept if kept is path else asked, reading=ReadingOptions(keep_totals=True)) as s:
            assert s.without_totals().totals is None


def test_decimal_commas_thousands_and_rounded_numbers_add_up():
    columns = sales()
    exact = (RNG.uniform(100, 9000, COUNT)).tolist()
    columns["paid"] = [f"{x:.0f}" for x in exact]
    row = ("Total", None, f"{sum(columns['sold']):,}", f"{sum(exact):.0f}")
    assert found(table(columns, [row])) == [COUNT]
    columns["paid"] = [f"{x:.2f}".replace(".", ",") for x in exact]
    cents = sum(round(100 * x) for x in exact)
    row = ("Summe", None, None, f"{cents // 100},{cents % 100:02}")
    assert found(table(columns, [row])) == [COUNT]
    half = ("Summe", None, None, f"{cents // 200},{cents % 100:02}")
    assert found(table(columns, [half])) == []


@pytest.mark.parametrize("word", ["Summe", "合计", None])
def test_a_total_from_before_rows_were_doubled_or_lost_a_number_is_one(word):
    columns = sales(COUNT, note=["as usual"] * COUNT)
    name, year, sold, paid = total(columns, word)
    doubled = {name: values + values[:4] for name, values in columns.items()}
    assert found(table(doubled, [(name, year, sold, paid, None)])) == [COUNT + 4]
    columns["paid"][5:7] = ["on request", "on request"]
    assert found(table(columns, [(name, year, sold, paid, None)])) == [COUNT]
    # A row with a value of its own is a row, and so is one that is half of the sum.
    assert found(table(doubled, [(name, year, sold, paid, "as usual")])) == []
    assert found(table(doubled, [(name, year, sold / 2, paid / 2, None)])) == []


def test_subtotals_and_their_totals_are_found_below_and_above_what_they_add_up():
    columns = sales(30)
    below = {name: [] for name in columns}
    above = {name: [] for name in columns}
    places_below, places_above = [], []
    for start in range(0, 30, 10):
        part = {name: values[start : start + 10] for name, values in columns.items()}
        row = dict(zip(columns, total(part, f"Region {start} total"), strict=True))
        places_above.append(len(above["sold"]))
        for name in columns:
            below[name] += [*part[name], row[name]]
            above[name] += [row[name], *part[name]]
        places_below.append(len(below["sold"]) - 1)
    assert found(table(below)) == places_below
    assert found(table(above)) == places_above
    grand = total(columns, "Grand total")
    assert found(table(below, [grand])) == [*places_below, len(below["sold"])]
    levels = {
        "year": [year for year in range(2000, 2040) for _ in range(3)],
        "sex": ["total", "female", "male"] * 40,
        "born": [],
    }
    for _ in range(40):
        female, male = RNG.integers(100, 900, 2).tolist()
        levels["born"] += [female + male, female, male]
    assert found(table(levels)) == list(range(0, 120, 3))
    levels["born"] = RNG.permutation(levels["born"]).tolist()  # a category that adds up nothing
    assert found(table(levels)) == []


FRIENDS = {
    "a brand": sales(region=RNG.choice(["Shell", "Total", "Aral"], COUNT).tolist()),
    "a name that occurs once": sales(region=["North"] * 50 + ["Summe"] + ["East"] * 69),
    "a band": sales(region=["Sum 41", *["Sum of all fears"] * 3, *["Abba"] * (COUNT - 4)]),
    "a large last row": sales(sold=[*range(1, COUNT), 10**6], paid=[*range(1, COUNT), 10**7]),
    "sums so far": {name: np.cumsum(sales()[name]).tolist() for name in ("sold", "paid")},
    "zeros": {"a": [0] * COUNT, "b": [0] * COUNT, "c": [0] * COUNT},
    "two rows": {"region": ["A", "Total"], "sold": [7, 7], "paid": [1.5, 1.5]},
    "rare ones": {"a": [0] * 60 + [1] + [0] * 58 + [1], "b": [0] * 30 + [1] + [0] * 88 + [1]},
    "claims": {
        "kind": RNG.choice(["total", "partial"], COUNT).tolist(),
        **{f"item {k}": RNG.integers(0, 3, COUNT).tolist() for k in range(5)},
    },
    "no numbers at all": {"a": [date(2024, 1, day) for day in range(1, 32)]},
    "no numbers": {"a": ["x", "y", "Total"] * 9, "b": ["u", "v", "w"] * 9},
}


@pytest.mark.parametrize("name", FRIENDS)
def test_rows_that_only_look_like_totals_are_rows_like_others(name):
    assert found(table(FRIENDS[name])) == []
    assert totals_of(table(FRIENDS[name], typed=True)) is None


def test_a_total_below_a_brand_of_that_name_is_one():
    columns = FRIENDS["a brand"]
    assert found(table(columns, [total(columns, "Total")])) == [COUNT]


def test_chance_hardly_ever_makes_a_total():
    """Small counts add up by chance most often; words that mean nothing, and last rows."""
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(25):
        counts = rng.integers(0, rng.integers(2, 7), (rng.integers(4, 40), 5))
        columns = {f"c{k}": counts[:, k].tolist() for k in range(5)}
        columns["word"] = rng.choice(["total", "a", "b", "c"], len(counts)).tolist()
        totals = totals_of(table(columns, typed=True))
        wrong += totals is not None
    assert wrong == 0


@pytest.mark.parametrize("towards", [-np.inf, np.inf])
def test_the_last_bits_of_numbers_decide_nothing(towards):
    columns = sales()
    columns["sold"] = (RNG.uniform(-1, 3, COUNT) * 1e6).tolist()
    foot = total(columns, None)
    for row in (foot, ("Sum", *foot[1:])):
        moved = {
            name: np.nextafter(values, towards) if name in ("sold", "paid") else values
            for name, values in columns.items()
        }
        assert found(table(moved, [row], typed=True)) == [COUNT]


def test_words_are_found_in_cells_that_begin_or_end_with_them():
    yes = ["Total", "North total", "Total (EUR)", "Sub-total", "ИТОГО:", "北区小计", "Summe 2024"]
    no = ["Totally", "summary", "Sumatra", "insumma", "totaled", "a total of nine lives " * 4]
    named = named_totals(pl.DataFrame({"a": [*yes, *no, None]}), 7)
    assert [(each.row, each.cell) for each in named] == list(enumerate(yes, 7))


def test_rows_keep_the_numbers_that_the_file_gives_them():
    """Of a table with a subtotal in the middle, by a row without a target."""
    columns = sales()
    columns["region"][60:] = ["West"] * 60
    first = {name: values[:60] for name, values in columns.items()}
    rows = {name: values[:60] for name, values in columns.items()}
    for name, value in zip(columns, total(first, "Subtotal"), strict=True):
        rows[name] = [*rows[name], value, *columns[name][60:]]
    rows["paid"][70] = None
    whole = table(rows, typed=True)
    dataset = labelled(whole, infer(without_totals(whole), target="paid"))
    assert dataset.numbers.tolist() == [n for n in range(COUNT + 1) if n not in (60, 70)]
    assert (len(dataset.notes), len(dataset.doubts)) == (1, 1)
    schema = infer(table(sales(), typed=True), target="paid")
    encoder = Encoder.fit(pl.DataFrame(sales()), schema)
    differences = labelled(whole, schema, encoder=encoder).differences
    unseen = [each for each in differences if "'West'" in each]
    assert len(unseen) == 1
    assert "62, 63" in unseen[0]
