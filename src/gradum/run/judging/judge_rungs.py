"""The judging of the rungs: their predictions of held-out rows are scored, resampled, compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import combinations
from types import MappingProxyType

import numpy as np

from gradum.core.losses import Loss
from gradum.errors import TargetError
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.judging.by_class import ClassScores, class_scores
from gradum.run.judging.fit_check import fit_check
from gradum.run.judging.interval_notes import cautions
from gradum.run.judging.judgement import Judgement, Scores, defined
from gradum.run.judging.verdict import Standing, Verdict, decide, standing
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Prediction
from gradum.scores.bootstrap import Resamples, sampled
from gradum.scores.interval import Interval, Sampled
from gradum.scores.metrics import DEFAULT_METRIC, METRICS, row_losses, score
from gradum.scores.outcome import Outcome, PredictionCost, Task
from gradum.scores.schemes import ByGroup, Scheme

ROWS_FOR_INTERVALS = 100_000
RESAMPLES = (200, 1000)
OWN = tuple(name for name, metric in METRICS.items() if metric.of_unit)
"""The scores that are also told in the unit of the table's target."""
RANKED_ROWS = 2e7

NOBODY: Mapping[str, Prediction] = MappingProxyType({})


@dataclass(frozen=True)
class Seen:
    """What the rungs said of some rows: one part's evidence.

    ``rows`` (m,) are positions in the table, repeated if a row was predicted in several folds; each
    prediction is aligned with them.
    """

    rows: np.ndarray
    predictions: dict[str, Prediction]

    @classmethod
    def pool(cls, several: list[Seen]) -> Seen:
        """Concatenate the evidence of several folds."""
        first = several[0]
        names = [n for n in first.predictions if all(n in seen.predictions for seen in several)]
        return cls(
            np.concatenate([seen.rows for seen in several]),
            {name: Prediction.join(seen.predictions[name] for seen in several) for name in names},
        )

    def average(self, rows: int) -> tuple[np.ndarray, dict[str, Prediction]]:
        """Average over the repeats of each row; return positions in row order, and predictions."""
        counts = np.bincount(self.rows, minlength=rows)
        seen = np.flatnonzero(counts)

        def mean(values: np.ndarray) -> np.ndarray:
            return np.bincount(self.rows, weights=values, minlength=rows)[seen] / counts[seen]

        def means(shares: np.ndarray) -> np.ndarray:
            return np.column_stack([mean(share) for share in shares.T])

        averaged = {}
        for name, prediction in self.predictions.items():
            if prediction.probability is None:
                averaged[name] = Prediction(mean(prediction.value), None)
            else:
                balanced = prediction.balanced
                averaged[name] = Prediction.of_classes(
                    means(prediction.probability), None if balanced is None else means(balanced)
                )
        return seen, averaged


def cost_by(loss: Loss) -> PredictionCost | None:
    """Return what predictions cost by a loss, if it has a metric of its own."""
    if not METRICS[loss.judged_by].of_cost:
        return None
    return PredictionCost(loss.judged_by, loss.cost, loss.constant)


