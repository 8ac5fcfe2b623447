"""``--against``: rivals are named on the command line; no file of a run makes gradum import any."""

import json
import tomllib

import pytest

from command_line import short_reports
from pages import text_of

pytestmark = pytest.mark.usefixtures("whole_reports")

MODULE = """
from pathlib import Path
Path(__file__).with_name("imported").touch()
from sklearn.dummy import DummyClassifier
class Guesses(DummyClassifier):
    pass
class Fails(Guesses):
    def fit(self, rows, target):
        raise ValueError("not today")
"""
NAMED = "rival_of_tests:Guesses"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module on the path that leaves a mark where it is imported."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "rival_of_tests.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    monkeypatch.delitem(__import__("sys").modules, "rival_of_tests", raising=False)
    return tmp_path / "code" / "imported"


def fit(gradum_command, tables, out, *more):
    return gradum_command(
        "fit", tables / "label.csv", "-t", "label", "--model", "linear", "--cv", 2,
        "--no-learning-curve", "-o", out, *more,
    )  # fmt: skip


@pytest.mark.slow
def test_a_rival_is_shown_and_recorded_and_its_code_is_named_anew_each_time(
    module, tables, gradum_command, tmp_path
):
    run = tmp_path / "run"
    ended = fit(gradum_command, tables, run, "--against", NAMED)
    assert (ended.code, ended.err) == (0, "")
    assert "Guesses, rival" in ended.out
    assert "Guesses, a rival (fold " in ended.out
    assert "Guesses is worse than linear (log loss differs by +" in " ".join(ended.out.split())
    (said,) = json.loads((run / "metrics.json").read_text())["judgement"]["rivals"]
    assert (said["name"], said["against"]) == ("Guesses", "linear")
    assert tomllib.loads((run / "spec.toml").read_text())["against"] == [NAMED]
    assert "Guesses<small>rival</small>" in (run / "report.html").read_text()

    module.unlink()
    __import__("sys").modules.pop("rival_of_tests")
    assert gradum_command("report", run, "-o", tmp_path / "r.html").code == 0
    assert gradum_command("resume", run).code == 0
    assert not module.exists()
    with short_reports():
        again = gradum_command("rerun", run, "-o", tmp_path / "again")
    assert (again.code, again.err) == (0, "")
    assert f"That run was also judged against {NAMED}" in again.out
    assert "bit-identical" in again.out
    assert not module.exists()
    shown = text_of((tmp_path / "r.html").read_text())
    assert "a repeated run needs --against again" in shown
    with short_reports():
        given = gradum_command("rerun", run, "-o", tmp_path / "given", "--against", NAMED)
    assert given.code == 0
    assert "also judged against" not in given.out
    assert module.exists()
    (repeated,) = json.loads((tmp_path / "given/metrics.json").read_text())["judgement"]["rivals"]
    assert repeated == said


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("rival_of_tests:Fails", "Fails failed while it was fitted: not today."),
        ("rival_of_tests:Path", "'Path' is no estimator"),
        ("no_such_module:Trees", "The module 'no_such_module' cannot be imported"),
        ("forest", "There is no rival 'forest'."),
    ],
)
def test_a_rival_that_cannot_be_used_is_one_line_and_leaves_nothing(
    named, message, module, tables, gradum_command, tmp_path
):
    ended = fit(gradum_command, tables, tmp_path / "run", "--against", named)
    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "run").exists()
