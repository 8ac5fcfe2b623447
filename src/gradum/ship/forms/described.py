"""What is known of a model, for whoever meets its file alone."""

from __future__ import annotations

from typing import Any

import gradum
from gradum.ship.recording.model import RecordedModel
from gradum.tables.kinds.step import MISSING


def described(model: RecordedModel) -> dict[str, Any]:
    """Return what is known of a model by name: texts, and what JSON can hold."""
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
    return {name: value for name, value in known.items() if value not in ([], {})}