@dataclass(frozen=True)
class Truth:
    """The table's rows as the judge needs them: target, weight, and what belongs together.

    ``loss`` is what models learn by, if it was asked for.

    ``drawn_by_class`` says how many of the rows, from the first, were divided class by class. These
    rows as a whole are known to have the same shares of classes as their parts.

    With a ``stretch``, ``time`` is the place of each outcome on the grid of a forecast, and
    outcomes so many places apart have independent errors.

    With a ``scale`` (n,), targets are multiples of so many of the unit of the table's target; NaN
    where that is unknown.
    """

    task: Task
    target: np.ndarray
    weight: np.ndarray
    classes: tuple
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    drawn_by_class: int = 0
    loss: Loss | None = None
    stretch: int = 0
    scale: np.ndarray | None = None

    @property
    def metric(self) -> str:
        """The metric that compares models if none is named."""
        return DEFAULT_METRIC[self.task] if self.loss is None else self.loss.judged_by

    @property
    def cost(self) -> PredictionCost | None:
        """What predictions cost by the loss that was asked for, if it has a metric of its own."""
        return None if self.loss is None else cost_by(self.loss)

    def outcome(self, rows: np.ndarray, prediction: Prediction) -> Outcome:
        """Return the predictions of some rows (m,) together with the truth."""
        return Outcome(
            task=self.task,
            target=self.target[rows],
            prediction=prediction.value,
            probability=prediction.probability,
            weight=self.weight[rows],
            cost=self.cost,
            ordered=self.loss is not None and self.loss.one_score,
        )

    def outcomes(self, seen: Seen) -> dict[str, Outcome]:
        """Return the outcome of each rung: its predictions together with the truth."""
        return {
            name: self.outcome(seen.rows, prediction)
            for name, prediction in seen.predictions.items()
        }

    def groups_of(self, rows: np.ndarray) -> np.ndarray | None:
        """Return the groups of some rows (m,): stretches of time in a forecast; None without."""
        if self.stretch and self.time is not None:
            return ByGroup.in_time(self.time[rows], self.stretch).group
        return None if self.groups is None else self.groups[rows]

    def resamples(self, seen: Seen, rng: np.random.Generator) -> Resamples:
        """Resample what is independent: groups, else stretches of time, else rows.

        If ``seen`` holds the models' predictions, these show how long a stretch must be.
        """
        rows = len(seen.rows)
        draw = partial(Resamples.draw, rows, count=self._resample_count(rows), rng=rng)
        if self.groups is not None:
            return draw(groups=self.groups[seen.rows], numbers=seen.rows)
        if len(np.unique(seen.rows)) < rows:
            # Repeats of a row are a single observation: they are drawn together.
            return draw(groups=seen.rows, numbers=seen.rows)
        if self.time is not None:
            costs = [row_losses(outcome) for outcome in self.outcomes(seen).values()]
            return draw(time=self.time[seen.rows], stretch=self.stretch, losses=costs)
        if self.task == "regression":
            return draw()
        divided = rows > 0 and seen.rows.max() < self.drawn_by_class
        table = self.target[: self.drawn_by_class] if divided else None
        return draw(classes=self.target[seen.rows], table=table)

    def _resample_count(self, rows: int) -> int:
        """Return 1000, or as many as keep ranking within a second or two over all classes."""
        rankings = max(1.0, len(self.classes) / 2)
        return int(np.clip(RANKED_ROWS / max(rows * rankings, 1.0), *RESAMPLES))


def judge(
    truth: Truth,
    parts: dict[str, Seen],
    *,
    metric: str,
    seed: int,
    how: str,
    spoken_of: str | None = None,
    rivals: Mapping[str, Prediction] = NOBODY,
) -> Judgement:
    """Score every rung on every part, and decide by the part named ``test``.

    The classes are those of the best rung or, if given, of the rung ``spoken_of``, which a run
    chose before, on other rows.
    ``rivals`` predicted the rows of the part ``test`` too, and have no say in the choice; one that
    says nothing of some rows (NaN) is compared on the others.
    The notes are those that the scores give rise to. What else is known of the fits, and the
    headline that sums it up, is for the caller to add.
    """
    scores: Scores = {}
    whole = {name: each for name, each in rivals.items() if not np.isnan(each.value).any()}
    evidence = {
        part: _Evidence.of(truth, seen, part, seed, whole if part == "test" else NOBODY)
        for part, seen in parts.items()
    }
    for part, evidence_of in evidence.items():
        for name, rung in evidence_of.rungs.items():
            scores.setdefault(name, {})[part] = rung.intervals(evidence_of.defined)
    rows = {part: len(np.unique(seen.rows)) for part, seen in parts.items()}
    test = evidence["test"].rungs
    compared = defined({name: scores[name]["test"] for name in test}, metric)
    naive = bool(truth.stretch)
    verdict = _decided(metric, compared, test, rows["test"], spoken_of, naive=naive)
    return Judgement(
        how=how,
        rows=rows,
        scores=scores,
        prevalence=_class_shares(truth, parts["test"]),
        verdict=verdict,
        fit_check=fit_check(scores, verdict),
        notes=(
            *_not_compared(metric, [name for name in test if name not in compared]),
            *evidence["test"].cautions(verdict.used, truth.classes),
        ),
        by_class=_by_class(truth, parts["test"], evidence["test"], spoken_of or verdict.used),
        rivals=tuple(
            (
                evidence["test"]
                if name in whole
                else _on_answered(truth, parts["test"], verdict.used, name, rival, seed)
            ).standing(name, verdict.used, metric)
            for name, rival in rivals.items()
            if not np.isnan(rival.value).all()
        ),
        own_units=_in_own_units(truth, parts["test"], rivals, seed),
    )


