"""An attack on rows: the smallest changes that change answers, each replayed through `predict`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from gradum.errors import SpecError
from gradum.margins import falling, first_least
from gradum.messages import say
from gradum.questions.stress.aims import Aims, ClassAims, NumberAims, far_of
from gradum.questions.stress.answers import MovedAnswers
from gradum.questions.stress.levels import Variants, variants
from gradum.questions.stress.result import (
    ROUNDING,
    Attack,
    ColumnPart,
    ColumnShift,
    KeptShare,
    RowAttack,
)
from gradum.questions.stress.shift_search import ShiftSearch
from gradum.questions.stress.stressed_rows import StressedRows
from gradum.randomness import stream
from gradum.run.predicting import predict
from gradum.rungs.rung import Prediction
from gradum.scores.interval import NORMAL_95, Interval, wilson
from gradum.waiting import portion

ROWS_AT_ONCE = 25
CURVE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
"""Shares of the full budget at which the curve is computed."""


def attack(stressed: StressedRows, *, time_limit: float | None = None) -> Attack:
    """Look for the smallest change of each row that changes the answer of `predict`.

    A class counts as changed when it is another one, a number when it moves by the threat's share
    of the range of the training target. The result is an upper bound: a smaller change may exist.

    Parameters
    ----------
    stressed : StressedRows
        The rows, which are attacked in this order.
    time_limit : float, optional
        Seconds. After the first row, as many rows are attacked at a time as can be expected to
        finish in time, judging by the last ones.

    Raises
    ------
    SpecError
        No column may change, or answers are quantiles.
    """
    fitted, threat = stressed.fitted, stressed.threat
    if not fitted.classes and stressed.rung.network.outputs > 1:
        raise SpecError(
            "The model answers with several quantiles, not with one number to move.",
            "Choose a model of one number.",
        )
    far = None if fitted.classes else far_of(stressed.rung, threat.share)
    moving = stressed.moves.columns
    if not moving and not threat.levels:
        raise SpecError(
            say("No column may move: the attack has nothing to try."),
            say("Let levels change with --levels 1, or freeze fewer columns.")
            if any(column.traits.has_levels for column in fitted.schema.features)
            or any(column.traits.is_quantity for column in fitted.schema.features)
            else say("Ask a model that learned from numbers or categories as well."),
        )
    attacked, evaluations = [], 0
    for each in _attacked_parts(stressed, far, time_limit):
        attacked += each.least_changes()
        evaluations += each.evaluations
    radii = np.array([np.inf if row.radius is None else row.radius for row in attacked])
    return Attack(
        budget=threat.budget.kind,
        amounts=None if threat.budget.amounts is None else dict(threat.budget.amounts),
        full=threat.budget.full,
        levels=threat.levels,
        least_move=far,
        columns=tuple(column.name for column in moving),
        rows=tuple(sorted(attacked, key=attrgetter("row"))),
        curve=_curve(radii, threat.budget.full),
        median=_median(radii),
        parts=_parts(attacked),
        evaluations=evaluations,
        asked=len(stressed),
    )


def _attacked_parts(
    stressed: StressedRows, far: float | None, time_limit: float | None
) -> Iterator[_AttackedPart]:
    """Attack the rows part by part, each no larger than the remaining time allows."""
    began, done = time.monotonic(), 0
    count = ROWS_AT_ONCE if time_limit is None else 1
    while count and done < len(stressed):
        since, some = time.monotonic(), stressed.take(slice(done, done + count))
        with portion(done / len(stressed), (done + len(some)) / len(stressed)):
            attacked = _AttackedPart.of(some, far)
        yield attacked
        done += len(some)
        if time_limit is not None:
            now = time.monotonic()
            a_row, left = (now - since) / len(some), began + time_limit - now
            count = int(max(min(left / max(a_row, 1e-9), ROWS_AT_ONCE), 0))


@dataclass(frozen=True, eq=False)
class _AttackedPart:
    """Some of the rows, after the search for their smallest changes."""

    stressed: StressedRows
    present: Prediction
    """Predictions for the rows as they are."""
    aims: Aims
    tried: Variants
    """Variants of the rows, one for each problem of the search."""
    search: ShiftSearch

    @classmethod
    def of(cls, stressed: StressedRows, far: float | None) -> _AttackedPart:
        """Search for other classes, or for numbers that are ``far`` from the present ones."""
        fitted, threat = stressed.fitted, stressed.threat
        present = stressed.answers(stressed.rows)
        aims = ClassAims.of(present) if far is None else NumberAims.of(present, far)
        tried = variants(stressed, aims)
        moves = stressed.moves.of(tried.rows)
        search = ShiftSearch(
            moves,
            aims.take(tried.aims),
            MovedAnswers(fitted.encoder, stressed.rung, moves),
            stream(fitted.spec.seed, "study", "stress"),
        )
        search.run(threat.budget.full)
        return cls(stressed, present, aims, tried, search)

    @property
    def evaluations(self) -> int:
        """The number of answers that were computed."""
        return len(self.stressed) + self.tried.evaluations + self.search.evaluations

    def least_changes(self) -> list[RowAttack]:
        """Return the smallest change of each row."""
        return [self._least_change(row) for row in range(len(self.stressed))]

    def _least_change(self, row: int) -> RowAttack:
        """Return the smallest of a row's changes after which `predict` answers differently."""
        fitted, search = self.stressed.fitted, self.search
        number, answer = int(self.stressed.numbers[row]), self._written(self.present, row)
        problems = np.flatnonzero(self.aims.rows[self.tried.aims] == row)
        problems = problems[np.isfinite(search.size[problems])]
        while len(problems):
            least = problems[first_least(search.size[problems])]
            one = np.array([least])
            places = search.moves.places(one, search.shifts[one])
            copy = search.moves.frame(one, places)
            replay, _ = predict(fitted, copy, rung=self.stressed.rung.name)
            if self.aims.holds(replay, self.tried.aims[one])[0]:
                names = [column.name for column in search.moves.columns]
                sizes = search.moves.shifts(one, places)[0].tolist()
                shifts = dict(zip(names, sizes, strict=True))
                before = self.stressed.rows.row(row, named=True)
                return RowAttack(
                    number,
                    answer,
                    float(search.size[least]),
                    self._written(replay, 0),
                    _changes(before, copy.row(0, named=True), shifts),
                )
            problems = problems[problems != least]
        return RowAttack(number, answer, None)

    def _written(self, prediction: Prediction, row: int) -> Any:
        value, classes = prediction.middle[row], self.stressed.fitted.classes
        return classes[int(value)] if classes else float(value)


