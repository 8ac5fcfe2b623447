"""The search for the smallest shifts that change answers: shrinking boxes, with climbs inside.

A box of size ε holds all copies of a row whose columns each shift by at most ε. Any model is only
asked for answers: codes of numbers are steps, between which a gradient is uninformative. Slopes are
therefore differences, over lengths from the whole box down to a fraction of it.

In each box, points spread by a lattice or by chance are tried. Coordinate climbs start from the
best of them and from the final point of the last box: every axis is tried at both ends of the box
and at points around its present one, and the best steps are combined, as many as gain most.
Slanting steps, and further steps along the climb so far, follow ridges. When an answer has changed,
the shifts are cut back to the smallest box that still changes it. The next box is smaller by a
share, and by a smaller share once a climb fails. In the end, shifts are cut back until only
neighbouring numbers lie between.

Source: F. Croce & M. Hein, "Reliable evaluation of adversarial robustness with an ensemble of
diverse parameter-free attacks", ICML 2020, for attacks that reduce their budget and restart from
the best point; here without gradients.

Shapes: p problems, m copies, a axes.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from gradum.margins import falling, first_greatest
from gradum.messages import say
from gradum.questions.stress.aims import AimProgress, Aims
from gradum.questions.stress.stressed_rows import Moves
from gradum.rungs.rung import Prediction
from gradum.waiting import tell

STARTS = 250  # points spread over a box, approximately
CLIMBS = 2  # from the best of all points
SMALLER = (0.2, 0.04, 0.008, 0.0016, 0.0003, 5e-5, 5e-6)  # shares by which boxes shrink
EXPLORED = 2  # failures after which no more points are spread over the box of a changed row
WIDER = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015)  # shares of the full box, to find a change
ENDS = (-2.0, 2.0)  # lengths that lead from anywhere in a box to its ends
DIRECTIONS = 8  # slanting steps, for ridges where no step along an axis leads up
ONWARD = np.array([[0.5], [1.0], [2.0], [4.0]])  # times the path of the climb so far
MOST_BOXES = 60
CUTS, FINEST_CUTS = 3, 23  # each narrows down the size of a cut box by `PARTS`
PARTS = 5
MOST_COPIES = 20_000  # copies predicted at a time


class Climb(NamedTuple):
    """Settings of the search through a box."""

    points: int
    """The most points to spread over a box."""
    steps: tuple[float, ...]
    """Lengths of the successive steps of a climb, as shares of the box."""
    with_ends: int
    """For how many of these, from the first, each axis is also tried at both ends of the box."""
    per_axis: int
    """Slanting steps per axis, besides `DIRECTIONS`."""
    slanting: float
    """The largest shift, as a share of the box, at which an axis takes part in slanting steps."""


FAR = Climb(STARTS, (1.0, 0.5, 0.25, 0.08, 0.02), with_ends=5, per_axis=0, slanting=1.0)
NEAR = Climb(0, (0.3, 0.1, 0.03, 0.006, 0.001), with_ends=1, per_axis=2, slanting=0.999)
"""Settings once a change is known: most axes are at an end of the box and stay there. Further gains
lie along ridges of the other axes, so slanting steps are tried instead of ends."""


class CopyPredictor(Protocol):
    """A rung's answers for copies of p rows."""

    def __call__(self, rows: np.ndarray, places: np.ndarray) -> Prediction:
        """Predict copies of rows (m,) whose moving columns are at positions (m, c)."""
        ...

    def along_axes(self, rows: np.ndarray, places: np.ndarray) -> Prediction:
        """Predict copies of rows (q,) that each moved along a single axis: (q · a · v).

        ``places`` (q, 1 + v, c) are the positions of copies to begin with, and of copies moved
        along all axes at once.
        """
        ...


