"""Settings with which XLA compiles in a quarter of the time, for programs that run for a moment.

A test compiles a program for a second or two and runs it for some milliseconds. How XLA turns
arithmetic into instructions is not gradum's doing; what depends on it is tested on programs as
users have them (`test_optimised_programs.py`).
"""

import os
import re
from importlib.metadata import version

SETTINGS = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "true"}
if tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11):
    # XLA ends the process at a flag that it does not know, as later versions do not know this one.
    # A small program in one part is compiled in two thirds of the time that 32 parts take.
    SETTINGS["XLA_FLAGS"] = (
        "--xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
    )

DEPEND_ON_ARITHMETIC = [
    "conformance/test_conformance_forward.py",  # rounding, against the exact forward
    "conformance/test_conformance_rungs.py",  # one row as among many, the same bits, units
    "core/test_core_pack_network.py",  # float32 against float64
    "rungs/test_rungs_pack_padding.py",  # two programs that compute the same
    "rungs/test_rungs_pack_program.py",  # slopes and steps, against NumPy's
    "solvers/test_solvers_chunk.py",
]
"""Files of tests that `test_optimised_programs.py` runs; the whole suite runs them there alone."""

SUFFICE = re.compile(
    r"conformance_rungs.*-(amount|grade)\]"  # labels are left, and with them every kind of rung
    r"|in_blocks_it_is_fitted_or_refused"  # where its answers are finite, and nothing else
    r"|rungs_pack_(program|padding).*classes"  # a number is left, and with it an embedding
    r"|share_their_programs|a_factor_of_0"
)
"""For which tests of these files quick programs suffice: each of them takes seconds to compile a
program that XLA optimises as it does that of a test that is left."""


def environment() -> dict[str, str]:
    """Return the variables to set: none where whoever runs the tests has set one of them."""
    return {} if os.environ.keys() & SETTINGS.keys() else SETTINGS


def are_in_use() -> bool:
    """Whether programs are compiled with these settings."""
    return os.environ.items() >= SETTINGS.items()
