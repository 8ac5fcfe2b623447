"""The model file: a manifest of what was decided next to the weights of every rung."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from msgspec import structs

from gradum.core.losses import LOSSES
from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.core.models.network import Network
from gradum.errors import ModelFileError, SchemaError
from gradum.files import archive
from gradum.fitting.fitted import Fitted, Provenance, named_arrays
from gradum.fitting.judgement import Judgement
from gradum.fitting.rung import Rung
from gradum.fitting.spec import LADDER, Spec
from gradum.fitting.target_scale import TargetScale
from gradum.scores.metrics import METRICS
from gradum.solvers.solution import Certificate, Status
from gradum.tables.contradictions import refuse_contradictions
from gradum.tables.design import Layout
from gradum.tables.encode import Encoder
from gradum.tables.encoders import STEPS
from gradum.tables.schema import Schema
from gradum.tables.split import Part

FORMAT = 1


class _InputRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clip: bool
    levels: tuple[int, ...]
    treatments: tuple[Treatment, ...]


class _RungRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    loss: str
    network: Network
    input_layer: _InputRecord | None
    target_scale: TargetScale | None
    clamp: bool
    status: Status
    certificate: Certificate
    history: tuple[dict[str, int | float | None], ...]
    iterations: int
    seconds: float
    settings: dict[str, Any]


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    spec: Spec
    schema: Schema
    encoder: Encoder
    rungs: tuple[_RungRecord, ...]
    judgement: Judgement | None
    provenance: Provenance


def save(fitted: Fitted, path: str | os.PathLike) -> None:
    """Write a model to one file, replaced in one step.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    manifest = _Manifest(
        FORMAT,
        fitted.spec,
        fitted.schema,
        fitted.encoder,
        tuple(_record(rung) for rung in fitted.rungs.values()),
        fitted.judgement,
        fitted.provenance,
    )
    archive.write(path, msgspec.to_builtins(manifest), named_arrays(fitted.rungs.values()))


def load(path: str | os.PathLike) -> Fitted:
    """Read a model file; nothing in it is executed.

    Raises
    ------
    ModelFileError
        The file is damaged, hostile, or of another format version.
    """
    raw, arrays = archive.read(path)
    if raw.get("format") != FORMAT:
        raise ModelFileError(
            f"{path} has format version {raw.get('format')!r}; this gradum reads {FORMAT}.",
            "Update gradum, or fit the model again.",
        )
    try:
        manifest = msgspec.convert(raw, _Manifest)
    except (msgspec.ValidationError, ValueError) as error:
        raise ModelFileError(
            f"The manifest of {path} is not a gradum model's: {error}.", "Fit the model again."
        ) from error
    rungs = {record.name: _rung(record, arrays, path) for record in manifest.rungs}
    _check_together(manifest, rungs, path)
    return Fitted(
        manifest.spec,
        manifest.schema,
        manifest.encoder,
        rungs,
        manifest.judgement and _in_order(manifest.judgement, manifest.schema),
        manifest.provenance,
    )


def _in_order(judgement: Judgement, schema: Schema) -> Judgement:
    """Put back the order of rungs, parts, metrics and classes, which JSON does not keep."""
    assert schema.target is not None
    parts = [part.name.lower() for part in Part]

    def ordered(mapping: dict, names: Iterable[str]) -> dict:
        return {name: mapping[name] for name in names if name in mapping}

    return structs.replace(
        judgement,
        rows=ordered(judgement.rows, parts),
        scores={
            rung: {part: ordered(scores, METRICS) for part, scores in ordered(found, parts).items()}
            for rung, found in ordered(judgement.scores, LADDER).items()
        },
        prevalence=ordered(judgement.prevalence, map(str, schema.target.classes)),
    )


def _record(rung: Rung) -> _RungRecord:
    layer = rung.input_layer
    return _RungRecord(
        name=rung.name,
        loss=rung.loss,
        network=rung.network,
        input_layer=layer and _InputRecord(layer.clip, layer.levels, layer.treatments),
        target_scale=rung.target_scale,
        clamp=rung.clamp,
        status=rung.status,
        certificate=rung.certificate,
        history=tuple(dict(entry) for entry in rung.history),
        iterations=rung.iterations,
        seconds=rung.seconds,
        settings=dict(rung.settings),
    )


