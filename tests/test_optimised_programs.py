"""What depends on how a program computes holds of programs that XLA has optimised for users."""

import os
import subprocess
import sys
from pathlib import Path

from quick_programs import SETTINGS

TESTS = Path(__file__).parent
FILES = [
    "conformance/test_conformance_forward.py",  # rounding, against the exact forward
    "conformance/test_conformance_rungs.py",  # one row as among many, the same bits, units
    "core/test_core_pack_network.py",  # float32 against float64
    "fitting/test_fitting_pack_padding.py",  # two programs that compute the same
    "fitting/test_fitting_pack_program.py",  # slopes and steps, against NumPy's
    "solvers/test_solvers_padding.py",
]


def test_programs_as_users_have_them_compute_the_same():
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    # Set but empty, this leaves programs as they are.
    environment["XLA_FLAGS"] = ""
    tests = [sys.executable, "-m", "pytest", "--numprocesses", "0", "-q", *FILES]
    ended = subprocess.run(tests, cwd=TESTS, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-10_000:] + ended.stderr[-2_000:]
    assert " passed" in ended.stdout
