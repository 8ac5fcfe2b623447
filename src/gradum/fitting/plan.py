"""The plan of a run: rows that train, rows that stop a fit early, and rows that judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradum.errors import SpecError
from gradum.fitting.dataset import Dataset
from gradum.fitting.folding import folds_up_to
from gradum.fitting.spec import Spec
from gradum.randomness import stream
from gradum.tables.schema import Label, Schema
from gradum.tables.split import Part, folds, hold_out
from gradum.tables.wording import quoted

KEPT_ON_ALL = "the model that is kept is fitted on all rows"
"""What the plan of a cross-validation says, which holds out no row from the model that is kept."""


@dataclass(frozen=True)
class Plan:
    """Which rows train and which judge.

    ``kept`` gives each row's part in the fit of the model that is kept; ``folds`` are the
    part arrays of the fits that only judge, none for a hold-out.
    """

    kept: np.ndarray
    folds: list[np.ndarray]
    how: str


def make_plan(spec: Spec, dataset: Dataset) -> Plan:
    """Choose among a test file, cross-validation and a hold-out; docs/choices.md says by what rule.

    Raises
    ------
    SpecError
        What was asked for contradicts itself, or leaves a part without rows.
    """
    if spec.split.folds and dataset.own_rows < len(dataset):
        raise SpecError("A test file and cross-validation both judge.", "Give one of them.")
    if dataset.groups is not None and dataset.time is not None:
        raise SpecError(
            "Rows cannot be split by group and by time at once.", "Leave out --group or --time."
        )
    try:
        plan = _plan(spec, dataset)
    except SpecError as error:
        raise _in_the_users_words(error, spec, dataset.schema) from None
    return replace(plan, how=plan.how + _classes_not_learned(dataset, plan))


def _in_the_users_words(error: SpecError, spec: Spec, schema: Schema) -> SpecError:
    """Say which column the rows cannot be divided by, and which option asked for it."""
    roles = {"group": schema.group, "time": schema.time}
    by = [(role, name) for role, name in roles.items() if name is not None]
    message, otherwise = error.message, ""
    if by:
        role, name = by[0]
        message = f"Column {name!r} (--{role}) cannot divide the rows: {message}"
        otherwise = f", or leave out --{role}"
    if spec.split.folds:
        otherwise = ", or ask for fewer folds (--cv)"
    return SpecError(message, f"{error.remedy.rstrip('.')}{otherwise}.")


def _plan(spec: Spec, dataset: Dataset) -> Plan:
    split, n = spec.split, dataset.own_rows
    keys = dataset.split_keys
    rng = stream(spec.seed, "split")
    if dataset.own_rows < len(dataset):
        kept = hold_out(n, **keys, test=0.0, validation=split.validation, rng=rng)
        joined = np.full(len(dataset), Part.TEST, np.int8)
        joined[:n] = kept
        return Plan(joined, [], f"Judged on the {len(dataset) - n:,} rows of the test file.")
    small = n < split.small_table_rows
    repeats = split.repeats if small and dataset.time is None else 1
    options = {**keys, "repeats": repeats, "validation": split.validation}
    parts: list[np.ndarray] = []
    if split.folds:
        parts = folds(n, split.folds, **options, rng=stream(spec.seed, "folds"))
    elif small:
        parts = folds_up_to(5, n, **options, rng=stream(spec.seed, "folds"))
    if not parts:
        kept = hold_out(n, **keys, test=split.test, validation=split.validation, rng=rng)
        held = int((kept == Part.TEST).sum())
        return Plan(kept, [], f"Judged on {held:,} held-out rows{_kind_of_split(dataset)}.")
    k = len(parts) // repeats
    kept = hold_out(n, **keys, test=0.0, validation=split.validation, rng=rng)
    why = f"a single hold-out of {n:,} rows says little" if small else "as asked"
    how = (
        f"Judged by {k}-fold cross-validation{f', {repeats} times over' if repeats > 1 else ''}"
        f"{_kind_of_split(dataset)} ({why}); {KEPT_ON_ALL}."
    )
    return Plan(kept, parts, how)


def _classes_not_learned(dataset: Dataset, plan: Plan) -> str:
    """Say which classes a split by group or time keeps from the rows learned from."""
    if absent := _absent(dataset, plan.kept):
        return say_not_learned(absent)
    lacking = sum(bool(_absent(dataset, parts)) for parts in plan.folds)
    if lacking:
        return f" In {lacking} of {len(plan.folds)} fits the rows learned from lack a class."
    return ""


def say_not_learned(absent: list[Label]) -> str:
    """Return the sentence on classes that no row learned from is of."""
    return f" No row learned from is of class {quoted(absent)}, so it is never predicted."


def _absent(dataset: Dataset, parts: np.ndarray) -> list[Label]:
    """Return the classes of which no row trains or validates."""
    if not dataset.classes:
        return []
    learned = (parts == Part.TRAIN) | (parts == Part.VALIDATION)
    counts = np.bincount(dataset.target[learned], minlength=len(dataset.classes))
    return [dataset.classes[code] for code in np.flatnonzero(counts == 0)]


def _kind_of_split(dataset: Dataset) -> str:
    if dataset.groups is not None:
        return ", no group on both sides"
    if dataset.time is not None:
        return ", later than all rows trained on"
    return ""
