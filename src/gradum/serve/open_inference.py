"""The Open Inference Protocol, version 2 over REST: columns as tensors, in JSON or binary.

Each column of the table is an input of shape [n] or [n, 1]. A missing value is ``null`` in JSON,
NaN in binary numbers, and ``(missing)`` in binary texts. Every column is an input of each request.
How its rows differ from those of training is in the answer's ``parameters``, as ``notes``.

Source: https://github.com/kserve/open-inference-protocol, and its extension for binary tensors.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec
import numpy as np
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

import gradum
from gradum.messages import as_text, listed, say
from gradum.serve.refusal import CANNOT_BE_USED, Refused, json_response, refuse_many
from gradum.serve.requests import (
    BINARY,
    TYPES,
    Coverage,
    PredictRequest,
    alone,
    decoded,
    no_cell,
)
from gradum.serve.served_model import Answered, ServedModel
from gradum.tables.kinds.step import MISSING

if TYPE_CHECKING:
    from gradum.serve.application import Service

NUMBERS = {
    "BOOL": "?",
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
}
"""NumPy's name for each type of number."""
DATATYPES = (*NUMBERS, "BYTES")

OR_NONE = (*TYPES, "")
"""Triton's client names no type."""

JSON_LENGTH = "inference-header-content-length"
"""How many bytes of a body are JSON; binary tensors follow, in the order of the inputs."""


class TensorParameters(Struct, frozen=True):
    """How many bytes an input has behind the JSON, if it is there."""

    binary_data_size: Annotated[int, Meta(ge=0)] | None = None


class OutputParameters(Struct, frozen=True):
    """Whether an output is wanted in binary; if nothing is said, as the request has it."""

    binary_data: bool | None = None


class RequestParameters(Struct, frozen=True):
    """What is asked besides predictions, and whether outputs are wanted in binary."""

    coverage: Coverage | None = None
    rung: str | None = None
    binary_data_output: bool = False


class Tensor(Struct):
    """An input: a column."""

    name: str
    shape: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1, max_length=2)]
    datatype: Annotated[str, Meta(extra_json_schema={"enum": DATATYPES})]
    data: list[Any] | None = None
    parameters: TensorParameters = TensorParameters()


class Wanted(Struct):
    """An output that is asked for."""

    name: str
    parameters: OutputParameters = OutputParameters()


class InferenceRequest(Struct):
    """What is asked."""

    inputs: list[Tensor]
    id: str | None = None
    outputs: list[Wanted] = []
    parameters: RequestParameters = RequestParameters()


def routes(service: Service) -> Iterable[tuple[str, Callable[[Request], Awaitable[Response]], str]]:
    """Yield every address of the protocol, what answers there, and its method."""

    async def server(_: Request) -> Response:
        extensions = ["binary_tensor_data"]
        return json_response(
            {"name": "gradum", "version": gradum.__version__, "extensions": extensions}
        )

    async def metadata(request: Request) -> Response:
        return json_response(metadata_of(_served(service, request)))

    async def is_ready(request: Request) -> Response:
        return json_response({"name": _served(service, request).name, "ready": True})

    async def infer(request: Request) -> Response:
        served = _served(service, request)
        refuse_foreign(request)
        body = await service.body(request, OR_NONE)
        length, most = request.headers.get(JSON_LENGTH), service.limits.rows
        inference, records = await service.worked(len(body), _read, body, length, most)
        wanted = inference.parameters
        asked = PredictRequest(records, rung=wanted.rung, coverage=wanted.coverage)
        found = await service.ask(served, asked, len(body))
        response = await service.worked(len(body), _sent, served, inference, found)
        response.background = service.shadow(served, asked, found)
        return response

    yield "/v2", server, "GET"
    yield "/v2/health/live", service.live, "GET"
    yield "/v2/health/ready", service.ready, "GET"
    for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
        yield model, metadata, "GET"
        yield f"{model}/ready", is_ready, "GET"
        yield f"{model}/infer", infer, "POST"