def _changes(
    before: dict[str, Any], after: dict[str, Any], shifts: dict[str, float]
) -> tuple[ColumnShift, ...]:
    return tuple(
        ColumnShift(name, value, after[name], shifts.get(name))
        for name, value in before.items()
        if after[name] != value
    )


def _curve(radii: np.ndarray, full: float) -> tuple[KeptShare, ...]:
    """Return the shares of rows whose answers stay, by ε, given their radii (n,)."""
    curve = []
    for share in CURVE:
        kept = float(np.mean(radii > share * full * (1 + ROUNDING)))
        low, high = wilson(kept, len(radii), NORMAL_95)
        interval = Interval(kept, low, high, (high - low) / (2 * NORMAL_95))
        curve.append(KeptShare(share * full, interval))
    return tuple(curve)


def _median(radii: np.ndarray) -> float | None:
    """Return the lower median of radii (n,); None where it is infinite."""
    middle = float(np.sort(radii)[(len(radii) - 1) // 2])
    return middle if np.isfinite(middle) else None


def _parts(attacked: Sequence[RowAttack]) -> tuple[ColumnPart, ...]:
    """Count in how many changes each column takes part, in falling order."""
    counted = Counter(change.column for row in attacked for change in row.changes)
    names = list(counted)
    order = falling(np.array([counted[name] for name in names]))
    return tuple(ColumnPart(names[place], counted[names[place]]) for place in order)
