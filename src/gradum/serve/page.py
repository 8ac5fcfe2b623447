"""The front page of an application: its models, their columns, and a form that asks them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gradum.messages import say
from gradum.serve.served_model import ServedModel
from gradum.show.page import file, policy_hash, render


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
