"""Scores on bootstrap resamples of the rows, and paired differences on the same resamples.

They show what scores would be on other rows of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from gradum.errors import ShapeError
from gradum.scores.interval import LEVEL, Basis, Interval, Sampled, Shares
from gradum.scores.metrics import METRICS, Metric, metrics_for, score
from gradum.scores.outcome import Outcome
from gradum.scores.schemes import ByBlock, ByGroup, ByRow, Scheme
from gradum.scores.weighting import Weighting, ratio

BLOCK_BYTES = 2**22  # fits in the cache: four times faster than blocks of 64 MiB


@dataclass(frozen=True, eq=False)
class Resamples:
    """B resamples of n rows, in blocks of at most 4 MiB, the same in every pass.

    So several models are compared on the same draws without storing these. Iterating yields float64
    arrays (b, n) of the rows' weights: how often each row was drawn, scaled to 1 on average.
    """

    scheme: Scheme
    """How rows are drawn."""
    count: int
    """B, the number of resamples."""
    seed: int
    """The seed of the generator, which each pass starts anew."""

    @classmethod
    def draw(
        cls,
        rows: int,
        *,
        classes: np.ndarray | None = None,
        table: np.ndarray | None = None,
        groups: np.ndarray | None = None,
        numbers: np.ndarray | None = None,
        time: np.ndarray | None = None,
        stretch: int = 0,
        losses: Sequence[np.ndarray] = (),
        count: int | None = None,
        rng: np.random.Generator,
    ) -> Resamples:
        """Choose how n rows are drawn: in blocks in time, else by group, else one by one.

        Parameters
        ----------
        rows : int
            n.
        classes, groups, time : ndarray of shape (n,), optional
            Class codes, group codes, sortable times.
        table : ndarray of shape (N,), optional
            Class codes of all rows of the table that the n rows are a part of, if it has the same
            shares of the classes; left out if the n rows are all that is known about the shares.
        numbers : ndarray of shape (n,), optional
            With groups: row numbers in the table, the same if a row was predicted again.
        stretch : int
            With times that are places on a grid: after how many of them rows are independent. If it
            is 0, the losses say so.
        losses : sequence of ndarray of shape (n,)
            Each row's losses under several models, by which the block length is chosen.
        count : int, optional
            B; 1000 up to 20,000 rows, beyond that 2·10⁷ / n but at least 200. This bounds the time:
            all metrics of a binary outcome with 65,000 rows take about a second.
        rng : numpy.random.Generator
            Gives one seed.
        """
        for name, codes in (("classes", classes), ("groups", groups), ("time", time)):
            if codes is not None and codes.shape != (rows,):
                raise ShapeError(
                    "The {name} have shape {shape}, the rows ({rows},).",
                    name=name,
                    shape=codes.shape,
                    rows=rows,
                )
        if time is not None and stretch:
            scheme: Scheme = ByGroup.in_time(time, stretch)
        elif time is not None:
            scheme = ByBlock.of(time, losses)
        elif groups is not None:
            scheme = ByGroup.of(groups, numbers)
        elif classes is None:
            scheme = ByRow.of(np.zeros(rows, np.int8), None)
        else:
            scheme = ByRow.of(classes, table)
        if count is None:
            count = int(np.clip(2e7 / max(rows, 1), 200, 1000))
        return cls(scheme, count, int(rng.integers(2**63)))

    @property
    def rows(self) -> int:
        """n, the number of rows."""
        return self.scheme.rows

    def __iter__(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self.seed)
        step = max(1, BLOCK_BYTES // (8 * max(self.rows, 1)))
        for start in range(0, self.count, step):
            yield self.scheme.draw(min(step, self.count - start), rng)


Key = TypeVar("Key")
Measure = Callable[[Weighting], np.ndarray]
"""What is measured under B weightings: an array whose first dimension is B."""


def resampled(
    outcomes: Sequence[Outcome], resamples: Resamples, metrics: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Compute metrics of several outcomes of the same rows on the same resamples, in one pass.

    Parameters
    ----------
    outcomes : sequence of Outcome
        m outcomes with n rows each, all of one task.
    resamples : Resamples
        Resamples of n rows.
    metrics : sequence of str, optional
        Names; all metrics of the task if left out.

    Returns
    -------
    dict of str to ndarray of shape (m, B)
        NaN where a resample leaves a metric undefined.

    Raises
    ------
    ShapeError
        When an outcome does not have the resamples' number of rows.
    """
    names = [metric.name for metric in metrics_for(outcomes[0])] if metrics is None else metrics
    measured = _measured(outcomes, resamples, {name: METRICS[name].function for name in names})
    return {name: np.stack([samples[name] for samples in measured]) for name in names}


def sampled(
    outcomes: Sequence[Outcome], resamples: Resamples, metrics: Sequence[str] | None = None
) -> list[dict[str, Sampled]]:
    """Compute metrics of several outcomes with all that their intervals need, in one pass.

    Parameters are those of `resampled`.

    Raises
    ------
    ShapeError
        As `resampled`.
    """
    known = metrics_for(outcomes[0])
    wanted = known if metrics is None else [METRICS[name] for name in metrics]
    measures = {key: measure for metric in wanted for key, measure in _measures(metric).items()}
    drawn = _measured(outcomes, resamples, measures)
    return [
        {
            metric.name: _sampled(metric, weighting, measures_drawn, resamples.scheme)
            for metric in wanted
        }
        for weighting, measures_drawn in zip(map(_as_given, outcomes), drawn, strict=True)
    ]


