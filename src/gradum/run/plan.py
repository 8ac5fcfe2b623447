"""The plan of a run: rows that train, rows that stop a fit early, and rows that judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradum.errors import SpecError
from gradum.messages import say, sentences
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.run.judging.judgement import KEPT_ON_ALL
from gradum.run.spec.spec import Spec
from gradum.rungs.folding import folds_up_to
from gradum.tables.schema.schema import Label, Schema
from gradum.tables.split import Part, folds, hold_out
from gradum.tables.wording import quoted


@dataclass(frozen=True)
class Plan:
    """Which rows train and which judge.

    ``kept`` gives each row's part in the fit of the model that is kept. ``folds`` holds such arrays
    of parts for the fits that only judge; it is empty for a hold-out.
    """

    kept: np.ndarray
    folds: list[np.ndarray]
    how: str


def make_plan(spec: Spec, dataset: Dataset) -> Plan:
    """Choose among a test file, cross-validation and a hold-out; docs/choices.md gives the rule.

    Raises
    ------
    SpecError
        What was asked for contradicts itself, or leaves a part without rows.
    """
    if spec.split.folds and dataset.own_rows < len(dataset):
        raise SpecError("A test file and cross-validation both judge.", "Give one of them.")
    try:
        plan = _plan(spec, dataset)
    except SpecError as error:
        raise _in_the_users_words(error, spec, dataset.schema) from None
    return replace(plan, how=sentences([plan.how, _classes_not_learned(dataset, plan)]))


def _in_the_users_words(error: SpecError, spec: Spec, schema: Schema) -> SpecError:
    """Say by which column the rows cannot be divided, and which option asked for it."""
    roles = {"group": schema.group, "time": schema.time}
    by = [(role, name) for role, name in roles.items() if name is not None]
    message, remedy = error.message, error.remedy.rstrip(".。")
    if by:
        role, name = by[0]
        message = say(
            "Column {column!r} (--{role}) cannot divide the rows: {message}",
            column=name,
            role=role,
            message=message,
        )
    if spec.split.folds:
        remedy = say("{remedy}, or ask for fewer folds (--cv).", remedy=remedy)
    elif by:
        remedy = say("{remedy}, or leave out --{role}.", remedy=remedy, role=by[0][0])
    else:
        remedy = error.remedy
    return SpecError(message, remedy)


def _plan(spec: Spec, dataset: Dataset) -> Plan:
    split, n = spec.split, dataset.own_rows
    keys = dataset.split_keys
    rng = stream(spec.seed, "split")
    if dataset.own_rows < len(dataset):
        kept = hold_out(n, **keys, test=0.0, validation=split.validation, rng=rng)
        joined = np.full(len(dataset), Part.TEST, np.int8)
        joined[:n] = kept
        return Plan(
            joined, [], say("Judged on the {rows:,} rows of the test file.", rows=len(dataset) - n)
        )
    small = n < split.small_table_rows
    again = small and n < split.repeated_below_rows and dataset.time is None
    repeats = split.repeats if again else 1
    options = {**keys, "repeats": repeats, "validation": split.validation}
    parts: list[np.ndarray] = []
    if split.folds:
        parts = folds(n, split.folds, **options, rng=stream(spec.seed, "folds"))
    elif small:
        parts = folds_up_to(5, n, **options, rng=stream(spec.seed, "folds"))
    if not parts:
        share = split.test if dataset.judged is None else dataset.judged
        kept = hold_out(n, **keys, test=share, validation=split.validation, rng=rng)
        held = int((kept == Part.TEST).sum())
        how = say(
            "Judged on {rows:,} held-out rows{how_split}.", rows=held, how_split=how_split(dataset)
        )
        return Plan(kept, [], how)
    k = len(parts) // repeats
    kept = hold_out(n, **keys, test=0.0, validation=split.validation, rng=rng)
    how = say(
        "Judged by {folds}-fold cross-validation{repeated}{how_split} ({why}); {kept}.",
        folds=k,
        repeated=say(", {times} times over", times=repeats) if repeats > 1 else "",
        how_split=how_split(dataset),
        why=say("with {rows:,} rows, a single hold-out says little", rows=n)
        if small
        else say("as asked"),
        kept=say(KEPT_ON_ALL),
    )
    return Plan(kept, parts, how)


def _classes_not_learned(dataset: Dataset, plan: Plan) -> str:
    """Say which classes are missing from the rows learned from, due to a split by group or time."""
    if absent := _absent(dataset, plan.kept):
        return say_not_learned(absent)
    lacking = sum(bool(_absent(dataset, parts)) for parts in plan.folds)
    if lacking:
        return say(
            "In {lacking} of {folds} fits the rows learned from lack a class.",
            lacking=lacking,
            folds=len(plan.folds),
        )
    return ""


def say_not_learned(absent: list[Label]) -> str:
    """Return the sentence on classes that no row learned from belongs to."""
    return say(
        "No row learned from is of class {labels}, so it is never predicted.", labels=quoted(absent)
    )


def _absent(dataset: Dataset, parts: np.ndarray) -> list[Label]:
    """Return the classes to which no training or validation row belongs."""
    if not dataset.classes:
        return []
    learned = (parts == Part.TRAIN) | (parts == Part.VALIDATION)
    counts = np.bincount(dataset.target[learned], minlength=len(dataset.classes))
    return [dataset.classes[code] for code in np.flatnonzero(counts == 0)]


def how_split(dataset: Dataset) -> str:
    """Return the clause on the groups or times that divide the rows; empty if neither does."""
    return split_clause(grouped=dataset.groups is not None, timed=dataset.time is not None)


def split_clause(*, grouped: bool, timed: bool) -> str:
    """Return the clause on the groups or times that divide rows; empty if neither does."""
    if grouped:
        return say(", no group on both sides")
    if timed:
        return say(", later than all rows trained on")
    return ""
