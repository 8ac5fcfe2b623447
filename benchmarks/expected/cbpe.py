"""nannyml's CBPE: what it expects on new rows, given the same predictions and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from benchmarks.environments import answer_of, python_with, version_in
from gradum.study.watch.domain_sample import DomainSample

NAMES = {"roc_auc": "auc", "accuracy": "accuracy"}


def cbpe(
    judged: DomainSample, target: np.ndarray, chunks: Sequence[DomainSample]
) -> list[dict[str, float]]:
    """Return the metrics that nannyml expects for each chunk of new rows, by gradum's names."""
    with TemporaryDirectory() as folder:
        reference = Path(folder) / "reference.parquet"
        files = [Path(folder) / f"{place}.parquet" for place in range(len(chunks))]
        _frame(judged).with_columns(target=pl.Series(target)).write_parquet(reference)
        for file, chunk in zip(files, chunks, strict=True):
            _frame(chunk).write_parquet(file)
        estimates = answer_of(
            _python(),
            "benchmarks.expected.peers",
            str(reference),
            *map(str, files),
            environment={"NML_DISABLE_USAGE_LOGGING": "1"},
        )
    return [{NAMES[name]: value for name, value in chunk.items()} for chunk in estimates]


def nannyml_version() -> str:
    """Return the version used in the comparison."""
    return version_in(_python(), "nannyml")


def _python() -> str:
    return python_with("nannyml", "statsmodels")  # which nannyml imports but does not require


def _frame(rows: DomainSample) -> pl.DataFrame:
    probability, value = rows.prediction.probability, rows.prediction.value
    assert probability is not None
    return pl.DataFrame({"probability": probability[:, 1], "prediction": value})
