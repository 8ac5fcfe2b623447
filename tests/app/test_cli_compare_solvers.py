"""``gradum compare-solvers``: the table, the page, and what is refused."""

import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from gradum.app.cli import app
from gradum.errors import OutputError, SpecError

QUICK = ["--hidden", "4", "--max-epochs", "2", "--learning-rate", "0.01"]


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    frame = pl.DataFrame({"<b>a": x[:, 0], "b": x[:, 1], "y [€]": x.sum(axis=1)})
    frame.write_csv(tmp_path / "t.csv")
    return str(tmp_path / "t.csv")


def run(*words):
    return CliRunner().invoke(app, ["compare-solvers", *words])


def test_it_says_which_to_choose_and_writes_a_page(table, tmp_path):
    page = tmp_path / "solvers.html"
    ended = run(table, "-t", "y [€]", "--solvers", "sgd,adam", *QUICK, "-o", str(page))
    assert ended.exit_code == 0, ended.output
    assert "2 solvers on y [€] from t.csv" in ended.stdout
    assert "Choose " in ended.stdout
    written = page.read_text(encoding="utf-8")
    assert "By passes over the rows" in written
    assert '"solver":"adam"' in written


def test_json_is_one_line_with_every_figure(table):
    ended = run(table, "-t", "y [€]", "--solvers", "sgd,adam", *QUICK, "--json")
    found = json.loads(ended.stdout)
    assert [course["solver"] for course in found["courses"]] == ["sgd", "adam"]
    assert found["courses"][0]["steps"] == 2 * -(-found["rows"]["train"] // 32)


def test_no_other_file_is_written_over(table, tmp_path):
    other = tmp_path / "mine.html"
    other.write_text("mine")
    ended = run(table, "-t", "y [€]", *QUICK, "-o", str(other))
    assert isinstance(ended.exception, OutputError)
    assert other.read_text() == "mine"


@pytest.mark.parametrize("words", [["--solvers", "adam"], ["--hidden", "0"], ["--solvers", "a,b"]])
def test_what_cannot_be_compared_leaves_no_page(table, tmp_path, words):
    page = tmp_path / "page.html"
    ended = run(table, "-t", "y [€]", *words, "-o", str(page))
    assert isinstance(ended.exception, SpecError)
    assert not page.exists()
