"""``gradum inspect``: columns with their kinds, and a schema to edit."""

import json
import subprocess
import sys

import pytest

from gradum.tables.schema.schema import Schema


def test_each_column_is_told_with_its_kind(gradum_command, tables):
    ended = gradum_command("inspect", tables / "label.csv", "-t", "label")
    assert (ended.code, ended.err) == (0, "")
    for column, kind in (("size", "numeric"), ("colour", "categorical"), ("member", "boolean")):
        line = next(line for line in ended.out.splitlines() if line.startswith(column))
        assert kind in line
    assert "Two classes, 'no'" in ended.out


def test_json_is_a_schema_to_edit(gradum_command, tables):
    ended = gradum_command(
        "inspect", tables / "label.csv", "-t", "label", "--drop", "city", "--json"
    )
    schema = Schema.from_json(ended.out)
    assert schema.rows == 300
    assert schema.target.classes == ("no", "yes")
    assert schema.column("city").role == "unused"


def test_a_wish_that_cannot_be_met_is_refused(gradum_command, tables):
    ended = gradum_command("inspect", tables / "label.csv", "--numeric", "colour")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'colour'" in ended.err


def test_it_needs_no_jax(tables):
    code = (
        "import sys\nfrom gradum.app.cli import main\n"
        f"sys.argv = ['gradum', 'inspect', {str(tables / 'label.csv')!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(str(sorted({'jax', 'sklearn'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]"


def test_a_plan_says_how_many_rows_show_a_gap(gradum_command, tables):
    asked = ("inspect", tables / "label.csv", "-t", "label", "--plan")
    ended = gradum_command(*asked, "--points", "10")
    assert (ended.code, ended.err) == (0, "")
    assert "of which 300 would judge" in ended.out
    assert "a gap of 10 points" in ended.out
    scores = json.loads(gradum_command(*asked, "--json").out)["scores"]
    assert [score["metric"] for score in scores] == ["accuracy", "auc"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--plan",), "needs to know what is predicted"),
        (("-t", "label", "--points", "5"), "no effect without --plan"),
        (("-t", "label", "--plan", "--points", "60"), "60 points cannot be planned for"),
        (("-t", "same", "--plan"), "is constant"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused_in_one_line(gradum_command, tmp_path, words, why):
    table = tmp_path / "t.csv"
    rows = (f"{i},{'yes' if i % 3 else 'no'},one" for i in range(60))
    table.write_text("\n".join(["size,label,same", *rows]))
    ended = gradum_command("inspect", table, *words)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert why in ended.err


@pytest.fixture
def sales(tmp_path):
    lines = [
        f"2024-{1 + day // 28:02}-{1 + day % 28:02},{shop},{day % 7 + day * day % 5 + shop}"
        for day in range(28)
        for shop in (1, 2)
    ]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["date,shop,units", *lines]) + "\n")
    return path, "-t", "units", "--series", "shop", "--time", "date"


def test_series_are_told_with_what_a_forecast_learns_from(gradum_command, sales):
    ended = gradum_command("inspect", *sales, "--horizon", "3")
    assert (ended.code, ended.err) == (0, "")
    words = " ".join(ended.out.split())
    assert "2 series of a row a day each." in words
    assert "Forecast 3 steps ahead from" in words
    assert "The baseline repeats the last" in words


@pytest.mark.parametrize(
    ("more", "why"),
    [((), "--series"), (("--horizon", "3", "--plan"), "overlap"), (("--horizon", "40"), "short")],
)
def test_series_that_cannot_be_forecast_are_refused_in_one_line(gradum_command, sales, more, why):
    ended = gradum_command("inspect", *sales, *more)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert why in ended.err


def test_levels_that_differ_in_case_alone_are_noted_with_the_option_that_merges_them(
    gradum_command, tmp_path
):
    rows = "".join(f"{city},{k}\n" for k, city in enumerate(["Köln", "KÖLN", "Köln", "Bonn"] * 20))
    (tmp_path / "t.csv").write_text(f"city,size\n{rows}")
    ended = gradum_command("inspect", tmp_path / "t.csv")
    assert "--fold-case 'city' if they are one" in " ".join(ended.out.split())
    ended = gradum_command("inspect", tmp_path / "t.csv", "--fold-case", "city")
    assert "2 levels; 'KÖLN' taken as 'Köln'" in " ".join(ended.out.split())
    ended = gradum_command("inspect", tmp_path / "t.csv", "--fold-case", "siez")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'size'" in ended.err
