"""The module of JavaScript of a model, and Node's answers for rows."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from gradum.errors import ExportError
from gradum.messages import as_text
from gradum.ship.forms.described import described
from gradum.ship.forms.javascript.nodes import NodeList
from gradum.ship.forms.parity import Runner
from gradum.ship.recording.model import RecordedModel
from gradum.tables.kinds.values import markers_of
from gradum.tables.wording import shortened

Shapes = Mapping[str, tuple[int, ...]]

SECONDS = 600
"""How long Node may take to answer a block of rows."""


class JavaScriptForm:
    """A module for Node and browsers: what computes, and the model as data."""

    title = "Node"
    endings: tuple[str, ...] = (".mjs", ".js")

    def data(self, model: RecordedModel) -> bytes:
        """Return the module of a model; it is ASCII, and may stand inside a page."""
        return module(document_of(model))

    def runner(self, data: bytes, model: RecordedModel) -> Runner | None:
        """Return what answers raw rows by the module; None where Node is not installed.

        Raises
        ------
        ExportError
            Node refuses the module, or takes too long; the runner raises it too.
        """
        node = shutil.which("node")
        return None if node is None else lambda raw: _answers(node, data, raw, shapes_of(model))


def module(document: dict[str, Any]) -> bytes:
    """Return the runtime with a model as its data."""
    data = json.dumps(document, separators=(",", ":")).replace("<", "\\u003c")
    load, names = b"\nexport const model = load(", b");\nexport const { predict } = model;\n"
    return b"".join((_own_file("runtime.js"), load, data.encode(), names))


def document_of(model: RecordedModel) -> dict[str, Any]:
    """Return a model as what JSON can hold; names from the table are never keys."""
    program = model.program
    nodes = NodeList(program)
    places = nodes.places
    inputs = [
        {
            "name": column.name,
            "type": "moment" if column.traits.is_time else column.traits.raw_type,
            "node": places[program.inputs[column.name]],
            "missing": list(markers_of(column.parse))
            if column.traits.is_time or column.traits.raw_type == "number"
            else [],
        }
        for column in model.columns
    ]
    outputs = [
        {"answer": answer, "node": places[program.outputs[name]]}
        for answer, name in model.answers.items()
    ]
    return {
        "about": msgspec.json.decode(msgspec.json.encode(described(model), enc_hook=as_text)),
        "inputs": inputs,
        "others": [c.name for c in model.fitted.schema.columns if c not in model.columns],
        "outputs": outputs,
        "classes": model.fitted.labels.tolist() if model.fitted.classes else [],
        "nodes": nodes.listed,
    }


def _own_file(name: str) -> bytes:
    return (files("gradum.ship.forms.javascript") / name).read_bytes()


def shapes_of(model: RecordedModel) -> Shapes:
    """Return the shape of each answer."""
    outputs = model.program.outputs
    return {answer: outputs[name].shape for answer, name in model.answers.items()}


def _answers(
    node: str, data: bytes, raw: Mapping[str, np.ndarray], shapes: Shapes
) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        module, check = Path(folder, "model.mjs"), Path(folder, "check.mjs")
        module.write_bytes(data)
        check.write_bytes(_own_file("check.mjs"))
        command = [node, "--disallow-code-generation-from-strings", str(check)]
        try:
            ended = subprocess.run(
                command, input=asked(module, raw), capture_output=True, timeout=SECONDS, check=True
            )
        except subprocess.TimeoutExpired:
            raise ExportError(
                "Node does not answer a block of rows in {seconds} s.", seconds=SECONDS
            ) from None
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"").decode(errors="replace") or str(error)
            cause = shortened(" ".join(said.split()), 200)
            raise ExportError("Node refuses the model: {cause}.", cause=cause) from None
    return answered(ended.stdout, shapes)


def asked(module: Path, raw: Mapping[str, np.ndarray]) -> bytes:
    """Return a line that asks ``check.mjs`` for a module's answers to raw rows (n)."""
    columns = [
        {"texts": column[:, 0].tolist()}
        if column.dtype.kind == "O"
        else {"numbers": base64.b64encode(column.tobytes()).decode()}
        for column in raw.values()
    ]
    return json.dumps({"module": str(module), "columns": columns}).encode() + b"\n"


def answered(line: bytes, shapes: Shapes) -> dict[str, np.ndarray]:
    """Return the answers in a line of ``check.mjs``, in their shapes but for the number of rows."""
    found = json.loads(line)
    return {name: _array(**found[name]).reshape(-1, *shape[1:]) for name, shape in shapes.items()}


def _array(type: str, numbers: str | None = None, texts: list | None = None) -> np.ndarray:
    if numbers is None:
        return np.array(texts, object)
    return np.frombuffer(base64.b64decode(numbers), type)
