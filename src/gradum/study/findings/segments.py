"""Scores by segment of the table: the requested slices, and the weakest segments found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import msgspec
import numpy as np
from scipy.special import ndtri, stdtrit

from gradum.errors import SpecError
from gradum.messages import say
from gradum.scores.bootstrap import BLOCK_BYTES
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS, row_losses
from gradum.study.column_cut import Cut, cut
from gradum.study.evidence import Evidence
from gradum.study.finding_words import NO_DIFFERENCE, STRONGER, TOO_FEW_ROWS, WEAKER
from gradum.study.resampling import (
    ERROR,
    RESAMPLES,
    Subset,
    around,
    farthest_by_chance,
    independent,
    places_to_redraw,
    redrawn,
)
from gradum.tables.wording import nearest

FEWEST_ROWS = 30
FEWEST_SHARE = 0.02
MOST_WEAKEST = 5
FINALISTS = 10
SAME_ROWS = 0.8
SEARCHED_VALUES = 4_000_000
PERMUTED_ROWS = 10_000


class Segment(msgspec.Struct, frozen=True):
    """The judged rows with one value, or one range of values, of a column."""

    column: str
    values: str
    """Such as "female", "34 to 51", "missing"."""
    rows: int
    score: Interval
    """The verdict's metric within the segment."""
    difference: Interval | None
    """That score minus the score of all other judged rows; None where either has too few rows. Its
    interval is wide enough to hold at once for all segments of the slices, or for all that were
    tried."""
    baseline: float | None
    """The target's mean, or the share of the second or commonest class, in the segment. A segment
    may be weak because its target is harder, not because the model is worse."""
    finding: str
    """One of "weaker than the rest", "stronger than the rest", "no difference shown", "too few rows
    to say"."""


class Segments(msgspec.Struct, frozen=True):
    """Scores by segment."""

    metric: str
    slices: dict[str, tuple[Segment, ...]]
    """Requested column -> its segments, except those whose rows leave the metric undefined, such as
    the AUC of a single class."""
    weakest: tuple[Segment, ...]
    """The weakest segments of any feature, worst first: those whose difference stays on the worse
    side of zero after correction for the number of segments tried."""
    tried: int
    """How many segments were tried to find the weakest."""


def segments(evidence: Evidence, slices: Sequence[str], metric: str) -> Segments:
    """Score the judged rows by segment, with columns divided as in `cut`.

    A difference from the rest is shown if its interval excludes zero: Student's t in bootstrapped
    standard errors at the two-sided level 0.05 / comparisons (Bonferroni), where the two segments
    of a column count as one comparison. In slices of independent rows it must also exceed what
    random segments of the same sizes show, all at once, in 95% of permutations (P. Westfall and S.
    Young, Resampling-based multiple testing, 1993): a few rows with most of the loss make a
    bootstrapped error too small.

    The weakest segments are sought among all features but texts. A segment is tried if it and the
    rest each have `FEWEST_ROWS` rows and `FEWEST_SHARE` of all rows. It is weak if its mean loss
    exceeds the rest's by the normal quantile in standard errors, at the level 0.05 / tried, and the
    metric's difference shows it as well. Of weak segments with nearly the same rows, the worst is
    kept.

    Raises
    ------
    SpecError
        A slice names the target, or no column in use; the message has the nearest names.
    """
    cuts = {name: _asked(evidence, name) for name in slices}
    asked = [(each, code) for each in cuts.values() for code in range(len(each.names))]
    finalists, tried = _search(evidence)
    scored = _score(evidence, asked, metric, _comparisons(asked), by_chance=True)
    by_column = iter(scored)
    found = {name: islice(by_column, len(each.names)) for name, each in cuts.items()}
    return Segments(
        metric,
        {name: tuple(s for s in each if np.isfinite(s.score.low)) for name, each in found.items()},
        _weakest(finalists, _score(evidence, finalists, metric, tried), metric),
        tried,
    )


def _asked(evidence: Evidence, name: str) -> Cut:
    """Cut a column that was requested by name."""
    schema, columns = evidence.schema, evidence.frame.columns
    target = schema.learned_target.name
    if name == target:
        raise SpecError(
            "Column {column!r} is the target, which is no slice.",
            "Slice by another column.",
            column=name,
        )
    if name not in columns:
        others = [column for column in columns if column != target]
        raise SpecError(
            say("There is no column {column!r} in use.", column=name), nearest(name, others)
        )
    return cut(evidence.frame[name], schema.column(name).kind)


