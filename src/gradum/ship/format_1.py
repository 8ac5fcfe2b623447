"""Manifests of format 1, brought to format 2.

In format 1, a rung had a network and a pack as two fields, one of them null; it had class weights
instead of steps after the logits, and no advice.
"""

from __future__ import annotations

from typing import Any

from gradum.messages import say


def upgraded(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of format 1 as one of format 2, leaving malformed parts as they are.

    Raises
    ------
    ValueError
        A rung is neither a network nor a pack, or it is both.
    """
    rungs = manifest.get("rungs")
    if not isinstance(rungs, list):
        return manifest
    return {**manifest, "rungs": [_rung(rung) if _is_whole(rung) else rung for rung in rungs]}


def _is_whole(rung: Any) -> bool:
    """Whether a rung has the fields that format 2 writes differently."""
    if not isinstance(rung, dict) or rung.keys() & {"advice", "post"}:
        return False
    return all(isinstance(rung.get(name), dict | None) for name in ("network", "pack"))


def _rung(rung: dict[str, Any]) -> dict[str, Any]:
    rest = dict(rung)
    kinds = {name: rest.pop(name, None) for name in ("network", "pack")}
    given = [{**fields, "type": name} for name, fields in kinds.items() if fields is not None]
    if len(given) != 1:
        raise ValueError(
            say("model {name!r} is neither a network nor a network ensemble", name=rung.get("name"))
        )
    weight = rest.pop("class_weight", None)
    steps = [] if weight is None else [{"type": "prior-shift", "class_weight": weight}]
    return {**rest, "network": given[0], "advice": "", "post": steps}
