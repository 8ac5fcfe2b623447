"""The ONNX file of a model, with what is known of it, and ONNX Runtime's answers for rows."""

from __future__ import annotations

from importlib.util import find_spec

import gradum
from gradum.errors import ExportError
from gradum.messages import say
from gradum.ship.exchange.onnx_file import onnx_package
from gradum.ship.exchange.onnx_session import open_session
from gradum.ship.forms.described import KEY, metadata
from gradum.ship.forms.onnx.nodes import IR_VERSION, LOCALE, MICROSOFT, VERSIONS, OnnxGraph
from gradum.ship.forms.parity import Runner
from gradum.ship.recording.model import RecordedModel
from gradum.tables.wording import shortened


class OnnxForm:
    """A file of the standard operators, which any runtime of ONNX reads; words need one more."""

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
        graph = OnnxGraph(model.program)
        make_version = onnx.helper.make_opsetid
        proto = onnx.helper.make_model(
            graph.proto(),
            opset_imports=[make_version(name, VERSIONS[name]) for name in sorted(graph.domains)],
            ir_version=IR_VERSION,
            producer_name="gradum",
            producer_version=gradum.__version__,
        )
        needs = {"domain": MICROSOFT, "locale": LOCALE} if MICROSOFT in graph.domains else {}
        known = metadata(model, needs)
        if any(column.traits.raw_type == "text" for column in model.columns):
            known[KEY + "texts"] = say(
                "Texts are read as they are: leave out blanks before and behind them."
            )
        onnx.helper.set_model_props(proto, known)
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
            raise ExportError("ONNX Runtime refuses the model: {cause}.", cause=cause) from None
        return lambda raw: dict(zip(model.answers, session.run(None, raw), strict=True))
