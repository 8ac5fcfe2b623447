"""A leak: one column that, on its own, nearly determines the target.

Conversely, the target may determine where a column has gaps: then the column is filled in
afterwards.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

from gradum.messages import listed, say, say_plural
from gradum.randomness import stream
from gradum.run.alarm import Alarm
from gradum.run.alarms.single_column import (
    AssociationMeasure,
    Cells,
    Classes,
    Finding,
    NumberTarget,
    best,
)
from gradum.run.alarms.split_columns import groups
from gradum.run.dataset import Dataset
from gradum.run.plan import Plan
from gradum.scores.figures import figure
from gradum.tables.split import Part

MOST_ROWS = 20_000
MOST_CLASSES = 32
# On rows not fitted on, a likelihood ratio of eᵗ occurs by chance with probability at most e⁻ᵗ.
FEWEST_NATS = 15.0
SHOWN = 4
MOST_ORDERED = 0.5  # of a rank correlation: numbers that go with the target do not name groups


def leaks(dataset: Dataset, plan: Plan, *, seed: int) -> tuple[Alarm, ...]:
    """Return alarms of columns that determine the target, and of those whose gaps it determines."""
    target = dataset.schema.learned_target.name
    loss = say("log loss") if dataset.classes else say("variance")
    by_values, by_gaps = strengths(dataset, plan, seed=seed)
    filled = _strong(by_gaps)
    telling = {name: f for name, f in _strong(by_values).items() if name not in filled}
    naming = {name: telling.pop(name) for name in _names_of_groups(dataset, telling)}
    alarms = []
    if naming:
        first = next(iter(naming))
        sentence = say(
            "Rows alike in one column are alike in {target!r}: {columns}. If it names what rows "
            "belong to, such as a person, keep them together with --group {column!r}; if it is "
            "only known once {target!r} is, leave it out with {options}.",
            target=target,
            columns=_in_words(naming, loss),
            column=first,
            options=_dropping(naming),
        )
        brief = say("Rows alike in {column!r} are alike in {target!r}", column=first, target=target)
        alarms.append(Alarm("leak", sentence, tuple(naming), brief, f"--group {first!r}"))
    if telling:
        sentence = say(
            "One column alone tells {target!r}: {columns}. That is a leak unless it is known "
            "before {target!r} is; leave it out with {options}.",
            target=target,
            columns=_in_words(telling, loss),
            options=_dropping(telling),
        )
        brief = say(
            "{columns} alone predicts {target!r} almost perfectly; was it known before?",
            columns=_named(telling),
            target=target,
        )
        alarms.append(Alarm("leak", sentence, tuple(telling), brief, _dropping(telling)))
    if filled:
        sentence = say(
            "{target!r} decides in which rows there is a value of {columns}. That is a leak "
            "unless it is filled in before {target!r} is known; leave it out with {options}.",
            target=target,
            columns=_in_words(filled, say("log loss")),
            options=_dropping(filled),
        )
        brief = say(
            "Where {columns} is filled in tells {target!r}; was it filled in before?",
            columns=_named(filled),
            target=target,
        )
        alarms.append(Alarm("leak", sentence, tuple(filled), brief, _dropping(filled)))
    return tuple(alarms)


def _names_of_groups(dataset: Dataset, names: Collection[str]) -> list[str]:
    """Return the columns that can name groups, and those that describe the groups of the first.

    For a column of numbers, their order must say little of the target.
    """
    codes = dataset.target[:, None] == np.arange(len(dataset.classes))
    targets = codes.T if dataset.classes else dataset.target[None]
    found = []
    for name in names:
        values, column = dataset.frame[name], dataset.schema.column(name)
        if not groups(values, column):
            continue
        known = values.is_not_null().to_numpy()
        if column.traits.names_groups:
            found.append(name)
            continue
        order = values.drop_nulls().rank().to_numpy()
        places = [pl.Series(target[known]).rank().to_numpy() for target in targets]
        if np.abs(np.corrcoef([order, *places])[0, 1:]).max() < MOST_ORDERED:
            found.append(name)
    if not found:
        return found
    pairs = ((name, dataset.frame.select(found[0], name)) for name in names if name not in found)
    distinct = dataset.frame[found[0]].n_unique()
    return [*found, *(name for name, pair in pairs if pair.n_unique() == distinct)]


def _in_words(findings: dict[str, Finding], loss: str) -> str:
    """Return "'a' (99.9% of the variance, in rows kept aside) or 'b' (98.1%)"."""
    shares = [f"{figure(100 * finding.share)}%" for finding in findings.values()]
    shares[0] = say("{share} of the {loss} in rows kept aside", share=shares[0], loss=loss)
    columns = [
        say("{column!r} ({share})", column=name, share=share)
        for name, share in zip(findings, shares, strict=True)
    ]
    if len(columns) > SHOWN:
        more = len(columns) - SHOWN
        columns[SHOWN:] = [
            say_plural("one of {count:,} more column", "one of {count:,} more columns", more)
        ]
    return say(" or ").join(columns)


def _named(findings: dict[str, Finding]) -> str:
    return listed([repr(name) for name in list(findings)[:SHOWN]], "or")


def _dropping(findings: dict[str, Finding]) -> str:
    return " ".join(f"--drop {name!r}" for name in list(findings)[:SHOWN])


def _strong(findings: dict[str, Finding]) -> dict[str, Finding]:
    """Return the findings that are large and not due to chance, strongest first."""
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
    measure: AssociationMeasure
    if dataset.classes:
        target = target % MOST_CLASSES  # whoever knows the class knows this
        measure, by_target = Classes.of(target), Cells.of_levels(pl.Series(target))
    else:
        measure, by_target = NumberTarget.of(target), Cells.of_numbers(pl.Series(target))
    frame = dataset.frame[rows]
    values, gaps = {}, {}
    for column in dataset.schema.features:
        name, series = column.name, frame[column.name]
        values[name] = best(measure, Cells.of(series, column.traits), half)
        if series.null_count():
            gap = Classes.of(series.is_null().to_numpy().astype(np.intp))
            gaps[name] = best(gap, by_target, half)
    return values, gaps


def _halves(groups: np.ndarray | None, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Divide the rows into random halves, by whole groups if there are any."""
    if groups is None:
        return rng.permutation(rows) % 2
    _, group = np.unique(groups, return_inverse=True)
    return (rng.permutation(int(group.max()) + 1) % 2)[group]
