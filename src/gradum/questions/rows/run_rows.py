"""The rows that a run learned from, read again from its table if that has not changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gradum.errors import GradumError, SpecError, TableError
from gradum.messages import listed, say
from gradum.run.dataset import Dataset, join, labelled
from gradum.run.fitted import Fitted
from gradum.run.run import Run
from gradum.ship import run_folder
from gradum.ship.layout import SPEC
from gradum.ship.run_spec import RunSpec, changed_files, read_spec
from gradum.study.evaluation.run_rows import RunRows, row_hashes
from gradum.tables.check.check import Checked, check, check_blocks
from gradum.tables.doubts.totals import without_totals
from gradum.tables.paths import is_address
from gradum.tables.schema.schema import Schema
from gradum.tables.sources.open_stream import at_hand, opened
from gradum.tables.sources.read import read, read_test
from gradum.tables.split import Part

MOST_BYTES = 200_000_000
"""The size of a run's table beyond which no prediction or watch waits for it to be read again."""


def run_of(model: Path, fitted: Fitted) -> Path | None:
    """Return the run folder of a model: the path itself, or the folder of its file; else None."""
    folder = model if model.is_dir() else model.parent
    try:
        is_its_run = read_spec(folder / SPEC).fingerprint == fitted.provenance.fingerprint
    except GradumError:
        return None
    return folder if is_its_run else None


def rows_in_memory(run: Run) -> RunRows | None:
    """Return the hashes of the rows of a run that is at hand; None if it holds only some rows."""
    dataset, fitted = run.dataset, run.fitted
    if dataset.drawn_from is not None:
        return None
    wanted = _columns(fitted, target=True)
    learned = run.parts != Part.TEST
    if fitted.spec.refit:
        learned = np.ones(len(dataset), bool)
    return RunRows.of(wanted, [(row_hashes(dataset.frame.select(wanted)), learned)])


def run_with_its_table(folder: Path | None) -> RunSpec:
    """Return what a run was asked, if its table has not changed.

    Raises
    ------
    SpecError
        There is no run, or its table has changed, was removed, or is on another machine.
    """
    if folder is None:
        raise SpecError("A model without its run folder knows no table.", "Name a table.")
    run_spec = read_spec(folder / SPEC)
    if is_address(run_spec.data):
        raise SpecError(
            "The run's table is on another machine, which is asked only where it is named.",
            "Name a table.",
        )
    changed = changed_files(run_spec)
    if changed or not run_spec.sha256:
        name = ", ".join(changed) or run_spec.data
        raise SpecError("The run's table has changed or gone: {name}.", "Name a table.", name=name)
    return run_spec


def small_run_with_its_table(folder: Path | None) -> RunSpec:
    """Return what a run was asked, if its table has not changed and is quick to read again.

    Raises
    ------
    SpecError
        As in `run_with_its_table`; or the table has more than `MOST_BYTES`.
    """
    run_spec = run_with_its_table(folder)
    if _is_larger(run_spec, MOST_BYTES):
        raise SpecError("The run's table is too large to be read again.")
    return run_spec


def run_dataset(run_spec: RunSpec, table: Any, schema: Schema, also: Sequence[str] = ()) -> Dataset:
    """Read the rows of a run's table again, followed by those of its test file.

    ``also`` names wanted columns that no model uses.
    """
    given = read(table)
    if len(given.frame) == schema.rows:  # all of them were rows to the run, totals as well
        given = replace(given, keep_totals=True)
    dataset = labelled(given, schema, also=also)
    if run_spec.test is None:
        return dataset
    test = read_test(run_spec.test, run_spec.spec.reading)
    return join(dataset, labelled(test, schema, also=also))


