"""An attack on rows: their least changes that change answers, each replayed through `predict`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict, predict_typed
from gradum.fitting.reference.reference import Reference
from gradum.fitting.rung import Prediction
from gradum.margins import falling, first_least
from gradum.messages import say
from gradum.randomness import stream
from gradum.scores.interval import NORMAL_95, Interval, wilson
from gradum.study.explanation.counterfactual.axis import axes_of
from gradum.study.explanation.counterfactual.limits import Limits
from gradum.study.stress.aims import Aims, ClassAims, NumberAims, far_of
from gradum.study.stress.answers import MovedAnswers
from gradum.study.stress.budget import Budget
from gradum.study.stress.levels import Variants, level_choices, variants
from gradum.study.stress.moves import Moves, moves_of
from gradum.study.stress.result import Attack, ColumnPart, ColumnShift, Kept, RowAttack
from gradum.study.stress.search import ShiftSearch
from gradum.tables.check import widened

ROWS_AT_ONCE = 25
CURVE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
"""Shares of the full budget at which the curve is drawn."""

ROUNDING = 1e-9  # of ε, by which two sums of the same shifts may differ


@dataclass(frozen=True)
class Threat:
    """What an attack may do.

    Parameters
    ----------
    budget : Budget
        How far columns may move.
    limits : Limits
        Columns that stay, or go one way only.
    together : sequence of sequences of str
        Columns that shift by the same amount.
    levels : int
        How many levels of categories, yes and no, may change besides.
    share : float
        Of the range of the training target, by which a number has to move.
    """

    budget: Budget
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    together: Sequence[Sequence[str]] = ()
    levels: int = 0
    share: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a number of levels or a share that is none."""
        if not isinstance(self.levels, int | np.integer) or self.levels < 0:
            raise SpecError(
                say("{levels!r} levels are to change.", levels=self.levels), say("Give 0 or more.")
            )
        if not 0 < self.share <= 1:
            raise SpecError(
                say("Numbers are to move by {share} of the target's range.", share=self.share),
                say("Give a share above 0, up to 1, such as 0.1."),
            )


def attack(
    fitted: Fitted,
    reference: Reference,
    rows: pl.DataFrame,
    threat: Threat,
    *,
    numbers: np.ndarray,
    rung: str | None = None,
    time_limit: float | None = None,
) -> Attack:
    """Look for the least change of each row that changes what `predict` answers.

    A class changes when it is another, a number when it moves by ``threat.share`` of the range of
    the training target. What is found is an upper bound: a smaller change may exist.

    Parameters
    ----------
    fitted : Fitted
    reference : Reference
        What the rows learned from were like.
    rows : DataFrame
        Typed features (n), attacked in this order.
    threat : Threat
    numbers : ndarray of int (n,)
        What the rows are called.
    rung : str, optional
        The best if left out.
    time_limit : float, optional
        Seconds. Beyond the first row, as many are attacked at a time as the last ones let expect to
        be done by then.

    Raises
    ------
    SpecError
        There is no such rung, nothing may change, or answers are quantiles.
    """
    chosen = fitted.rung(rung)
    if not fitted.classes and chosen.network.outputs > 1:
        raise SpecError(
            say("The model answers with several quantiles, not with one number to move."),
            say("Choose a rung or a model of one number."),
        )
    rows = widened(rows)
    far = None if fitted.classes else far_of(chosen, threat.share)
    moves = moves_within(fitted, reference, rows, threat)
    if not moves.columns and not threat.levels:
        raise SpecError(
            say("No column may move: the attack has nothing to try."),
            say("Let levels change with --levels 1, or freeze fewer columns."),
        )
    attacker = _Attacker(fitted, chosen.name, moves, threat, far)
    began, attacked, evaluations = time.monotonic(), [], 0
    count = ROWS_AT_ONCE if time_limit is None else 1
    while count and len(attacked) < len(rows):
        part, since = slice(len(attacked), len(attacked) + count), time.monotonic()
        of_part, of_answers = attacker.attacked(rows[part], numbers[part])
        attacked += of_part
        evaluations += of_answers
        if time_limit is not None:
            now = time.monotonic()
            a_row, left = (now - since) / len(of_part), began + time_limit - now
            count = int(max(min(left / max(a_row, 1e-9), ROWS_AT_ONCE), 0))
    radii = np.array([np.inf if row.radius is None else row.radius for row in attacked])
    return Attack(
        budget=threat.budget.kind,
        amounts=None if threat.budget.amounts is None else dict(threat.budget.amounts),
        full=threat.budget.full,
        levels=threat.levels,
        least_move=far,
        columns=tuple(column.name for column in moves.columns),
        rows=tuple(sorted(attacked, key=attrgetter("row"))),
        curve=_curve(radii, threat.budget.full),
        median=_median(radii),
        parts=_parts(attacked),
        evaluations=evaluations,
        asked=len(rows),
    )


