"""The registry of rungs: every kind, simplest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradum.fitting.rungs.baseline import BaselineKind
from gradum.fitting.rungs.kind import RungKind
from gradum.fitting.rungs.linear import LinearKind
from gradum.fitting.rungs.mlp import MLPKind
from gradum.fitting.rungs.pack import PackKind

KINDS: dict[str, RungKind[Any]] = {
    kind.name: kind for kind in (BaselineKind(), LinearKind(), MLPKind(), PackKind())
}
"""Every kind of rung by its name, simplest first."""


def kinds_of(names: Sequence[str]) -> Sequence[RungKind[Any]]:
    """Return the kinds of these names."""
    return [KINDS[name] for name in names]