def _rung(record: _RungRecord, arrays: dict[str, np.ndarray], path: str | os.PathLike) -> Rung:
    def array(name: str, dimensions: int) -> np.ndarray:
        found = arrays.get(f"{record.name}/{name}")
        if found is None or found.ndim != dimensions or found.dtype.kind != "f":
            raise ModelFileError(
                f"{path} lacks the weights {record.name}/{name}, or they have another shape.",
                "The file is damaged: fit the model again.",
            )
        return found

    if record.name not in LADDER or record.loss not in LOSSES:
        raise ModelFileError(
            f"{path} describes a rung that gradum does not know: {record.name!r}.",
            "Update gradum, or fit the model again.",
        )
    params: dict[str, Any] = {
        "layers": [
            {"weight": array(f"layers/{i}/weight", 2), "bias": array(f"layers/{i}/bias", 1)}
            for i in range(len(record.network.hidden) + 1)
        ]
    }
    if record.network.embedding:
        params["embedding"] = array("embedding", 2)
    layer = None
    if record.input_layer is not None:
        layer = InputLayer(
            array("input/centre", 1),
            array("input/scale", 1),
            array("input/spread", 1),
            record.input_layer.clip,
            record.input_layer.levels,
            record.input_layer.treatments,
        )
    return Rung(
        name=record.name,
        loss=record.loss,
        network=record.network,
        params=params,
        input_layer=layer,
        target_scale=record.target_scale,
        clamp=record.clamp,
        status=record.status,
        certificate=record.certificate,
        history=record.history,  # type: ignore[arg-type]
        iterations=record.iterations,
        seconds=record.seconds,
        settings=record.settings,
    )


def _check_together(manifest: _Manifest, rungs: dict[str, Rung], path: str | os.PathLike) -> None:
    """Refuse parts that do not fit each other, before a prediction trips over them."""
    target = manifest.schema.target
    if target is None or not rungs:
        raise ModelFileError(f"{path} has no target or no rung.", "Fit the model again.")
    try:
        refuse_contradictions(manifest.schema.version, manifest.schema.columns, target)
    except SchemaError as error:
        raise ModelFileError(f"In {path}, {error.message}", "Fit the model again.") from error
    if len({type(label) for label in target.classes}) > 1:
        raise ModelFileError(f"The classes in {path} are of several types.", "Fit the model again.")
    steps = [(step.source, type(step)) for step in manifest.encoder.steps]
    if steps != [(column.name, STEPS.get(column.kind)) for column in manifest.schema.features]:
        raise ModelFileError(
            f"The encoder in {path} does not take the columns that its schema names.",
            "The file is damaged: fit the model again.",
        )
    layout = manifest.encoder.layout
    outputs = len(target.classes) if len(target.classes) > 2 else 1
    loss = "log_loss" if target.classes else "squared_error"
    for rung in rungs.values():
        if rung.loss != loss or (rung.target_scale is None) != bool(target.classes):
            raise ModelFileError(
                f"Rung {rung.name!r} in {path} does not predict what its target is.",
                "The file is damaged: fit the model again.",
            )
        if rung.network.outputs != outputs or not (_consistent(rung) and _fits(rung, layout)):
            raise ModelFileError(
                f"The shapes of rung {rung.name!r} in {path} do not fit each other.",
                "The file is damaged: fit the model again.",
            )
    # A refit leaves one rung: the others that the judgement speaks of may be gone.
    if manifest.judgement and manifest.judgement.verdict.used not in rungs:
        raise ModelFileError(
            f"The verdict in {path} names a rung that is not there.", "Fit the model again."
        )


def _consistent(rung: Rung) -> bool:
    """Whether the parameters have the shapes that the network says."""
    widths = rung.network.widths
    shapes = [(layer["weight"].shape, layer["bias"].shape) for layer in rung.params["layers"]]
    said = [((a, b), (b,)) for a, b in pairwise(widths)]
    embedding = rung.network.embedding
    return shapes == said and (
        embedding is None or rung.params["embedding"].shape == (embedding.rows, embedding.size)
    )


def _fits(rung: Rung, layout: Layout) -> bool:
    """Whether a rung's network takes what the encoder and its input layer yield."""
    layer, network = rung.input_layer, rung.network
    if layer is None:
        return network.inputs == 0 and network.embedding is None
    dense = len(layout.dense)
    if layer.levels != layout.level_counts or len(layer.treatments) != len(layer.levels):
        return False
    if any(each.shape != (dense,) for each in (layer.centre, layer.scale, layer.spread)):
        return False
    rows = network.embedding.rows if network.embedding else 0
    columns = network.embedding.columns if network.embedding else 0
    return (
        network.inputs == layer.width(dense, len(layout.sparse))
        and rows == layer.embedding_rows
        and columns == layer.embedded_columns
    )