def intervals(outcome: Outcome, resamples: Resamples) -> dict[str, Interval]:
    """Compute the 95% interval of every metric of an outcome, in one pass over the resamples."""
    (samples,) = sampled([outcome], resamples)
    return {name: METRICS[name].interval(sample) for name, sample in samples.items()}


def scheme_basis(kinds: Sequence[np.ndarray], scheme: Scheme) -> Basis:
    """Count the rarest of several kinds of rows, each a mask (n,), as the scheme draws them."""
    return Basis(
        min(scheme.distinct(kind) for kind in kinds),
        min(scheme.independent(kind) for kind in kinds),
        scheme.fewest,
    )


def _measures(metric: Metric) -> dict[tuple[str, str], Measure]:
    """List the quantities that a metric's interval needs, by name."""
    measures: dict[tuple[str, str], Measure] = {(metric.name, "value"): metric.function}
    if metric.shares is not None:
        measures[metric.name, "shares"] = metric.shares
    if metric.losses is not None:  # several metrics may share these
        measures[metric.losses.__name__, "spread"] = partial(_variation, metric.losses)
    return measures


def _measured(
    outcomes: Sequence[Outcome], resamples: Resamples, measures: Mapping[Key, Measure]
) -> list[dict[Key, np.ndarray]]:
    for outcome in outcomes:
        if len(outcome) != resamples.rows:
            raise ShapeError(
                "An outcome has {rows} rows, the resamples {resampled}.",
                rows=len(outcome),
                resampled=resamples.rows,
            )
    measured: list[dict[Key, list[np.ndarray]]] = [{key: [] for key in measures} for _ in outcomes]
    for counts in resamples:
        for outcome, blocks_of in zip(outcomes, measured, strict=True):
            rows = Weighting(outcome, counts if outcome.weight is None else counts * outcome.weight)
            for key, measure in measures.items():
                blocks_of[key].append(measure(rows))
    return [
        {key: np.concatenate(blocks) for key, blocks in blocks_of.items()} for blocks_of in measured
    ]


def _as_given(outcome: Outcome) -> Weighting:
    return Weighting(outcome, outcome.weights[None, :])


def _sampled(
    metric: Metric, weighting: Weighting, drawn: dict[tuple[str, str], np.ndarray], scheme: Scheme
) -> Sampled:
    outcome = weighting.outcome
    rests_on = scheme_basis(metric.kinds(outcome), scheme)
    if metric.estimable is not None and not metric.estimable(outcome):
        rests_on = replace(rests_on, rows=0)
    shares = spread = None
    if metric.shares is not None:
        value = metric.shares(weighting)[0]
        rows = np.array(list(_rows_of_shares(metric, outcome, scheme, len(value))))
        shares = Shares(value, drawn[metric.name, "shares"], rows)
    if metric.losses is not None:
        spread = ratio(
            drawn[metric.losses.__name__, "spread"], _variation(metric.losses, weighting)
        )
    value = float(metric.function(weighting)[0])
    return Sampled(value, drawn[metric.name, "value"], rests_on, spread, shares)


def _rows_of_shares(
    metric: Metric, outcome: Outcome, scheme: Scheme, shares: int
) -> Iterator[float]:
    """Yield how many rows each of K shares is based on: all rows, or those of its class."""
    if not metric.by_class:
        yield from [float(scheme.distinct(np.ones(len(outcome), bool)))] * shares
    elif shares == 1:
        yield share_rows(metric, outcome, metric.kinds(outcome), scheme)
    else:
        for kind in metric.kinds(outcome):
            yield share_rows(metric, outcome, [kind], scheme)


def share_rows(
    metric: Metric, outcome: Outcome, kinds: Sequence[np.ndarray], scheme: Scheme
) -> float:
    """Return how many rows a share is based on if its resamples show no error.

    A model that predicts the same for all rows has the same recalls, and ranks by chance, on any
    rows.
    """
    if outcome.constant and not metric.of_predicted:
        return np.inf
    return metric.certain * min(scheme.distinct(kind) for kind in kinds)


def _variation(losses: Callable[[Outcome], np.ndarray], rows: Weighting) -> np.ndarray:
    """Compute the coefficient of variation of the row losses under each weighting (B,)."""
    values = losses(rows.outcome)
    centre = values.mean() if len(values) else 0.0
    mean = rows.mean(values - centre)
    variance = np.maximum(rows.mean((values - centre) ** 2) - mean**2, 0.0)
    return ratio(np.sqrt(variance), mean + centre)


def paired_difference(
    a: Outcome, b: Outcome, metric: str, resamples: Resamples, level: float = LEVEL
) -> Interval:
    """Compute Student's interval for metric(a) − metric(b), both on the same resamples.

    What the two share, above all which rows are hard, cancels, so the interval is far narrower than
    the two separate intervals suggest.
    """
    return paired_differences([a], b, metric, resamples, level)[0]


def paired_differences(
    outcomes: Sequence[Outcome],
    reference: Outcome,
    metric: str,
    resamples: Resamples,
    level: float = LEVEL,
) -> list[Interval]:
    """Compute metric(outcome) − metric(reference) for each outcome, in one pass."""
    together = [*outcomes, reference]
    *samples, base = (
        Sampled(
            score(outcome)[metric],
            draws,
            scheme_basis(METRICS[metric].kinds(outcome), resamples.scheme),
        )
        for outcome, draws in zip(
            together, resampled(together, resamples, [metric])[metric], strict=True
        )
    )
    return [METRICS[metric].difference(sample, base, level) for sample in samples]