def run_rows(
    folder: Path, fitted: Fitted, *, target: bool, most_bytes: float = np.inf
) -> RunRows | str | None:
    """Return the hashes of a run's rows, or why they are not known.

    The table is read block by block; 8 bytes per row are kept.

    Parameters
    ----------
    folder : path
        The run.
    fitted : Fitted
        Its model.
    target : bool
        Whether to include the target among the columns.
    most_bytes : float
        If the run's files are larger in total, None is returned.
    """
    run_spec = read_spec(folder / SPEC)
    try:
        if _is_larger(run_spec, most_bytes):
            return None
        if is_address(run_spec.data):
            return say("its table is on another machine, which is asked only where it is named")
        changed = changed_files(run_spec)
        if changed or not run_spec.sha256:
            files = listed(changed) or say("its table")
            return say("{files} has changed or gone", files=files)
        held_out = _held_out(folder, run_spec, fitted)
        wanted = _columns(fitted, target=target)
        with at_hand(run_spec.data, run_spec.spec.reading) as table:
            return RunRows.of(wanted, _hashed(table, fitted, wanted, held_out))
    except (GradumError, OSError) as error:
        return str(error).rstrip(".。")


def known_rows(run: Run | None, folder: Path | None, fitted: Fitted) -> RunRows | str | None:
    """Return the rows of a run that is at hand or in a folder, or why they are not known.

    None for a model file alone, and for a run that holds only some of its rows.
    """
    if run is not None:
        return rows_in_memory(run)
    return None if folder is None else run_rows(folder, fitted, target=True)


def _is_larger(run_spec: RunSpec, most_bytes: float) -> bool:
    files = [Path(name) for name in run_spec.sha256]
    return sum(file.stat().st_size for file in files if file.exists()) > most_bytes


def _columns(fitted: Fitted, *, target: bool) -> tuple[str, ...]:
    columns = [column.name for column in fitted.schema.features]
    return (*columns, fitted.spec.target) if target else tuple(columns)


def trained_on(folder: Path, fitted: Fitted, table: Any) -> int | None:
    """Return how many rows of a table at hand the model was trained on, judging by their features.

    None if the run's files have more than `MOST_BYTES`, or were changed or removed.
    """
    known = run_rows(folder, fitted, target=False, most_bytes=MOST_BYTES)
    if not isinstance(known, RunRows):
        return None
    learned = [known.among(checked.frame)[0] for checked in _blocks(table, fitted, target=False)]
    return int(sum(map(np.count_nonzero, learned)))


def _held_out(folder: Path, run_spec: RunSpec, fitted: Fitted) -> np.ndarray:
    """Return the places of the table's rows that only judged, from 0, in ascending order."""
    judgement = fitted.judgement
    on_all = judgement is not None and judgement.kept_on_all
    if judgement is None or run_spec.test is not None or fitted.spec.refit or on_all:
        return np.zeros(0, np.int64)
    return run_folder.judged_numbers(folder)


def _hashed(
    data: Any, fitted: Fitted, wanted: tuple[str, ...], held_out: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the hashes of the rows that have a target, and which of these were learned from."""
    before = 0
    for checked in _blocks(data, fitted, target=True):
        numbers = np.arange(before, before + len(checked.frame))
        before += len(numbers)
        numbers = numbers if checked.numbers is None else checked.numbers
        known = checked.frame[fitted.spec.target].is_not_null().to_numpy()
        hashes = row_hashes(checked.frame.filter(known).select(wanted))
        yield hashes, ~np.isin(numbers[known], held_out)


def _blocks(data: Any, fitted: Fitted, *, target: bool) -> Iterator[Checked]:
    with ExitStack() as entered:
        try:
            rows = entered.enter_context(opened(data))
        except TableError:  # JSON is read as a whole
            table = without_totals(read(data))
            checked = check(table, fitted.schema, require_target=target)
            yield replace(checked, numbers=table.numbers)
            return
        blocks = rows.without_totals().blocks()
        for table, checked in check_blocks(blocks, fitted.schema, require_target=target):
            yield replace(checked, numbers=table.numbers)