def _in_own_units(
    truth: Truth, seen: Seen, rivals: Mapping[str, Prediction], seed: int
) -> dict[str, dict[str, Interval]]:
    """Return the errors of each rung and rival in the unit of the table's target."""
    if truth.scale is None:
        return {}
    known = np.isfinite(truth.scale[seen.rows])
    if not known.any():
        return {}
    rows = seen.rows[known]
    own, of_rivals = (
        {
            name: Prediction(each.value[known] * truth.scale[rows], None)
            for name, each in predictions.items()
        }
        for predictions in (seen.predictions, rivals)
    )
    of_own = replace(truth, target=truth.target * truth.scale, scale=None)
    found = _Evidence.of(of_own, Seen(rows, own), "own units", seed, of_rivals, OWN)
    return {name: each.intervals(OWN) for name, each in (found.rungs | found.rivals).items()}


def _on_answered(
    truth: Truth, seen: Seen, used: str, name: str, rival: Prediction, seed: int
) -> _Evidence:
    """Return what the rung in use and a rival said of the rows that the rival answered."""
    answered = np.flatnonzero(~np.isnan(rival.value))
    own = {used: seen.predictions[used].take(answered)}
    of_rival = {name: rival.take(answered)}
    return _Evidence.of(truth, Seen(seen.rows[answered], own), "test", seed, of_rival)


@dataclass(frozen=True)
class _Resampled:
    """One rung's scores on all rows of a part, and each score's resamples."""

    values: dict[str, float]
    samples: dict[str, Sampled]

    def intervals(self, names: Collection[str]) -> dict[str, Interval]:
        """Return the interval of each score; a score that is NaN has none."""
        return {
            name: METRICS[name].interval(_moved(self.samples[name], value))
            if not np.isnan(value)
            else Interval(np.nan, np.nan, np.nan, np.nan)
            for name, value in self.values.items()
            if name in names
        }

    def difference(self, other: _Resampled, metric: str) -> Interval:
        """Return self - other, on the same resamples."""
        one, two = (
            replace(evidence.samples[metric], value=evidence.values[metric])
            for evidence in (self, other)
        )
        return METRICS[metric].difference(one, two)


def _moved(score: Sampled, value: float) -> Sampled:
    """Return a sample's score, moved to the value on all rows, too many to be resampled."""
    return replace(score, value=value, draws=score.draws + (value - score.value))


