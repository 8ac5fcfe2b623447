"""Runs killed at random moments, and whether `gradum resume` brings each to the same weights.

``python -m benchmarks resume [KILLS]`` fits a synthetic table once without disturbance, and once
more without checkpoints, to tell their cost. Then it kills (SIGKILL) as many fits as asked, 30 if
not, at seeded moments spread uniformly over the time that the fit took, resumes each, and compares
the weights' fingerprints. Takes about half an hour on two cores. Ends with 1 if any differs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from gradum.fitting.fitted import fingerprint
from gradum.ship.bundle import load

GRADUM = [sys.executable, "-c", "from gradum.app.cli import main; main()"]
FIT = ["fit", "table.csv", "-t", "y", "-q", "--no-learning-curve"]
OFTEN = ["--checkpoint-every", "2"]
ROWS = 180_000


def main(kills: str = "30") -> None:
    """Print a line a kill, and the cost of checkpoints."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["GRADUM_CACHE_DIR"] = str(folder / "cache")
        _table(ROWS).write_csv(folder / "table.csv")
        _gradum(folder, *FIT, "-o", "first")  # fills the cache of compiled programs
        plain = _gradum(folder, *FIT, "-o", "plain", "--checkpoint-every", "0")
        often = _gradum(folder, *FIT, *OFTEN, "-o", "whole")
        print(f"undisturbed: {often:.1f} s, {plain:.1f} s without checkpoints")
        whole = _fingerprint(folder / "whole")
        alike = _fingerprint(folder / "plain") == whole
        rng = np.random.default_rng(0)
        print(f"{'killed after':>14}{'kept by then':>44}{'resumed in':>12}  weights")
        for kill, moment in enumerate(np.sort(rng.uniform(0.0, min(often, plain), int(kills)))):
            run = folder / f"run-{kill}"
            _killed(folder, moment, *FIT, *OFTEN, "-o", run.name)
            kept = sorted(path.stem for path in run.glob("checkpoint/*.checkpoint"))
            if (run / "checkpoint" / "run.toml").exists():
                took = _gradum(folder, "resume", run.name, "-q")
            elif (run / "spec.toml").exists():
                took, kept = 0.0, ["finished"]
            else:  # killed before the run was set down: there is nothing to go on from
                took, kept = _gradum(folder, *FIT, "-o", run.name, "--force"), ["not begun"]
            same = _fingerprint(run) == whole and not (run / "checkpoint").exists()
            alike &= same
            said = ", ".join(kept) or "nothing"
            print(f"{moment:>12.2f} s{said:>44}{took:>10.1f} s  {'same' if same else 'DIFFER'}")
    print("All weights are those of the undisturbed run." if alike else "SOME WEIGHTS DIFFER.")
    sys.exit(not alike)


def _table(rows: int) -> pl.DataFrame:
    """Draw a target that keeps a network learning for all its epochs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 16)).astype(np.float32)
    y = np.sin(2 * x[:, 0] * x[:, 1]) + x[:, 2] * x[:, 3] * x[:, 4] + np.abs(x[:, 5:8]).sum(axis=1)
    columns = {f"x{column}": x[:, column] for column in range(x.shape[1])}
    return pl.DataFrame({**columns, "y": y + 0.3 * rng.normal(size=rows)})


def _gradum(folder: Path, *arguments: str) -> float:
    """Run a command to its end, and return the seconds it took."""
    began = time.perf_counter()
    subprocess.run([*GRADUM, *arguments], cwd=folder, check=True)
    return time.perf_counter() - began


def _killed(folder: Path, moment: float, *arguments: str) -> None:
    """Run a command for so many seconds."""
    with subprocess.Popen([*GRADUM, *arguments], cwd=folder) as process:
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)


def _fingerprint(run: Path) -> str:
    """Hash the weights that the model file holds."""
    return fingerprint(load(run / "model.gradum").rungs.values())