def moves_within(fitted: Fitted, reference: Reference, rows: pl.DataFrame, threat: Threat) -> Moves:
    """Return how rows (n), every number in float64, may move by a threat."""
    scales = threat.budget.scales(fitted, reference)
    return moves_of(rows, axes_of(fitted, rows), scales, threat.limits, threat.together)


@dataclass(frozen=True)
class _Attacker:
    """A model, and what may be done to its rows."""

    fitted: Fitted
    rung: str
    moves: Moves
    threat: Threat
    far: float | None

    def attacked(self, rows: pl.DataFrame, numbers: np.ndarray) -> tuple[list[RowAttack], int]:
        """Return the least change of each row, and how many answers were asked for."""
        present = self._answer(rows)
        aims = ClassAims.of(present) if self.far is None else NumberAims.of(present, self.far)
        choices, limits = level_choices(self.fitted), self.threat.limits
        tried = variants(rows, aims, choices, limits, self.threat.levels, self._answer)
        moves = self.moves.of(tried.rows)
        search = ShiftSearch(
            moves,
            aims.take(tried.aims),
            MovedAnswers(self.fitted.encoder, self.fitted.rung(self.rung), moves),
            stream(self.fitted.spec.seed, "study", "stress"),
        )
        search.run(self.threat.budget.full)
        attacked = [
            self._replayed(rows, int(row), int(number), present, aims, tried, search)
            for row, number in enumerate(numbers)
        ]
        return attacked, len(rows) + tried.evaluations + search.evaluations

    def _replayed(
        self,
        rows: pl.DataFrame,
        row: int,
        number: int,
        present: Prediction,
        aims: Aims,
        tried: Variants,
        search: ShiftSearch,
    ) -> RowAttack:
        """Return the least of a row's changes after which `predict` answers otherwise."""
        answer = self._written(present, row)
        problems = np.flatnonzero(aims.rows[tried.aims] == row)
        problems = problems[np.isfinite(search.size[problems])]
        while len(problems):
            least = problems[first_least(search.size[problems])]
            one = np.array([least])
            places = search.moves.places(one, search.shifts[one])
            copy = search.moves.frame(one, places)
            replay, _ = predict(self.fitted, copy, rung=self.rung)
            if aims.holds(replay, tried.aims[one])[0]:
                names = [column.name for column in search.moves.columns]
                sizes = search.moves.shifts(one, places)[0].tolist()
                shifts = dict(zip(names, sizes, strict=True))
                return RowAttack(
                    number,
                    answer,
                    float(search.size[least]),
                    self._written(replay, 0),
                    _changes(rows.row(row, named=True), copy.row(0, named=True), shifts),
                )
            problems = problems[problems != least]
        return RowAttack(number, answer, None)

    def _answer(self, frame: pl.DataFrame) -> Prediction:
        return predict_typed(self.fitted, frame, rung=self.rung)

    def _written(self, prediction: Prediction, row: int) -> Any:
        value = prediction.middle[row]
        return self.fitted.classes[int(value)] if self.fitted.classes else float(value)


def _changes(
    before: dict[str, Any], after: dict[str, Any], shifts: dict[str, float]
) -> tuple[ColumnShift, ...]:
    return tuple(
        ColumnShift(name, value, after[name], shifts.get(name))
        for name, value in before.items()
        if after[name] != value
    )


def _curve(radii: np.ndarray, full: float) -> tuple[Kept, ...]:
    """Return the shares of rows (n,) whose answers stay, by ε."""
    curve = []
    for share in CURVE:
        kept = float(np.mean(radii > share * full * (1 + ROUNDING)))
        low, high = wilson(kept, len(radii), NORMAL_95)
        interval = Interval(kept, low, high, (high - low) / (2 * NORMAL_95))
        curve.append(Kept(share * full, interval))
    return tuple(curve)


def _median(radii: np.ndarray) -> float | None:
    """Return the lower median of radii (n,); None where it is infinite."""
    middle = float(np.sort(radii)[(len(radii) - 1) // 2])
    return middle if np.isfinite(middle) else None


def _parts(attacked: Sequence[RowAttack]) -> tuple[ColumnPart, ...]:
    """Count in how many changes each column takes part, the most first."""
    counted = Counter(change.column for row in attacked for change in row.changes)
    names = list(counted)
    order = falling(np.array([counted[name] for name in names]))
    return tuple(ColumnPart(names[place], counted[names[place]]) for place in order)
