"""Passes over a table on processes: how they scale, what they cost, and what kills change.

``engines [ROWS] [KILLS]`` times survey, encoding and logistic passes over a table of 20 numbers and
a column of levels: without an engine, on one process and on two, and on one while another run
does the same, which tells what two processes can reach on this machine. Then workers and drivers
are killed at random moments, and the weights are compared with those of an undisturbed run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gradum.engines import engine_of
from gradum.run.options.options import make_spec
from gradum.run.source.row_source import Asked
from gradum.run.source.rows_in_blocks import RowsInBlocks
from gradum.rungs.context import ALONE
from gradum.rungs.registry import KINDS
from gradum.tables.sources.stream import opened

COMMAND = (sys.executable, "-c", "from gradum.app.cli import main; main()")
COLUMNS, FILES = 20, 4
MEMORY = 2**31


def main(rows: str = "2000000", kills: str = "20") -> None:
    """Print seconds and scaling, then how many killed runs have the bits of an undisturbed one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if int(rows):
            write_table(folder, int(rows))
            _print_scaling(folder)
        if int(kills):
            few = folder / "few"
            few.mkdir()
            write_table(few, 400_000)
            _print_kills(few, int(kills))


def write_table(folder: Path, rows: int) -> None:
    """Write a table whose classes follow from five of its columns."""
    for file in range(FILES):
        rng = np.random.default_rng(file)
        x = rng.normal(size=(rows // FILES, COLUMNS)).astype(np.float32)
        score = x[:, :5] @ [0.8, -1.0, 0.4, 0.2, 0.1] + rng.logistic(size=len(x))
        columns = {f"x{k}": x[:, k] for k in range(COLUMNS)}
        columns |= {"city": rng.choice([*"abcdef"], len(x)), "y": np.where(score > 0, "yes", "no")}
        pl.DataFrame(columns).write_parquet(folder / f"part-{file}.parquet")


@dataclass(frozen=True)
class Learned:
    """The seconds of the parts of a run, and the weights that came out."""

    survey: float
    encoding: float
    passes: float
    weights: tuple[bytes, ...]

    @property
    def seconds(self) -> float:
        """Of all parts."""
        return self.survey + self.encoding + self.passes


def learned(folder: Path, engine: Any) -> Learned:
    """Learn a linear model without judging it; processes have been started before."""
    context = replace(ALONE, engine=engine)
    spec = make_spec("y", model="linear", blocks=True, max_memory=MEMORY)
    with opened(str(folder / "part-*.parquet")) as stream:
        moments = [time.perf_counter()]
        described = RowsInBlocks(stream).describe(Asked(spec), context)
        moments.append(time.perf_counter())
        with described.divide(context) as divided:
            moments.append(time.perf_counter())
            _, rows = divided.learning(divided.plan.kept)
            rung = rows.fit(KINDS["linear"], described.spec.of_rung("linear"), context)
            moments.append(time.perf_counter())
    weights = tuple(array.tobytes() for array in rung.params["layers"][0].values())
    return Learned(*np.diff(moments), weights)


def _print_scaling(folder: Path) -> None:
    found: dict[str, Learned] = {"no engine": learned(folder, None)}
    with engine_of("local:1") as one, engine_of("local:2") as two, engine_of("local:1") as other:
        for engine in (one, two, other):  # processes import what they need
            learned(folder, engine)
        found["one process"] = learned(folder, one)
        found["two processes"] = learned(folder, two)
        with ThreadPoolExecutor(2) as runs:
            apart = list(runs.map(lambda engine: learned(folder, engine), (one, other)))
    assert len({each.weights for each in (*found.values(), *apart)}) == 1
    for name, each in found.items():
        print(
            f"{name}: survey {each.survey:.2f} s, encoding {each.encoding:.2f} s, "
            f"path and passes {each.passes:.2f} s, all {each.seconds:.2f} s"
        )
    slowest = max(each.seconds for each in apart)
    reached = found["one process"].seconds / found["two processes"].seconds
    possible = 2 * found["one process"].seconds / slowest
    print(f"two runs beside each other: {slowest:.2f} s")
    print(f"scaling {reached:.2f}; of two runs beside each other {possible:.2f}")


def _print_kills(folder: Path, kills: int) -> None:
    rng = random.Random(0)
    with engine_of("local:2") as engine:
        started = time.perf_counter()
        truth = learned(folder, engine).weights
        learned(folder, engine)
        seconds = (time.perf_counter() - started) / 2
        same = 0
        for _ in range(kills // 2):
            timer = threading.Timer(rng.uniform(0, seconds), _kill_one, (engine, rng))
            timer.start()
            same += learned(folder, engine).weights == truth
            timer.cancel()
    print(f"a worker killed at a random moment: the same bits {same} of {kills // 2} times")
    same = 0
    whole = _fitted(folder, folder / "whole")
    for kill in range(kills - kills // 2):
        run = folder / f"killed-{kill}"
        same += _fitted(folder, run, kill_after=rng.uniform(1.0, 1.0 + whole[1]))[0] == whole[0]
    print(f"the driver killed, then resumed: the same bits {same} of {kills - kills // 2} times")


def _kill_one(engine: Any, rng: random.Random) -> None:
    os.kill(rng.choice(engine.processes), signal.SIGKILL)


def _fitted(folder: Path, run: Path, kill_after: float | None = None) -> tuple[bytes, float]:
    """Return the weights of ``gradum fit`` on two processes, which may be killed and resumed."""
    asked = ["fit", str(folder / "part-*.parquet"), "--target", "y", "--model", "linear"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*COMMAND, *asked, "--on", "local:2", "--out", str(run), "--quiet", "--no-explain"]
    )
    try:
        process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if kill_after is not None:
        how = ["resume", str(run)] if run.exists() else [*asked, "--out", str(run)]
        subprocess.run([*COMMAND, *how, "--on", "local:2", "--quiet"], check=True)
    import gradum

    params = gradum.load(run).fitted.rungs["linear"].params["layers"][0]
    return b"".join(array.tobytes() for array in params.values()), time.perf_counter() - started


if __name__ == "__main__":
    main(*sys.argv[1:])
