"""The rungs of the ladder: a file each, with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from gradum.fitting.rungs.baseline import Baseline
from gradum.fitting.rungs.kind import Kind
from gradum.fitting.rungs.linear import Linear
from gradum.fitting.rungs.mlp import MLP
from gradum.fitting.rungs.pack import Pack
from gradum.fitting.spec import Spec

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Baseline(), Linear(), MLP(), Pack())}
"""Every kind of rung by its name, simplest first."""


def kinds_of(spec: Spec) -> Sequence[Kind]:
    """Return the kinds that a spec asks for, simplest first."""
    return [KINDS[name] for name in spec.rungs]
