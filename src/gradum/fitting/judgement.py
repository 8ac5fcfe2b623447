"""What the rungs' predictions on known rows say: scores with intervals, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations

import msgspec
import numpy as np

from gradum.errors import TargetError
from gradum.fitting.alarm import Alarm
from gradum.fitting.rung import Prediction
from gradum.fitting.spec import TITLES
from gradum.fitting.verdict import Verdict, decide
from gradum.randomness import stream
from gradum.scores.bootstrap import Interval, Resamples, interval, resampled
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS, score
from gradum.scores.outcome import Outcome, Task

ROWS_FOR_INTERVALS = 100_000
RESAMPLES = (200, 1000)
RANKED_ROWS = 2e7

Scores = dict[str, dict[str, dict[str, Interval]]]
"""rung -> part -> metric -> interval."""


class Judgement(msgspec.Struct, frozen=True):
    """How good each rung is, and how that was found out.

    Parameters
    ----------
    how : str
        The rows that judged, in words.
    rows : dict
        Part -> number of rows behind its scores.
    scores : dict
        Rung -> part -> metric -> value with its 95% bootstrap interval.
    prevalence : dict
        Class -> its share of the judging rows; empty for regression. What an average
        precision is to be held against.
    verdict : Verdict
        Which rung is used and which is enough.
    fit_check : str
        One sentence on over- or underfitting; empty where no training rows were scored.
    notes : tuple of str
        What else a reader must know of the rows.
    alarms : tuple of Alarm
        What makes the scores mean less than they say.
    interrupted : bool
        Whether the run was stopped before it was done.
    """

    how: str
    rows: dict[str, int]
    scores: Scores
    prevalence: dict[str, float]
    verdict: Verdict
    fit_check: str
    notes: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    interrupted: bool = False


@dataclass(frozen=True)
class Seen:
    """What the rungs said of some rows: one part's evidence.

    ``rows`` (m,) are positions in the table, repeated where a row was predicted in several
    folds; each prediction is aligned with it.
    """

    rows: np.ndarray
    predictions: dict[str, Prediction]

    @classmethod
    def pool(cls, several: list[Seen]) -> Seen:
        """Put the evidence of several folds together."""
        first = several[0]
        names = [n for n in first.predictions if all(n in seen.predictions for seen in several)]
        return cls(
            np.concatenate([seen.rows for seen in several]),
            {name: _pooled([seen.predictions[name] for seen in several]) for name in names},
        )

    def average(self, rows: int) -> tuple[np.ndarray, dict[str, Prediction]]:
        """Average over the repeats of each row; returns positions in row order, predictions."""
        counts = np.bincount(self.rows, minlength=rows)
        seen = np.flatnonzero(counts)

        def mean(values: np.ndarray) -> np.ndarray:
            return np.bincount(self.rows, weights=values, minlength=rows)[seen] / counts[seen]

        averaged = {}
        for name, prediction in self.predictions.items():
            if prediction.probability is None:
                averaged[name] = Prediction(mean(prediction.value), None)
            else:
                shares = np.column_stack([mean(column) for column in prediction.probability.T])
                averaged[name] = Prediction.of_classes(shares)
        return seen, averaged


@dataclass(frozen=True)
class Truth:
    """The table's rows as the judge needs them: target, weight, and what belongs together."""

    task: Task
    target: np.ndarray
    weight: np.ndarray
    classes: tuple
    groups: np.ndarray | None = None
    time: np.ndarray | None = None

    def outcomes(self, seen: Seen) -> dict[str, Outcome]:
        """Hold every rung's predictions against the truth."""
        return {
            name: Outcome(
                task=self.task,
                target=self.target[seen.rows],
                prediction=prediction.value,
                probability=prediction.probability,
                weight=self.weight[seen.rows],
            )
            for name, prediction in seen.predictions.items()
        }

    def resamples(self, seen: Seen, rng: np.random.Generator) -> Resamples:
        """Draw what is independent: groups, else stretches of time, else rows by class."""
        rows = len(seen.rows)
        draw = partial(Resamples.draw, rows, count=self._resample_count(rows), rng=rng)
        if self.groups is not None:
            return draw(groups=self.groups[seen.rows])
        if len(np.unique(seen.rows)) < rows:
            # Repeats of one row are one observation: they are drawn together.
            return draw(groups=seen.rows)
        if self.time is not None:
            return draw(time=self.time[seen.rows])
        return draw(strata=None if self.task == "regression" else self.target[seen.rows])

    def _resample_count(self, rows: int) -> int:
        """Return 1000, or as many as keep the rankings of all classes within a second or two."""
        rankings = max(1.0, len(self.classes) / 2)
        return int(np.clip(RANKED_ROWS / max(rows * rankings, 1.0), *RESAMPLES))