@dataclass(frozen=True)
class _Evidence:
    """What the rungs said of a part's rows, or of a sample of them, and how these are resampled.

    ``numbers`` (n,) gives the number of each row, which is the same if it was predicted several
    times.
    """

    outcomes: dict[str, Outcome]
    numbers: np.ndarray
    scheme: Scheme
    rungs: dict[str, _Resampled]
    rivals: dict[str, _Resampled]

    @classmethod
    def of(
        cls,
        truth: Truth,
        seen: Seen,
        part: str,
        seed: int,
        rivals: Mapping[str, Prediction],
        metrics: Sequence[str] | None = None,
    ) -> _Evidence:
        """Score what was said; only some ``metrics``, if they are named, get intervals."""
        rng = stream(seed, "bootstrap", part)
        rivalry = Seen(seen.rows, dict(rivals))
        values = [score(outcome) for outcome in _outcomes(truth, seen, rivalry)]
        seen, rivalry = _sample(rng, seen, rivalry)
        # The resamples depend on the rungs alone; no rival may change the rungs' scores.
        outcomes, resamples = truth.outcomes(seen), truth.resamples(seen, rng)
        samples = sampled(_outcomes(truth, seen, rivalry), resamples, metrics)
        resampled = list(map(_Resampled, values, samples))
        rungs = dict(zip(outcomes, resampled, strict=False))
        rest = dict(zip(rivals, resampled[len(rungs) :], strict=True))
        return cls(outcomes, seen.rows, resamples.scheme, rungs, rest)

    @cached_property
    def defined(self) -> frozenset[str]:
        """The metrics that are defined for at least one rung.

        The rows may leave others undefined, as rows of a single class leave the AUC.
        """
        values = [rung.values for rung in self.rungs.values()]
        return frozenset(name for name in values[0] if any(not np.isnan(v[name]) for v in values))

    def standing(self, rival: str, used: str, metric: str) -> Standing:
        """Return how a rival stands beside the rung in use."""
        scores = self.rivals[rival].intervals(self.defined)
        difference = self.rivals[rival].difference(self.rungs[used], metric)
        return standing(rival, scores, used, difference, metric)

    def cautions(self, used: str, classes: tuple) -> tuple[str, ...]:
        return cautions(self.outcomes[used], self.scheme, classes, self.numbers)


def _decided(
    metric: str,
    compared: dict[str, Interval],
    rungs: Mapping[str, _Resampled],
    rows: int,
    running: str | None,
    *,
    naive: bool,
) -> Verdict:
    """Decide among the rungs that have a score; raise TargetError if none has one."""
    if not compared:
        raise TargetError(
            "The metric {metric} is undefined on the {rows:,} judging rows: {undefined}.",
            "Judge on other rows, or by another --metric.",
            metric=metric,
            rows=rows,
            undefined=say(METRICS[metric].undefined),
        )
    differences = {
        (rung, simpler): rungs[rung].difference(rungs[simpler], metric)
        for rung, simpler in combinations(reversed(compared), 2)
    }
    return decide(metric, compared, differences, running, naive=naive)


def _not_compared(metric: str, rungs: list[str]) -> tuple[str, ...]:
    """Say which rungs take no part in the verdict."""
    return tuple(
        say(
            "{rung} has no {metric}, as {undefined}, and takes no part in the comparison.",
            rung=say(KINDS[rung].title),
            metric=METRICS[metric].words,
            undefined=say(METRICS[metric].undefined),
        )
        for rung in rungs
    )


def _by_class(truth: Truth, seen: Seen, evidence: _Evidence, used: str) -> tuple[ClassScores, ...]:
    if not truth.classes:
        return ()
    return class_scores(
        truth.outcomes(Seen(seen.rows, {used: seen.predictions[used]}))[used],
        evidence.outcomes[used],
        evidence.rungs[used].samples,
        evidence.scheme,
        tuple(map(str, truth.classes)),
        seen.rows,
    )


def _class_shares(truth: Truth, seen: Seen) -> dict[str, float]:
    if not truth.classes:
        return {}
    weights = np.bincount(
        truth.target[seen.rows], weights=truth.weight[seen.rows], minlength=len(truth.classes)
    )
    shares = weights / weights.sum()
    return {str(label): float(share) for label, share in zip(truth.classes, shares, strict=True)}


def _outcomes(truth: Truth, *several: Seen) -> list[Outcome]:
    return [outcome for seen in several for outcome in truth.outcomes(seen).values()]


def _sample(rng: np.random.Generator, *several: Seen) -> tuple[Seen, ...]:
    """Keep at most `ROWS_FOR_INTERVALS` rows, the same for all: more would only take time."""
    rows = len(several[0].rows)
    if rows <= ROWS_FOR_INTERVALS:
        return several
    kept = np.sort(rng.choice(rows, ROWS_FOR_INTERVALS, replace=False))
    return tuple(
        Seen(
            seen.rows[kept],
            {name: prediction.take(kept) for name, prediction in seen.predictions.items()},
        )
        for seen in several
    )
