"""A leak: one column that, on its own, nearly determines the target.

Or, the other way about, a column whose gaps the target decides: it is filled in afterwards.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from gradum.fitting.alarm import Alarm
from gradum.fitting.alarms.single_column import Cells, Classes, Finding, Measure, NumberTarget, best
from gradum.fitting.dataset import Dataset
from gradum.fitting.plan import Plan
from gradum.messages import say, say_plural
from gradum.randomness import stream
from gradum.scores.figures import figure
from gradum.tables.split import Part

MOST_ROWS = 20_000
MOST_CLASSES = 32
# On rows not fitted on, a likelihood ratio of eᵗ comes by chance with probability e⁻ᵗ at most.
FEWEST_NATS = 15.0
SHOWN = 4
CELLS_OF = {"categorical": Cells.of_levels, "text": Cells.of_presence}


def leaks(dataset: Dataset, plan: Plan, *, seed: int) -> tuple[Alarm, ...]:
    """Name the columns that determine the target, and those whose gaps it determines."""
    assert dataset.schema.target is not None
    target = dataset.schema.target.name
    loss = say("log loss") if dataset.classes else say("variance")
    by_values, by_gaps = strengths(dataset, plan, seed=seed)
    filled = _strong(by_gaps)
    telling = {name: f for name, f in _strong(by_values).items() if name not in filled}
    alarms = []
    if telling:
        sentence = say(
            "One column alone tells {target!r}: {columns}. That is a leak unless it is known "
            "before {target!r} is; leave it out with {options}.",
            target=target,
            columns=_in_words(telling, loss),
            options=_dropping(telling),
        )
        alarms.append(Alarm("leak", sentence, tuple(telling)))
    if filled:
        sentence = say(
            "{target!r} decides in which rows there is a value of {columns}. That is a leak "
            "unless it is filled in before {target!r} is known; leave it out with {options}.",
            target=target,
            columns=_in_words(filled, say("log loss")),
            options=_dropping(filled),
        )
        alarms.append(Alarm("leak", sentence, tuple(filled)))
    return tuple(alarms)


def _in_words(findings: dict[str, Finding], loss: str) -> str:
    """Return "'a' (99.9% of the variance, in rows not fitted on) or 'b' (98.1%)"."""
    shares = [f"{figure(100 * finding.share, digits=3)}%" for finding in findings.values()]
    shares[0] = say("{share} of the {loss}, in rows not fitted on", share=shares[0], loss=loss)
    columns = [f"{name!r} ({share})" for name, share in zip(findings, shares, strict=True)]
    if len(columns) > SHOWN:
        more = len(columns) - SHOWN
        columns[SHOWN:] = [
            say_plural("one of {count:,} more column", "one of {count:,} more columns", more)
        ]
    return say(" or ").join(columns)


def _dropping(findings: dict[str, Finding]) -> str:
    return " ".join(f"--drop {name!r}" for name in list(findings)[:SHOWN])


def _strong(findings: dict[str, Finding]) -> dict[str, Finding]:
    """Keep the findings that are large and no chance, strongest first."""
    strong = {
        name: finding
        for name, finding in findings.items()
        if finding.share >= finding.least and finding.nats >= FEWEST_NATS
    }
    return dict(sorted(strong.items(), key=lambda item: -item[1].share))


def strengths(
    dataset: Dataset, plan: Plan, *, seed: int
) -> tuple[dict[str, Finding], dict[str, Finding]]:
    """Return what each feature explains of the target, and the target of each feature's gaps."""
    rng = stream(seed, "alarms", "leak")
    rows = np.flatnonzero(plan.kept == Part.TRAIN)
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    half = _halves(None if dataset.groups is None else dataset.groups[rows], len(rows), rng)
    target = dataset.target[rows]
    measure: Measure
    if dataset.classes:
        target = target % MOST_CLASSES  # who knows the class knows this
        measure, by_target = Classes.of(target), Cells.of_levels(pl.Series(target))
    else:
        measure, by_target = NumberTarget.of(target), Cells.of_numbers(pl.Series(target))
    frame = dataset.frame[rows]
    values, gaps = {}, {}
    for column in dataset.schema.features:
        name, series = column.name, frame[column.name]
        values[name] = best(measure, CELLS_OF.get(column.kind, Cells.of_numbers)(series), half)
        if series.null_count():
            gap = Classes.of(series.is_null().to_numpy().astype(np.intp))
            gaps[name] = best(gap, by_target, half)
    return values, gaps


def _halves(groups: np.ndarray | None, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Divide the rows in two at random, whole groups where there are any."""
    if groups is None:
        return rng.permutation(rows) % 2
    _, group = np.unique(groups, return_inverse=True)
    return (rng.permutation(int(group.max()) + 1) % 2)[group]
