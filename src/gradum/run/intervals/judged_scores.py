"""The scores of a run's judged rows, and the guarantee that they give its intervals and sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import structs

from gradum.messages import say
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.run.fingerprint import fingerprint_of, named_arrays
from gradum.run.intervals.conformal.guarantee import Guarantee, JudgedScores, Terms
from gradum.run.intervals.conformal.interval_levels import level_codes, levels_among
from gradum.run.judge import Judge, first_repeat
from gradum.run.spec.spec import Spec
from gradum.rungs.rung import Rung
from gradum.tables.encode import Unencoded
from gradum.tables.split import Part

MOST_SCORES = 10_000
"""An interval is made from at most so many scores; if there are more, so many are drawn."""

LARGEST_SCORE = 1e150
"""Replaces an infinite score, such as that of a row for which no spread is expected."""


def guarantee_of(
    spec: Spec, dataset: Dataset, judges: Sequence[Judge], used: str, *, interrupted: bool
) -> Guarantee:
    """Return what the judged rows guarantee for the rung in use, and the scores of every rung.

    Only the first repeat of a repeated cross-validation counts, so that each row has one score.
    Rows of a test file count as held-out rows.

    Parameters
    ----------
    spec : Spec
        The spec, with ``refit`` if the model has been refitted.
    judges : sequence of Judge
        The fits that judged.
    used : str
        The rung in use.
    interrupted : bool
        Whether the run was interrupted.

    Raises
    ------
    SpecError
        The column whose levels get intervals of their own has too many levels.
    """
    once = first_repeat(judges)
    judged = sum(int(np.count_nonzero(judge.parts == Part.TEST)) for judge in once)
    terms = _terms(spec, dataset, once, used, judged, interrupted=interrupted)
    rows, fold = scored_rows(spec.seed, dataset, once)
    level = None
    if terms.by is not None:
        column = dataset.frame[terms.by][rows]
        terms = structs.replace(terms, levels=levels_among(column))
        level = level_codes(column, terms.levels)
    known = dataset.schema.forecast
    scores = JudgedScores(
        _scores(dataset, once, rows, fold),
        fold.astype(np.int32),
        _own_weight(dataset, rows),
        None if dataset.groups is None else dataset.groups[rows].astype(np.int32),
        dataset.target[rows].astype(np.int32) if dataset.classes else None,
        level,
        None if dataset.time is None else _moments(dataset.time[rows]),
        None if known is None else known.codes_in(dataset.frame[rows]).astype(np.int32),
    )
    return Guarantee(terms, scores)


def scored_rows(
    seed: int, dataset: Dataset, judges: Sequence[Judge]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the judged rows whose scores are kept (n,), and which judge judged each (n,).

    If rows have an order of time, the last ones are kept; otherwise a sample is drawn.
    """
    tested = [np.flatnonzero(judge.parts == Part.TEST) for judge in judges]
    rows, fold = np.concatenate(tested), np.repeat(np.arange(len(judges)), list(map(len, tested)))
    if dataset.time is not None:
        kept = np.sort(np.argsort(dataset.time[rows], kind="stable")[-MOST_SCORES:])
    else:
        groups = rows if dataset.groups is None else dataset.groups[rows]
        kept = drawn(groups, stream(seed, "conformal", "scores"))
    return rows[kept], fold[kept]


def _own_weight(dataset: Dataset, rows: np.ndarray) -> np.ndarray | None:
    """Return the weights of rows without their exposures; None if no column gives any.

    An interval is for a row, however large its exposure.
    """
    if dataset.schema.weight is None:
        return None
    return dataset.weight[rows] / (1.0 if dataset.exposure is None else dataset.exposure[rows])


def _moments(time: np.ndarray) -> np.ndarray:
    return np.unique(time, return_inverse=True)[1].astype(np.int32)


def judge_arrays(judges: Sequence[Judge], rung: str) -> dict[str, np.ndarray]:
    """Name every array of the judges' rungs of one name as their file does: ``0/mlp/…``."""
    return {
        f"{number}/{name}": array
        for number, judge in enumerate(judges)
        for name, array in named_arrays([judge.rungs[rung]]).items()
    }


def drawn(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the places, in ascending order, of a sample of at most `MOST_SCORES` of the rows.

    Every group (n,) gets a row before any gets two, and so on, so that no group is more likely to
    be left out because it is small. A row without a group is a group of its own.
    """
    if len(groups) <= MOST_SCORES:
        return np.arange(len(groups))
    order = rng.permutation(len(groups))
    by_group = order[np.argsort(groups[order], kind="stable")]
    first = np.searchsorted(groups[by_group], groups[by_group])
    turn = np.empty(len(groups), np.intp)  # of each row within its group
    turn[by_group] = np.arange(len(groups)) - first
    return np.sort(order[np.argsort(turn[order], kind="stable")][:MOST_SCORES])


def _scores(
    dataset: Dataset, judges: Sequence[Judge], rows: np.ndarray, fold: np.ndarray
) -> Mapping[str, np.ndarray]:
    """Return each rung's scores (n,) on rows, by the judge that has not learned from them."""
    names = [name for name in judges[0].rungs if all(name in judge.rungs for judge in judges)]
    scores = {name: np.empty(len(rows)) for name in names}
    for number, judge in enumerate(judges):
        places = np.flatnonzero(fold == number)
        design = Unencoded(judge.encoder, dataset.frame, rows[places])
        target = dataset.target[rows[places]]
        exposure = None if dataset.exposure is None else dataset.exposure[rows[places]]
        for name in names:
            scores[name][places] = score(judge.rungs[name], design, target, exposure)
    return scores


def score(
    rung: Rung, design: Unencoded, target: np.ndarray, exposure: np.ndarray | None = None
) -> np.ndarray:
    """Return the nonconformity scores (n,) of rows with known targets.

    For numbers, the score is t of `Located.deviations`, with its sign; for classes, 1 − p of the
    true class.
    """
    if rung.target_scale is None:
        probability = rung.predict(design).shares
        return 1 - probability[np.arange(len(target)), target]
    with np.errstate(divide="ignore", invalid="ignore"):
        located = rung.locate(design).of_exposure(exposure)
        deviation = located.deviations(rung.target_scale.forward(target))
    return np.clip(np.nan_to_num(deviation, nan=np.inf), -LARGEST_SCORE, LARGEST_SCORE)


def _terms(
    spec: Spec,
    dataset: Dataset,
    judges: Sequence[Judge],
    used: str,
    rows: int,
    *,
    interrupted: bool,
) -> Terms:
    terms = Terms("none", rows=rows, by=spec.interval_by)
    if interrupted:
        return structs.replace(
            terms,
            reason=say("The run was interrupted."),
            remedy=say("Finish it with gradum resume."),
        )
    if dataset.time is not None:
        return structs.replace(terms, name="adaptive")
    if len(judges) > 1:
        fingerprint = fingerprint_of(judge_arrays(judges, used))
        return structs.replace(terms, name="cross", folds=len(judges), judges=fingerprint)
    if spec.refit:
        return structs.replace(
            terms,
            reason=say("The model was refitted on all rows, and no row is left to judge it."),
            remedy=say("Fit without --refit (refit), or with --cv (cv)."),
        )
    return structs.replace(terms, name="split")
