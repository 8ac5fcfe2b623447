"""The time that a command takes to start: the first run ever, and every one after it.

The first has an empty cache, in which later ones find their compiled programs and the charts'
script. For comparison, it also times Python itself, and the imports that any fit needs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.page import publish, table
from benchmarks.sides import seconds, spread

TABLE = Path(__file__).parent.parent / "examples" / "penguins.csv"
COMMAND = (sys.executable, "-c", "from gradum.app.cli import main; main()")
PACKAGES = ("gradum", "jax", "numpy", "scipy", "polars")
ROUNDS = 3


def main(rounds: str = f"{ROUNDS}") -> None:
    """Time each command, in turns, and publish the seconds."""
    found: dict[str, list[float]] = {}
    for _ in range(int(rounds)):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            fit = [*COMMAND, "fit", str(TABLE), "--target", "species", "--quiet", "--out"]
            model = str(place / "second" / "model.gradum")
            out = str(place / "predictions.csv")
            for name, command in {
                "Python alone": [sys.executable, "-c", ""],
                "`gradum --help`": [*COMMAND, "--help"],
                "`gradum fit --help`": [*COMMAND, "fit", "--help"],
                "imports of a fit": [sys.executable, "-c", "import gradum.api"],
                "the first run ever": [*fit, str(place / "first")],
                "the second run": [*fit, str(place / "second")],
                "`gradum predict`": [*COMMAND, "predict", model, str(TABLE), "-o", out],
            }.items():
                found.setdefault(name, []).append(_run(command, place / "cache"))
    lines = [[name, spread(taken)] for name, taken in found.items()]
    publish("start", table(["", "seconds"], lines), PACKAGES)


def _run(command: list[str], cache: Path) -> float:
    environment = {**os.environ, "GRADUM_CACHE_DIR": str(cache)}
    return seconds(
        lambda: subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    )
