"""``gradum stress``: in words, as JSON and as a page, and what it refuses in one line."""

import json

import polars as pl
import pytest

import gradum


@pytest.mark.slow
def test_it_speaks_in_words(gradum_command, linear_run, tables):
    ended = gradum_command("stress", linear_run[0], tables / "held.csv", "--rows", "2")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert "of 2 answers for 'label' in held.csv change when columns move" in lines[0]
    (header,) = [line for line in lines if line.startswith("columns move by up to")]
    assert header.split("  ")[-1].strip() == "proved to stay, at least"
    assert "Each accident was tried by itself, in 8 of 80 rows." in lines


@pytest.mark.slow
def test_json_is_what_python_finds(gradum_command, linear_run, tables):
    words = [
        "--rows",
        "3",
        "--levels",
        "1",
        "--budget",
        "size=5,age=10",
        "--frozen",
        "city",
        "--certify",
        "0",
    ]
    ended = gradum_command("stress", linear_run[0], tables / "held.csv", *words, "--json")
    content = json.loads(ended.out)
    test = gradum.load(linear_run[0]).stress(
        tables / "held.csv",
        rows=3,
        levels=1,
        budget={"size": 5.0, "age": 10.0},
        frozen=["city"],
        certify=0,
    )
    assert [row["radius"] for row in content["attack"]["rows"]] == test.frame["radius"].to_list()
    assert content["attack"]["amounts"] == {"size": 5.0, "age": 10.0}
    assert [effect["kind"] for effect in content["corruptions"]["effects"]] == test.corruptions[
        "kind"
    ].to_list()


def test_the_page_has_all_parts(gradum_command, linear_run, tables, tmp_path):
    out = tmp_path / "stress.html"
    words = ["stress", linear_run[0], tables / "held.csv", "--rows", "2", "-o", out, "--quiet"]
    ended = gradum_command(*words)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    page = out.read_text("utf-8")
    assert all(f'<section id="{name}">' in page for name in ("attack", "rows", "corruptions"))
    assert 'id="chart-kept-answers"' in page
    assert gradum_command(*words).code == 0  # its own page is replaced
    out.write_text("mine")
    assert gradum_command(*words).code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--budget", "size=5,age"], "'age' in the budget is no column with its amount."),
        (["--budget", "size=-5"], "The budget of column 'size' is -5.0"),
        (["--budget", "size=5,age=2,size=1"], "The budget of column 'size' is given twice."),
        (["--budget", "sice=5"], "The model sees no column 'sice'."),
        (["--budget", "metres"], "'metres' is no budget."),
        (["--rows", "0"], "rows is 0. Give a whole number from 1 to 2,147,483,647."),
        (["--together", "size,colour"], "Column 'colour' is to move with others"),
        (["--certify", "-1"], "certify is -1.0. Give a number from 0 to 1e+30."),
        (["--upward", "colour"], "Column 'colour' has no order"),
    ],
)
def test_mistakes_take_one_line(gradum_command, linear_run, tables, words, message):
    ended = gradum_command("stress", linear_run[0], tables / "held.csv", *words)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"error: {message}")


def test_a_column_too_few_is_named(gradum_command, linear_run, tables, tmp_path):
    path = tmp_path / "less.csv"
    pl.read_csv(tables / "held.csv").drop("size").write_csv(path)
    ended = gradum_command("stress", linear_run[0], path)
    assert ended.code == 2
    assert ended.err.startswith("error: less.csv lacks the column 'size'.")
