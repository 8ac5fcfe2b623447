"""Tables and a run, for tests of the command line."""

import pytest

from command_line import run, short_paths, short_reports, whole_again
from gradum.run.spec.spec import SplitSpec
from synthetic import task


@pytest.fixture(autouse=True, scope="module")
def fits_are_short():
    """Let the commands that a module calls in this process take little time.

    A test that looks at the sections of reports asks for `whole_reports`.
    """
    with short_paths(), short_reports():
        yield


@pytest.fixture
def whole_reports():
    """Let a test's reports be whole."""
    with whole_again():
        yield


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
    """A run folder of a linear fit, judged by two folds, twice drawn, and what the command said.

    Its report is whole.
    """
    folder = tmp_path_factory.mktemp("runs") / "linear"
    with short_paths(SplitSpec()), whole_again():  # whether a module's fixtures came before or not
        ended = run(
            "fit", tables / "label.csv", "-t", "label", "--model", "linear", "--cv", 2, "-o", folder
        )
    return folder, ended
