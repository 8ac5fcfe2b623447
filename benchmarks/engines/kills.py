"""Workers and drivers killed at random moments, and whether the model file is the same to the bit.

``python -m benchmarks engines kills [WORKERS] [DRIVERS] [FOLDER]``. A worker of two is killed amid
survey, encoding and passes, and the weights are compared. A driver is ``gradum fit`` on two
processes; it is killed at a moment drawn from all that an undisturbed run takes, ``gradum resume``
goes on, and the model files are compared, but for the date and the seconds that they hold. A FOLDER
keeps the table and the undisturbed run, so that more kills can be counted later.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from benchmarks.engines.table import PATTERN, learned, write_table
from gradum.engines import engine_of

COMMAND = (sys.executable, "-c", "from gradum.app.cli import main; main()")
ROWS = 200_000
MODEL = "model.gradum"
IMPORTING = 1.0  # seconds of a driver, at which it has done nothing


def main(workers: str = "10", drivers: str = "10", folder: str = "") -> None:
    """Print how many killed runs have the bits of an undisturbed one."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(folder or scratch)
        if not list(place.glob(PATTERN)):
            write_table(place, ROWS)
        if int(workers):
            _kill_workers(place, int(workers))
        if int(drivers):
            _kill_drivers(place, Path(scratch), int(drivers))


def _kill_workers(folder: Path, kills: int) -> None:
    rng = random.Random(0)
    with engine_of("local:2") as engine:
        started = time.perf_counter()
        truth = learned(folder, engine).weights
        learned(folder, engine)
        seconds = (time.perf_counter() - started) / 2
        same = 0
        for _ in range(kills):
            timer = threading.Timer(rng.uniform(0, seconds), _kill_one, (engine, rng))
            timer.start()
            same += learned(folder, engine).weights == truth
            timer.cancel()
    print(f"a worker killed at a random moment: the same bits {same} of {kills} times")


def _kill_one(engine: Any, rng: random.Random) -> None:
    os.kill(rng.choice(engine.processes), signal.SIGKILL)


def _kill_drivers(folder: Path, scratch: Path, kills: int) -> None:
    rng = random.Random(time.time_ns())
    asked = ["fit", str(folder / PATTERN), "--target", "y", "--model", "linear", "--no-explain"]
    whole = folder / "whole"
    if not (whole / MODEL).exists():
        _wait(_started(asked, whole))
    truth, seconds = _bits(whole), IMPORTING + _manifest(whole)["provenance"]["seconds"]
    print(f"an undisturbed driver takes {seconds:.1f} s", flush=True)
    done = same = 0
    for attempt in count():
        if done == kills:
            break
        run, moment = scratch / str(attempt), rng.uniform(IMPORTING, seconds)
        driver = _started(asked, run)
        try:
            driver.wait(moment)
        except subprocess.TimeoutExpired:
            driver.kill()
        if driver.wait() != -signal.SIGKILL:  # it was faster than the undisturbed one
            seconds = moment
            continue
        how = "resumed" if run.exists() else "begun anew, as there was no run folder yet"
        _wait(_started(["resume", str(run)] if run.exists() else asked, run))
        done, alike = done + 1, _bits(run) == truth
        same += alike
        words = "the same bits" if alike else "OTHER BITS"
        print(f"  killed after {moment:.1f} s, {how}: {words}", flush=True)
    print(f"the driver killed, then resumed: the same bits {same} of {kills} times")


def _started(asked: list[str], run: Path) -> subprocess.Popen:
    place = [] if asked[0] == "resume" else ["--out", str(run)]
    return subprocess.Popen([*COMMAND, *asked, *place, "--on", "local:2", "--quiet"])


def _wait(process: subprocess.Popen) -> None:
    if process.wait():
        raise RuntimeError(f"gradum ended with {process.returncode}")


def _bits(run: Path) -> tuple[bytes, str]:
    """Return the weights in a run's model file, and its manifest without date and seconds."""
    with ZipFile(run / MODEL) as file:
        weights = file.read("weights.safetensors")
    manifest = _manifest(run)
    for timed in (*manifest["rungs"], manifest["provenance"]):
        timed.pop("seconds", None)
    manifest["provenance"].pop("created")
    return weights, json.dumps(manifest, sort_keys=True)


def _manifest(run: Path) -> Any:
    with ZipFile(run / MODEL) as file:
        return json.loads(file.read("manifest.json"))
