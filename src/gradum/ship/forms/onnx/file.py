"""The ONNX file of a model, with what is known of it, and ONNX Runtime's answers for rows."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import msgspec

import gradum
from gradum.errors import ExportError
from gradum.messages import say
from gradum.ship.exchange.onnx_file import onnx_package
from gradum.ship.exchange.onnx_session import open_session
from gradum.ship.forms.onnx.nodes import IR_VERSION, ML, ML_OPSET, OPSET, Graph
from gradum.ship.forms.parity import Runner
from gradum.ship.recording.model import RecordedModel
from gradum.tables.kinds.step import MISSING
from gradum.tables.wording import shortened

KEY = "gradum."
"""Every entry of the metadata begins with it; its value is text, or JSON where it has parts."""


class OnnxForm:
    """A file of the standard operators alone, which any runtime of ONNX reads."""

    title = "ONNX Runtime"
    endings: tuple[str, ...] = (".onnx",)

    def data(self, model: RecordedModel) -> bytes:
        """Return the file of a model.

        Raises
        ------
        ModelFileError
            The package onnx is not installed.
        """
        onnx = onnx_package()
        versions = [onnx.helper.make_opsetid("", OPSET), onnx.helper.make_opsetid(ML, ML_OPSET)]
        proto = onnx.helper.make_model(
            Graph(model.program).proto(),
            opset_imports=versions,
            ir_version=IR_VERSION,
            producer_name="gradum",
            producer_version=gradum.__version__,
        )
        onnx.helper.set_model_props(proto, metadata(model))
        return proto.SerializeToString(deterministic=True)

    def runner(self, data: bytes, model: RecordedModel) -> Runner | None:
        """Return what answers raw rows by the file; None where ONNX Runtime is not installed.

        Raises
        ------
        ExportError
            ONNX Runtime refuses the file.
        """
        if find_spec("onnxruntime") is None:
            return None
        try:
            session = open_session(data)
        except Exception as error:  # errors of its native code have no common class
            cause = shortened(" ".join(str(error).split()), 200)
            raise ExportError(
                say("ONNX Runtime refuses the model: {cause}.", cause=cause)
            ) from None
        return lambda raw: dict(zip(model.answers, session.run(None, raw), strict=True))


def metadata(model: RecordedModel) -> dict[str, str]:
    """Return what is known of a model, for whoever meets the file alone."""
    fitted, rung = model.fitted, model.rung
    target, judgement = fitted.schema.target, fitted.judgement
    assert target is not None
    inputs = [
        {
            "name": column.name,
            "kind": column.kind,
            "type": column.traits.raw_type,
            "missing": "NaN" if column.traits.raw_type == "number" else MISSING,
        }
        for column in model.columns
    ]
    known: dict[str, Any] = {
        "version": gradum.__version__,
        "model": rung.name,
        "task": target.task,
        "target": target.name,
        "classes": list(target.classes),
        "inputs": inputs,
        "outputs": dict(model.answers),
        "scores": judgement.scores.get(rung.name, {}) if judgement else {},
        "promise": model.promise.statement if model.promise else {},
        "created": fitted.provenance.created,
        "fingerprint": fitted.provenance.fingerprint,
    }
    return {KEY + name: _text(value) for name, value in known.items() if value not in ([], {})}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
