"""Damaged tables of series, each fitted and forecast, or refused in one line with a remedy.

``mutated_panels 200 7`` makes that many tables by `tests.mutated_panels` with seed 7, and calls
``gradum fit --model linear`` and ``gradum predict`` of each. Anything else than a file of forecasts
or exit code 2 with one line is printed, with the number of its table.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where its helpers look for others

command_line: Any = import_module("command_line")
panels: Any = import_module("mutated_panels")


def main(count: str = "200", seed: str = "0", first: str = "0") -> None:
    """Print how many tables were forecast and refused, what else happened, and the refusals."""
    ended, said = Counter[str](), Counter[str]()
    with (
        tempfile.TemporaryDirectory() as folder,
        command_line.short_paths(),
        command_line.short_reports(),
    ):
        for number in range(int(first), int(first) + int(count)):
            start = time.perf_counter()
            try:
                end, line = _ended(Path(folder) / f"{number}", random.Random(f"{seed} {number}"))
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                end, line = "anything else", traceback.format_exc(limit=-6)
            ended[end] += 1
            if end == "refused":
                said[line.replace(folder, "")] += 1
            if end == "anything else":
                print(f"table {number} of seed {seed}: {end} {line}", flush=True)
            if time.perf_counter() - start > 30:
                print(f"table {number} took {time.perf_counter() - start:.0f} s", flush=True)
    for end, times in ended.items():
        print(f"{end:16s}{times:6,}")
    for line, times in said.most_common():
        print(f"{times:4} {line}")


def _ended(folder: Path, chance: random.Random) -> tuple[str, str]:
    """Fit and forecast one table; return how that ended, and the line that says so."""
    data, options = panels.mutated(chance)
    folder.mkdir()
    table, out = folder / "panel.csv", folder / "ahead.csv"
    table.write_bytes(data)
    fit = command_line.run(
        "fit", table, *panels.words(options), "--model", "linear", "-o", folder / "run"
    )
    last = fit
    if fit.code == 0:
        last = command_line.run("predict", folder / "run", "-o", out)
    lines = last.err.strip().splitlines()
    if last.code == 0 and not lines and _numbers(out):
        return "forecast", ""
    if last is fit and last.code == 2 and len(lines) == 1 and lines[0].startswith("error: "):
        return "refused", lines[0]
    return "anything else", f"{options} code {last.code}: {last.err[-3000:]}"


def _numbers(out: Path) -> bool:
    """Whether a file holds forecasts: finite ones, with an end of an interval that may be none."""
    frame = pl.read_csv(out, infer_schema_length=None).select("prediction", "low", "high")
    value, low, high = (column.cast(pl.Float64) for column in frame)
    return len(frame) > 0 and value.is_finite().all() and bool((low <= high).all())
