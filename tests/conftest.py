"""What holds for every test, and whole fits that many tests look at: each is made once."""

import os
import shutil

import kept_programs

# Set before NumPy and JAX are imported; commands inherit it. A worker has a core, and BLAS's
# threads spin on the cores of others while they wait.
os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
os.environ.update(kept_programs.environment())

import hypothesis
import pytest

import gradum
from command_line import run
from synthetic import QUICK, task

# How long an example takes is the machine's doing, and no test is to hang on it.
hypothesis.settings.register_profile("without a clock", deadline=None)
hypothesis.settings.load_profile("without a clock")


def pytest_sessionfinish(session, exitstatus):
    """Keep no programs of a run that failed: a killed process may have written half a file."""
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
    """A ladder on 300 rows with the classes 0, 1 and 2, judged by cross-validation."""
    return gradum.fit(task("grade", 300), "grade", cv=3, **QUICK)


@pytest.fixture(scope="session")
def gradum_command():
    """``gradum_command("fit", …)`` runs a command."""
    return run
