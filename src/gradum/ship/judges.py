"""``judges.gradum``: the models of a cross-validation, on which the intervals' guarantee rests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from gradum.errors import ModelFileError
from gradum.files import archive
from gradum.messages import as_text, say
from gradum.run.fingerprint import fingerprint_of, named_arrays
from gradum.run.fitted import Fitted
from gradum.run.intervals.judged_scores import judge_arrays
from gradum.run.judge import Judge
from gradum.ship.model_contradictions import contradiction
from gradum.ship.rung_record import RungRecord, recorded, restored
from gradum.tables.encode import Encoder

FORMAT = 1


class _JudgeRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    encoder: Encoder
    rung: RungRecord


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    judges: tuple[_JudgeRecord, ...]


def save_judges(judges: Sequence[Judge], rung: str, path: Path) -> None:
    """Write each judge's rung of the given name and its encoder to one file, replaced in one step.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    records = tuple(_JudgeRecord(judge.encoder, recorded(judge.rungs[rung])) for judge in judges)
    manifest = _Manifest(FORMAT, records)
    archive.write(path, msgspec.to_builtins(manifest, enc_hook=as_text), judge_arrays(judges, rung))


def load_judges(fitted: Fitted, path: Path) -> tuple[Judge, ...]:
    """Read the judges of a model whose guarantee is CV+; nothing in the file is executed.

    Raises
    ------
    ModelFileError
        The file is absent, damaged, hostile, or of another model.
    """
    raw, arrays = archive.read(path)
    try:
        manifest = msgspec.convert(raw, _Manifest)
        rungs = [
            restored(record.rung, _arrays_of(arrays, number))
            for number, record in enumerate(manifest.judges)
        ]
    except ValueError as error:
        raise _refused(path, str(error)) from error
    encoders = [record.encoder for record in manifest.judges]
    judges = tuple(
        Judge(encoder, {rung.name: rung}, np.empty(0, np.int8))
        for encoder, rung in zip(encoders, rungs, strict=True)
    )
    for judge in judges:
        alone = replace(
            fitted, encoder=judge.encoder, rungs=judge.rungs, judgement=None, guarantee=None
        )
        if (cause := contradiction(alone)) is not None:
            raise _refused(path, cause)
    assert fitted.guarantee is not None
    terms = fitted.guarantee.terms
    kept = {
        f"{number}/{name}" for number, rung in enumerate(rungs) for name in named_arrays([rung])
    }
    if (
        kept != arrays.keys()
        or len(judges) != terms.folds
        or {rung.name for rung in rungs} != {fitted.used}
        or fingerprint_of(arrays) != terms.judges
    ):
        raise _refused(path, say("its models are not those that judged this one"))
    return judges


def _arrays_of(arrays: dict[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    prefix = f"{number}/"
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _refused(path: Path, cause: str) -> ModelFileError:
    return ModelFileError(
        "{path} does not hold the models that judged, or was altered: {cause}.",
        "Fit the model again.",
        path=path,
        cause=" ".join(cause.split()),
    )
