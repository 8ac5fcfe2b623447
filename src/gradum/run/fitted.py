"""Everything that a run learned: what the table was, how it is encoded, and every rung."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.messages import listed
from gradum.run.compression import Compression
from gradum.run.intervals.conformal.guarantee import Guarantee
from gradum.run.judging.judgement import Judgement
from gradum.run.reference.reference import Reference
from gradum.run.spec.spec import Spec
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.scores.interval import Interval
from gradum.tables.encode import Encoder
from gradum.tables.forecast.panel import Panel
from gradum.tables.row import RowDoor
from gradum.tables.schema.schema import Label, Schema


class Provenance(msgspec.Struct, frozen=True):
    """Where a model came from, in enough detail to repeat it: rows, software and machine.

    ``fingerprint`` is a hash of all rungs' weights: it is equal for bit-identical models.
    ``compression`` says from which model a smaller one was distilled, and what that cost.
    ``mean_return`` is that of a policy, which a game has taught and judged, and no table.
    """

    created: str
    seconds: float
    versions: dict[str, str]
    platform: str
    threads: int
    data: dict[str, str]
    fingerprint: str
    compression: Compression | None = None
    mean_return: Interval | None = None


@dataclass(frozen=True)
class Fitted:
    """A fitted ladder: data only."""

    spec: Spec
    """What was asked for."""
    schema: Schema
    """What was understood of the table."""
    encoder: Encoder
    """From columns to a design."""
    rungs: dict[str, Rung]
    """Simplest first."""
    judgement: Judgement | None
    """How good they are; None if a run was interrupted before any could be judged, and of a policy,
    which its return judges."""
    provenance: Provenance
    """Where all of it came from."""
    guarantee: Guarantee | None = None
    """What intervals and sets are made from; None if no row was judged, and in older files."""
    reference: Reference | None = None
    """What the rows were like, for comparison with later rows; None in files that do not say."""
    history: Panel | None = None
    """The end of each series, from which a forecast goes on; None for rows of a table, and where no
    row may be kept."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what predictions have cached; it is made again when needed."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def used(self) -> str:
        """The rung that predicts unless another is asked for."""
        return self.judgement.verdict.used if self.judgement else list(self.rungs)[-1]

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes as they were given; empty for regression."""
        return self.schema.target.classes if self.schema.target else ()

    @property
    def interrupted(self) -> bool:
        """Whether the model is only what was done when its run was stopped."""
        if self.judgement is None:
            return self.provenance.mean_return is None
        return self.judgement.interrupted

    @cached_property
    def labels(self) -> np.ndarray:
        """The classes as an array [K]; text is held as objects."""
        return pl.Series(self.classes).to_numpy()

    @cached_property
    def row_door(self) -> RowDoor:
        """The reader of single rows for the encoder."""
        return RowDoor(self.schema, self.encoder)

    @property
    def linear(self) -> Rung | None:
        """The rung that has a coefficient for each column; None if there is none."""
        of = (rung for name, rung in self.rungs.items() if KINDS[name].has_coefficients)
        return next(of, None)

    def rung(self, name: str | None = None) -> Rung:
        """Return a rung by name, or the one in use.

        Raises
        ------
        SpecError
            The model has no rung of that name.
        """
        if name is None:
            return self.rungs[self.used]
        if name == "enough" and self.judgement:
            name = self.judgement.verdict.enough
        if not isinstance(name, str) or name not in self.rungs:
            raise SpecError(
                "This file has no model {name!r}.",
                "Choose among {names}.",
                name=name,
                names=listed(list(self.rungs)),
            )
        return self.rungs[name]
