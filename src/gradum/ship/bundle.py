"""The model file: a manifest of what was decided, beside the weights of every rung.

The judged rows' scores, from which intervals are made, are named arrays beside the weights.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

import msgspec
import numpy as np
from msgspec import structs

from gradum.errors import ModelFileError
from gradum.files import archive
from gradum.messages import as_text, say
from gradum.run.fingerprint import fingerprint_of, named_arrays
from gradum.run.fitted import Fitted, Provenance
from gradum.run.intervals.conformal.guarantee import Guarantee, JudgedScores, Terms
from gradum.run.judging.headline import with_headline
from gradum.run.judging.judgement import Judgement
from gradum.run.judging.verdict import retold
from gradum.run.reference.reference import Reference
from gradum.run.spec.spec import Spec
from gradum.rungs.registry import KINDS
from gradum.scores.interval import with_unknown_bounds
from gradum.scores.metrics import METRICS
from gradum.ship.format_1 import upgraded
from gradum.ship.model_contradictions import contradiction
from gradum.ship.rung_record import RungRecord, recorded, restored
from gradum.ship.sayings import SAYINGS, said_again, sayings
from gradum.tables.encode import Encoder
from gradum.tables.forecast.panel import Panel
from gradum.tables.schema.schema import Schema
from gradum.tables.split import Part
from gradum.tables.wording import shortened

PREFIX = "guarantee/"
RUNG = f"{PREFIX}score/"
HISTORY, HISTORY_GAPS = "history", "history/gaps"
DIVIDING = tuple(field.name for field in fields(JudgedScores) if field.name != "by_rung")

FORMAT = 2


def score_arrays(guarantee: Guarantee | None) -> dict[str, np.ndarray]:
    """Name every array of a guarantee: ``guarantee/score/mlp``, ``guarantee/fold`` …."""
    if guarantee is None:
        return {}
    scores = guarantee.scores
    arrays = {f"{RUNG}{rung}": score for rung, score in scores.by_rung.items()}
    dividing = {f"{PREFIX}{name}": getattr(scores, name) for name in DIVIDING}
    return arrays | {name: array for name, array in dividing.items() if array is not None}


def restored_guarantee(terms: Terms | None, arrays: Mapping[str, np.ndarray]) -> Guarantee | None:
    """Return the guarantee made from its terms and the arrays of `score_arrays`.

    Raises
    ------
    ValueError
        An array is absent, belongs to another, or has the wrong form; the message is a clause.
    """
    by_rung = {name.removeprefix(RUNG): a for name, a in arrays.items() if name.startswith(RUNG)}
    dividing = {
        name.removeprefix(PREFIX): array
        for name, array in arrays.items()
        if not name.startswith(RUNG)
    }
    if terms is None and not arrays:
        return None
    if terms is None or "fold" not in dividing or not dividing.keys() <= set(DIVIDING):
        raise ValueError(say("the scores of judged rows are not those of its guarantee"))
    forms = {name: (np.float64 if name == "weight" else np.int32) for name in dividing}
    typed = all(array.dtype == forms[name] for name, array in dividing.items())
    numbers = all(score.dtype == np.float64 for score in by_rung.values())
    shapes = {array.shape for array in arrays.values()}
    if not typed or not numbers or shapes != {(len(dividing["fold"]),)}:
        raise ValueError(say("the scores of judged rows have another form than a row each"))
    return Guarantee(terms, JudgedScores(by_rung, **dividing))


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The series whose end a file holds, and the place on their grid of the first stamp."""

    keys: tuple[tuple[str, ...], ...]
    first: int


def history_arrays(history: Panel | None) -> dict[str, np.ndarray]:
    """Return the values of each series, 0 where there is none, and where that is.

    An archive holds finite numbers alone; without a gap there is no array of gaps.
    """
    if history is None:
        return {}
    gaps = np.isnan(history.values)
    if not gaps.any():
        return {HISTORY: history.values}
    return {HISTORY: np.where(gaps, 0.0, history.values), HISTORY_GAPS: gaps}


def restored_history(
    kept: Kept | None, arrays: Mapping[str, np.ndarray], schema: Schema
) -> Panel | None:
    """Return the end of each series, from what the manifest says of it and `history_arrays`.

    Raises
    ------
    ValueError
        One is without the other, or they do not fit; the message is a clause.
    """
    if kept is None and not arrays:
        return None
    values, forecast = arrays.get(HISTORY), schema.forecast
    if kept is None or values is None or forecast is None:
        raise ValueError(say("the history of its series is not that of a forecast"))
    gaps = arrays.get(HISTORY_GAPS, np.zeros(values.shape, np.bool_))
    wanted = (1 + len(forecast.covariates), len(kept.keys))
    named = all(len(key) == len(forecast.series) for key in kept.keys)
    typed = (values.dtype, gaps.dtype) == (np.float64, np.bool_) and gaps.shape == values.shape
    if not typed or values.ndim != 3 or values.shape[:2] != wanted or not named:
        raise ValueError(say("the history of its series has another form than its columns"))
    return Panel(kept.keys, kept.first, np.where(gaps, np.nan, values))


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    spec: Spec
    schema: Schema
    encoder: Encoder
    rungs: tuple[RungRecord, ...]
    judgement: Judgement | None
    provenance: Provenance
    guarantee: Terms | None = None
    reference: Reference | None = None
    history: Kept | None = None


