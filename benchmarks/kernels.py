"""The tests of bits, of resumed runs, engines and the server, on every kernel that BLAS has here.

``python -m benchmarks kernels [KERNELS]``. OpenBLAS chooses a kernel by the processor, and each
takes sums in an order of its own. So what passes on one machine may fail on the next. This asks for
one kernel after the other, and for the instructions that XLA had on processors of that age, and
runs in a process what promises bits, or decides by numbers that may differ in their last. By hand,
and before a release; a kernel takes some ten minutes of one core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

KERNELS = {
    "Prescott": "SSE4_2",
    "Nehalem": "SSE4_2",
    "Sandybridge": "AVX",
    "Haswell": "AVX2",
    "SkylakeX": "AVX512",
}
"""Kernels of OpenBLAS for x86-64, oldest first, and the instructions that XLA may use with each."""

TESTS = (
    "tests/core",
    "tests/rungs",
    "tests/engines",
    "tests/serve",
    "tests/conformance",
    "tests/run/test_run_predicting.py",
    "tests/run/test_run_in_blocks.py",
    "tests/app/test_cli_blocks_or_whole.py",
    "tests/app/test_cli_streamed.py",
    "tests/app/test_cli_resume.py",
    "tests/app/test_cli_on.py",
    "tests/estimators/test_estimators_pack.py",
    "tests/test_optimised_programs.py",
)
IN_USE = """
import numpy, scipy.linalg, threadpoolctl
for kind in "fd":  # ends the process where the processor lacks the kernel's instructions
    numpy.ones((64, 64), kind) @ numpy.ones((64, 64), kind)
    scipy.linalg.cholesky(numpy.eye(64, dtype=kind))
libraries = threadpoolctl.threadpool_info()
print(*sorted({each.get("architecture", "") for each in libraries if each["user_api"] == "blas"}))
"""


def main(names: str = ",".join(KERNELS)) -> None:
    """Run the tests on each kernel that this processor has, and end with 1 if any fails."""
    results: dict[str, tuple[str, int]] = {}
    for name in names.split(","):
        if name not in KERNELS:
            sys.exit(f"{name!r} is no kernel of {', '.join(KERNELS)}.")
        environment = os.environ | {
            "OPENBLAS_CORETYPE": name,
            "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_max_isa={KERNELS[name]}",
        }
        used = architecture(environment)
        if used is None:
            print(f"{name}: this processor lacks its instructions", flush=True)
            continue
        if any(used == other for other, _ in results.values()):
            print(f"{name}: this processor has {used} in its place, which was tested", flush=True)
            continue
        began = time.monotonic()
        ended = subprocess.run([sys.executable, "-m", "pytest", "-q", *present()], env=environment)
        results[name] = used, ended.returncode
        verdict = "passed" if ended.returncode == 0 else "FAILED"
        print(f"{name} ({used}): {verdict} in {time.monotonic() - began:.0f} s", flush=True)
    failed = [name for name, (_, code) in results.items() if code]
    print(f"{len(results)} kernels, {len(failed)} failed: {', '.join(failed) or 'none'}")
    sys.exit(bool(failed))


def architecture(environment: dict[str, str]) -> str | None:
    """Return the kernel of NumPy and SciPy in an environment, as OpenBLAS names it.

    OpenBLAS takes the kernel that it is told to, even if the processor lacks its instructions; then
    a signal ends the process at its first product, and this is None.
    """
    asked = subprocess.run(
        [sys.executable, "-c", IN_USE], env=environment, capture_output=True, text=True
    )
    if asked.returncode < 0:
        return None
    asked.check_returncode()
    return asked.stdout.strip()


def present() -> list[str]:
    """Return the tests as paths of this checkout; refuse where one has gone."""
    folder = Path(__file__).parent.parent
    absent = [each for each in TESTS if not (folder / each).exists()]
    if absent:
        sys.exit(f"{', '.join(absent)}: no such tests; mend benchmarks/kernels.py.")
    return [str(folder / each) for each in TESTS]