def metadata_of(served: ServedModel) -> dict[str, Any]:
    """Return the model's inputs and outputs, as the protocol describes them."""
    features = served.model.fitted.schema.features
    inputs = [
        {
            "name": column.name,
            "datatype": "FP64" if column.traits.is_quantity else "BYTES",
            "shape": [-1],
            "parameters": {
                "missing": "NaN" if column.traits.is_quantity else MISSING,
                "needed": column.name in served.required,
            },
        }
        for column in features
    ]
    classes = served.model.classes
    outputs: list[dict[str, Any]] = [
        {"name": "prediction", "datatype": "BYTES" if classes else "FP64", "shape": [-1]}
    ]
    if classes:
        labels = {"classes": [str(label) for label in classes]}
        shape = [-1, len(classes)]
        outputs.append(
            {"name": "probability", "datatype": "FP64", "shape": shape, "parameters": labels}
        )
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": "gradum",
        "inputs": inputs,
        "outputs": outputs,
    }


def _served(service: Service, request: Request) -> ServedModel:
    served = service.slot(request).served
    version = request.path_params.get("version", served.version)
    if version != served.version:
        raise Refused(
            404,
            say("Version {version!r} is not at work.", version=version[:40]),
            say("The one at work is {version}.", version=served.version),
        )
    return served


def refuse_foreign(request: Request) -> None:
    """Refuse what a page of another origin sends: a browser asks nobody before it does.

    Raises
    ------
    Refused
    """
    origin = request.headers.get("origin")
    if origin is None:  # no browser sent it
        return
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(
            403,
            say("The request comes from a page of another origin."),
            say("Ask from a program, or from a page of this server."),
        )


def _read(
    body: bytes, length: str | None, most: int
) -> tuple[InferenceRequest, list[dict[str, Any]]]:
    inference, tensors = _split(body, length)
    return inference, _records(inference, tensors, most)


def _split(body: bytes, length: str | None) -> tuple[InferenceRequest, memoryview]:
    """Return the JSON of a body, and the bytes of its binary tensors."""
    if length is None:
        return decoded(body, InferenceRequest), memoryview(b"")
    if not length.isdecimal() or len(length) > 18 or int(length) > len(body):
        raise Refused(400, say("The header {name} is no length in the body.", name=JSON_LENGTH))
    return decoded(body[: int(length)], InferenceRequest), memoryview(body)[int(length) :]


def _records(inference: InferenceRequest, tensors: memoryview, most: int) -> list[dict[str, Any]]:
    columns: dict[str, Sequence[Any]] = {}
    for tensor in inference.inputs:
        rows = _rows_of(tensor)
        refuse_many(rows, most)
        size = tensor.parameters.binary_data_size
        if size is None:
            values = _flat(tensor)
        else:
            if size > len(tensors):
                raise _misfit(tensor)
            values, tensors = _binary(tensor, tensors[:size]), tensors[size:]
        if len(values) != rows or tensor.name in columns:
            raise _misfit(tensor)
        columns[tensor.name] = values
    if len({len(values) for values in columns.values()}) > 1:
        raise Refused(CANNOT_BE_USED, say("The inputs differ in their number of rows."))
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _rows_of(tensor: Tensor) -> int:
    if tensor.datatype not in DATATYPES:
        raise Refused(
            CANNOT_BE_USED,
            say("Input {name!r} has a datatype that is not known.", name=tensor.name),
            say("Choose among {types}.", types=listed(DATATYPES, "or")),
        )
    rows, *others = tensor.shape
    if others not in ([], [1]):
        raise _misfit(tensor)
    return rows


def _misfit(tensor: Tensor) -> Refused:
    return Refused(
        CANNOT_BE_USED,
        say("The data of input {name!r} do not fit its shape and datatype.", name=tensor.name),
        say("A column of n rows has shape [n] or [n, 1], and stands once."),
    )


