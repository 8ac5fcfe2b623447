"""Settings with which XLA compiles in a quarter of the time, for programs that run for a moment.

A test compiles a program for a second or two and runs it for some milliseconds. How XLA turns
arithmetic into instructions is not gradum's doing; what depends on it is tested on programs as
users have them, too (`test_optimised_programs.py`).
"""

import os

SETTINGS = {
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "true",
    "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false",
}


def environment() -> dict[str, str]:
    """Return the variables to set: none where whoever runs the tests has set one of them."""
    return {} if os.environ.keys() & SETTINGS.keys() else SETTINGS
