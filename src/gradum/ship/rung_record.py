"""A rung as stored in files: a record in JSON, beside its named arrays."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from gradum.core.models.input_blocks import GridShape
from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.core.models.parameters import nested
from gradum.messages import say
from gradum.rungs.post import AnyPostStep
from gradum.rungs.registry import AnyArchitecture
from gradum.rungs.rung import Rung
from gradum.rungs.spread.spread import Spread
from gradum.rungs.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status


class _InputRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clip: bool
    levels: tuple[int, ...]
    treatments: tuple[Treatment, ...]
    grids: tuple[GridShape, ...] = ()
    ngrams: tuple[int, ...] | None = None


class RungRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rung without its arrays."""

    name: str
    loss: str
    network: AnyArchitecture
    input_layer: _InputRecord | None
    target_scale: TargetScale | None
    clamp: bool
    status: Status
    certificate: Certificate
    history: tuple[dict[str, int | float | None], ...]
    iterations: int
    seconds: float
    settings: dict[str, Any]
    advice: str
    post: tuple[AnyPostStep, ...]
    spread: Spread | None = None


def recorded(rung: Rung) -> RungRecord:
    """Return the part of a rung that JSON can hold; `named_arrays` has the rest."""
    fields = {name: getattr(rung, name) for name in RungRecord.__struct_fields__}
    layer = rung.input_layer
    return RungRecord(
        **fields
        | {
            "input_layer": layer
            and _InputRecord(layer.clip, layer.levels, layer.treatments, layer.grids, layer.ngrams),
            "history": tuple(dict(entry) for entry in rung.history),
            "settings": dict(rung.settings),
        }
    )


def restored(record: RungRecord, arrays: dict[str, np.ndarray]) -> Rung:
    """Return the rung of a record and its named arrays.

    Raises
    ------
    ValueError
        An array is absent or has the wrong form; the message is a clause.
    """

    def array(name: str, dimensions: int) -> np.ndarray:
        stored = arrays.get(f"{record.name}/{name}")
        if (
            stored is None
            or stored.ndim != dimensions
            or stored.dtype not in (np.float32, np.float64)
        ):
            raise ValueError(
                say(
                    "model {rung!r} lacks {array}, or has it in another form",
                    rung=record.name,
                    array=name,
                )
            )
        return stored

    network = record.network
    if len(network.hidden) >= len(arrays):
        raise ValueError(
            say("model {name!r} has more layers than there are arrays", name=record.name)
        )
    if not network.intercept:
        raise ValueError(say("model {name!r} has no intercept", name=record.name))
    shapes = network.shapes().items()
    params = nested({name: array(name, len(shape)) for name, shape in shapes})
    layer = None
    if record.input_layer is not None:
        layer = InputLayer(
            array("input/centre", 1),
            array("input/scale", 1),
            array("input/spread", 1),
            record.input_layer.clip,
            record.input_layer.levels,
            record.input_layer.treatments,
            record.input_layer.grids,
            record.input_layer.ngrams,
        )
    fields = {name: getattr(record, name) for name in RungRecord.__struct_fields__}
    return Rung(**fields | {"params": params, "input_layer": layer})
