"""The OpenAPI document of an application: every address, with a row that works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradum
from gradum.messages import say
from gradum.serve.limits import RequestLimits
from gradum.serve.open_inference import NUMBERS
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
        "requestBody": _body(_asked(served, limits), {"records": [served[0].example]}),
        "responses": _responses(ANSWERS),
    }
    labels = {
        "summary": say("Tell what came of rows that were predicted under a name"),
        "requestBody": _body(_told(limits), None),
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
                "requestBody": _body(INFERENCE, None),
                "responses": _responses({"type": "object"}),
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
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


VALUE = {
    "anyOf": [
        {"type": ["null", "boolean", "number", "string"]},
        {
            "type": "object",
            "properties": {"base64": {"type": "string", "contentEncoding": "base64"}},
            "required": ["base64"],
            "additionalProperties": False,
        },
    ]
}

ANSWERS = {
    "type": "object",
    "required": ["model", "version", "answers", "notes"],
    "properties": {
        "model": {"type": "string"},
        "version": {"type": "string"},
        "answers": {
            "type": "array",
            "items": {"type": "object", "required": ["prediction"]},
        },
        "notes": {"type": "array", "items": {"type": "string"}},
    },
}

REFUSAL = {
    "type": "object",
    "required": ["error", "remedy"],
    "properties": {"error": {"type": "string"}, "remedy": {"type": "string"}},
}

INFERENCE = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "inputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype"],
                "properties": {
                    "name": {"type": "string"},
                    "shape": {
                        "type": "array",
                        "items": {"type": "integer", "minimum": 0},
                        "minItems": 1,
                        "maxItems": 2,
                    },
                    "datatype": {"enum": ["BYTES", *NUMBERS]},
                    "data": {"type": ["array", "null"]},
                    "parameters": {"type": "object"},
                },
            },
        },
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
            },
        },
        "parameters": {"type": "object"},
    },
}


def _asked(served: Sequence[ServedModel], limits: RequestLimits) -> dict[str, Any]:
    rungs = dict.fromkeys(name for each in served for name in each.model.fitted.rungs)
    answers = ([*map(str, each.model.classes)] or DIRECTIONS for each in served)
    hoped = dict.fromkeys(name for names in answers for name in names)
    needed = frozenset.intersection(*(each.needed for each in served))
    record = {"type": "object", "required": sorted(needed), "additionalProperties": VALUE}
    most = _at_most(limits)
    return {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {
            "records": {"type": "array", "items": record, "description": most},
            "id": {"type": ["string", "null"]},
            "rung": {"enum": [None, "enough", *rungs]},
            "coverage": {
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "exclusiveMaximum": 1,
            },
            "explain": {"type": "boolean"},
            "favourable": {"enum": [None, *hoped]},
        },
    }


def _told(limits: RequestLimits) -> dict[str, Any]:
    outcome = {
        "type": "object",
        "required": ["id", "label"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string"},
            "label": {"type": ["boolean", "number", "string"]},
        },
    }
    return {
        "type": "object",
        "required": ["labels"],
        "additionalProperties": False,
        "properties": {
            "labels": {"type": "array", "items": outcome, "description": _at_most(limits)}
        },
    }


def _at_most(limits: RequestLimits) -> str:
    return say("At most {rows:,}; more are refused with 413.", rows=limits.rows)


def _body(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    content = {"schema": schema} | ({} if example is None else {"example": example})
    return {"required": True, "content": {"application/json": content}}


def _get(summary: str, kind: str = "application/json") -> dict[str, Any]:
    ok = {"description": "OK", "content": {kind: {}}}
    return {"summary": summary, "responses": {"200": ok, "default": _refused()}}


def _responses(schema: dict[str, Any]) -> dict[str, Any]:
    ok = {"description": "OK", "content": {"application/json": {"schema": schema}}}
    return {"200": ok, "default": _refused()}


def _refused() -> dict[str, Any]:
    content = {"application/json": {"schema": REFUSAL}}
    return {"description": say("Refused: the cause and the remedy"), "content": content}
