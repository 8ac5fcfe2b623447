"""Files as people send them, drawn here: each is understood, or refused in one line."""

import zipfile

import numpy as np
import polars as pl
import pytest

from gradum.errors import GradumError
from gradum.tables.doubts.totals import without_totals
from gradum.tables.schema.schema import infer
from gradum.tables.sources.read import read

RNG = np.random.default_rng(35)
COUNT = 420
VISITS = RNG.integers(20, 200, COUNT)
SALES = np.round(11.5 * VISITS + RNG.normal(0, 40, COUNT), 2)


def written(path, columns, *, separator=",", above="", below=""):
    """A file of delimited text, with lines above and below what a program would write."""
    text = pl.DataFrame(columns, strict=False).write_csv(separator=separator)
    path.write_text(above + text + below, encoding="utf-8")
    return path


def understood(path, target):
    """The rows that are learned from, and the columns by name."""
    table = without_totals(read(path))
    schema = infer(table, target=target)
    return table, {column.name: column for column in schema.columns}


def german(number):
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def test_a_german_export_with_a_title_a_sum_and_gaps(tmp_path):
    path = written(
        tmp_path / "umsatz.csv",
        {
            "Auftrag": [f"A-{10_000 + line // 1.05:.0f}" for line in range(COUNT)],
            "Filiale": RNG.choice(["Nord", "Süd", "keine Angabe"], COUNT),
            "Besuche": [str(n) if n % 17 else "k. A." for n in VISITS],
            "Umsatz": list(map(german, SALES)),
        },
        separator=";",
        above="Umsätze 2023\n\n",
        below=f"Gesamtsumme;;;{german(SALES.sum())}\n",
    )
    table, columns = understood(path, "Umsatz")
    assert len(table.frame) == COUNT
    assert "'Gesamtsumme'" in table.left_out[0]
    assert columns["Auftrag"].kind == "identifier"
    assert "--group 'Auftrag'" in columns["Auftrag"].reason
    assert (columns["Filiale"].kind, columns["Filiale"].distinct) == ("categorical", 2)
    assert (columns["Besuche"].kind, columns["Umsatz"].kind) == ("numeric", "numeric")
    assert columns["Besuche"].missing == int((VISITS % 17 == 0).sum())


def test_a_chinese_sheet_with_subtotals_and_a_total(tmp_path):
    regions = ["华北"] * 140 + ["华东"] * 140 + ["华南"] * 140
    lines, rows = [], 0
    for start in (0, 140, 280):
        part = slice(start, start + 140)
        lines += [
            f"{region},{grade},{n},{x:.2f}"
            for region, grade, n, x in zip(
                regions[part],
                RNG.choice(["甲", "乙", "暂无数据"], 140),
                VISITS[part],
                SALES[part],
                strict=True,
            )
        ]
        lines.append(f"{regions[start]}小计,,{VISITS[part].sum()},{SALES[part].sum():.2f}")
        rows += 141
    lines.append(f"总计,,{VISITS.sum()},{SALES.sum():.2f}")
    path = tmp_path / "销售.csv"
    path.write_text("地区,等级,访问,销售额\n" + "\n".join(lines) + "\n", encoding="gb18030")
    table, columns = understood(path, "销售额")
    assert len(table.frame) == COUNT
    assert set(range(rows + 1)) - set(table.numbers.tolist()) == {140, 281, 422, 423}
    assert (columns["地区"].distinct, columns["等级"].distinct) == (3, 2)


def test_a_table_in_an_archive_with_a_readme_and_pictures(tmp_path):
    inside = written(tmp_path / "x.csv", {"visits": VISITS, "sales": SALES})
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inside, "sales.csv")
        archive.writestr("README.txt", "Sales by day; see the map.\nVisits, too.")
        archive.writestr("map.png", b"\x89PNG")
    table, columns = understood(path, "sales")
    assert len(table.frame) == COUNT
    assert columns["visits"].kind == "numeric"
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(inside, "visits.csv")
    with pytest.raises(GradumError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert "'sales.csv', 'visits.csv'" in str(caught.value)


def test_a_sheet_of_one_row_per_year_and_sex_with_both_together(tmp_path):
    born = RNG.integers(1000, 9000, (60, 2))
    path = written(
        tmp_path / "born.csv",
        {
            "year": np.repeat(np.arange(1960, 2020), 3),
            "sex": ["female", "male", "total"] * 60,
            "born": np.column_stack([born, born.sum(axis=1)]).ravel(),
        },
    )
    table, columns = understood(path, "born")
    assert len(table.frame) == 120
    assert columns["sex"].distinct == 2


def test_what_only_looks_like_a_total_is_learned_from(tmp_path):
    path = written(
        tmp_path / "stations.csv",
        {
            "brand": RNG.choice(["Total", "Shell", "Sum 41", "Summe"], COUNT),
            "visits": VISITS,
            "sales": SALES,
        },
        below="Total,9000,90000.5\n",
    )
    table, columns = understood(path, "sales")
    assert table.left_out == ()
    assert len(table.frame) == COUNT + 1
    assert columns["brand"].distinct == 4
