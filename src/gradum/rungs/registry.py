"""The registry of rungs: every kind, simplest first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from gradum.core.models.architecture import Architecture
from gradum.errors import SpecError
from gradum.messages import marked, say
from gradum.rungs.baseline.kind import BaselineKind
from gradum.rungs.classical.kind import ClassicalKind
from gradum.rungs.convolution.kind import ConvolutionKind
from gradum.rungs.kind import RungKind
from gradum.rungs.linear.kind import LinearKind
from gradum.rungs.mlp.kind import MLPKind
from gradum.rungs.names import BASELINE, LADDER
from gradum.rungs.pack.kind import PackKind
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import first_upper

KINDS: dict[str, RungKind[Any]] = {
    kind.name: kind
    for kind in (
        BaselineKind(),
        ClassicalKind("drift", marked("drift"), marked("the line of drift")),
        ClassicalKind(
            "smoothing", marked("exponential smoothing"), marked("exponential smoothing")
        ),
        ClassicalKind("theta", marked("Theta"), marked("the Theta forecast")),
        LinearKind(),
        MLPKind(),
        PackKind(),
        ConvolutionKind(),
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


def kinds_for(names: Sequence[str], *, grids: bool) -> Sequence[RungKind[Any]]:
    """Return those of the kinds with these names that can learn from a table.

    ``grids`` tells whether it has columns of grids.

    Raises
    ------
    SpecError
        None of them can, besides the baseline.
    """
    kinds = kinds_of(names)
    found = [kind for kind in kinds if not kind.lacks(grids)]
    if all(kind.name == BASELINE for kind in found):
        kind = kinds[-1]
        raise SpecError(
            "{rung} cannot learn from this table: {why}.",
            "Leave out --model.",
            rung=first_upper(say(kind.in_words)),
            why=kind.lacks(grids),
        )
    return found


def look_at_grids(names: Sequence[str], schema: Schema) -> bool:
    """Whether filters of one of the rungs with these names look at grids of a table.

    Pictures and sounds are looked at by any ladder; series, of which the numbers measured of them
    tell other rungs as much or more on many tables in far less time, only beside these, or by a
    rung that is asked for by its name.
    """
    asked = schema.has_grids or (schema.may_have_grids and tuple(names) != LADDER)
    return asked and any(kind.has_filters for kind in kinds_of(names))


def have_grids(names: Sequence[str], schema: Schema) -> bool:
    """Whether the encoded rows of a table have grids: of pictures and sounds always."""
    return schema.has_grids or look_at_grids(names, schema)


def learn_in_blocks() -> list[str]:
    """Return the names of the kinds beyond the baseline that learn from rows in blocks."""
    return [name for name, kind in KINDS.items() if kind.in_blocks and name != BASELINE]
