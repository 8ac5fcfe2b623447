"""Names from a table that would steer the terminal."""

import polars as pl
import pytest

from gradum.show.words.terminal import Terminal

HOSTILE = "\x9b31mred", "a\u202egnp.exe", "\u2066b", "c\u200f", "\x85d"


@pytest.fixture(scope="module")
def hostile_table(tmp_path_factory):
    frame = pl.DataFrame(
        {name: [f"{k}\x1b[2J", f"{k + 1}\x9b"] * 20 for k, name in enumerate(HOSTILE)}
    )
    path = tmp_path_factory.mktemp("tables") / "of\u202efdp.parquet"
    frame.with_columns(x=pl.Series(range(40)) * 1.5).write_parquet(path)
    return path


def test_names_do_not_steer_the_terminal(gradum_command, hostile_table):
    ended = gradum_command("inspect", hostile_table, "-t", HOSTILE[0])
    assert ended.code == 0
    assert [c for c in ended.out if not c.isprintable() and c != "\n"] == []
    shown = (
        "\\x9b31mred",
        "a\\u202egnp.exe",
        "\\u2066b",
        "c\\u200f",
        "\\x85d",
        "of\\u202efdp.parquet",
    )
    assert [name for name in shown if name not in ended.out] == []


def test_nor_do_they_in_an_error(gradum_command, hostile_table):
    ended = gradum_command("inspect", hostile_table, "-t", "e\x9b")
    assert ended.code == 2
    assert ended.err.rstrip("\n").isprintable()
    assert "of\\u202efdp.parquet" in ended.err


def test_colours_still_reach_the_terminal(capsys):
    terminal = Terminal(
        force_terminal=True, color_system="standard", width=80, markup=False, highlight=False
    )
    terminal.print("red \x1b[31m", style="bold")
    assert capsys.readouterr().out == "\x1b[1mred \\x1b[31m\x1b[0m\n"
