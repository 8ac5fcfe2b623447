"""The intervals and sets of judged rows: each row's from the scores of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradum.margins import EQUAL
from gradum.run.conformal.adaptive import Tracker
from gradum.run.conformal.guarantee import JudgedScores, Name
from gradum.run.conformal.score_list import ScoreList, wanted_mass
from gradum.run.conformal.sets import with_predicted
from gradum.run.intervals.following import scale_of
from gradum.run.intervals.scoring import scored_rows
from gradum.run.judge import Judge, first_repeat
from gradum.run.run import Run
from gradum.rungs.rung import Rung
from gradum.tables.encode import Unencoded


@dataclass(frozen=True, eq=False)
class JudgedIntervals:
    """What the intervals or sets of n judged rows are.

    Parameters
    ----------
    guarantee : str
        The name of what is promised of new rows.
    rows : ndarray of shape (n,)
        Positions of the rows among all of the run, rising.
    covered : boolean ndarray of shape (n,)
        Whether the target is within.
    strata : ndarray of shape (n,)
        Which rows share a threshold.
    predicted : ndarray of shape (n,)
        The middle of each interval, or the place of the likeliest class.
    width : ndarray of shape (n,) or None
        Of intervals, in units of the target; perhaps infinite. None for classes.
    size : ndarray of shape (n,) or None
        How many classes each set holds; None for numbers.
    """

    guarantee: Name
    rows: np.ndarray
    covered: np.ndarray
    strata: np.ndarray
    predicted: np.ndarray
    width: np.ndarray | None = None
    size: np.ndarray | None = None

    def take(self, places: np.ndarray) -> JudgedIntervals:
        """Return those at places, or of a mask."""
        return JudgedIntervals(
            self.guarantee,
            self.rows[places],
            self.covered[places],
            self.strata[places],
            self.predicted[places],
            None if self.width is None else self.width[places],
            None if self.size is None else self.size[places],
        )


def judged_intervals(run: Run, coverage: float) -> JudgedIntervals | None:
    """Return the intervals or sets of the judged rows whose scores are kept; None without any.

    A row is covered if its score is within what the other scores would give a new row: those of
    several judges count as one judge's. In the order of time it is held against earlier rows, of
    which the first only give the others a start and have no interval. Widths and sizes are made
    of the threshold of all scores, by the judge that has not learned from the row.
    """
    guarantee, rung = run.fitted.guarantee, run.fitted.rung()
    if guarantee is None or rung.name not in guarantee.scores.by_rung:
        return None
    scores, judges = guarantee.scores, first_repeat(run.judges)
    rows, fold = scored_rows(run.fitted.spec.seed, run.dataset, judges)
    strata = np.zeros(len(rows), np.intp) if scores.level is None else scores.level
    covered, threshold, answered = np.zeros(len(rows), bool), np.zeros(len(rows)), strata >= 0
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        if scores.moment is None:
            covered[places], threshold[places] = _held_against_others(
                scores, rung.name, strata == stratum, coverage
            )
        else:
            covered[places], threshold[places], answered[places] = _held_against_earlier(
                scores, rung, places, coverage
            )
    says = _of_classes if run.dataset.classes else _of_numbers
    found = says(run, judges, rows, fold, threshold)
    if "size" in found:  # the likeliest class is always in
        covered |= found["predicted"] == run.dataset.target[rows]
    order = np.argsort(rows, kind="stable")
    whole = JudgedIntervals(guarantee.terms.name, rows, covered, strata, **found)
    return whole.take(order[answered[order]])


def _held_against_others(
    scores: JudgedScores, rung: str, among: np.ndarray, coverage: float
) -> tuple[np.ndarray, float]:
    """Say which rows of a mask the others cover, and the threshold that all of them make."""
    weight, newcomer = scores.weights(among)
    score = np.abs(scores.by_rung[rung][among])
    ranked = ScoreList.of(score, weight)
    # Without its own weight, less than this must lie below a row's score.
    wanted = coverage * (ranked.total - weight + newcomer) * (1 - EQUAL)
    covered = ranked.mass[np.sort(score).searchsorted(score, "left")] < wanted
    whole = wanted_mass(coverage, ranked.total, newcomer)
    enough = whole <= ranked.total
    return covered, ranked.quantile(whole / ranked.total) if enough else np.inf


def _held_against_earlier(
    scores: JudgedScores, rung: Rung, places: np.ndarray, coverage: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which rows earlier ones cover, the thresholds, and which rows have one: (n,) each."""
    assert scores.moment is not None
    scale, moment = scale_of(rung), scores.moment[places]
    tracked = scale.onto(scores.by_rung[rung.name][places])
    tracker, later = Tracker.begun(tracked, moment, 1.0 - coverage)
    thresholds = np.full(len(places), tracker.threshold)
    if later.any():
        thresholds[later] = tracker.follow(tracked[later], moment[later]).thresholds
    return tracked <= thresholds, scale.back(thresholds), later


def _by_judge(
    run: Run, judges: Sequence[Judge], rows: np.ndarray, fold: np.ndarray
) -> Iterator[tuple[np.ndarray, Rung, Unencoded]]:
    """Yield the places of each judge's rows, its rung, and the rows as it encodes them."""
    for number, judge in enumerate(judges):
        places = np.flatnonzero(fold == number)
        design = Unencoded(judge.encoder, run.dataset.frame, rows[places])
        yield places, judge.rungs[run.fitted.used], design


def _of_numbers(
    run: Run, judges: Sequence[Judge], rows: np.ndarray, fold: np.ndarray, threshold: np.ndarray
) -> dict[str, np.ndarray]:
    predicted, width = np.empty(len(rows)), np.empty(len(rows))
    for places, rung, design in _by_judge(run, judges, rows, fold):
        located, scale = rung.locate(design), rung.target_scale
        assert scale is not None
        low, high = (scale.quantile(located.at(sign * threshold[places])) for sign in (-1, 1))
        with np.errstate(invalid="ignore"):
            width[places] = high - low
        predicted[places] = scale.quantile(located.centre)
    return {"predicted": predicted, "width": width}


def _of_classes(
    run: Run, judges: Sequence[Judge], rows: np.ndarray, fold: np.ndarray, threshold: np.ndarray
) -> dict[str, np.ndarray]:
    predicted, size = np.empty(len(rows), np.intp), np.empty(len(rows), np.intp)
    for places, rung, design in _by_judge(run, judges, rows, fold):
        prediction = rung.predict(design)
        assert prediction.probability is not None
        chosen = 1 - prediction.probability <= threshold[places][:, None]
        predicted[places] = prediction.value
        size[places] = with_predicted(chosen, prediction.value).sum(axis=1)
    return {"predicted": predicted, "size": size}
