"""The run folder: everything a run leaves behind, each file whole or absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from gradum.errors import ModelFileError, SchemaError
from gradum.files.atomic import cause_of, replacing, write_text
from gradum.messages import as_text
from gradum.run.dataset import Dataset
from gradum.run.fitted import Fitted
from gradum.run.forecast.continued_series import stamped
from gradum.run.judge import first_repeat
from gradum.run.predicting import prediction_frame
from gradum.run.run import Run
from gradum.run.spec.exposure import for_exposure, per_unit
from gradum.rungs.rung import Prediction
from gradum.ship import bundle
from gradum.ship.judges import save_judges
from gradum.ship.layout import (
    BACKGROUND,
    HISTORY,
    JUDGES,
    METRICS,
    MODEL,
    PREDICTIONS,
    SCHEMA,
    SPEC,
)
from gradum.ship.run_spec import RunSpec, toml
from gradum.ship.unfinished import refuse_unfinished
from gradum.tables.schema.schema import Schema


def write(folder: Path, run: Run, run_spec: RunSpec) -> None:
    """Write every file of a run except findings and report into a folder claimed before.

    Raises
    ------
    OutputError
        The disk is full or the folder has gone; each file is whole or absent.
    """
    write_model(folder, run.fitted, run_spec)
    if run.fitted.guarantee is not None and run.fitted.guarantee.terms.name == "cross":
        save_judges(first_repeat(run.judges), run.fitted.used, folder / JUDGES)
    write_text(folder / METRICS, msgspec.json.format(metrics_json(run)).decode() + "\n")
    write_text(folder / HISTORY, _history(run))
    frame = predictions(run)
    if frame is not None:
        with replacing(folder / PREDICTIONS) as path:
            frame.write_parquet(path)


def write_model(folder: Path, fitted: Fitted, run_spec: RunSpec) -> None:
    """Write what a run folder needs for its model to be used.

    Raises
    ------
    OutputError
        As `write`.
    """
    write_text(folder / SPEC, toml(run_spec))
    write_text(folder / SCHEMA, fitted.schema.to_json())
    bundle.save(fitted, folder / MODEL)


def read_schema(path: Path) -> Schema:
    """Read a schema, perhaps edited by hand.

    Raises
    ------
    SchemaError
        It is absent, no JSON, or contradicts itself.
    """
    try:
        return Schema.from_json(path.read_bytes())
    except OSError as error:
        raise SchemaError(
            "The schema {path} cannot be read: {cause}.",
            "Write one with gradum inspect TABLE --json.",
            path=path,
            cause=cause_of(error),
        ) from error


def locate_model(run_or_model: Path) -> Path:
    """Return the model file of a run folder, or the file itself.

    Raises
    ------
    ModelFileError
        The run is not finished.
    """
    if not run_or_model.is_dir():
        return run_or_model
    refuse_unfinished(run_or_model)
    return run_or_model / MODEL


def metrics_json(run: Run) -> bytes:
    """Render the content of `metrics.json`; its keys are documented in docs/metrics.md."""
    fitted = run.fitted
    judgement = fitted.judgement
    content: dict[str, Any] = {
        "format": 1,
        "target": fitted.spec.target,
        "task": fitted.schema.target.task if fitted.schema.target else None,
        "metric": judgement.verdict.metric if judgement else None,
        "used": fitted.used,
        "enough": judgement.verdict.enough if judgement else None,
        "interrupted": run.interrupted,
        "judgement": judgement,
        "guarantee": fitted.guarantee and fitted.guarantee.terms,
        "rungs": {
            rung.name: {
                "status": rung.status,
                "advice": rung.advice or rung.status.advice,
                "certificate": rung.certificate,
                "iterations": rung.iterations,
                "seconds": rung.seconds,
                "settings": rung.settings,
            }
            for rung in fitted.rungs.values()
        },
        "provenance": fitted.provenance,
    }
    return msgspec.json.encode(content, enc_hook=as_text)


def predictions(run: Run) -> pl.DataFrame | None:
    """Return the judged rows in row order: row, target, prediction, probabilities.

    Rows are counted from 1, as in messages. A row that several folds predicted has the mean of
    their predictions.
    """
    if run.judged is None:
        return None
    rows, averaged = run.judged.average(len(run.dataset))
    classes = run.dataset.classes
    target = run.dataset.row_target[rows]
    predicted = averaged[run.fitted.used]
    predicted = for_exposure(run.fitted.schema, run.dataset.frame[rows], predicted)
    values = pl.Series(list(classes))[target] if classes else pl.Series(target)
    frame = prediction_frame(predicted, classes)
    name = run.fitted.spec.target
    taken = {"row", *frame.columns}
    known, names = run.fitted.schema.forecast, {}
    if known is not None:
        stamps = stamped(known, run.dataset.frame[rows])
        names = {each.name: each for each in stamps if each.name not in (*taken, name)}
    return pl.DataFrame(
        {
            "row": run.dataset.numbers[rows] + 1,
            **names,
            name if name not in taken else f"target_{name}": values,
            **frame.to_dict(),
        }
    )


def write_background(folder: Path, rows: pl.DataFrame) -> None:
    """Write rows that the run learned from, the background against which its answers are explained.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with replacing(folder / BACKGROUND) as path:
        rows.write_parquet(path)


