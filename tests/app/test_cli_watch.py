"""``gradum watch``: exit codes, JSON, the page, and what is refused in one line."""

import json

import polars as pl
import pytest
from markupsafe import escape

import gradum


@pytest.fixture(scope="module")
def moved(tables, tmp_path_factory):
    """The held-out rows, every number of which is larger."""
    path = tmp_path_factory.mktemp("moved") / "moved.csv"
    held = pl.read_csv(tables / "held.csv")
    held.with_columns(pl.selectors.float() * 1.5 + 3).write_csv(path)
    return path


@pytest.fixture(scope="module")
def watch(linear_run, moved):
    """What Python finds of those rows."""
    return gradum.load(linear_run[0]).watch(moved)


def test_like_rows_end_with_0(gradum_command, linear_run, tables):
    ended = gradum_command("watch", linear_run[0], tables / "held.csv")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("No alarm: the 80 rows of held.csv are like the 300 rows")


def test_an_alarm_ends_with_3(gradum_command, linear_run, moved):
    ended = gradum_command("watch", linear_run[0], moved)
    assert (ended.code, ended.err) == (3, "")
    assert "alarm" in ended.out.splitlines()[0]


def test_json_is_what_python_finds(gradum_command, linear_run, moved, watch):
    ended = gradum_command("watch", linear_run[0], moved, "--json")
    content = json.loads(ended.out)
    assert ended.code == 3
    assert watch.alarm
    assert [alarm["sentence"] for alarm in content["alarms"]] == [
        alarm.sentence for alarm in watch.found.alarms
    ]
    by_name = {column["column"]: column for column in content["columns"]}
    for line in watch.frame.iter_rows(named=True):
        column = by_name[line["column"]]
        assert column["size"] == line["size"]
        assert column["least_size"] == line["least_size"]
        assert (column["effect"] or {}).get("absolute") == line["effect"]


@pytest.mark.slow
def test_the_page_shows_what_has_moved(gradum_command, linear_run, moved, watch, tmp_path):
    out = tmp_path / "watch.html"
    ended = gradum_command("watch", linear_run[0], moved, "-o", out, "--quiet")
    assert (ended.code, ended.out) == (3, "")
    page = out.read_text("utf-8")
    assert all(f'<section id="{name}">' in page for name in ("drift", "answers", "columns"))
    assert page.count('id="chart-column-') == sum(line.drifted for line in watch.found.columns)
    assert all(escape(alarm.sentence) in page for alarm in watch.found.alarms)


def test_a_page_replaces_only_pages(gradum_command, linear_run, tables, tmp_path):
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    ended = gradum_command(
        "watch", linear_run[0], tables / "held.csv", "-o", tmp_path / "mine.html"
    )
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert (tmp_path / "mine.html").read_text() == "<p>mine</p>"


def test_names_in_a_table_are_no_markup(gradum_command, linear_run, tables, tmp_path):
    held = pl.read_csv(tables / "held.csv")
    text = next(name for name in held.columns if held[name].dtype == pl.String and name != "label")
    strange = held.with_columns(pl.lit("<script>alert(1)</script>[bold]").alias(text))
    strange.write_csv(tmp_path / "strange.csv")
    ended = gradum_command(
        "watch", linear_run[0], tmp_path / "strange.csv", "-o", tmp_path / "watch.html"
    )
    assert ended.code == 3
    assert "[bold]" in ended.out
    assert "<script>alert" not in (tmp_path / "watch.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda held: held.clear(), "no rows"),
        (lambda held: held[:1], "1 row"),
        (lambda held: held.drop("size"), "size"),
        (lambda held: held.with_columns(size=pl.lit("many")), "size"),
    ],
)
def test_mistakes_are_one_line(gradum_command, linear_run, tables, tmp_path, change, words):
    change(pl.read_csv(tables / "held.csv")).write_csv(tmp_path / "new.csv")
    ended = gradum_command("watch", linear_run[0], tmp_path / "new.csv")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
