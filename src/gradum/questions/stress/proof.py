"""Proofs that answers stay: the ε up to which no copy of an attacked row has another answer.

An attack finds the smallest change that it can, and a proof finds the largest box without one; the
smallest change of all lies between the two. The size for each row is bisected, first among given
sizes, with ever better bounds: intervals, then linear bounds of all rows at once, then branch and
bound row by row. Bounds hold for float32 sums in any order; if two classes tie, neither counts as
predicted.

Shapes: n rows, m of them, b boxes, g sizes, k outputs of a graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from time import perf_counter
from typing import Protocol

import numpy as np
from msgspec import structs

from gradum.core.bounds import Box, Graph, folded, intervals, planes, zonotopes
from gradum.core.bounds.property import Polyhedron
from gradum.messages import say
from gradum.questions.stress.attack import CURVE
from gradum.questions.stress.reach import Reach
from gradum.questions.stress.result import Attack, ProofStage
from gradum.questions.stress.stressed_rows import StressedRows
from gradum.study.certified.table_graph import TableGraph
from gradum.study.verification.domain import Domain, InputForm
from gradum.study.verification.verify import verify
from gradum.waiting import heard_by, portion, tell

SECONDS = 1.0
"""Seconds for the proofs of each row."""
ROWS_AT_ONCE = 25

Bounds = Callable[[Graph, Box, float], Box]
"""From a graph, boxes [b, d] and the unit roundoff to intervals of the outputs, [b, k]."""
Prover = Callable[[np.ndarray, np.ndarray], Sequence[ProofStage | None]]
"""From rows (m,) and sizes (m,) to the stages that proved their claims, None where none did."""

FINENESS = 0.02
"""A share of the least unproved size; a gap below it that is this small stays open."""
ATTEMPT = 0.5
"""The share of the time left for a row that the search at one size may take."""
MOST_BOXES = 200
"""The most boxes that one search at one size may bound."""
BOXES_AT_ONCE = 100
"""The number of boxes bounded together; every number of the network is kept for each."""


def certify(stressed: StressedRows, attacked: Attack, *, seconds: float = SECONDS) -> Attack:
    """Return an attack that has, for each row, the ε up to which its answer is proved to stay.

    Parameters
    ----------
    attacked : Attack
        The attack on these rows.
    seconds : float
        Wall time, on average over the rows.

    Raises
    ------
    NotCertifiableError
        The rung cannot be bounded.
    """
    table_graph = TableGraph(stressed.fitted, stressed.rung)
    curve = stressed.threat.budget.full * np.array([0.0, *CURVE])
    places = {int(number): place for place, number in enumerate(stressed.numbers)}
    certified = []
    for at in range(0, len(attacked.rows), ROWS_AT_ONCE):
        part = attacked.rows[at : at + ROWS_AT_ONCE]
        reach = Reach.of(stressed.take(np.array([places[row.row] for row in part])))
        answers = [row.answer for row in part]
        radii = np.array([np.inf if row.radius is None else row.radius for row in part])
        proof = Proof(table_graph, reach, claims_of(table_graph, answers, attacked), radii, curve)
        with portion(at / len(attacked.rows), (at + len(part)) / len(attacked.rows)):
            proof.run(seconds * len(part))
        certified += [
            structs.replace(
                row, certified_radius=float(size) if size >= 0 else None, certified_by=stage
            )
            for row, size, stage in zip(part, proof.proved, proof.stages, strict=True)
        ]
    known = np.array(
        [-np.inf if row.certified_radius is None else row.certified_radius for row in certified]
    )
    return structs.replace(
        attacked,
        rows=tuple(certified),
        curve=tuple(
            structs.replace(kept, certified=float(np.mean(known >= kept.epsilon)))
            for kept in attacked.curve
        ),
    )


def claims_of(table_graph: TableGraph, answers: Sequence, attacked: Attack) -> Claims:
    """Return the claims that rows keep their answers, with changes defined as in the attack."""
    if attacked.least_move is None:
        labels = [table_graph.fitted.classes.index(answer) for answer in answers]
        return ClassStays(table_graph, np.array(labels))
    return NumberStays(table_graph, np.array(answers, np.float64), attacked.least_move)


def by_intervals(graph: Graph, box: Box, unit: float) -> Box:
    """Bound outputs by interval arithmetic."""
    return intervals(graph, box, unit).output


def by_lines(graph: Graph, box: Box, unit: float) -> Box:
    """Bound outputs by linear bounds pulled back to the inputs, on top of zonotopes.

    This takes a quarter of the time of `crown`, with bounds that are hardly wider.
    """
    enclosure = zonotopes(graph, box, unit)
    forms = np.eye(graph.widths[-1])
    below = planes(enclosure, np.concatenate([forms, -forms])).ends(box).low
    low, high = np.split(below, 2, axis=1)
    return Box(np.maximum(enclosure.output.low, low), np.minimum(enclosure.output.high, -high))


@dataclass(eq=False)
class Proof:
    """The largest sizes at which claims are proved."""

    table_graph: TableGraph
    reach: Reach
    """The possible copies of the n rows."""
    claims: Claims
    """The claims for the n rows."""
    refuted: np.ndarray
    """Of shape (n,). Sizes at which claims are known not to hold; infinite where there is no such
    size."""
    tried: np.ndarray
    """Of shape (g,). Sizes to try first, rising from 0. No larger size is tried."""
    proved: np.ndarray = field(init=False)
    """Of shape (n,). The proved sizes; −∞ where nothing is proved."""
    stages: list[ProofStage | None] = field(init=False)
    """Of length n. The stages that proved them."""
    _until: float = field(init=False)
    _seconds: float = field(init=False)

    def __post_init__(self) -> None:
        self.proved = np.full(len(self.refuted), -np.inf)
        self.stages = [None] * len(self.refuted)

    def run(self, seconds: float) -> None:
        """Try all bounds, then search, until the time is up."""
        every, until = np.arange(len(self.refuted)), perf_counter() + seconds
        self._until, self._seconds = until, seconds
        self._narrow(every, until, partial(self.bounded, "interval", [by_intervals]))
        self._narrow(every, until, partial(self.bounded, "crown", [by_intervals, by_lines]))
        for row in every:
            now = perf_counter()
            end = now + (until - now) / (len(every) - row)
            self._narrow(every[row : row + 1], end, partial(self.searched, end))

    def bounded(
        self, stage: ProofStage, tried: Sequence[Bounds], rows: np.ndarray, sizes: np.ndarray
    ) -> list[ProofStage | None]:
        """Try to prove claims of rows (m,) at sizes (m,), each box by the first bounds that do."""
        box, owners = self.reach.around(rows, sizes)
        holds, kinds = np.zeros(len(owners), bool), self.claims.kinds[rows[owners]]
        for bounds in tried:
            for kind in np.unique(kinds):
                left = np.flatnonzero(~holds & (kinds == kind))
                for start in range(0, len(left), BOXES_AT_ONCE):
                    some = left[start : start + BOXES_AT_ONCE]
                    part, of_some = Box(*(end[some] for end in box)), rows[owners[some]]
                    graph = self.claims.graph(int(of_some[0]))
                    outputs = bounds(graph, part, self.table_graph.unit)
                    holds[some] = self.claims.hold(outputs, of_some)
        starts = np.searchsorted(owners, np.arange(len(rows)))
        return [stage if proved else None for proved in np.logical_and.reduceat(holds, starts)]

    def searched(
        self, until: float, rows: np.ndarray, sizes: np.ndarray
    ) -> list[ProofStage | None]:
        """Try to prove the claim of one row (1,) at a size (1,) by searching its boxes."""
        (row,), unit = rows, self.table_graph.unit
        graph, unsafe = self.claims.graph(row), self.claims.unsafe(row)
        groups = self.table_graph.inputs.groups
        form = InputForm(self.reach.whole(row), (), np.full(graph.inputs, np.nan))
        now = perf_counter()
        end = now + ATTEMPT * (until - now)
        stage: ProofStage = "crown"
        for low, high in zip(*self.reach.around(rows, sizes).box, strict=True):
            domain = Domain(low, high, unsafe, groups, self.table_graph.thresholds, form=form)
            part = folded(graph, domain.box, unit)
            left = end - perf_counter()
            with heard_by(None):  # one search of many is no stage of its own
                outcome = verify(part, domain, unit=unit, seconds=left, boxes=MOST_BOXES)
            if outcome.verdict != "proved":
                return [None]
            stage = "search" if outcome.stage == "search" else stage
        return [stage]

    def _narrow(self, rows: np.ndarray, until: float, prove: Prover) -> None:
        """Narrow down the sizes for rows (m,) with one prover."""
        failed = self.refuted.copy()
        while perf_counter() < until:
            tell(say("proofs: how far answers stay the same"), self._passed)
            sizes = np.array(
                [self._next(*ends) for ends in zip(self.proved[rows], failed[rows], strict=True)]
            )
            rows, sizes = rows[~np.isnan(sizes)], sizes[~np.isnan(sizes)]
            if not len(rows):
                return
            for row, size, stage in zip(rows, sizes, prove(rows, sizes), strict=True):
                if stage is None:
                    failed[row] = size
                else:
                    self.proved[row], self.stages[row] = size, stage

    @property
    def _passed(self) -> float:
        """The share of the time for the proofs that has passed."""
        return 1 - max(self._until - perf_counter(), 0.0) / self._seconds

    def _next(self, proved: float, failed: float) -> float:
        """Return the next size to try between two, or NaN if they are close enough."""
        between = self.tried[(self.tried > proved) & (self.tried < failed)]
        if len(between):
            return float(between[len(between) // 2])
        near = not np.isfinite(failed - proved) or failed - proved <= FINENESS * failed
        return np.nan if near else (proved + failed) / 2


class Claims(Protocol):
    """The claims that the answers of n rows stay."""

    @property
    def kinds(self) -> np.ndarray:
        """The kind of each row's claim (n,); claims of one kind are about the same graph."""
        ...

    def graph(self, row: int) -> Graph:
        """Return the graph that a row's claim is about."""
        ...

    def hold(self, outputs: Box, rows: np.ndarray) -> np.ndarray:
        """Return whether claims for rows (b,) of one kind hold for all outputs in boxes [b, k]."""
        ...

    def unsafe(self, row: int) -> tuple[Polyhedron, ...]:
        """Return the outputs that contradict a row's claim."""
        ...


