"""The CBPE of nannyml: what it expects of new rows, from the same predictions and labels."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from benchmarks.explanations.environments import python_with, version_in
from benchmarks.sides import Absent
from gradum.study.watch.answered import Answered

NAMES = {"roc_auc": "auc", "accuracy": "accuracy"}
WORKER = Path(__file__).parent / "cbpe_worker.py"


def cbpe(
    judged: Answered, target: np.ndarray, chunks: Sequence[Answered]
) -> list[dict[str, float]]:
    """Return the metrics that nannyml expects of each chunk of new rows, by gradum's names."""
    with TemporaryDirectory() as folder:
        reference = Path(folder) / "reference.parquet"
        files = [Path(folder) / f"{place}.parquet" for place in range(len(chunks))]
        _frame(judged).with_columns(target=pl.Series(target)).write_parquet(reference)
        for file, chunk in zip(files, chunks, strict=True):
            _frame(chunk).write_parquet(file)
        command = [_python(), str(WORKER), str(reference), *map(str, files)]
        quiet = {**os.environ, "NML_DISABLE_USAGE_LOGGING": "1"}
        ended = subprocess.run(command, capture_output=True, text=True, env=quiet)
    if ended.returncode:
        raise Absent(ended.stderr.strip().splitlines()[-1])
    lines = ended.stdout.strip().splitlines()[-len(chunks) :]
    return [{NAMES[name]: value for name, value in json.loads(line).items()} for line in lines]


def nannyml_version() -> str:
    """Return the version that is compared with."""
    return version_in(_python(), "nannyml")


def _python() -> str:
    return python_with("nannyml", "statsmodels")  # which it imports and does not ask for


def _frame(rows: Answered) -> pl.DataFrame:
    probability, value = rows.prediction.probability, rows.prediction.value
    assert probability is not None
    return pl.DataFrame({"probability": probability[:, 1], "prediction": value})
