"""The registry of rungs: every kind, simplest first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from gradum.core.models.architecture import Architecture
from gradum.rungs.baseline.kind import BaselineKind
from gradum.rungs.kind import RungKind
from gradum.rungs.linear.kind import LinearKind
from gradum.rungs.mlp.kind import MLPKind
from gradum.rungs.names import BASELINE
from gradum.rungs.pack.kind import PackKind

KINDS: dict[str, RungKind[Any]] = {
    kind.name: kind
    for kind in (
        BaselineKind(),
        LinearKind(),
        MLPKind(),
        PackKind(),
    )
}
"""Every kind of rung by its name, simplest first."""

if TYPE_CHECKING:
    AnyArchitecture = Architecture
else:
    AnyArchitecture = reduce(or_, (kind.architecture for kind in KINDS.values()))


def kinds_of(names: Sequence[str]) -> Sequence[RungKind[Any]]:
    """Return the kinds that have these names."""
    return [KINDS[name] for name in names]


def learn_in_blocks() -> list[str]:
    """Return the names of the kinds beyond the baseline that learn from rows in blocks."""
    return [name for name, kind in KINDS.items() if kind.in_blocks and name != BASELINE]
