"""Whole fits that many tests look at: each is made once."""

import os

import hypothesis
import pytest

import gradum
from command_line import run
from synthetic import QUICK, task

# How long an example takes is the machine's doing, and no test is to hang on it.
hypothesis.settings.register_profile("without a clock", deadline=None)
hypothesis.settings.load_profile("without a clock")


@pytest.fixture(scope="session", autouse=True)
def _no_cache_in_the_home_folder(tmp_path_factory):
    os.environ["GRADUM_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


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
