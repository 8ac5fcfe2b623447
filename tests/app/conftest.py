"""Tables and a run, for tests of the command line."""

import pytest

from command_line import run, short_paths, shorten_reports
from gradum.run.spec import SplitSpec
from synthetic import task


@pytest.fixture(autouse=True, scope="module")
def fits_are_short():
    """Let the commands that a module calls in this process take little time."""
    with short_paths():
        yield


@pytest.fixture(autouse=True)
def reports_are_short(request):
    """Let reports be short; a test that looks at their sections asks for `whole_reports`."""
    with pytest.MonkeyPatch.context() as patched:  # which no test undoes
        if "whole_reports" not in request.fixturenames:
            shorten_reports(patched)
        yield


@pytest.fixture
def whole_reports():
    """Let a test's reports be whole."""


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
    """A run folder of a linear fit, judged by two folds, twice drawn, and what the command said."""
    folder = tmp_path_factory.mktemp("runs") / "linear"
    with short_paths(SplitSpec()):  # a module's fixtures come after the session's
        ended = run(
            "fit", tables / "label.csv", "-t", "label", "--model", "linear", "--cv", 2, "-o", folder
        )
    return folder, ended
