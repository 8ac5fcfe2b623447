"""Tables and a run, for tests of the command line."""

import pytest

from command_line import run
from synthetic import task


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """A folder of CSV files to fit on and to predict."""
    folder = tmp_path_factory.mktemp("tables")
    task("label", 300).write_csv(folder / "label.csv")
    task("amount", 300).write_csv(folder / "amount.csv")
    task("label", 80, 1).write_csv(folder / "held.csv")
    return folder


@pytest.fixture(scope="session")
def linear_run(tables, tmp_path_factory):
    """A run folder of a linear fit of ``label.csv``, and what the command printed."""
    folder = tmp_path_factory.mktemp("runs") / "linear"
    ended = run(
        "fit", tables / "label.csv", "-t", "label", "--model", "linear", "--cv", 2, "-o", folder
    )
    return folder, ended
