"""Tables and a run, for tests of the command line."""

import pytest

from command_line import run, short_paths
from gradum.show import report
from synthetic import task


@pytest.fixture(autouse=True, scope="module")
def fits_are_short():
    """Let the commands that a module calls in this process take little time."""
    with short_paths():
        yield


@pytest.fixture
def no_charts():
    """Let a test's reports have their first lines only: Altair takes half of what a run takes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(report, "sections_of", lambda *_: [])
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
    """A run folder of a linear fit of ``label.csv``, and what the command printed."""
    folder = tmp_path_factory.mktemp("runs") / "linear"
    with short_paths():  # a module's fixtures come after the session's
        ended = run(
            "fit", tables / "label.csv", "-t", "label", "--model", "linear", "--cv", 2, "-o", folder
        )
    return folder, ended