@dataclass(frozen=True, eq=False)
class ClassStays:
    """The claim that each row's class (n,), an index of a label, stays the predicted one."""

    table_graph: TableGraph
    kinds: np.ndarray

    def graph(self, row: int) -> Graph:
        """Return the margins of the class over all others."""
        return self._margins(int(self.kinds[row]))

    def hold(self, outputs: Box, rows: np.ndarray) -> np.ndarray:
        """Return whether all margins are above 0 (b,)."""
        del rows
        return np.all(outputs.low > 0, axis=1)

    def unsafe(self, row: int) -> tuple[Polyhedron, ...]:
        """Return the outputs where a margin is not above 0."""
        margins = np.eye(self.graph(row).widths[-1])
        return tuple(Polyhedron(margin[None], np.zeros(1)) for margin in margins)

    @cache  # noqa: B019 - lives as long as the claims
    def _margins(self, label: int) -> Graph:
        return self.table_graph.margin(label)


@dataclass(frozen=True, eq=False)
class NumberStays:
    """The claim that each row's number (n,) moves by less than ``far``, which is above 0."""

    table_graph: TableGraph
    present: np.ndarray
    far: float

    @property
    def kinds(self) -> np.ndarray:
        """One kind, as all claims are about the graph to the number."""
        return np.zeros(len(self.present), np.intp)

    def graph(self, row: int) -> Graph:
        """Return the graph to the number."""
        del row
        return self.table_graph.answer

    def hold(self, outputs: Box, rows: np.ndarray) -> np.ndarray:
        """Return whether both ends (b,) are near enough."""
        low, high = self._limits
        return (outputs.low[:, 0] > low[rows]) & (outputs.high[:, 0] < high[rows])

    def unsafe(self, row: int) -> tuple[Polyhedron, ...]:
        """Return the numbers that are too low, and the numbers that are too high."""
        low, high = (float(limit[row]) for limit in self._limits)
        one = np.ones((1, 1))
        return Polyhedron(one, np.array([low])), Polyhedron(-one, np.array([-high]))

    @property
    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits that numbers must stay within: a little less than ``far`` away."""
        near = self.far - 4 * np.spacing(np.abs(self.present) + self.far)
        return self.present - near, self.present + near
