"""The front page of an application: its models, their columns, and a form that asks them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gradum.messages import say
from gradum.scores.figures import in_unit, percent
from gradum.serve.served_model import ServedModel
from gradum.show.page import file, for_script, policy_hash, render
from gradum.show.visible import visible
from gradum.show.what_if import fields_of

COVERAGE = 0.9


def page(served: Sequence[ServedModel], root: str = "") -> tuple[str, str]:
    """Return the page, and the policy under which it is sent: it loads nothing from elsewhere."""
    script = file("serve.js")
    sources = f"script-src '{policy_hash(script)}'; connect-src 'self';"
    models = [
        {
            "name": each.name,
            "version": each.version,
            "target": each.model.target,
            "columns": each.model.fitted.schema.features,
            "needed": each.needed,
            "explains": each.explains,
            "form": for_script(_form(each)),
            "request": json.dumps({"records": [each.example]}, ensure_ascii=False, indent=2),
        }
        for each in served
    ]
    text = render(
        "serve.html",
        heading=say("Models at work"),
        sections=[],
        style=file("report.css"),
        script=script,
        sources=sources,
        models=models,
        root=root,
    )
    rest = "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return text, f"default-src 'none'; {sources} {rest}"


def _form(served: ServedModel) -> dict[str, Any]:
    """Return what the form of a model has to know: fields, what is asked, and words."""
    fitted = served.model.fitted
    share = percent(COVERAGE)
    return {
        "fields": [_with_need(served, field) for field in fields_of(fitted)] + _exposure(served),
        "record": served.example,
        "coverage": COVERAGE if served.promises(COVERAGE) else None,
        "explains": served.explains,
        "words": {
            "answer": say("Predicted {target}:", target=visible(served.model.target)),
            "figure": in_unit("{figure}", fitted.schema.target_unit),
            "interval": say(
                "{share} interval: {low} to {high}", share=share, low="{low}", high="{high}"
            ),
            "set": say("{share} set: {classes}", share=share, classes="{classes}"),
            "empty": say("{share} set: no class", share=share),
            "missing": say("missing"),
            "other": say("another value"),
            "write": say("The other value of {column}", column="{column}"),
            "optional": say("may be left empty"),
            "needed": say("Give a value: no row of training lacked one."),
            "number": say("This is no number."),
            "wrong": say("Not asked: {columns}.", columns="{columns}"),
            "asking": say("Asking …"),
            "reasons": say("What each column adds"),
            "class": say("Towards the class {label}, beside the average answer.", label="{label}"),
            "average": say("Beside the average answer."),
            "silent": say("The server does not answer."),
        },
    }


def _with_need(served: ServedModel, field: dict[str, Any]) -> dict[str, Any]:
    name = field["name"]
    control = {"control": "file", "start": ""} if name in served.grids else {}
    return field | control | {"needed": name in served.needed}


def _exposure(served: ServedModel) -> list[dict[str, Any]]:
    """Return the field of the exposure, if the model's answers hang on one."""
    name = served.model.fitted.schema.exposure
    if name is None:
        return []
    field = {"name": name, "label": visible(name), "control": "number"}
    return [field | {"start": str(served.example.get(name, 1)), "needed": True}]
