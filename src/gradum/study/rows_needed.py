"""The sample size that tells two models apart, and the least difference that a sample tells."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from scipy.special import ndtri, owens_t

from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.dataset import Dataset
from gradum.run.spec.spec import SplitSpec
from gradum.scores.figures import percent

LEVEL, POWER = 0.05, 0.8
USUAL_AUC = 0.75
OF_A_NORMAL = 3.0
REACH = float(ndtri(1 - LEVEL / 2))
GAP_REACH = float(REACH + ndtri(POWER))


class ScoreRows(msgspec.Struct, frozen=True):
    """How many judged rows a score needs, and what the table's judged rows show of it."""

    metric: str
    """The metric: "accuracy", "auc", or "rmse", of which sizes are shares of the score."""
    assumed: float | None
    """The better model's score; of an RMSE none is assumed."""
    for_gap: int
    for_width: int
    """Judged rows that show a gap of the size asked for in 80% of samples, and that make a 95%
    interval as wide as this."""
    least_gap: float
    width: float
    """The gap that the table's judged rows show in 80% of samples, and the width of their
    interval."""


class RowsNeeded(msgspec.Struct, frozen=True):
    """How many rows a question takes."""

    target: str
    size: float
    """The gap that is to be seen and the width of the interval, such as 0.05."""
    rows: int
    judged: int
    """The rows with a target, and how many of them judge in a fit without options."""
    scores: tuple[ScoreRows, ...]
    sentences: tuple[str, ...]
    """What was assumed."""


def rows_needed(dataset: Dataset, size: float) -> RowsNeeded:
    """Plan from the target alone, before any model is fitted.

    A score of n judged rows has the variance v / n. Two models with unrelated errors are told apart
    in 80% of samples by n = (z₀.₉₇₅ + z₀.₈)² (v₁ + v₂) / gap² rows; an interval is as wide as asked
    for with n = (2 z₀.₉₇₅)² v / width² rows.

    - Accuracy: v = a (1 − a), with the better a that of guessing the commonest class or ½, if more.
    - AUC of two classes, of which shares p and 1 − p belong to each, for normal scores of equal
      variance: v = (Q − A²) / p (1 − p) with Q = A − 2 T(Φ⁻¹(A), 1/√3) the probability that a row
      ranks below two of the other class, T Owen's function, and the better A = 0.75. Source: J.
      Hanley and B. McNeil, The meaning and use of the area under a ROC curve (Radiology 143), 1982.
    - RMSE: v = (κ − 1) / 4 for its logarithm, with κ the kurtosis of the target or 3, if more.

    Raises
    ------
    SpecError
        The size is not between 0 and 0.5.
    """
    if not 0 < size < 0.5:
        raise SpecError(
            "A gap of {points:g} points cannot be planned for.",
            "Give --points between 0 and 50, such as 5.",
            points=100 * size,
        )
    split, n = SplitSpec(), len(dataset)
    judged = n if n < split.small_table_rows else round(split.test * n)
    scores, assumed = (_of_classes if dataset.classes else _of_numbers)(dataset, size, judged)
    notes = [*assumed, *_how_judged(dataset, split)]
    return RowsNeeded(
        dataset.schema.learned_target.name, size, n, judged, tuple(scores), tuple(notes)
    )


def _of_classes(dataset: Dataset, size: float, judged: int) -> tuple[list[ScoreRows], list[str]]:
    shares = np.bincount(dataset.target) / len(dataset)
    accuracy = max(float(shares.max()), 0.5)
    better, worse = (a * (1 - a) for a in (accuracy, accuracy - size))
    found = [_score("accuracy", accuracy, size, judged, better, worse)]
    assumed = say(
        "The better accuracy is taken to be {accuracy}: that of guessing the commonest class, or "
        "50%; a better model's takes fewer rows.",
        accuracy=percent(accuracy),
    )
    if len(shares) != 2:
        return found, [assumed]
    better, worse = (_of_auc(auc) / float(shares.prod()) for auc in (USUAL_AUC, USUAL_AUC - size))
    found.append(_score("auc", USUAL_AUC, size, judged, better, worse))
    return found, [assumed, say("The better AUC is taken to be {auc:g}.", auc=USUAL_AUC)]


def _of_numbers(dataset: Dataset, size: float, judged: int) -> tuple[list[ScoreRows], list[str]]:
    off = dataset.target - dataset.target.mean()
    tails = max(float(np.mean(off**4) / np.mean(off**2) ** 2), OF_A_NORMAL)
    variance = (tails - 1) / 4
    assumed = say(
        "Errors are taken to have tails like the target (kurtosis {tails:.1f}); points are shares "
        "of the RMSE.",
        tails=tails,
    )
    return [_score("rmse", None, size, judged, variance, variance)], [assumed]


def _score(
    metric: str, assumed: float | None, size: float, judged: int, better: float, worse: float
) -> ScoreRows:
    """Plan for a score whose variances are those of the better and of the worse model by n rows."""
    gap = -math.log1p(-size) if metric == "rmse" else size
    least = GAP_REACH * math.sqrt(2 * better / judged)
    width = 2 * REACH * math.sqrt(better / judged)
    if metric == "rmse":
        least = -math.expm1(-least)
    return ScoreRows(
        metric,
        assumed,
        math.ceil(GAP_REACH**2 * (better + worse) / gap**2),
        math.ceil((2 * REACH / size) ** 2 * better),
        min(least, 1.0),
        width,
    )


def _of_auc(auc: float) -> float:
    """Return Q − A² of normal scores."""
    return auc - 2 * float(owens_t(ndtri(auc), 1 / math.sqrt(3))) - auc**2


def _how_judged(dataset: Dataset, split: SplitSpec) -> list[str]:
    together = dataset.schema.group or dataset.schema.time
    notes = [
        say(
            "Two models are told apart by the paired test with a chance of {power} if their errors "
            "are unrelated; where both err on the same rows, fewer rows do.",
            power=percent(POWER),
        ),
        say(
            "All rows judge in tables of fewer than {small:,}, and {share} of the rows in larger "
            "ones: plan for as many more.",
            small=split.small_table_rows,
            share=percent(split.test),
        ),
    ]
    if together is not None:
        notes.append(
            say(
                "Rows that belong together by {column!r} count for less than this.", column=together
            )
        )
    return notes
