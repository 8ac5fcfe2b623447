"""The run folder: everything a run leaves behind, each file whole or absent."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import tomli_w

from gradum.errors import ModelFileError, SchemaError, TableError
from gradum.files.atomic import replacing, write_text
from gradum.fitting.dataset import Dataset
from gradum.fitting.predict import prediction_frame
from gradum.fitting.run import Run
from gradum.fitting.rung import Prediction
from gradum.fitting.spec import Spec
from gradum.ship import bundle
from gradum.tables.paths import STANDARD_INPUT, files_of
from gradum.tables.schema import Schema

MODEL, METRICS, PREDICTIONS = "model.gradum", "metrics.json", "predictions.parquet"
HISTORY, SPEC, SCHEMA = "history.jsonl", "spec.toml", "schema.json"
FINDINGS, REPORT = "findings.json", "report.html"
FILES = (REPORT, MODEL, PREDICTIONS, METRICS, FINDINGS, HISTORY, SPEC, SCHEMA)
ENDINGS = (
    r"(\.(csv|tsv|tab|txt|json|jsonl|ndjson|parquet|pq|arrow|feather|ipc))?(\.(gz|bz2|xz|zst))?$"
)


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `spec.toml` holds: the files that were read, what was asked, and the result's hash."""

    data: str
    spec: Spec
    test: str | None = None
    schema: str | None = None
    sha256: dict[str, str] = {}
    fingerprint: str = ""


def default_folder(source: str) -> Path:
    """Choose ``runs/DATE-NAME``, with a number where that is taken."""
    name = "standard-input" if source == STANDARD_INPUT else Path(source).name
    stem = re.sub(ENDINGS, "", name, flags=re.IGNORECASE)
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "table"
    first = Path("runs") / f"{datetime.date.today():%Y-%m-%d}-{name}"
    return next(folder for folder in _numbered(first) if not folder.exists())


def _numbered(first: Path) -> Iterator[Path]:
    yield first
    number = 2
    while True:
        yield first.with_name(f"{first.name}-{number}")
        number += 1


def write(folder: Path, run: Run, run_spec: RunSpec) -> None:
    """Write every file of a run but findings and report, into a folder that was claimed before.

    Raises
    ------
    OutputError
        The disk is full or the folder has gone; each file is whole or absent.
    """
    write_text(folder / SPEC, toml(run_spec))
    write_text(folder / SCHEMA, run.fitted.schema.to_json())
    bundle.save(run.fitted, folder / MODEL)
    write_text(folder / METRICS, msgspec.json.format(metrics_json(run)).decode() + "\n")
    write_text(folder / HISTORY, _history(run))
    frame = predictions(run)
    if frame is not None:
        with replacing(folder / PREDICTIONS) as path:
            frame.write_parquet(path)


def toml(run_spec: RunSpec) -> str:
    """Render `spec.toml`, for people to read and edit."""
    said = msgspec.to_builtins(run_spec)
    return tomli_w.dumps(_without_none(said))


def read_spec(path: Path) -> RunSpec:
    """Read `spec.toml`.

    Raises
    ------
    ModelFileError
        It is absent, no TOML, or says something that no run knows.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=RunSpec)
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path.parent} holds no {path.name}.", "Give the folder of a gradum run."
        ) from error
    except OSError as error:
        raise ModelFileError(
            f"{path} cannot be read: {error.strerror}.", "Give the folder of a gradum run."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} cannot be read: {error}.", "Correct that line.") from error


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
            f"The schema {path} cannot be read: {error.strerror}.",
            "Write one with gradum inspect TABLE --json.",
        ) from error


def hash_files(run_spec: RunSpec) -> dict[str, str]:
    """Return the SHA-256 of every file that a run reads, each that matches a pattern too."""
    hashes = {}
    for name in filter(None, (run_spec.data, run_spec.test, run_spec.schema)):
        for path in files_of(name):
            with path.open("rb") as file:
                hashes[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def changed_files(run_spec: RunSpec) -> list[str]:
    """Name the files of a run that are no longer what they were, have come or have gone.

    Raises
    ------
    TableError
        A table came through standard input, which cannot be read again.
    """
    if STANDARD_INPUT in (run_spec.data, run_spec.test):
        raise TableError(
            "That run read a table from standard input, which cannot be read again.",
            f"Save the table to a file, and write its path into the run's {SPEC}.",
        )
    before, now = run_spec.sha256, hash_files(run_spec)
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def locate_model(run_or_model: Path) -> Path:
    """Return the model file of a run folder, or the file itself."""
    return run_or_model / MODEL if run_or_model.is_dir() else run_or_model


def metrics_json(run: Run) -> bytes:
    """Render what `metrics.json` holds; its keys are documented in docs/metrics.md."""
    fitted = run.fitted
    judgement = fitted.judgement
    said: dict[str, Any] = {
        "format": 1,
        "target": fitted.spec.target,
        "task": fitted.schema.target.task if fitted.schema.target else None,
        "metric": judgement.verdict.metric if judgement else None,
        "used": fitted.used,
        "enough": judgement.verdict.enough if judgement else None,
        "interrupted": run.interrupted,
        "judgement": judgement,
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
    return msgspec.json.encode(said)


def predictions(run: Run) -> pl.DataFrame | None:
    """Return the judged rows in row order: row, target, prediction, probabilities.

    Rows are counted from 1, as messages do. A row that several folds predicted has the mean
    of them.
    """
    if run.judged is None:
        return None
    rows, averaged = run.judged.average(len(run.dataset))
    classes = run.dataset.classes
    target = run.dataset.target[rows]
    values = pl.Series(list(classes))[target] if classes else pl.Series(target)
    frame = prediction_frame(averaged[run.fitted.used], classes)
    name = run.fitted.spec.target
    taken = {"row", *frame.columns}
    return pl.DataFrame(
        {
            "row": run.dataset.numbers[rows] + 1,
            name if name not in taken else f"target_{name}": values,
            **frame.to_dict(),
        }
    )


def read_predictions(folder: Path, dataset: Dataset) -> tuple[np.ndarray, Prediction]:
    """Return the judged rows' positions in the run's dataset, and what was predicted of them.

    Raises
    ------
    ModelFileError
        `predictions.parquet` is absent, damaged, or of other rows.
    """
    path = folder / PREDICTIONS
    names = [f"probability_{label}" for label in dataset.classes]
    judged = slice(dataset.own_rows, None) if dataset.own_rows < len(dataset) else slice(None)
    numbers = dataset.numbers[judged] + 1
    try:
        frame = pl.read_parquet(path, columns=["row", "prediction", *names])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ModelFileError(
            f"{path} cannot be read: {str(error).splitlines()[0]}.", "Run the fit again."
        ) from None
    rows = frame["row"].to_numpy()
    if not np.isin(rows, numbers).all():
        raise ModelFileError(f"{path} is of other rows than the run's table.", "Fit again.")
    positions = np.searchsorted(numbers, rows) + (judged.start or 0)
    if not names:
        return positions, Prediction(frame["prediction"].to_numpy(), None)
    return positions, Prediction.of_classes(frame.select(names).to_numpy())


def _history(run: Run) -> str:
    lines = [
        msgspec.json.encode({"rung": rung.name, **entry})
        for rung in run.fitted.rungs.values()
        for entry in rung.history
    ]
    return "".join(line.decode() + "\n" for line in lines)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(each) for each in value]
    return value
