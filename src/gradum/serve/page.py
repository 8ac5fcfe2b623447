"""The front page of an application: its models, their columns, and a form that asks them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gradum.messages import say
from gradum.scores.figures import percent
from gradum.serve.served_model import ServedModel
from gradum.show.page.page import file, for_script, policy_hash, render
from gradum.show.page.what_if import fields_of, words_of
from gradum.show.words.visible import visible

COVERAGE = 0.9
MOST_LISTED = 12  # levels from which one is chosen; of more, one is typed


def page(served: Sequence[ServedModel], root: str = "") -> tuple[str, str]:
    """Return the page, and the policy under which it is sent: it loads nothing from elsewhere."""
    script = file("form.js") + file("serve.js")
    sources = f"script-src '{policy_hash(script)}'; connect-src 'self';"
    models = [
        {
            "name": each.name,
            "version": each.version,
            "target": each.model.target,
            "columns": each.model.fitted.schema.features,
            "needed": each.needed,
            "explains": each.explains,
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
        forms=for_script([_form(each) for each in served]),
        root=root,
    )
    rest = "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return text, f"default-src 'none'; {sources} {rest}"


def _form(served: ServedModel) -> dict[str, Any]:
    """Return what the form of a model has to know: fields, what is asked, and words."""
    model, share = served.model, percent(COVERAGE)
    fields = [_served_field(served, field) for field in fields_of(model.fitted)]
    return {
        "fields": [*_exposure(served), *fields],
        "record": served.example,
        "coverage": COVERAGE if served.promises(COVERAGE) else None,
        "explains": served.explains,
        "classes": [[label, str(label), visible(str(label))] for label in model.classes],
        "words": {
            **words_of(model.fitted, share),
            "write": say("The other value of {column}", column="{column}"),
            "number": say("This is no number."),
            "incomplete": say("This is not complete."),
            "wrong": say("Correct first: {columns}.", columns="{columns}"),
            "asking": say("Asking …"),
            "reasons": say("What each column adds"),
            "points": say(
                "Beside the average answer, in percentage points of the class {label}.",
                label="{label}",
            ),
            "average": say("Beside the average answer."),
            "silent": say("The server does not answer."),
        },
    }


def _served_field(served: ServedModel, field: dict[str, Any]) -> dict[str, Any]:
    """Return a field of the form: many levels are typed with suggestions, and a text is empty."""
    name, control = field["name"], {}
    if name in served.grids:
        control = {"control": "file"}
    elif field["control"] == "text":
        control = {"start": ""}
    elif field.get("open") and len(field["values"]) > MOST_LISTED:
        labels = [visible(level) for level in field["values"]]
        start = labels[field["start"]] if field["start"] >= 0 else ""
        hint = say("{count:,} known levels; others may be typed", count=len(labels))
        control = {"control": "levels", "labels": labels, "start": start, "inside": hint}
    return field | control | {"quoted": repr(name)}


def _exposure(served: ServedModel) -> list[dict[str, Any]]:
    """Return the field of the exposure, if the model's answers hang on one."""
    name = served.model.fitted.schema.exposure
    if name is None:
        return []
    field = {"name": name, "label": visible(name), "quoted": repr(name), "control": "number"}
    return [field | {"start": str(served.example[name])}]