def read_background(folder: Path) -> pl.DataFrame | None:
    """Return the rows that `write_background` wrote; None where the run keeps none.

    Raises
    ------
    ModelFileError
        The file is damaged.
    """
    path = folder / BACKGROUND
    if not path.exists():
        return None
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ModelFileError(
            "{path} cannot be read: {cause}.",
            "Give other rows with --background TABLE.",
            path=path,
            cause=str(error).splitlines()[0],
        ) from None


def judged_numbers(folder: Path) -> np.ndarray:
    """Return the judged rows' places in the table, from 0, in ascending order.

    Raises
    ------
    ModelFileError
        `predictions.parquet` is absent or damaged.
    """
    return np.sort(_predictions(folder, ["row"])["row"].to_numpy()) - 1


def _predictions(folder: Path, columns: list[str]) -> pl.DataFrame:
    path = folder / PREDICTIONS
    try:
        return pl.read_parquet(path, columns=columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ModelFileError(
            "{path} cannot be read: {cause}.",
            "Run the fit again.",
            path=path,
            cause=str(error).splitlines()[0],
        ) from None


def read_predictions(folder: Path, dataset: Dataset) -> tuple[np.ndarray, Prediction]:
    """Return the judged rows' positions in the run's dataset, and their predictions, per unit.

    Raises
    ------
    ModelFileError
        `predictions.parquet` is absent, damaged, or of other rows.
    """
    path = folder / PREDICTIONS
    names = [f"probability_{label}" for label in dataset.classes]
    judged = slice(dataset.own_rows, None) if dataset.own_rows < len(dataset) else slice(None)
    numbers = dataset.numbers[judged] + 1
    frame = _predictions(folder, ["row", "prediction", *names])
    rows = frame["row"].to_numpy()
    if not np.isin(rows, numbers).all():
        raise ModelFileError(
            "{path} is of other rows than the run's table.", "Fit again.", path=path
        )
    positions = np.searchsorted(numbers, rows) + (judged.start or 0)
    if not names:
        predicted = Prediction(frame["prediction"].to_numpy(), None)
        return positions, per_unit(dataset.schema, dataset.frame[positions], predicted)
    code = {label: place for place, label in enumerate(dataset.classes)}
    labels = frame["prediction"].to_list()
    if not code.keys() >= set(labels):
        raise ModelFileError(
            "{path} has labels that are no class of the run.", "Fit again.", path=path
        )
    value = np.array([code[label] for label in labels], np.intp)
    return positions, Prediction(value, frame.select(names).to_numpy())


def _history(run: Run) -> str:
    lines = [
        msgspec.json.encode({"rung": rung.name, **entry}, enc_hook=as_text)
        for rung in run.fitted.rungs.values()
        for entry in rung.history
    ]
    return "".join(line.decode() + "\n" for line in lines)