class ShiftSearch:
    """The smallest shifts of some rows, all searched at the same time.

    Parameters
    ----------
    moves : Moves
        The moves of p rows, each with its aim.
    aims : Aims
        The p aims.
    rng : Generator

    Attributes
    ----------
    shifts : ndarray (p, a)
        The smallest shifts that were found.
    size : ndarray (p,)
        The size of the box that they need; infinite if no answer has changed.
    evaluations : int
        The number of answers computed.
    """

    def __init__(
        self, moves: Moves, aims: Aims, answers: CopyPredictor, rng: np.random.Generator
    ) -> None:
        self.moves = moves
        self.aims = aims
        self.answers = answers
        self.shifts = np.zeros((len(moves), moves.count))
        self.size = np.full(len(moves), np.inf)
        self.evaluations = 0
        self._promising = np.zeros((len(moves), moves.count))
        self._spread = _spread(moves.count, rng)
        self._rng = rng

    def run(self, full: float) -> None:
        """Look for the smallest shifts within boxes up to a size."""
        problems = np.arange(len(self.moves))
        unmoved = self._progress(problems, self.shifts)
        self.size[unmoved.changed] = 0.0
        failures = np.zeros(len(problems), np.int64)
        left = problems[~unmoved.changed] if self.moves.count else problems[:0]
        slanting = DIRECTIONS + NEAR.per_axis * self.moves.count
        shape = (len(FAR.steps), slanting, self.moves.count)
        for _ in range(MOST_BOXES):
            if not len(left):
                break
            directions = self._rng.uniform(-1, 1, shape)
            reached = np.isfinite(self.size[left])
            smaller = self.size[left] * (1 - np.take(SMALLER, failures[left]))
            box = np.where(reached, smaller, full * np.take(WIDER, failures[left]))
            changed = np.zeros(len(left), bool)
            known = reached & (failures[left] >= EXPLORED)
            for some, way in ((~known, FAR), (known, NEAR)):
                if some.any():
                    changed[some] = self._look_in(left[some], box[some], way, directions)
            failures[left[~changed]] += 1
            failures[left[changed & ~reached]] = 0
            left = left[failures[left] < len(SMALLER)]
            share = np.ones(len(problems))
            share[left] = failures[left] / len(SMALLER)
            tell(say("attack: the smallest change that gives another answer"), float(share.mean()))
        shifted = problems[(self.size > 0) & np.isfinite(self.size)]
        self._cut(shifted, FINEST_CUTS)
        self._put_back(shifted)

    def _look_in(
        self, problems: np.ndarray, box: np.ndarray, way: Climb, directions: np.ndarray
    ) -> np.ndarray:
        """Look for changed answers in boxes (q,) of problems (q,), and return where there are some.

        The directions (t, s, a) belong to the slanting steps for each of t lengths.
        """
        warm = np.clip(self._promising[problems], -box[:, None], box[:, None])
        known = np.clip(self.shifts[problems], -box[:, None], box[:, None])
        points = self._spread[: way.points] * box[:, None, None]
        starts = np.concatenate([warm[:, None], known[:, None], points], axis=1)
        lead, changed = self._try(problems, starts)
        order = np.array([falling(of_problem)[:CLIMBS] for of_problem in lead])
        every = np.arange(len(problems))
        highest, best = starts[every, order[:, 0]], lead[every, order[:, 0]]
        for climb in range(order.shape[1]):
            left = np.flatnonzero(~changed)
            if not len(left):
                break
            start = order[left, climb]
            reached, height, changed[left] = self._climb(
                problems[left], starts[left, start], lead[left, start], box[left], way, directions
            )
            higher = height > best[left]
            highest[left[higher]], best[left[higher]] = reached[higher], height[higher]
        self._promising[problems] = highest
        self._cut(problems[changed], CUTS)
        return changed

    def _climb(
        self,
        problems: np.ndarray,
        shifts: np.ndarray,
        lead: np.ndarray,
        box: np.ndarray,
        way: Climb,
        directions: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Climb from shifts (q, a), whose leads (q,) are known, until answers change.

        Return the shifts and leads reached, and whether answers change (q,).
        """
        changed = np.zeros(len(problems), bool)
        begun, shifts, lead = shifts, shifts.copy(), lead.copy()
        count = DIRECTIONS + way.per_axis * self.moves.count
        for place, step in enumerate(way.steps):
            at = np.flatnonzero(~changed)
            if not len(at):
                break
            ends, here = box[at, None, None], shifts[at][:, None]
            lengths = np.array([-step, step, *(ENDS if place < way.with_ends else ())])
            places = np.clip(shifts[at][:, :, None] + lengths * ends, -ends, ends)
            aslant = step * ends * directions[place, :count] * (np.abs(here) <= way.slanting * ends)
            onward = ONWARD * (here - begun[at][:, None])
            slanting = np.clip(here + np.concatenate([aslant, onward], axis=1), -ends, ends)
            shifts[at], lead[at], changed[at] = self._step(
                problems[at], shifts[at], lead[at], places, slanting
            )
        return shifts, lead, changed

    def _step(
        self,
        problems: np.ndarray,
        shifts: np.ndarray,
        lead: np.ndarray,
        places: np.ndarray,
        slanting: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take the best single steps along axes, combining as many as gain most.

        ``places`` (q, a, v) are the possible positions on each axis, ``slanting`` (q, s, a) are
        further shifts. Return the shifts (q, a) and leads (q,) reached, and whether answers change
        (q,).
        """
        q, a, _ = places.shape
        gains, changed = self._try_axes(problems, shifts, places)
        best = first_greatest(gains)
        of_axis = np.take_along_axis(gains, best[:, :, None], axis=2)[:, :, 0]
        moved = np.take_along_axis(places, best[:, :, None], axis=2)[:, :, 0]
        rank = np.argsort([falling(gain) for gain in of_axis], axis=1)
        counts = np.unique(np.minimum(2 ** np.arange(a.bit_length() + 1), a))
        better = of_axis > lead[:, None]
        taken = (rank[:, None] < counts[:, None]) & better[:, None]
        together = np.where(taken, moved[:, None], shifts[:, None])
        together = np.concatenate([together, slanting], axis=1)
        leads, also = self._try(problems, together)
        most = first_greatest(leads)
        highest = leads[np.arange(q), most]
        gained = highest > lead
        shifts = np.where(gained[:, None], together[np.arange(q), most], shifts)
        return shifts, np.where(gained, highest, lead), changed | also

    def _try(self, problems: np.ndarray, shifts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predict several copies of each problem (q, s, a); keep the nearest with changed answers.

        Return the leads (q, s), and whether any answer changes (q,).
        """
        q, s, a = shifts.shape
        copies = np.repeat(problems, s)
        progress = self._progress(copies, shifts.reshape(q * s, a), keep=True)
        return progress.lead.reshape(q, s), np.any(progress.changed.reshape(q, s), axis=1)

    def _try_axes(
        self, problems: np.ndarray, shifts: np.ndarray, places: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict copies of problems (q,) that differ from shifts (q, a) along one axis alone.

        ``places`` (q, a, v) are the positions on each axis. Keep the nearest copies with changed
        answers; return the leads (q, a, v), and whether any answer of a problem changes (q,).
        """
        q, a, v = places.shape
        leads, changed = np.zeros((q, a, v)), np.zeros((q, a, v), bool)
        for at in range(0, q, most := max(MOST_COPIES // (a * v), 1)):
            some = slice(at, at + most)
            rows, here, there = problems[some], shifts[some], places[some]
            every = np.concatenate([here[:, None], there.transpose(0, 2, 1)], axis=1)
            moved = self.moves.places(np.repeat(rows, 1 + v), every.reshape(-1, a))
            prediction = self.answers.along_axes(rows, moved.reshape(len(rows), 1 + v, -1))
            progress = self.aims.progress(prediction, np.repeat(rows, a * v))
            leads[some] = progress.lead.reshape(-1, a, v)
            changed[some] = progress.changed.reshape(-1, a, v)
            row, axis, place = np.nonzero(changed[some])
            copies = here[row]
            copies[np.arange(len(row)), axis] = there[row, axis, place]
            self._keep(rows[row], copies, self.moves.places(rows[row], copies))
        self.evaluations += q * a * v
        return leads, np.any(changed, axis=(1, 2))

    def _progress(
        self, problems: np.ndarray, shifts: np.ndarray, *, keep: bool = False
    ) -> AimProgress:
        """Predict copies of problems (m,), shifted by (m, a), some at a time."""
        parts = []
        for at in range(0, len(problems), MOST_COPIES):
            rows, of_rows = problems[at : at + MOST_COPIES], shifts[at : at + MOST_COPIES]
            places = self.moves.places(rows, of_rows)
            parts.append(self.aims.progress(self.answers(rows, places), rows))
            if keep:
                changed = parts[-1].changed
                self._keep(rows[changed], of_rows[changed], places[changed])
        self.evaluations += len(problems)
        return AimProgress(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _keep(self, problems: np.ndarray, shifts: np.ndarray, places: np.ndarray) -> None:
        """Keep the nearest of changed copies of problems (m,), if it is nearer than the known."""
        if not len(problems):
            return
        sizes = self.moves.distances(problems, places)
        order = np.lexsort((sizes, problems))
        named, first = np.unique(problems[order], return_index=True)
        nearest = order[first]
        nearer = sizes[nearest] < self.size[named]
        self.size[named[nearer]] = sizes[nearest[nearer]]
        self.shifts[named[nearer]] = shifts[nearest[nearer]]

    def _cut(self, problems: np.ndarray, cuts: int) -> None:
        """Cut boxes back towards the row, to the smallest that still contain a changed answer.

        Both ways are tried: clipping the shifts to a smaller box, and shortening all of them.
        """
        low, high = np.zeros(len(problems)), np.ones(len(problems))
        parts = np.arange(1, PARTS) / PARTS
        begun, size = self.shifts[problems], self.size[problems]
        for _ in range(cuts if len(problems) else 0):
            share = (low[:, None] + (high - low)[:, None] * parts)[:, :, None]
            ends = share * size[:, None, None]
            tried = np.concatenate(
                [np.clip(begun[:, None], -ends, ends), begun[:, None] * share], axis=1
            )
            copies = np.repeat(problems, tried.shape[1])
            progress = self._progress(copies, tried.reshape(len(copies), -1), keep=True)
            changed = np.any(np.reshape(progress.changed, (-1, 2, len(parts))), axis=1)
            first = np.where(changed.any(axis=1), changed.argmax(axis=1), len(parts))
            width = (high - low) / PARTS
            low, high = low + first * width, low + (first + 1) * width

    def _put_back(self, problems: np.ndarray) -> None:
        """Restore columns without which answers still change, those that matter least first."""
        if not len(problems) or self.moves.count < 2:
            return
        shifts, a = self.shifts[problems], self.moves.count
        without = shifts[:, None] * (1 - np.eye(a))
        lead = self._progress(np.repeat(problems, a), without.reshape(-1, a)).lead
        rank = np.argsort([falling(of_problem) for of_problem in lead.reshape(-1, a)], axis=1)
        kept = rank[:, None] >= np.arange(a)[:, None]  # the first of these are restored
        copies = shifts[:, None] * kept
        progress = self._progress(np.repeat(problems, a), copies.reshape(-1, a))
        changed = progress.changed.reshape(len(problems), a)
        changed[:, 0] = True
        last = a - 1 - changed[:, ::-1].argmax(axis=1)
        self.shifts[problems] = copies[np.arange(len(problems)), last]
        places = self.moves.places(problems, self.shifts[problems])
        self.size[problems] = self.moves.distances(problems, places)


def _spread(axes: int, rng: np.random.Generator) -> np.ndarray:
    """Return points (s, a) of the box from -1 to 1: a lattice on few axes, else corners and inside.

    With few axes, a lattice leaves nothing out. With many, only little of a box is far from all its
    corners.
    """
    levels = int(STARTS ** (1 / axes) + 1e-9) if axes else 0
    if levels >= 3:
        line = np.linspace(-1, 1, levels)
        return np.stack(np.meshgrid(*[line] * axes, indexing="ij"), axis=-1).reshape(-1, axes)
    points = rng.uniform(-1, 1, (STARTS, axes))
    points[: STARTS // 2] = np.sign(points[: STARTS // 2])
    return points
