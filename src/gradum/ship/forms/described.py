"""Metadata of an exported model: its inputs, answers, scores and promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

import gradum
from gradum.messages import as_text, say
from gradum.ship.recording.model import RecordedModel
from gradum.tables.kinds.step import MISSING

KEY = "gradum."
"""Every entry of the metadata begins with it; its value is text, or JSON where it has parts."""


def described(model: RecordedModel) -> dict[str, Any]:
    """Return what is known of a model by name: texts, and what JSON can hold.

    Of each input, that is what stands for a missing value, and whether one is needed: whether every
    row of training had a value. A file takes all inputs, be they missing.
    """
    fitted, rung = model.fitted, model.rung
    target, judgement = fitted.schema.learned_target, fitted.judgement
    inputs = [
        {
            "name": column.name,
            "kind": column.kind,
            "type": column.traits.raw_type,
            "missing": "NaN" if column.traits.raw_type == "number" else MISSING,
            "needed": not column.missing,
        }
        for column in model.columns
    ]
    reads = (column.traits.read_outside for column in model.columns)
    known: dict[str, Any] = {
        "version": gradum.__version__,
        "model": rung.name,
        "task": target.task,
        "target": target.name,
        "classes": list(target.classes),
        "inputs": inputs,
        "reads": list(dict.fromkeys(say(read) for read in reads if read)),
        "outputs": dict(model.answers),
        "scores": judgement.scores.get(rung.name, {}) if judgement else {},
        "promise": model.promise.statement if model.promise else {},
        "created": fitted.provenance.created,
        "fingerprint": fitted.provenance.fingerprint,
    }
    return {name: value for name, value in known.items() if value not in ([], {})}


def metadata(model: RecordedModel, needs: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what is known of a model, and what it needs, for whoever meets the file alone."""
    known = described(model) | ({"needs": needs} if needs else {})
    return {KEY + name: _text(value) for name, value in known.items()}


def _text(value: Any) -> str:
    return (
        value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=as_text).decode()
    )
