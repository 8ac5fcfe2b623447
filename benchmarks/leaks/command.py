"""The share of random splits with an alarm: of those that flatter, and of those that do not.

`python -m benchmarks leaks [DRAWS] [fits | no-fits]`: twenty kinds of tables whose rows depend on
each other in time or in groups, and forty whose rows are independent given their columns, some of
them underfitted. Each is drawn DRAWS times and examined as a run does before it trains. In addition
there are whole fits of some of them, with the share of CPU time that the search takes. With fits,
the figures replace those in docs/accuracy.md.
"""

from __future__ import annotations

from time import process_time
from typing import NamedTuple

import numpy as np
import polars as pl

import gradum
from benchmarks.leaks.clean import CLEAN
from benchmarks.leaks.planted import PLANTED, Draw
from benchmarks.page import ACCURACY, publish, table
from gradum.run.alarms.other_split import checked_split
from gradum.run.alarms.shared_errors import Neighbours, hidden_groups
from gradum.run.dataset import Dataset, labelled
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS
from gradum.tables.schema.schema import infer
from gradum.tables.table import Table

DRAWS = 1
WHOLE = {  # with the models to fit
    "3 walks of 700 days": "linear",
    "60 subjects of 20, numbered": "linear",
    "ages, straight": "linear",
}


class Looked(NamedTuple):
    """The result for one table: whether there was an alarm, both figures, and the CPU seconds."""

    alarmed: bool
    figures: str
    seconds: float


def main(draws: str = str(DRAWS), fits: str = "fits") -> None:
    """Draw, examine, and print or publish the results."""
    found = {
        kind: {name: _drawn(name, draw, int(draws)) for name, draw in tables.items()}
        for kind, tables in (("planted", PLANTED), ("clean", CLEAN))
    }
    whole = [_whole(name, model) for name, model in WHOLE.items()] if fits == "fits" else []
    complete = int(draws) >= DRAWS and bool(whole)
    packages = ("gradum", "numpy", "scipy")
    publish("leaks", _report(found, whole), packages, complete=complete, page=ACCURACY)


def _drawn(name: str, draw: Draw, draws: int) -> list[Looked]:
    return [_looked(draw(_rng(name, seed)), seed) for seed in range(draws)]


def _rng(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, *name.encode()])


def _dataset(frame: pl.DataFrame) -> Dataset:
    read = Table(frame, "drawn")
    return labelled(read, infer(read, target="y"))


def _looked(frame: pl.DataFrame, seed: int) -> Looked:
    """Examine a table as a run does."""
    dataset, began = _dataset(frame), process_time()
    check = checked_split(dataset, dataset.truth.metric, seed=seed)
    alarmed = bool(check.shown or hidden_groups(dataset, seed=seed))
    seconds, figures = process_time() - began, "–"
    if check.trials:
        first = check.trials[0]
        values = figure(first.at_random, digits=2), figure(first.divided, digits=2)
        figures = f"{METRICS[first.metric].words} {values[0]} → {values[1]}"
    return Looked(alarmed, figures, seconds)


def _whole(name: str, model: str) -> tuple[str, str, float, bool]:
    """Fit a table with its report; return the share of its time that the search takes."""
    frame = (PLANTED | CLEAN)[name](_rng(name, 0))
    began = process_time()
    fitted = gradum.fit(frame, "y", model=model)
    fitted.report()
    taken = process_time() - began
    dataset, began = _dataset(frame), process_time()
    checked_split(dataset, dataset.truth.metric, seed=0)
    hidden_groups(dataset, seed=0)
    Neighbours.of(dataset, 0)  # again, for the errors of the rung in use
    share = (process_time() - began) / taken
    judgement = fitted.fitted.judgement
    assert judgement is not None
    return name, model, share, any(alarm.kind == "random split" for alarm in judgement.alarms)


def _report(
    found: dict[str, dict[str, list[Looked]]], whole: list[tuple[str, str, float, bool]]
) -> str:
    draws = len(next(iter(found["planted"].values())))
    lines = []
    for kind, tables in found.items():
        first = sum(looked[0].alarmed for looked in tables.values())
        every = sum(looked.alarmed for several in tables.values() for looked in several)
        lines.append(
            f"{kind.capitalize()}: {first} of {len(tables)} first draws alarmed, {every} of "
            f"{len(tables) * draws} draws."
        )
    seconds = [x.seconds for tables in found.values() for each in tables.values() for x in each]
    lines.append(
        f"A search takes {np.median(seconds):.2f} s of a processor in the median, "
        f"{max(seconds):.2f} s at most.\n"
    )
    of_kinds = [
        [name, f"{sum(x.alarmed for x in looked)} of {draws}", looked[0].figures]
        for name, looked in found["planted"].items()
    ]
    lines.append(table(["planted", "alarmed", "a quick model, first draw"], of_kinds))
    false = [
        [name, f"{sum(x.alarmed for x in looked)} of {draws}"]
        for name, looked in found["clean"].items()
        if any(x.alarmed for x in looked)
    ]
    lines.append(table(["clean, with any alarm", "alarmed"], false or [["none", "–"]]))
    if whole:
        rows = [[n, m, "yes" if a else "no", f"{100 * s:.1f}%"] for n, m, s, a in whole]
        lines.append(
            table(["whole fit with its report", "model", "alarmed", "of it the search"], rows)
        )
    return "\n".join(lines)
