"""The environment of every test, and the order in which they run."""

import gc
import os
import shutil
from pathlib import Path

import kept_programs
import quick_programs

# NumPy, polars and JAX read these when they are imported, and child processes inherit them. A
# worker has one core; while further threads wait, they spin on the cores of other workers. LightGBM
# starts as many as it is told to, which are not to spin.
os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"})
os.environ.update({"OMP_WAIT_POLICY": "passive"})
os.environ.update(kept_programs.environment() | quick_programs.environment())

import pytest

# What is imported and collected from here on stays: to search it for garbage would take a fifth of
# the time again.
gc.disable()

# No test's files need to outlive a power failure, for which a disk is waited for at every file.
os.fsync = lambda _: None

LONGEST = ("test_optimised_programs.py", "test_docs.py")


def pytest_configure(config):
    """Load what tests share, but not where they are only given out to workers, which begin then.

    The whole suite, where nothing else is said, leaves out slow tests and runs every other with one
    of its parameters: workers inherit that.
    """
    if config.args_source is config.ArgsSource.TESTPATHS and "GRADUM_PARAMETERS" not in os.environ:
        os.environ |= {"GRADUM_PARAMETERS": "one", "GRADUM_SLOW": "none"}
    if os.environ.get("GRADUM_SLOW") == "none":
        config.option.markexpr = config.option.markexpr or "not slow"
    if config.option.dist == "no" or kept_programs.IN_A_WORKER:
        config.pluginmanager.import_plugin("shared_fits")
        config.pluginmanager.import_plugin("browsers")


def pytest_report_header(config):
    """Say what is left out."""
    left_out = ["slow tests"] if config.option.markexpr == "not slow" else []
    left_out += ["all but one of each test's parameters"] if takes_one_parameter() else []
    if left_out:
        return f"without {' and '.join(left_out)}: GRADUM_PARAMETERS=all runs everything"
    return None


def takes_one_parameter():
    """Whether each test runs with one of its parameters."""
    return os.environ.get("GRADUM_PARAMETERS") == "one"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Collect from the end in one of two workers: what one has compiled the other finds."""
    report = yield
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw1" and isinstance(collector, pytest.Directory):
        report.result.reverse()
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Run the longest tests first, and nothing besides that one of them runs as users would."""
    items.sort(key=lambda item: (item.path.name not in LONGEST, item.path))
    quick = quick_programs.are_in_use()
    apart = quick and any(item.path.name == "test_optimised_programs.py" for item in items)
    if apart or "GRADUM_OPTIMISED" in os.environ:
        tests = Path(__file__).parent
        optimised = {tests / name for name in quick_programs.DEPEND_ON_ARITHMETIC}
        left_out = {
            item
            for item in items
            if item.path in optimised and bool(quick_programs.SUFFICE.search(item.nodeid)) != quick
        }
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
    if takes_one_parameter():
        items[:] = one_of_each(items)


def one_of_each(items):
    """Keep of each parametrised test one, in the next place for every further test."""
    functions = {}
    for item in items:
        functions.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return [same[place % len(same)] for place, same in enumerate(functions.values())]


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
