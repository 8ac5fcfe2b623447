"""Which rows train, which stop a fit early, and which judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.errors import SpecError
from gradum.fitting.dataset import Dataset
from gradum.fitting.folding import folds_up_to
from gradum.fitting.spec import Spec
from gradum.randomness import stream
from gradum.tables.split import Part, folds, hold_out


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
    split, n = spec.split, dataset.own_rows
    keys = dataset.split_keys
    rng = stream(spec.seed, "split")
    if dataset.own_rows < len(dataset):
        if split.folds:
            raise SpecError("A test file and cross-validation both judge.", "Give one of them.")
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
        f"{_kind_of_split(dataset)} ({why}); the model that is kept is fitted on all rows."
    )
    return Plan(kept, parts, how)


def _kind_of_split(dataset: Dataset) -> str:
    if dataset.groups is not None:
        return ", no group on both sides"
    if dataset.time is not None:
        return ", later than all rows trained on"
    return ""
