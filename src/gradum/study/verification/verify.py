"""Verification of a network's property in stages: attack, intervals, linear bounds, search."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from gradum.core.bounds import INPUT, Affine, Box, Enclosure, Graph, crown, intervals, planes
from gradum.core.bounds.box import FLOAT64
from gradum.core.bounds.crown import narrow
from gradum.core.bounds.zonotope import MOST_DIVIDED
from gradum.messages import say
from gradum.randomness import stream
from gradum.study.verification.bounding import MANY_STEPS, Bounding
from gradum.study.verification.branch_and_bound import SEARCHING, BranchAndBound, Refuted
from gradum.study.verification.domain import (
    Constraints,
    Domain,
    VerificationOutcome,
    gravest,
    latest,
)
from gradum.study.verification.phases import Phases
from gradum.study.verification.projected_descent import attack, attack_from
from gradum.waiting import portion, tell

Replay = Callable[[np.ndarray], np.ndarray]
"""From inputs [N, d] to the outputs [N, k] of the deployed network."""

FEW_INPUTS = 12
"""With up to this many inputs that are not fixed, boxes are divided by inputs alone, and soon
become so small that zonotopes bound them as well as CROWN does."""
LESS_THAN_ALL = math.nextafter(1.0, 0.0)
"""The greatest certified share while any part, however small, is not certified."""
REPLAYS = 8
"""The most points that are replayed in one search."""


def verify(
    graph: Graph,
    domain: Domain,
    *,
    replay: Replay | None = None,
    unit: float = 0.0,
    seconds: float = math.inf,
    boxes: float = math.inf,
    seed: int = 0,
) -> VerificationOutcome:
    """Find out whether any input of a domain has an unsafe output.

    Parameters
    ----------
    domain : Domain
        The domain of its inputs, with unsafe outputs.
    replay : callable, optional
        The deployed network. A counterexample counts only if both this and the graph, in float64,
        have an unsafe output there. By default the graph alone decides.
    unit : float
        Unit roundoff of the arithmetic for which a proof must hold, such as `rounding.FLOAT32`, in
        any order of summation; 0 for exact arithmetic.
    seconds, boxes : float
        The wall time and the number of bounded boxes after which the search ends undecided.
    seed : int
        Seed of the attack.
    """
    return verify_all(
        graph, [domain], replay=replay, unit=unit, seconds=seconds, boxes=boxes, seed=seed
    )


def verify_all(
    graph: Graph,
    domains: Sequence[Domain],
    *,
    replay: Replay | None = None,
    unit: float = 0.0,
    seconds: float = math.inf,
    boxes: float = math.inf,
    seed: int = 0,
) -> VerificationOutcome:
    """Find out whether any input of several domains has an unsafe output; see `verify`.

    All domains are attacked before any is bounded. Each then gets an equal part of the remaining
    time.
    """
    began = perf_counter()
    questions = [_Question(graph, domain, replay, unit) for domain in domains if domain.unsafe]
    rng = stream(seed, "study", "verification")
    tell(say(SEARCHING), 0.0)
    for question in questions:
        found = attack(graph, question.domain, rng, until=began + seconds)
        refuted = question.confirmed(found)
        if refuted is not None:
            return VerificationOutcome(
                "refuted", "attack", 0.0, 0, perf_counter() - began, *refuted
            )
    whole = VerificationOutcome("proved", "interval", 0.0, 0, 0.0)
    for place, question in enumerate(questions):
        now = perf_counter()
        until = now + (began + seconds - now) / (len(questions) - place)
        with portion(place / len(questions), (place + 1) / len(questions)):
            part = question.bounded(until, boxes - whole.boxes, rng)
        whole = _together(whole, part)
        if part.verdict == "refuted":
            break
    certified = whole.certified / len(questions) if questions else 1.0
    if whole.verdict != "proved":
        certified = min(certified, LESS_THAN_ALL)
    return replace(whole, certified=certified, seconds=perf_counter() - began)


def _together(whole: VerificationOutcome, part: VerificationOutcome) -> VerificationOutcome:
    """Return the graver verdict, the later stage, and the sums of the rest."""
    verdict, stage = gravest((whole.verdict, part.verdict)), latest((whole.stage, part.stage))
    certified, boxes = whole.certified + part.certified, whole.boxes + part.boxes
    return VerificationOutcome(verdict, stage, certified, boxes, 0.0, part.x, part.y)


@dataclass(frozen=True, eq=False)
class _Question:
    """The question whether any input of a domain has an unsafe output; see `verify`."""

    graph: Graph
    domain: Domain
    replay: Replay | None
    unit: float

    def confirmed(self, points: np.ndarray) -> Refuted | None:
        """Return the first point that both graph and replay find unsafe, and its output."""
        for x in points[:REPLAYS]:
            y = self.graph(x[None])[0]
            if self.domain.is_violated(x, y):
                if self.replay is not None:
                    y = np.asarray(self.replay(x[None]), np.float64)[0]
                if self.domain.is_violated(x, y):
                    return x, y
        return None

    def bounded(self, until: float, boxes: float, rng: np.random.Generator) -> VerificationOutcome:
        """Bound the domain, first as a whole, then divided, up to a time or a number of boxes."""
        graph, domain = self.graph, self.domain
        constraints = Constraints.of(domain.unsafe, graph.widths[-1])
        enclosure = intervals(graph, domain.box, self.unit)
        if _excludes(constraints, _lower_ends(constraints, enclosure)):
            return VerificationOutcome("proved", "interval", 1.0, 1, 0.0)
        if perf_counter() >= until:
            return VerificationOutcome("not decided", "interval", 0.0, 1, 0.0)
        enclosure = crown(graph, domain.box, self.unit)
        below = planes(enclosure, constraints.coefficients)
        if _excludes(constraints, below.ends(domain.box).low):
            return VerificationOutcome("proved", "crown", 1.0, 1, 0.0)
        found = attack_from(graph, domain, below.coefficients[0], rng, until)
        refuted = self.confirmed(found)
        if refuted is not None:
            return VerificationOutcome("refuted", "crown", 0.0, 1, 0.0, *refuted)
        if graph.inputs > MOST_DIVIDED:
            return VerificationOutcome("not decided", "crown", 0.0, 1, 0.0)
        search = BranchAndBound(self._bounding(constraints, enclosure), self.confirmed, rng)
        began = perf_counter()
        while len(search.open_boxes) and search.boxes < boxes and (now := perf_counter()) < until:
            # It ends at the latest when the time is up.
            tell(say(SEARCHING), max(search.certified, (now - began) / (until - began)))
            refuted = search.step()
            if refuted is not None:
                return VerificationOutcome(
                    "refuted", "search", search.certified, search.boxes, 0.0, *refuted
                )
        if len(search.open_boxes) or search.stuck:
            return VerificationOutcome("not decided", "search", search.certified, search.boxes, 0.0)
        return VerificationOutcome("proved", "search", 1.0, search.boxes, 0.0)

    def _bounding(self, constraints: Constraints, enclosure: Enclosure) -> Bounding:
        """Return how to bound parts of the domain, given what is known about the whole."""
        graph, domain, known = self.graph, self.domain, _known(enclosure)
        if np.count_nonzero(domain.high > domain.low) <= FEW_INPUTS:
            return Bounding(domain, constraints, Phases(graph, {}), self.unit, known)
        return Bounding(domain, constraints, Phases.of(graph), self.unit, known, narrow, MANY_STEPS)


def _known(enclosure: Enclosure) -> dict[int, Box]:
    """Return intervals [1, n] of the nodes whose narrower intervals give tighter bounds."""
    known = {}
    for place, node in enumerate(enclosure.graph.nodes):
        for parent, z in zip(node.parents, enclosure.parents(place), strict=True):
            if parent != INPUT and node.operation.bent(z).any():
                known[parent] = z
    return known


def _lower_ends(constraints: Constraints, enclosure: Enclosure) -> np.ndarray:
    """Bound C y from below [1, r] using the range of each output separately."""
    form = Affine(constraints.coefficients.T, np.zeros(len(constraints.limits)))
    bounds = form.interval(enclosure.output).widened(form.slack(FLOAT64, enclosure.output))
    return bounds.low


def _excludes(constraints: Constraints, below: np.ndarray) -> bool:
    """Return whether lower bounds of C y [1, r] exclude all unsafe outputs."""
    return bool((constraints.lacks(below) < 0).all())
