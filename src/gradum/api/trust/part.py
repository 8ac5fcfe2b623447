"""A part of the trust report: what it demands of a model, and of predictions alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.messages import say
from gradum.show.document.trust_section import PartFinding, TrustSection
from gradum.study.trust import Line


class PartThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a part demands.

    Each field of a subclass has its default and, in `msgspec.Meta`, its bounds and a `marked`
    description: what it means, its unit, and why the default is what it is.
    """


@dataclass(frozen=True)
class TrustPart:
    """One part of the report."""

    name: str
    """The part's name in JSON and in thresholds, and the anchor of its section."""
    title: str
    """A `marked` title."""
    lines: tuple[Line, ...]
    """The lines that it demands."""
    of_model: Callable[[ExaminedModel, Any], PartFinding]
    """Maps an `ExaminedModel` and the part's thresholds to a `PartFinding`."""
    of_predictions: Callable[[ExaminedPredictions, Any], PartFinding] | None = None
    """The same for `ExaminedPredictions`; None if they can show nothing about it."""
    thresholds: type[PartThresholds] = PartThresholds
    """The struct that holds its thresholds."""
    asks: str | None = None
    """The question to a model that the part depends on: without it, nothing is checked."""

    def examine(self, examined: ExaminedModel, thresholds: Any) -> TrustSection:
        """Return the section for a model."""
        without = None if self.asks is None else examined.without(self.asks)
        if without is None:
            finding = self.of_model(examined, thresholds)
        else:
            finding = PartFinding([line.blocked(without) for line in self.lines])
        return TrustSection(self.name, say(self.title), finding)

    def examine_predictions(self, examined: ExaminedPredictions, thresholds: Any) -> TrustSection:
        """Return the section for predictions."""
        if self.of_predictions is not None:
            finding = self.of_predictions(examined, thresholds)
        else:
            why = examined.unknown
            finding = PartFinding([line.blocked(why) for line in self.lines])
        return TrustSection(self.name, say(self.title), finding)
