"""A table larger than the memory it may take: rows per second and peak memory of one pass.

20,000,000 rows of 20 float64 columns and a class lie in Parquet files in the system's cache.
``gradum fit`` encodes them once into a file, and passes over that file for a logistic regression,
or for one epoch of a network. For comparison, polars sums the columns, which is as fast as rows can
be read, and scikit-learn's ``SGDClassifier`` takes the same rows in batches, both as small as
gradum's steps and as large as suits it best: it takes a step for every row, and each batch costs it
a check of its input. ``memory 1000000 FOLDER`` makes and keeps a smaller table in a folder, and
only prints.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.page import publish, table
from benchmarks.sides import Figures, Measured, Ratio, Round, Side, in_turns, seconds, spread
from gradum.rungs.mlp.spec import MLPSpec

ROWS, COLUMNS = 20_000_000, 20
FILE_ROWS, GROUP_ROWS = 500_000, 125_000
SMALL_BATCH, LARGE_BATCH = 256, 65_536
TARGET = "y"
ROUNDS = 3
COMMAND = (sys.executable, "-c", "from gradum.app.cli import main; main()")
PASS, WHOLE, PEAK = "rows/s of training", "seconds in all", "peak memory, MiB"
PACKAGES = ("gradum", "jax", "numpy", "polars", "pyarrow", "scikit-learn")


def main(rows: str = f"{ROWS}", folder: str = "") -> None:
    """Measure all sides on a table in a folder, or in a temporary one; publish the largest."""
    place = nullcontext(folder) if folder else tempfile.TemporaryDirectory()
    with place as kept:
        pattern = write(Path(kept), int(rows))
        said = {"pattern": pattern, "rows": int(rows)}
        peers = [
            Side("polars' sums", polars_sums, said),
            Side(f"SGDClassifier @{SMALL_BATCH}", scikit_learn, {**said, "batch": SMALL_BATCH}),
            Side(f"SGDClassifier @{LARGE_BATCH:,}", scikit_learn, {**said, "batch": LARGE_BATCH}),
        ]
        own = [
            Side("gradum, logistic", gradum, {**said, "model": "linear"}),
            Side("gradum, MLP", gradum, {**said, "model": "mlp"}),
        ]
        found = in_turns([*peers, *own], ROUNDS)
    measured = {side.name: each for side, each in zip([*peers, *own], found, strict=True)}
    text = report(measured, [side.name for side in peers])
    publish("memory", text, PACKAGES, complete=int(rows) == ROWS)


def report(measured: dict[str, Measured], peers: list[str]) -> str:
    """Return the tables: rates and peaks of every side, and gradum's rates over the peers'."""
    present = {name: each for name, each in measured.items() if not each.absent}
    figures = (PASS, WHOLE, PEAK)
    rates = [
        [name, *(spread(each.all(figure)) for figure in figures)] for name, each in present.items()
    ]
    rates += [
        [name, f"absent ({measured[name].absent})"] for name in measured if name not in present
    ]
    others = [name for name in peers if name in present]
    ratios = [
        [name, *(Ratio.of(each.all(PASS), present[other].all(PASS)) for other in others)]
        for name, each in present.items()
        if name not in peers
    ]
    return "\n".join(
        [
            table(["", *figures], rates),
            "Rows per second over each:\n",
            table(["", *others], ratios),
        ]
    )


def write(folder: Path, rows: int) -> str:
    """Write the missing files, one at a time; return the pattern of their paths."""
    import polars as pl

    from gradum.files.atomic import replacing

    place = folder / f"{rows}-rows"
    place.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, rows, FILE_ROWS)):
        path = place / f"part-{number:03d}.parquet"
        if path.exists():
            continue
        rng = np.random.default_rng([0, number])
        x = rng.standard_normal((COLUMNS, min(FILE_ROWS, rows - start)))
        score = np.linspace(-1.0, 1.0, COLUMNS) @ x + rng.logistic(size=x.shape[1])
        columns = {f"x{j}": column for j, column in enumerate(x)}
        frame = pl.DataFrame({**columns, TARGET: (score > 0).astype(np.int8)})
        with replacing(path) as temporary:
            frame.write_parquet(temporary, row_group_size=GROUP_ROWS)
    return str(place / "*.parquet")


def polars_sums(pattern: str, rows: int) -> Round:
    """Sum every column."""
    import polars as pl

    def one_round() -> Figures:
        taken = seconds(lambda: pl.scan_parquet(pattern).select(pl.all().sum()).collect())
        return {PASS: rows / taken, WHOLE: taken, PEAK: _peak(resource.RUSAGE_SELF)}

    return one_round


def scikit_learn(pattern: str, rows: int, batch: int) -> Round:
    """Fit a logistic regression in one pass over batches; reading them counts."""
    from pyarrow import parquet
    from sklearn.linear_model import SGDClassifier

    def fit() -> None:
        model = SGDClassifier(loss="log_loss", random_state=0)
        for path in sorted(Path(pattern).parent.glob(Path(pattern).name)):
            for group in parquet.ParquetFile(path).iter_batches(LARGE_BATCH):
                *columns, y = (column.to_numpy() for column in group.columns)
                x = np.column_stack(columns)
                for start in range(0, len(y), batch):
                    some = slice(start, start + batch)
                    model.partial_fit(x[some], y[some], classes=[0, 1])

    def one_round() -> Figures:
        taken = seconds(fit)
        return {PASS: rows / taken, WHOLE: taken, PEAK: _peak(resource.RUSAGE_SELF)}

    return one_round


def gradum(pattern: str, rows: int, model: str) -> Round:
    """Run the command that fits, judges and reports; its events time a pass or an epoch."""

    def one_round() -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            command = [*COMMAND, "fit", pattern, "--target", TARGET, "--model", model]
            most = f"{max(500, 1500 * rows // ROWS)}MB"
            command += ["--max-memory", most, "--max-epochs", "1", "--json", "--out", folder]
            events: list[dict[str, Any]] = []

            def run() -> None:
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
                events.extend(json.loads(line) for line in done.stdout.splitlines())

            taken = seconds(run)
        return {PASS: _rate(events), WHOLE: taken, PEAK: _peak(resource.RUSAGE_CHILDREN)}

    return one_round


def _rate(events: list[dict[str, Any]]) -> float:
    """Return rows per second, over all passes of a logistic regression or a network's one epoch."""
    passes = [each for each in events if each["event"] == "passed"]
    if passes:
        return passes[-1]["rows"] * len(passes) / passes[-1]["seconds"]
    epoch = next(each for each in events if each["event"] == "epoch_done")
    return epoch["step"] * MLPSpec().batch_size(ROWS) / epoch["seconds"]


def _peak(who: int) -> float:
    """Return the peak resident memory of this process, or of one it ran, in MiB."""
    return resource.getrusage(who).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
