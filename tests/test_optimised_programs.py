"""Tests that depend on how a program computes, on programs that XLA has optimised for users."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quick_programs import DEPEND_ON_ARITHMETIC, SETTINGS

TESTS = Path(__file__).parent


@pytest.mark.slow
def test_programs_as_users_have_them_compute_the_same():
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    # Set but empty, this leaves programs as they are.
    environment |= {"XLA_FLAGS": "", "GRADUM_OPTIMISED": "1"}
    tests = [sys.executable, "-m", "pytest", "--numprocesses", "0", "-q", *DEPEND_ON_ARITHMETIC]
    ended = subprocess.run(tests, cwd=TESTS, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-10_000:] + ended.stderr[-2_000:]
    assert " passed" in ended.stdout
