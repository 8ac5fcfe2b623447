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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mutated_panels import mutated, words  # pyright: ignore[reportMissingImports]


def main(count: str = "200", seed: str = "0", first: str = "0") -> None:
    """Print how many tables were forecast and refused, what else happened, and the refusals."""
    from command_line import short_paths, short_reports  # pyright: ignore

    ended, said = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, short_paths(), short_reports():
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
    from command_line import run  # pyright: ignore[reportMissingImports]

    data, options = mutated(chance)
    folder.mkdir()
    table, out = folder / "panel.csv", folder / "ahead.csv"
    table.write_bytes(data)
    fit = run("fit", table, *words(options), "--model", "linear", "-o", folder / "run")
    last = fit
    if fit.code == 0:
        last = run("predict", folder / "run", "-o", out)
    lines = last.err.strip().splitlines()
    if last.code == 0 and out.exists():
        return "forecast", ""
    if last is fit and last.code == 2 and len(lines) == 1 and lines[0].startswith("error: "):
        return "refused", lines[0]
    return "anything else", f"{options} code {last.code}: {last.err[-3000:]}"