def judge(
    truth: Truth,
    parts: dict[str, Seen],
    *,
    metric: str,
    seed: int,
    how: str,
    notes: tuple[str, ...] = (),
    interrupted: bool = False,
) -> Judgement:
    """Score every rung on every part, and decide by the part named ``test``."""
    scores: Scores = {}
    evidence = {part: _resample(truth, seen, part, seed) for part, seen in parts.items()}
    for part, rungs in evidence.items():
        for name, found in rungs.items():
            scores.setdefault(name, {})[part] = found.intervals()
    test = evidence["test"]
    if any(metric not in scores[name]["test"] for name in test):
        raise TargetError(
            f"The metric {metric} is undefined on the {len(parts['test'].rows):,} judging rows: "
            "their target does not vary enough.",
            "Judge on other rows, or by another --metric.",
        )
    verdict = decide(
        metric,
        {name: scores[name]["test"][metric] for name in test},
        {
            (rung, simpler): test[rung].difference(test[simpler], metric)
            for rung, simpler in combinations(reversed(test), 2)
        },
    )
    return Judgement(
        how=how,
        rows={part: len(np.unique(seen.rows)) for part, seen in parts.items()},
        scores=scores,
        prevalence=_class_shares(truth, parts["test"]),
        verdict=verdict,
        fit_check=_fit_check(scores, verdict),
        notes=notes,
        interrupted=interrupted,
    )


@dataclass(frozen=True)
class _Resampled:
    """One rung's scores on a part, and each of them on every resample."""

    values: dict[str, float]
    samples: dict[str, np.ndarray]

    def intervals(self) -> dict[str, Interval]:
        """Leave out what these rows leave undefined, such as the AUC of a single class."""
        return {
            name: interval(value, self.samples[name])
            for name, value in self.values.items()
            if not np.isnan(value)
        }

    def difference(self, other: _Resampled, metric: str) -> Interval:
        """Return self - other, on the same resamples."""
        return interval(
            self.values[metric] - other.values[metric],
            self.samples[metric] - other.samples[metric],
        )


def _resample(truth: Truth, seen: Seen, part: str, seed: int) -> dict[str, _Resampled]:
    rng = stream(seed, "bootstrap", part)
    values = {name: score(outcome) for name, outcome in truth.outcomes(seen).items()}
    seen = _sample(seen, rng)
    outcomes = list(truth.outcomes(seen).values())
    samples = resampled(outcomes, truth.resamples(seen, rng))
    return {
        name: _Resampled(scores, {metric: each[i] for metric, each in samples.items()})
        for i, (name, scores) in enumerate(values.items())
    }


def _class_shares(truth: Truth, seen: Seen) -> dict[str, float]:
    if not truth.classes:
        return {}
    weights = np.bincount(
        truth.target[seen.rows], weights=truth.weight[seen.rows], minlength=len(truth.classes)
    )
    shares = weights / weights.sum()
    return {str(label): float(share) for label, share in zip(truth.classes, shares, strict=True)}


def _sample(seen: Seen, rng: np.random.Generator) -> Seen:
    """Keep at most `ROWS_FOR_INTERVALS` rows: beyond, an interval only costs time."""
    if len(seen.rows) <= ROWS_FOR_INTERVALS:
        return seen
    kept = np.sort(rng.choice(len(seen.rows), ROWS_FOR_INTERVALS, replace=False))
    return Seen(
        seen.rows[kept],
        {name: prediction.take(kept) for name, prediction in seen.predictions.items()},
    )


def _pooled(predictions: list[Prediction]) -> Prediction:
    value = np.concatenate([prediction.value for prediction in predictions])
    shares = [each.probability for each in predictions if each.probability is not None]
    return Prediction(value, np.concatenate(shares) if shares else None)


def _fit_check(scores: Scores, verdict: Verdict) -> str:
    """Compare the used rung's training score with its test interval."""
    used, metric = verdict.used, verdict.metric
    sign = -1.0 if METRICS[metric].greater_is_better else 1.0
    train, test = scores[used].get("train"), scores[used]["test"]
    if train is None or metric not in train:
        return ""
    if used == "baseline":
        return "Underfitting: no rung does better than the baseline, which looks at no column."
    title = METRICS[metric].words
    gap = sign * (test[metric].value - train[metric].value)
    error = np.hypot(test[metric].standard_error, train[metric].standard_error)
    on_train, on_test = figure(train[metric].value), figure(test[metric].value)
    pair = f"{title} {on_train} on training rows, {on_test} on test"
    baseline = scores["baseline"]["test"][metric].value if "baseline" in scores else np.nan
    gained = sign * (baseline - test[metric].value)
    if gap > 2 * error and gap > 0.1 * max(gained, 0.0):
        return (
            f"Overfitting: {TITLES[used]} knows its training rows better than new ones ({pair}). "
            "More rows, fewer columns or a stronger penalty would narrow the gap."
        )
    return f"No sign of overfitting: {TITLES[used]} does about as well on new rows ({pair})."
