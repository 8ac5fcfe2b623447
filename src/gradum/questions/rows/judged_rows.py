"""The rows that judged a run, reassembled from its folder and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradum.errors import SchemaError
from gradum.messages import listed
from gradum.questions.rows.run_rows import run_dataset
from gradum.run.dataset import Dataset, labelled
from gradum.run.judging.judgement import Judgement
from gradum.rungs import balance
from gradum.ship import bundle, run_folder
from gradum.ship.layout import MODEL, SPEC
from gradum.ship.run_spec import RunSpec, changed_files, named, read_spec, refuse_other_content
from gradum.ship.unfinished import refuse_unfinished
from gradum.study.evidence import Evidence
from gradum.tables.check.check import widened
from gradum.tables.paths import is_address
from gradum.tables.schema.schema import Schema
from gradum.tables.sources.open_stream import at_hand, opened
from gradum.tables.sources.read import read_test


def judged_rows(folder: Path, *, also: Sequence[str] = (), data: str | None = None) -> Evidence:
    """Reassemble the judged rows of a run folder from its predictions and its table.

    ``also`` names wanted columns of the table that no model uses; ``data`` names a table on another
    machine again.

    Raises
    ------
    ModelFileError, SchemaError
        A file of the run is absent, damaged, or no longer what it was.
    """
    refuse_unfinished(folder)
    run_spec = read_spec(folder / SPEC)
    place = named(run_spec, data if is_address(run_spec.data) else None)
    changed = changed_files(run_spec)
    if changed:
        raise SchemaError(
            "{folder} was made from other rows: {files} has changed or gone.",
            "Bring the file back, or fit again.",
            folder=folder,
            files=listed(changed),
        )
    fitted = bundle.load(folder / MODEL)
    with at_hand(place, run_spec.spec.reading) as table:
        refuse_other_content(run_spec, table.sha256, folder)
        if run_spec.spec.blocks:
            dataset = _judged_dataset(folder, run_spec, table, fitted.schema, also)
        else:
            dataset = run_dataset(run_spec, table, fitted.schema, also)
    rows, prediction = run_folder.read_predictions(folder, dataset)
    return Evidence(
        fitted.used,
        dataset.truth,
        rows,
        dataset.numbers[rows] + 1,
        prediction,
        widened(dataset.frame[rows]),
        fitted.schema,
        fitted.spec.seed,
        len(rows),
        balance.threshold(fitted.rung().class_weight),
        fitted.judgement.rivals if fitted.judgement else (),
        _own_score(fitted.judgement),
    )


def _own_score(judgement: Judgement | None) -> tuple[str, float] | None:
    if judgement is None:
        return None
    metric = judgement.verdict.metric
    return metric, judgement.scores[judgement.verdict.used]["test"][metric].value


def _judged_dataset(
    folder: Path, run_spec: RunSpec, table: Any, schema: Schema, also: Sequence[str]
) -> Dataset:
    """Return only the judged rows of a table that does not fit in memory."""
    if run_spec.test is not None:
        return labelled(read_test(run_spec.test, run_spec.spec.reading), schema, also=also)
    numbers = run_folder.judged_numbers(folder)
    with opened(table) as rows:
        dataset = labelled(rows.take(numbers), schema, also=also, block=True)
    return replace(dataset, numbers=numbers[dataset.numbers], drawn_from=len(rows))