def _search(evidence: Evidence) -> tuple[list[tuple[Cut, int]], int]:
    """Return the segments whose mean loss most exceeds the rest's, and how many were tried.

    Only segments whose excess is beyond chance are returned. If there are many rows and columns,
    the columns are chosen on some of the rows.
    """
    kinds = {each.name: each.kind for each in evidence.schema.features if each.traits.has_domain}
    loss, weight = row_losses(evidence.outcome), evidence.weight
    some, most = np.arange(len(evidence)), SEARCHED_VALUES // max(len(kinds), 1)
    if len(some) > most:
        some = np.sort(evidence.rng("segments search").choice(some, most, replace=False))
    frame, highest, tried = evidence.frame[some], {}, 0
    for name, kind in kinds.items():
        excess = _excess(cut(frame[name], kind), loss[some], weight[some])
        highest[name] = np.nanmax(excess, initial=-np.inf)
        tried += int(np.isfinite(excess).sum())
    if not tried:
        return [], 0
    best = sorted(kinds, key=lambda name: -highest[name])[:FINALISTS]
    ranked = [
        (excess, each, code)
        for each in (cut(evidence.frame[name], kinds[name]) for name in best)
        for code, excess in enumerate(_excess(each, loss, weight))
        if excess > ndtri(1.0 - ERROR / 2 / tried)
    ]
    ranked.sort(key=lambda item: -item[0])
    return [(each, code) for _, each, code in ranked[:FINALISTS]], tried


