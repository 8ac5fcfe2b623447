"""Fits in processes of their own: what they answer, and every way in which they fail."""

import time
from pathlib import Path

import pytest
from benchmarks.quality.outcomes import Key
from benchmarks.quality.runs import Plan, answer, repeats, sizes_of
from benchmarks.quality.sets import Suite

from gradum.errors import TableError


@pytest.fixture
def asks(tmp_path, monkeypatch):
    """``asks(code)`` runs code in a process and returns what came of it."""
    monkeypatch.syspath_prepend(tmp_path)

    def ask(code, timeout=60.0):
        (tmp_path / "a_fit.py").write_text(code)
        return answer("a_fit", "asked", timeout)

    return ask


def test_an_answer_is_what_is_printed(asks):
    code = "import sys, json; print(json.dumps({'error': 0.5, 'asked': sys.argv[1]}))"
    assert asks(code) == {"error": 0.5, "asked": "asked"}


def test_a_crash_is_kept_with_the_last_line_that_was_said(asks):
    assert asks("1 / 0") == {"failed": "ZeroDivisionError: division by zero"}
    assert asks("raise SystemExit(1)") == {"failed": "it said nothing"}
    assert len(asks("raise ValueError('x' * 1000)")["failed"]) == 300


def test_a_process_that_is_killed_is_a_failure(asks):
    assert asks("import os; os.abort()") == {"failed": "ended by SIGABRT"}


@pytest.mark.slow
def test_a_fit_that_takes_too_long_is_ended_with_all_that_it_started(asks, tmp_path):
    code = f"""
import subprocess, sys, time
wait = "import time; time.sleep(60); open({str(tmp_path / "lived")!r}, 'w')"
child = subprocess.Popen([sys.executable, "-c", wait])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    assert asks(code, timeout=3.0) == {"failed": "timeout of 3 s"}
    child = int((tmp_path / "child").read_text())
    while runs(child):
        time.sleep(0.05)
    assert not (tmp_path / "lived").exists()


def runs(process):
    """Whether a process is there, and not only waiting to be looked at by who inherited it."""
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_table_that_no_method_can_use_ends_the_run(asks):
    with pytest.raises(TableError, match="Column 'x' holds what is no number"):
        asks(
            "import sys; sys.stderr.write(\"Column 'x' holds what is no number.\\n\"); sys.exit(2)"
        )


def test_fits_are_named_seed_by_seed(folder):
    plan = Plan(Suite.read(folder, ["two", "number"]), ["a", "b"], 2, [100])
    assert [key for key in plan if key.seed == 0] == [
        Key("a", "two", 0, 100),
        Key("b", "two", 0, 100),
        Key("a", "number", 0, 100),
        Key("b", "number", 0, 100),
    ]
    assert [key.seed for key in plan] == [0] * 4 + [1] * 4


def test_small_tables_are_divided_more_often(folder):
    assert (repeats(2_499), repeats(2_500)) == (10, 3)
    plan = Plan(Suite.read(folder, ["two"]), ["a"], None, [50])
    assert [key.seed for key in plan] == list(range(10))


def test_a_size_is_left_out_where_a_smaller_one_takes_all_rows(folder):
    sizes = [100_000, 500, 4_000, 20_000]
    assert sizes_of(736, sizes) == [500, 4_000]
    assert sizes_of(625, sizes) == [500]  # 500 of them are for training
    assert sizes_of(20_000, sizes) == [500, 4_000, 20_000]
    assert sizes_of(327_346, sizes) == [500, 4_000, 20_000, 100_000]
    plan = Plan(Suite.read(folder, ["two"]), ["a"], 1, [50, 90, 4000])
    assert [key.rows for key in plan] == [50, 90, 4000]  # 96 of 120 rows are for training


@pytest.mark.slow
def test_one_fit_from_the_table_to_the_line(folder):
    plan = Plan(Suite.read(folder), ["random_forest"], 1, [50])
    found = plan.run(Key("random_forest", "two", 0, 50), 120.0)
    assert not found.failed
    assert found.key == Key("random_forest", "two", 0, 50)
    assert (found.task, found.n, found.rows) == ("binary", 50, 50)
    assert found.error == pytest.approx(1 - found.auc)
    assert 0 < found.error < 0.5
    assert min(found.fit_s, found.predict_s, found.cpu_s) > 0
    assert 50 < found.rss_mb < 2000
    assert {"Python", "numpy", "scikit-learn"} <= set(found.versions)
    assert found.machine
    assert found.date
