"""The whole fits that many tests share, and what makes every test quick."""

from functools import cache

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