def save(fitted: Fitted, path: str | os.PathLike) -> None:
    """Write a model to one file, replaced in one step.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    arrays, past = named_arrays(fitted.rungs.values()), fitted.history
    manifest = _Manifest(
        FORMAT,
        fitted.spec,
        fitted.schema,
        fitted.encoder,
        tuple(recorded(rung) for rung in fitted.rungs.values()),
        fitted.judgement,
        structs.replace(fitted.provenance, fingerprint=fingerprint_of(arrays)),
        fitted.guarantee and fitted.guarantee.terms,
        fitted.reference,
        None if past is None else Kept(past.keys, past.first),
    )
    beside = score_arrays(fitted.guarantee) | history_arrays(past)
    content = msgspec.to_builtins(manifest, enc_hook=as_text)
    archive.write(path, content | {SAYINGS: sayings(manifest)}, arrays | beside)


def load(path: str | os.PathLike) -> Fitted:
    """Read a model file; nothing in it is executed.

    Raises
    ------
    ModelFileError
        The file is damaged, hostile, or of another format version; or its parts contradict each
        other, so that a prediction or a summary would fail.
    """
    raw, content = archive.read(path)
    past = {name: content.pop(name) for name in (HISTORY, HISTORY_GAPS) if name in content}
    scores = {name: array for name, array in content.items() if name.startswith(PREFIX)}
    arrays = {name: array for name, array in content.items() if name not in scores}
    version = _known_format(raw.get("format"), path)
    with_unknown_bounds([raw.get("judgement"), raw.get("provenance")])
    said = raw.pop(SAYINGS, None)
    try:
        written = msgspec.convert(upgraded(raw) if version == 1 else raw, _Manifest)
        manifest = said_again(written, said)
        rungs = {record.name: restored(record, arrays) for record in manifest.rungs}
        guarantee = restored_guarantee(manifest.guarantee, scores)
        history = restored_history(manifest.history, past, manifest.schema)
    except ValueError as error:
        raise _refused(path, str(error)) from error
    fitted = Fitted(
        manifest.spec,
        manifest.schema,
        manifest.encoder,
        rungs,
        manifest.judgement,
        manifest.provenance,
        guarantee,
        manifest.reference,
        history,
    )
    if len(rungs) < len(manifest.rungs) or named_arrays(rungs.values()).keys() != arrays.keys():
        raise _refused(path, say("the weights are not those of its models, each named once"))
    if (cause := contradiction(fitted)) is not None:
        raise _refused(path, cause)
    if manifest.provenance.fingerprint != fingerprint_of(arrays):
        raise _refused(path, say("the weights are not those whose fingerprint it names"))
    judgement = manifest.judgement and _in_order(manifest.judgement, manifest.schema)
    return replace(fitted, judgement=judgement)


def _known_format(version: Any, path: str | os.PathLike) -> int:
    """Return the format version of a manifest, or raise ModelFileError if it is none of ours."""
    if type(version) is not int:
        raise _refused(path, say("its manifest names no format version"))
    if version > FORMAT:
        raise ModelFileError(
            "{path} was written by a newer gradum: it is of format version "
            "{version}, this gradum reads {known}.",
            "Upgrade gradum.",
            path=path,
            version=version,
            known=FORMAT,
        )
    if version < 1:
        raise ModelFileError(
            "{path} is of format version {version}, which cannot be read.",
            "Fit the model again.",
            path=path,
            version=version,
        )
    return version


def _refused(path: str | os.PathLike, cause: str) -> ModelFileError:
    return ModelFileError(
        "{path} is not a gradum model, or was altered: {cause}.",
        "Fit the model again, or upgrade gradum if the file is from a later one.",
        path=path,
        cause=shortened(" ".join(cause.split()), 200),
    )


def _in_order(judgement: Judgement, schema: Schema) -> Judgement:
    """Restore the order of rungs, parts, metrics and classes, which JSON does not keep."""
    parts = [part.name.lower() for part in Part]

    def ordered(mapping: dict, names: Iterable[str]) -> dict:
        return {name: mapping[name] for name in names if name in mapping}

    in_order = structs.replace(
        judgement,
        unit=schema.target_unit,
        rows=ordered(judgement.rows, parts),
        scores={
            rung: {
                part: ordered(scores, METRICS) for part, scores in ordered(parts_of, parts).items()
            }
            for rung, parts_of in ordered(judgement.scores, tuple(KINDS)).items()
        },
        prevalence=ordered(judgement.prevalence, map(str, schema.learned_target.classes)),
        rivals=tuple(
            structs.replace(rival, scores=ordered(rival.scores, METRICS))
            for rival in judgement.rivals
        ),
    )
    naive = bool(in_order.from_naive)
    verdict = retold(in_order.verdict, list(in_order.compared), naive=naive)
    return with_headline(structs.replace(in_order, verdict=verdict))
