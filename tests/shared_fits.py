"""The whole fits that many tests share, and what makes every test quick."""

import os
import threading
from functools import cache
from importlib.metadata import version
from pathlib import Path

import hypothesis
import pytest
import vl_convert
from jax._src.interpreters import mlir

import gradum
from command_line import run
from gradum.files.atomic import write_bytes
from gradum.run.judging import judge_rungs
from gradum.run.spec.spec import SplitSpec
from gradum.rungs.spread import fit as spread
from gradum.study.explanation import judged
from gradum.study.watch import expected
from synthetic import QUICK, task

# How long an example takes is the machine's doing, and no test is to hang on it.
hypothesis.settings.register_profile("without a clock", deadline=None, max_examples=60)
hypothesis.settings.load_profile("without a clock")

# JAX makes a context for each program that it lowers, for which thirty dialects are loaded: that
# takes as long as the rest of lowering a small program. One serves all programs of a thread.
if hasattr(mlir, "make_ir_context"):
    _make_ir_context, _of_thread = mlir.make_ir_context, threading.local()

    def _ir_context():
        if not hasattr(_of_thread, "context"):
            _of_thread.context = _make_ir_context()
        return _of_thread.context

    mlir.make_ir_context = _ir_context

_bundle = vl_convert.javascript_bundle


@cache
def kept_bundle(code):
    """The script of charts, kept with the programs: it takes two seconds to put together.

    A report that is given no folder for it else does so anew.
    """
    name = f"charts-{version('vl-convert-python')}.js"
    kept = Path(os.environ["GRADUM_CACHE_DIR"]) / name
    if not kept.exists():
        write_bytes(kept, _bundle(code).encode())
    return kept.read_text("utf-8")


vl_convert.javascript_bundle = kept_bundle


SHORT_JUDGING = [
    (module, name, short, getattr(module, name))
    for module, name, short in (
        (judge_rungs, "RESAMPLES", (200, 200)),  # as many as of a large table
        (spread, "STRENGTHS", (1e2, 1e0)),
        (spread, "FOLDS", 2),
        (judged, "ANSWERS", 3_000),
        (judged, "MOST_PRODUCTS", 1e8),
        (expected, "DRAWS", (100, 100)),  # as many as for many rows
    )
]
"""What is repeated after a fit to judge, explain or watch it: how often in tests, and for users."""


@pytest.fixture(scope="session", autouse=True)
def short_judging():
    """Draw fewer resamples and labels, choose spreads among two on two folds, explain fewer rows.

    A test that looks at how often asks for `judged_as_for_users`.
    """
    with pytest.MonkeyPatch.context() as patched:
        for module, name, short, _ in SHORT_JUDGING:
            patched.setattr(module, name, short)
        yield


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


@pytest.fixture(scope="module")
def judged_as_for_users():
    """Let a module's runs be judged, explained and watched as those of users are."""
    with pytest.MonkeyPatch.context() as patched:
        for module, name, _, whole in SHORT_JUDGING:
            patched.setattr(module, name, whole)
        yield
