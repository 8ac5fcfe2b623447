"""The environment of every test, and the whole fits that many tests share."""

import gc
import os
import shutil
from functools import cache
from pathlib import Path

import kept_programs
import quick_programs

# NumPy and JAX read these when they are imported, and child processes inherit them. A worker has
# one core; while BLAS's further threads wait, they spin on the cores of other workers.
os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
os.environ.update(kept_programs.environment() | quick_programs.environment())

import hypothesis
import pytest
import vl_convert

import gradum
from command_line import run
from gradum.run.judging import resampled
from gradum.run.spec import SplitSpec
from gradum.rungs.spread import fit as spread
from synthetic import QUICK, task

# How long an example takes is the machine's doing, and no test is to hang on it.
hypothesis.settings.register_profile("without a clock", deadline=None)
hypothesis.settings.load_profile("without a clock")

# A report that is given no folder for it else puts the script of its charts together anew, which
# takes two seconds.
vl_convert.javascript_bundle = cache(vl_convert.javascript_bundle)

# What is imported and collected from here on stays: to search it for garbage would take a fifth of
# the time again.
gc.disable()

# No test's files need to outlive a power failure, for which a disk is waited for at every file.
os.fsync = lambda _: None

LONGEST = ("test_optimised_programs.py", "test_docs.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Run the longest tests first, and nothing besides that one of them runs as users would."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
    quick = quick_programs.are_in_use()
    if quick and any(item.path.name == "test_optimised_programs.py" for item in items):
        tests = Path(__file__).parent
        optimised = {tests / name for name in quick_programs.DEPEND_ON_ARITHMETIC}
        left_out = [item for item in items if item.path in optimised]
        items[:] = [item for item in items if item.path not in optimised]
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    """Search what tests make for garbage, though not every 700 objects, and leave out the tests."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_sessionfinish(exitstatus):
    """Keep no programs of a run that failed: a killed process may have left half a file."""
    if exitstatus != pytest.ExitCode.OK and not kept_programs.IN_A_WORKER:
        shutil.rmtree(os.environ["GRADUM_CACHE_DIR"], ignore_errors=True)


@pytest.fixture(scope="session")
def regressor():
    """A ladder on 1,200 rows with a number as target, judged on a hold-out."""
    return gradum.fit(task("amount"), "amount", **QUICK)


@pytest.fixture(scope="session")
def classifier():
    """A ladder on 1,200 rows with the labels "no" and "yes", judged on a hold-out."""
    return gradum.fit(task("label"), "label", **QUICK)


@pytest.fixture(scope="session")
def grader():
    """A ladder on 300 rows with the classes 0, 1 and 2, judged by three folds, twice drawn."""
    return gradum.fit(task("grade", 300), "grade", cv=3, **QUICK | {"split": SplitSpec()})


@pytest.fixture(scope="session")
def gradum_command():
    """``gradum_command("fit", …)`` runs a command."""
    return run


@pytest.fixture
def short_judging(monkeypatch):
    """Judge on as few resamples as of a large table; choose spreads among two, on two folds."""
    monkeypatch.setattr(resampled, "RESAMPLES", (200, 200))
    monkeypatch.setattr(spread, "STRENGTHS", (1e2, 1e0))
    monkeypatch.setattr(spread, "FOLDS", 2)
