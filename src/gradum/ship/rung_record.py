"""A rung as files hold it: a record that JSON can say, beside its named arrays."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from gradum.core.models.input_layer import InputLayer, Treatment
from gradum.core.models.network import Network
from gradum.core.models.pack_network import PackNetwork
from gradum.fitting.rung import Rung
from gradum.fitting.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status


class _InputRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clip: bool
    levels: tuple[int, ...]
    treatments: tuple[Treatment, ...]


class RungRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rung without its arrays."""

    name: str
    loss: str
    network: Network | None
    input_layer: _InputRecord | None
    target_scale: TargetScale | None
    clamp: bool
    status: Status
    certificate: Certificate
    history: tuple[dict[str, int | float | None], ...]
    iterations: int
    seconds: float
    settings: dict[str, Any]
    pack: PackNetwork | None = None
    class_weight: tuple[float, ...] | None = None


def recorded(rung: Rung) -> RungRecord:
    """Return what JSON can say of a rung; `named_arrays` has the rest."""
    layer = rung.input_layer
    return RungRecord(
        name=rung.name,
        loss=rung.loss,
        network=None if isinstance(rung.network, PackNetwork) else rung.network,
        pack=rung.network if isinstance(rung.network, PackNetwork) else None,
        input_layer=layer and _InputRecord(layer.clip, layer.levels, layer.treatments),
        target_scale=rung.target_scale,
        clamp=rung.clamp,
        status=rung.status,
        certificate=rung.certificate,
        history=tuple(dict(entry) for entry in rung.history),
        iterations=rung.iterations,
        seconds=rung.seconds,
        settings=dict(rung.settings),
        class_weight=None if rung.class_weight is None else tuple(rung.class_weight),
    )


def restored(record: RungRecord, arrays: dict[str, np.ndarray]) -> Rung:
    """Return the rung of a record and its named arrays.

    Raises
    ------
    ValueError
        An array is absent, or of another form; said as a clause.
    """

    def array(name: str, dimensions: int) -> np.ndarray:
        found = arrays.get(f"{record.name}/{name}")
        if found is None or found.ndim != dimensions or found.dtype not in (np.float32, np.float64):
            raise ValueError(f"rung {record.name!r} lacks {name}, or has it in another form")
        return found

    network = record.network or record.pack
    if network is None or (record.network and record.pack):
        raise ValueError(f"rung {record.name!r} is neither a network nor a pack")
    dimensions = 3 if record.pack else 2  # a pack has its members' axis before all others
    params: dict[str, Any] = {
        "layers": [
            {
                "weight": array(f"layers/{i}/weight", dimensions),
                "bias": array(f"layers/{i}/bias", dimensions - 1),
            }
            for i in range(len(network.hidden) + 1)
        ]
    }
    if network.embedding:
        params["embedding"] = array("embedding", dimensions)
    if record.pack:
        others = {"shift": 3, "slope": 3, "wave": 1, "wide": 3, "share": 1, "sharpness": 1}
        others |= {"projection": 2} if record.pack.projected else {}
        params |= {name: array(name, each) for name, each in others.items()}
        for i, inner in enumerate(params["layers"][:-1]):
            inner["leak"] = array(f"layers/{i}/leak", 2)
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
        network=network,
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
        class_weight=record.class_weight,
    )
