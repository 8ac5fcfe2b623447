"""The command line called in this process: what it prints, and the code it ends with."""

import contextlib
import io
import sys
from dataclasses import dataclass

import pytest

from gradum.app.cli import main
from synthetic import task


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str


def run(*arguments):
    """Run ``gradum …`` and catch its end."""
    out, err, before, code = io.StringIO(), io.StringIO(), sys.argv, 0
    sys.argv = ["gradum", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = before
    return Ended(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def gradum_command():
    """``gradum_command("fit", …)`` runs a command."""
    return run


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
