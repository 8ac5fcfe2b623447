"""Runs killed at random moments, and whether `gradum resume` brings each to the same weights.

``python -m benchmarks resume [KILLS]`` fits a synthetic table once without disturbance, and once
more without checkpoints. Then it kills (SIGKILL) KILLS fits, by default 30, each after a seeded
share, uniform from 0 to 1, of the time that a fit takes; resumes each, and compares the hashes of
the weights. A fit that ends before it is killed took less time than the last, and is tried again.
The benchmark takes about twenty minutes on two cores, and ends with 1 if any weights differ.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from gradum.run.fingerprint import fingerprint
from gradum.ship.bundle import load
from gradum.ship.layout import STATE
from gradum.ship.unfinished import is_unfinished

GRADUM = [sys.executable, "-c", "from gradum.app.cli import main; main()"]
FIT = ["fit", "table.csv", "-t", "y", "-q", "--no-learning-curve"]
OFTEN = ["--checkpoint-every", "2"]
ROWS = 260_000


def main(kills: str = "30") -> None:
    """Print a line per kill."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["GRADUM_CACHE_DIR"] = str(folder / "cache")
        _table(ROWS).write_csv(folder / "table.csv")
        _gradum(folder, *FIT, "-o", "first")  # fills the cache of compiled programs
        plain = _gradum(folder, *FIT, "-o", "plain", "--checkpoint-every", "0")
        seconds = _gradum(folder, *FIT, *OFTEN, "-o", "whole")
        print(f"undisturbed: {seconds:.1f} s, {plain:.1f} s without checkpoints")
        whole = _fingerprint(folder / "whole")
        alike = _fingerprint(folder / "plain") == whole
        print(f"{'killed after':>14}{'kept by then':>34}{'resumed in':>14}  weights")
        for kill, share in enumerate(np.random.default_rng(0).random(int(kills))):
            run = folder / f"run-{kill}"
            while (took := _killed(folder, share * seconds, *FIT, *OFTEN, "-o", run.name)) is None:
                seconds *= 0.9
                shutil.rmtree(run)
            kept = sorted(path.stem for path in (run / STATE).glob("*.checkpoint"))
            if is_unfinished(run):
                resumed = _gradum(folder, "resume", run.name, "-q")
                same = _fingerprint(run) == whole and not (run / STATE).exists()
                alike &= same
                said = f"{resumed:>12.1f} s  {'same' if same else 'DIFFER'}"
            else:
                said = "              not set down by then, so that there is nothing to resume"
            print(f"{took:>12.2f} s{', '.join(kept) or 'nothing':>34}{said}", flush=True)
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


def _killed(folder: Path, moment: float, *arguments: str) -> float | None:
    """Kill a command after a number of seconds, and return them; None if it ended before."""
    with subprocess.Popen([*GRADUM, *arguments], cwd=folder) as process:
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return moment
    return None


def _fingerprint(run: Path) -> str:
    """Hash the weights that the model file holds."""
    return fingerprint(load(run / "model.gradum").rungs.values())
