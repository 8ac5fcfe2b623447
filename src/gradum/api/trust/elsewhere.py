"""The trust report on a model from elsewhere: on an ONNX network, or on a table of its scores."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradum.api.trust.examined import ExaminedPredictions
from gradum.api.trust.onnx_predictions import predictions_of_onnx
from gradum.api.trust.predictions import predictions_of_table
from gradum.api.trust.report import trust_predictions
from gradum.errors import SpecError
from gradum.ship.exchange.onnx_file import is_network
from gradum.show.answers.trust import TrustReport
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.paths import files_of
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read


def trust_elsewhere(
    path: str | os.PathLike,
    data: Any = None,
    *,
    target: str | None,
    scores: Sequence[str] = (),
    by: Sequence[str] = (),
    positive: str | None = None,
    task: str | None = None,
    thresholds: str | os.PathLike | Mapping[str, Any] | None = None,
    reading: ReadingOptions = PLAINLY,
) -> TrustReport:
    """Examine a network on the rows of a table, or a table of scores, as far as possible.

    Parameters
    ----------
    path : path
        A file that ends in ``.onnx`` or ``.onnx.gz``, or a table of scores beside true values.
    data : path or data frame, optional
        The rows to be predicted by a network.
    target : str
        The column of the true values.
    scores : sequence of str
        The columns of scores; see `predictions_of_table`.
    positive : str, optional
        For two classes, the class that a single column of scores is about; the second if left out.
    by, task, thresholds : optional
        As in `Model.trust` and `gradum.fit`.
    reading : ReadingOptions
        How the table is read.

    Raises
    ------
    SpecError, TableError, ModelFileError
        Something given cannot be used; the message is one line that says what.
    """
    path = Path(path)
    if is_network(path):
        if scores or positive:
            raise SpecError(
                "The scores of a network are its outputs.", "Leave out --score and --positive."
            )
        examined = _of_network(path, data, target, by, task, reading)
    else:
        examined = _of_scores(path, data, target, scores, by, positive, task, reading)
    return trust_predictions(examined, thresholds)


def _of_scores(
    path: Path,
    data: Any,
    target: str | None,
    scores: Sequence[str],
    by: Sequence[str],
    positive: str | None,
    task: str | None,
    reading: ReadingOptions,
) -> ExaminedPredictions:
    if data is not None:
        raise SpecError(
            "{path} is taken for a table of scores, which needs no other table.",
            "Leave out {data}.",
            path=path,
            data=data,
        )
    name = str(path)
    table = read(name, reading)  # first, as it may not exist
    if target is None:
        raise SpecError(
            "{path} is neither a run folder nor a model file (.gradum), so the column of its "
            "truth has to be named.",
            "Name the column by --target.",
            path=path,
        )
    return predictions_of_table(
        table, target, scores, by=by, positive=positive, task=task, sha256=_hashes(name)
    )


def _of_network(
    path: Path,
    data: Any,
    target: str | None,
    by: Sequence[str],
    task: str | None,
    reading: ReadingOptions,
) -> ExaminedPredictions:
    if data is None or target is None:
        raise SpecError(
            "A network needs a table of rows to predict, and their truth.",
            "Name the table after {path}, and the column of the truth by --target.",
            path=path,
        )
    hashes = {**_hashes(str(path)), **_hashes(data)}
    table = read(data, reading)
    return predictions_of_onnx(path, table, target, by=by, task=task, sha256=hashes)


def _hashes(data: Any) -> dict[str, str]:
    """Return the SHA-256 of each file that a name stands for; nothing if the data are not files."""
    if not isinstance(data, str | os.PathLike):
        return {}
    hashes = {}
    for path in files_of(str(data)):
        with path.open("rb") as file:
            hashes[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes
