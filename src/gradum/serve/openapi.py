"""The OpenAPI document of an application: every address, with a row that works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.json import schema_components

import gradum
from gradum.messages import say
from gradum.serve.limits import RequestLimits
from gradum.serve.open_inference import InferenceRequest
from gradum.serve.requests import BINARY, Outcomes, PredictRequest
from gradum.serve.served_model import ServedModel
from gradum.study.explanation.reasons import DIRECTIONS


def document(
    served: Sequence[ServedModel], limits: RequestLimits, root: str = ""
) -> dict[str, Any]:
    """Return the document, in OpenAPI 3.1; ``root`` is where the application is mounted."""
    models = {"type": "string", "enum": [each.name for each in served]}
    parameter = {"name": "model", "in": "path", "required": True, "schema": models}
    predict = {
        "summary": say("Predict rows"),
        "requestBody": _body(PredictRequest, {"records": [served[0].example]}),
        "responses": _responses(ANSWERS),
    }
    labels = {
        "summary": say("Tell what came of rows that were predicted under a name"),
        "requestBody": _body(Outcomes),
        "responses": _responses({"type": "object"}),
    }
    paths: dict[str, Any] = {
        "/predict": {"post": predict},
        "/labels": {"post": labels},
        "/models": {"get": _get(say("The models at work"))},
        "/models/{model}/predict": {"post": predict, "parameters": [parameter]},
        "/models/{model}/labels": {"post": labels, "parameters": [parameter]},
        "/v2": {"get": _get(say("The server, for clients of the Open Inference Protocol"))},
        "/v2/models/{model}": {
            "get": _get(say("Inputs and outputs as tensors")),
            "parameters": [parameter],
        },
        "/v2/models/{model}/infer": {
            "post": {
                "summary": say("Predict columns given as tensors"),
                "requestBody": _body(InferenceRequest),
                "responses": _responses({"type": "object"}, BINARY),
            },
            "parameters": [parameter],
        },
        "/metrics": {"get": _get(say("Figures for Prometheus"), "text/plain")},
        "/health": {"get": _get(say("Whether the process answers"))},
        "/ready": {"get": _get(say("Whether models are at work"))},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "gradum", "version": gradum.__version__},
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "components": {
            "schemas": _bodies(served, limits),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


BODIES = (PredictRequest, Outcomes, InferenceRequest)
REFERENCE = "#/components/schemas/{name}"

ANSWERS = {
    "type": "object",
    "required": ["model", "version", "answers", "notes"],
    "properties": {
        "model": {"type": "string"},
        "version": {"type": "string"},
        "answers": {"type": "array", "items": {"type": "object", "required": ["prediction"]}},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
}

REFUSAL = {
    "type": "object",
    "required": ["error", "remedy"],
    "properties": {"error": {"type": "string"}, "remedy": {"type": "string"}},
}


def _bodies(served: Sequence[ServedModel], limits: RequestLimits) -> dict[str, Any]:
    """Return the schemas of bodies, with what these models and limits allow."""
    _, schemas = schema_components(BODIES, ref_template=REFERENCE)
    for schema in schemas.values():
        del schema["description"]  # a docstring, for readers of the code
    rungs = dict.fromkeys(name for each in served for name in each.model.fitted.rungs)
    answers = ([*map(str, each.model.classes)] or DIRECTIONS for each in served)
    hoped = dict.fromkeys(name for names in answers for name in names)
    required = frozenset.intersection(*(each.required for each in served))
    asked, told = (schemas[kind.__name__]["properties"] for kind in (PredictRequest, Outcomes))
    record = asked["records"]["items"]
    record["required"] = sorted(required)
    values = record["additionalProperties"]["anyOf"]
    schemas["Value"] = {"anyOf": [value for value in values if "$ref" not in value]}
    grids = {name for each in served for name in each.grids}
    plain = dict.fromkeys(name for each in served for name in each.model.features)
    record["properties"] = {
        name: {"$ref": REFERENCE.format(name="Value")} for name in plain if name not in grids
    }
    asked["rung"] = {"enum": [None, "enough", *rungs]}
    asked["favourable"] = {"enum": [None, *hoped]}
    if not any(each.explains for each in served):
        del asked["explain"], asked["favourable"]
    most = say("At most {rows:,}; more are refused with 413.", rows=limits.rows)
    asked["records"]["description"] = told["labels"]["description"] = most
    schemas["Tensor"]["properties"]["shape"]["items"]["maximum"] = limits.rows
    return schemas


def _body(kind: type, example: Any = None) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name=kind.__name__)}
    content = {"schema": schema} | ({} if example is None else {"example": example})
    return {"required": True, "content": {"application/json": content}}


def _get(summary: str, kind: str = "application/json") -> dict[str, Any]:
    ok = {"description": "OK", "content": {kind: {}}}
    return {"summary": summary, "responses": {"200": ok, "default": _refused()}}


def _responses(schema: dict[str, Any], *others: str) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}} | {kind: {} for kind in others}
    ok = {"description": "OK", "content": content}
    return {"200": ok, "default": _refused()}


def _refused() -> dict[str, Any]:
    content = {"application/json": {"schema": REFUSAL}}
    return {"description": say("Refused: the cause and the remedy"), "content": content}
