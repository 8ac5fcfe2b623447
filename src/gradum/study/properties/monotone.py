"""``monotone COL+ [of CLASS]``: the answer never falls, or never rises, as a column rises.

First, slopes are bounded over the whole region, which proves everything that the signs of weights
prove. Then an attack looks for two rows between which the answer falls. Then the region is divided
until its slopes are certain or time is up. Finally, two copies of the network are searched for such
rows.

A proof by slopes holds in real numbers. Computed answers may fall through rounding, by at most
`disorder`; where this is not less than the column's whole effect on answers, nothing is decided.

Shapes: N points, d inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradum.core.bounds import Box, Selected
from gradum.core.bounds.graph import Graph
from gradum.core.bounds.property import Polyhedron
from gradum.errors import PropertyError, SpecError
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.study.properties.property_words import class_of, column_of, qualifiers
from gradum.study.properties.question import PropertyQuestion, why_too_fine
from gradum.study.properties.result import Counterexample, PropertyStage, Verified
from gradum.study.properties.slope_search import SlopeSearch
from gradum.study.verification.copies import Copies
from gradum.waiting import portion

OF = ("of",)
SIGNS = {"+": 1.0, "-": -1.0, "−": -1.0}
PROOF = 0.5
"""The share of the time spent on a proof before two copies are searched."""
POINTS = 100
"""The number of random points at which the column's effect on the answer is computed."""


@dataclass(frozen=True)
class MonotoneProperty:
    """Of two rows that differ in one column alone, the one with more of it has no lower answer.

    An answer that falls by no more than the rounding of float64 is no counterexample.
    """

    column: str
    """A column of numbers, which are not missing."""
    sign: float
    """1 where the answer never falls, −1 where it never rises."""
    place: int | None
    """Position of the class whose probability it is; None for a number."""

    @classmethod
    def read(cls, text: str, fitted: Fitted) -> MonotoneProperty:
        """Read the text after "monotone"."""
        column, rest = column_of(text, fitted, lambda rest: qualifiers(rest, OF)[0] in SIGNS)
        rest, words = qualifiers(rest, OF)
        if rest not in SIGNS:
            raise PropertyError(
                "No direction of column {column!r} can be read.",
                'Write "monotone {column}+" or "monotone {column}-".',
                column=column.name,
            )
        if column.role != "feature" or not column.traits.is_quantity:
            raise SpecError(
                "Column {column!r} is no column of numbers that the model learned from, and no "
                "answer rises with it.",
                "Name a numeric column.",
                column=column.name,
            )
        return cls(column.name, SIGNS[rest], class_of(words.get("of"), fitted))

    def verify(self, question: PropertyQuestion) -> Verified:
        """Bound slopes, look for two rows, and then search."""
        table, output = question.table, self.place or 0
        places = table.inputs.places(self.column)
        graph = question.table_graph.answer
        if "value" not in places:
            return question.verified("proved", "weights", 1.0)
        box, value = _present(question.box, places), places["value"]
        unreached = question.unreached(box, np.array([value]))
        if unreached is not None:
            return unreached
        if box.low[0, value] == box.high[0, value]:  # no two rows differ in the column
            return question.verified("proved", "interval", 1.0)
        proof = self._proof(question, graph, box, value)
        if proof.run(0.0):
            return self._proved(question, "slopes", 2.0 * proof.disorder, box, value)
        copies = Copies(np.array([value]))
        width = max(float(box.high[0, value] - box.low[0, value]), np.finfo(float).tiny)
        falls = np.zeros((2, graph.widths[-1] + 1))
        falls[0, output], falls[1, -1] = self.sign, 1.0
        tie = table.tie(box, 0.0)
        polyhedron = Polyhedron(falls, np.array([-tie, 0.0]))
        domain = copies.domain(table.domain(box, (polyhedron,)))
        pairs = copies.rising_difference(graph, width)
        differences = copies.differences(table.outputs)

        def replay(x: np.ndarray) -> np.ndarray:
            first, second = copies.pair(x)
            order = (first[:, value] - second[:, value]) / width
            return np.column_stack([differences(x), order])

        def shown(x: np.ndarray) -> Counterexample:
            both = np.concatenate(copies.pair(x[None]))
            answers = table.outputs(both)[:, output]
            return Counterexample(tuple(table.rows(both)), tuple(answers.tolist()))

        outcome = question.search(pairs, domain, replay, boxes=0)
        if outcome.verdict == "not decided":
            with portion(0.0, PROOF):
                if proof.run(PROOF * question.seconds_left):
                    return self._proved(question, "slopes", 2.0 * proof.disorder, box, value)
            with portion(PROOF, 1.0):
                outcome = question.search(pairs, domain, replay)
        if outcome.verdict == "proved":
            return self._proved(question, outcome.stage, tie, box, value)
        certified = min(proof.certified, 1.0)
        return question.conclude(outcome, shown, certified=certified, rounding=tie)

    def _proved(
        self,
        question: PropertyQuestion,
        stage: PropertyStage,
        rounding: float,
        box: Box,
        value: int,
    ) -> Verified:
        """Conclude from a proof, unless rounding may have as much effect as the column."""
        if rounding < self._effect(question, box, value):
            return question.verified("proved", stage, 1.0, rounding=rounding)
        reason = why_too_fine(rounding)
        return question.verified("not decided", stage, 0.0, reason=reason, rounding=rounding)

    def _effect(self, question: PropertyQuestion, box: Box, value: int) -> float:
        """Return the largest rise of the answer with the column at some random points."""
        domain, rng = question.table.domain(box, ()), stream(question.seed, "study", "properties")
        x = box.low + rng.random((POINTS, len(domain.low))) * (box.high - box.low)
        levels = [
            rng.choice(np.flatnonzero(domain.high[group] >= 1), POINTS) for group in domain.groups
        ]
        low, high = (domain.snapped(domain.one_hot(x, levels)) for _ in range(2))
        low[:, value], high[:, value] = box.low[0, value], box.high[0, value]
        graph, output = question.table_graph.answer, self.place or 0
        return float((self.sign * (graph(high) - graph(low))[:, output]).max())

    def _proof(self, question: PropertyQuestion, graph: Graph, box: Box, value: int) -> SlopeSearch:
        """Return a search on slopes in which the column takes all numbers, whole or not."""
        table = question.table
        whole = table.form.whole.copy()
        whole[value] = False
        domain = replace(table.domain(box, ()), form=replace(table.form, whole=whole))
        way = np.zeros(graph.inputs)
        way[value] = self.sign
        output = Graph.of(graph.widths[-1], Selected(np.array([self.place or 0])))
        return SlopeSearch(graph.then(output), domain, way, question.table_graph.unit)


def _present(box: Box, places: dict[str, int]) -> Box:
    """Return the part of a box in which a column, given its inputs' positions, is not missing."""
    high = box.high.copy()
    if "missing" in places:
        high[:, places["missing"]] = 0.0
    return Box(box.low, high)