def _excess(column: Cut, loss: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return (mean loss - the rest's) / standard error of each segment; NaN where too small.

    The variance of a weighted mean is Σ w² (l - mean)² / (Σ w)².
    """
    loss = loss - np.average(loss, weights=weight)
    count = len(column.names)
    rows = np.bincount(column.codes, minlength=count)
    enough = np.minimum(rows, len(loss) - rows) >= max(FEWEST_ROWS, FEWEST_SHARE * len(loss))
    terms = (weight, weight * loss, weight**2, weight**2 * loss, (weight * loss) ** 2)
    sums = np.array([np.bincount(column.codes, term, minlength=count) for term in terms])
    within = sums[:, enough]
    mean, variance = _mean_and_variance(*within)
    rest_mean, rest_variance = _mean_and_variance(*(sums.sum(axis=1, keepdims=True) - within))
    error = np.sqrt(np.maximum(variance + rest_variance, 0.0))
    excess = np.full(count, np.nan)
    excess[enough] = np.divide(mean - rest_mean, error, out=np.zeros_like(error), where=error > 0)
    return excess


def _mean_and_variance(
    w: np.ndarray, wl: np.ndarray, ww: np.ndarray, wwl: np.ndarray, wwll: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mean = wl / w
    return mean, (wwll - 2 * mean * wwl + mean**2 * ww) / w**2


def _comparisons(chosen: Sequence[tuple[Cut, int]]) -> int:
    """Count the comparisons of segments with the rest; the two segments of a column count once."""
    compared = Counter(column.column for column, code in chosen if _comparable(column, code))
    names = {column.column: len(column.names) for column, _ in chosen}
    return sum(1 if names[column] == 2 else count for column, count in compared.items())


def _comparable(column: Cut, code: int) -> bool:
    rows = int(np.count_nonzero(column.codes == code))
    return min(rows, len(column.codes) - rows) >= FEWEST_ROWS


def _score(
    evidence: Evidence,
    chosen: Sequence[tuple[Cut, int]],
    metric: str,
    comparisons: int,
    *,
    by_chance: bool = False,
) -> list[Segment]:
    """Score segments, and all rows outside each, on the same resamples of the rows."""
    if not chosen:
        return []
    within = [column.codes == code for column, code in chosen]
    sides = [side for mask in within for side in (mask, ~mask)]
    every, places = np.arange(len(evidence)), places_to_redraw(evidence, "segments")
    weight = evidence.weight[None, :]
    score = METRICS[metric].function
    values = [score(Subset.of(evidence, every, side).weighting(weight))[0] for side in sides]
    parts = [Subset.of(evidence, places, side[places]) for side in sides]
    drawn = np.concatenate(
        [
            [score(part.weighting(weights)) for part in parts]
            for weights in redrawn(evidence, places, "segments")
        ],
        axis=1,
    )
    chance = np.zeros((len(chosen), 2))
    if by_chance and not evidence.dependent:
        compared = [_comparable(*each) for each in chosen]
        masks = [mask[places] for mask, each in zip(within, compared, strict=True) if each]
        chance[compared] = _by_chance(evidence, places, masks, metric)
    pairs = zip(np.reshape(values, (-1, 2)), drawn.reshape(len(chosen), 2, -1), strict=True)
    return [
        _segment(evidence, each, metric, *pair, level=ERROR / max(comparisons, 1), chance=bounds)
        for each, pair, bounds in zip(chosen, pairs, chance, strict=True)
    ]


def _by_chance(
    evidence: Evidence, places: np.ndarray, within: Sequence[np.ndarray], metric: str
) -> np.ndarray:
    """Return how far below and above zero differences may lie by chance: (s, 2).

    In 95% of random permutations of the rows, no difference of the s segments lies farther out,
    when each is measured by the root mean square of its own differences to that side. Of more than
    `PERMUTED_ROWS` rows, that many are drawn and permuted, and differences shrink by the square
    root of the ratio.
    """
    if not within:
        return np.zeros((0, 2))
    rng, shrunk = evidence.rng("segments by chance"), 1.0
    if len(places) > PERMUTED_ROWS:
        some = rng.choice(len(places), PERMUTED_ROWS, replace=False)
        shrunk = np.sqrt(PERMUTED_ROWS / len(places))
        places, within = places[some], [mask[some] for mask in within]
    rows, weight = len(places), evidence.weight[places]
    whole = Subset.of(evidence, places, np.full(rows, True))
    permuted = [rng.permutation(rows) for _ in range(RESAMPLES)]
    step = max(1, BLOCK_BYTES // (8 * rows))
    drawn = np.empty((len(within), RESAMPLES))
    for start in range(0, RESAMPLES, step):
        block = np.array(permuted[start : start + step])
        for line, mask in zip(drawn, within, strict=True):
            inside = mask[block]
            own, rest = (
                METRICS[metric].function(whole.weighting(weight * side))
                for side in (inside, ~inside)
            )
            line[start : start + step] = own - rest
    return farthest_by_chance(drawn) * shrunk


def _segment(
    evidence: Evidence,
    chosen: tuple[Cut, int],
    metric: str,
    values: np.ndarray,
    drawn: np.ndarray,
    *,
    level: float,
    chance: np.ndarray,
) -> Segment:
    """Build a segment from its score and the rest's: two values, and two samples (2, 1 + B).

    The difference's interval errs with probability ``level``, and reaches at least as far to either
    side as chance does, below and above zero.
    """
    column, code = chosen
    within = column.codes == code
    value = float(values[0] - values[1])
    error = around(value, drawn[0] - drawn[1]).standard_error
    freedom = min(independent(evidence, side) for side in (within, ~within)) - 1
    reach = stdtrit(max(freedom, 1), 1.0 - level / 2) * error
    low, high = value - max(reach, chance[1]), value + max(reach, chance[0])
    difference = None
    if _comparable(column, code) and not np.isnan(error):
        difference = Interval(value, float(low), float(high), error)
    return Segment(
        column.column,
        column.names[code],
        int(within.sum()),
        around(float(values[0]), drawn[0]),
        difference,
        _baseline(evidence, within),
        _finding(difference, metric),
    )


def _finding(difference: Interval | None, metric: str) -> str:
    if difference is None:
        return TOO_FEW_ROWS
    low, high = sorted(METRICS[metric].sign * bound for bound in (difference.low, difference.high))
    if low > 0:
        return WEAKER
    return STRONGER if high < 0 else NO_DIFFERENCE


def _baseline(evidence: Evidence, within: np.ndarray) -> float:
    target, weight = evidence.target, evidence.weight
    if evidence.task == "regression":
        return float(np.average(target[within], weights=weight[within]))
    shares = np.bincount(target, weight, minlength=len(evidence.classes))
    label = 1 if evidence.task == "binary" else int(shares.argmax())
    return float(np.average(target[within] == label, weights=weight[within]))


def _weakest(
    finalists: Sequence[tuple[Cut, int]], scored: Sequence[Segment], metric: str
) -> tuple[Segment, ...]:
    weak = [
        (METRICS[metric].sign * segment.difference.value, column.codes == code, segment)
        for (column, code), segment in zip(finalists, scored, strict=True)
        if segment.difference and segment.finding == WEAKER
    ]
    weak.sort(key=lambda item: -item[0])
    kept: list[tuple[np.ndarray, Segment]] = []
    for _, within, segment in weak:
        if all((within & other).sum() <= SAME_ROWS * (within | other).sum() for other, _ in kept):
            kept.append((within, segment))
    return tuple(segment for _, segment in kept[:MOST_WEAKEST])