def _flat(tensor: Tensor) -> list[Any]:
    """Return values of [n] or [n, 1]; anything nested more deeply does not fit."""
    values = [alone(item) for item in tensor.data or ()]
    for number, value in enumerate(values, 1):
        if isinstance(value, list | dict):
            raise no_cell(number, tensor.name, value)
    return values


def _binary(tensor: Tensor, content: memoryview) -> list[Any]:
    if tensor.datatype == "BYTES":
        return [None if text == MISSING else text for text in _texts(tensor, content)]
    dtype = np.dtype(NUMBERS[tensor.datatype])
    if len(content) % dtype.itemsize:
        raise _misfit(tensor)
    values = np.frombuffer(content, dtype).tolist()
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]


def _texts(tensor: Tensor, content: memoryview) -> Iterable[str]:
    """Yield texts, each after its length in four bytes."""
    place = 0
    while place < len(content):
        start = place + 4
        if start > len(content):
            raise _misfit(tensor)
        place = start + struct.unpack_from("<I", content, place)[0]
        if place > len(content):
            raise _misfit(tensor)
        try:
            yield str(content[start:place], "utf-8")
        except UnicodeDecodeError:
            raise _misfit(tensor) from None


def _sent(served: ServedModel, inference: InferenceRequest, found: Answered) -> Response:
    outputs = dict(_outputs(served, found))
    wanted = inference.outputs or [Wanted(name) for name in outputs]
    unknown = [each.name for each in wanted if each.name not in outputs]
    if unknown:
        raise Refused(
            404,
            say("There is no output {name!r}.", name=unknown[0]),
            say("Choose among {names}.", names=listed(list(outputs))),
        )
    sent, contents = [], []
    for each in wanted:
        if each.name not in outputs:
            raise Refused(
                CANNOT_BE_USED, say("Output {name!r} is asked for twice.", name=each.name)
            )
        values, datatype = outputs.pop(each.name)
        is_binary = each.parameters.binary_data
        if is_binary is None:
            is_binary = inference.parameters.binary_data_output
        entry: dict[str, Any] = {
            "name": each.name,
            "datatype": datatype,
            "shape": list(values.shape),
        }
        if is_binary:
            contents.append(_packed(values))
            entry["parameters"] = {"binary_data_size": len(contents[-1])}
        else:
            entry["data"] = values.ravel().tolist()
        sent.append(entry)
    known = {"model_name": served.name, "model_version": served.version, "outputs": sent}
    if inference.id is not None:
        known["id"] = inference.id
    if found.differences:
        known["parameters"] = {"notes": [each.sentence for each in found.differences]}
    if not contents:
        return json_response(known)
    head = msgspec.json.encode(known, enc_hook=as_text)
    headers = {JSON_LENGTH: str(len(head))}
    body = b"".join([head, *contents])
    return Response(body, headers=headers, media_type=BINARY)


def _outputs(served: ServedModel, found: Answered) -> Iterable[tuple[str, tuple[np.ndarray, str]]]:
    predictions = found.predictions
    classes = [str(label) for label in served.model.classes]
    if not classes:
        yield "prediction", (np.array(predictions, np.float64), "FP64")
    else:
        yield "prediction", (np.array([str(label) for label in predictions], object), "BYTES")
        shares = [[answer["probability"][name] for name in classes] for answer in found.answers]
        yield "probability", (np.array(shares).reshape(-1, len(classes)), "FP64")
    if found.answers and "interval" in found.answers[0]:
        ends = np.array([answer["interval"] for answer in found.answers], np.float64)
        yield "low", (ends[:, 0], "FP64")
        yield "high", (ends[:, 1], "FP64")
    if found.answers and "set" in found.answers[0]:
        sets = [{str(label) for label in answer["set"]} for answer in found.answers]
        yield "set", (np.array([[name in each for name in classes] for each in sets]), "BOOL")


def _packed(values: np.ndarray) -> bytes:
    if values.dtype == object:
        texts = [text.encode() for text in values.ravel().tolist()]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return values.astype(values.dtype.newbyteorder("<")).tobytes()
