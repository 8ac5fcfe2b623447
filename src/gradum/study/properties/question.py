"""A property to check on a model: its region, its time limit and its verdict.

Shapes: N points, n rows, d inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from gradum.core.bounds import Box, Graph, folded, intervals, reaches
from gradum.core.bounds.zonotope import MOST_DIVIDED
from gradum.messages import say
from gradum.study.certified.table_graph import TableGraph
from gradum.study.properties.region import Region
from gradum.study.properties.result import Counterexample, PropertyStage, Verified
from gradum.study.properties.table_domain import Row, TableDomain
from gradum.study.verification.domain import Domain, Verdict, VerificationOutcome
from gradum.study.verification.verify import Replay, verify


@dataclass(frozen=True, eq=False)
class CentreRows:
    """Rows of a table around which a property is to hold."""

    x: np.ndarray
    """Of shape [n, d]. The rows' inputs."""
    raw: Sequence[Row]
    """Of length n. The rows as in the table."""
    numbers: np.ndarray
    """Integers of shape [n]. The rows' numbers in the table, from 1."""

    def __len__(self) -> int:
        return len(self.raw)

    def chosen(self, *places: int) -> CentreRows:
        """Return some of the rows."""
        raw = [self.raw[place] for place in places]
        return CentreRows(self.x[list(places)], raw, self.numbers[list(places)])

    def within(self, table: TableDomain, region: Region) -> CentreRows:
        """Return the rows that lie in a region, judged by the columns that it names."""
        low, high = table.region(region)
        named = np.isin(table.table_graph.inputs.sources, list(region.limits))
        there = ((self.x >= low) & (self.x <= high))[:, named].all(axis=1)
        return self.chosen(*np.flatnonzero(there).tolist())


@dataclass(frozen=True, eq=False)
class PropertyQuestion:
    """A question whether a model has a property."""

    text: str
    """The property as it was stated."""
    table: TableDomain
    """The domain of the rung in question."""
    region: Region
    rows: CentreRows | None = None
    """The rows of a table, if one was given."""
    seconds: float = math.inf
    """Wall time, from now on."""
    seed: int = 0
    """Seed of the attacks."""
    began: float = field(default_factory=perf_counter, init=False)

    @property
    def table_graph(self) -> TableGraph:
        """The rung as graphs."""
        return self.table.table_graph

    @property
    def box(self) -> Box:
        """The inputs of the region, [1, d]."""
        return self.table.region(self.region)

    @property
    def seconds_left(self) -> float:
        """The remaining seconds."""
        return max(self.began + self.seconds - perf_counter(), 0.0)

    def search(
        self,
        graph: Graph,
        domain: Domain,
        replay: Replay,
        *,
        share: float = 1.0,
        boxes: float = math.inf,
    ) -> VerificationOutcome:
        """Attack, bound and search a domain within a share of the remaining time."""
        unit = self.table_graph.unit
        return verify(
            folded(graph, domain.box, unit),
            domain,
            replay=replay,
            unit=unit,
            seconds=share * self.seconds_left,
            boxes=boxes,
            seed=self.seed,
        )

    def conclude(
        self,
        outcome: VerificationOutcome,
        shown: Callable[[np.ndarray], Counterexample],
        certified: float = 0.0,
        **more: Any,
    ) -> Verified:
        """Return the result of a search, with its counterexample as rows of the table."""
        share = max(outcome.certified, certified)
        if outcome.x is not None:
            more["counterexample"] = shown(outcome.x)
        if outcome.stage == "crown" and outcome.verdict == "not decided":
            more["reason"] = self.why_whole
        return self.verified(outcome.verdict, outcome.stage, share, **more)

    def unreached(self, box: Box, changed: np.ndarray, asked: float = 0.0) -> Verified | None:
        """Return a proof if no path leads from some inputs to the answer, in a box [1, d].

        Inputs that do not reach the logits change no bit of them. Beyond the logits, an answer can
        be constant and still be rounded either way; this rounding must not exceed what was asked.
        """
        graphs, unit, rounding = self.table_graph, self.table_graph.unit, 0.0
        if reaches(intervals(graphs.answer, box, unit), changed):
            return None
        if reaches(intervals(graphs.logits, box, unit), changed):
            rounding = self.table.tie(box, 0.0)
            if not (rounding <= asked if asked else self.table.is_hardly(rounding, box)):
                return None
        return self.verified("proved", "weights", 1.0, rounding=0.0 if asked else rounding)

    def too_fine(self, box: Box, asked: float) -> dict[str, Any]:
        """Return a sentence if rounding alone may move answers in a box by more than is asked.

        Bounds include rounding, so nothing can be proved there; but a counterexample may be found.
        """
        rounding = self.table.rounding(self.table.middle(box))
        if rounding <= asked:
            return {}
        return {"rounding": rounding, "reason": why_too_fine(rounding)}

    def verified(
        self, verdict: Verdict, stage: PropertyStage, certified: float, **more: Any
    ) -> Verified:
        """Return a verdict on the question, with the reason if it is not decided."""
        if verdict == "not decided":
            more.setdefault("reason", self.why_open)
        seconds = perf_counter() - self.began
        return Verified(self.text, self.region.text, verdict, stage, certified, seconds, **more)

    @property
    def why_whole(self) -> str:
        """Why the region was not divided."""
        return say(
            "The columns become {count:,} inputs, more than the {most:,} that are divided: the "
            "region was bounded as a whole only.",
            count=self.table_graph.answer.inputs,
            most=MOST_DIVIDED,
        )

    @property
    def why_open(self) -> str:
        """Why nothing was decided."""
        if not self.seconds_left:
            return say("The time was up.")
        return say(
            "What is left cannot be divided further: answers there are within rounding of the "
            "limit, or inputs stand for no row of the table."
        )


def why_too_fine(rounding: float) -> str:
    """Say that rounding may move answers by more than is asked."""
    most = f"{rounding:.2g}"
    return say(
        "Rounding alone may move answers there by up to {rounding}, which is more than the "
        "difference to be found.",
        rounding=most,
    )


class TableProperty(Protocol):
    """A property stated in terms of the table."""

    @property
    def place(self) -> int | None:
        """The position of the class whose probability it is about; None if there is none."""
        ...

    def verify(self, question: PropertyQuestion) -> Verified:
        """Prove or refute the property, or say why it is left open."""
        ...
