"""Notes on a run's fits: divergence, time limits, transformations, repeated rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from gradum.messages import marked, say, say_plural, sentences
from gradum.run.alarm import Alarm
from gradum.run.dataset import Dataset
from gradum.run.judge import Judge
from gradum.run.judging.judge_rungs import Seen
from gradum.run.monotone_columns import monotone_in_words
from gradum.run.rivals import Contestant
from gradum.run.spec.spec import Spec
from gradum.rungs import balance
from gradum.rungs.post import calibrated_in_words
from gradum.rungs.registry import KINDS, kinds_for
from gradum.rungs.rung import Rung
from gradum.scores.figures import figure
from gradum.solvers.solution import Status
from gradum.tables.schema.schema import Schema
from gradum.tables.split import Part, straddling_duplicates

TROUBLES = {  # in the only fit, and in some of several
    Status.DIVERGED: (
        marked("{rung} diverged."),
        marked("{rung} diverged in {troubled} of {fits} fits."),
    ),
    Status.TIME_LIMIT: (
        marked("{rung} ran out of time."),
        marked("{rung} ran out of time in {troubled} of {fits} fits."),
    ),
}


def ending_notes(
    spec: Spec,
    judges: Sequence[Judge],
    seen: dict[str, Seen],
    dataset: Dataset,
    alarms: tuple[Alarm, ...],
    *,
    interrupted: bool,
) -> tuple[str, ...]:
    """Say how the fits that judge ended, and what they leave out or repeat."""
    return (
        *_troubled(judges),
        *_left_out(spec, judges, interrupted=interrupted),
        *_sampled(seen, judges),
        *_repeats(dataset, judges[0].parts, alarms),
    )


def luck_note(spec: Spec, judges: Sequence[Judge], rows: int, used: str) -> str:
    """Say what the intervals of a small table leave out, if the model in use is no minimum.

    Judged rows do not show what a training from random weights happened to learn; docs/accuracy.md
    has how often intervals hold.
    """
    if len(judges) < 2 or rows >= spec.split.small_table_rows or judges[0].rungs[used].is_minimum:
        return ""
    return say(
        "Intervals leave out what a training happens to learn: for networks on so few rows, those "
        "of 95% hold in about 90 of 100 tables."
    )


def transformation_notes(rungs: dict[str, Rung]) -> tuple[str, ...]:
    """Say which transformations lie between what rungs have learned and what they predict."""
    scales = [(say(KINDS[name].title), rung.target_scale) for name, rung in rungs.items()]
    smeared = [
        scale.spread.sentence(title, scale.smearing)
        for title, scale in scales
        if scale is not None and scale.spread is not None
    ]
    calibrated = [
        sentence
        for name, rung in rungs.items()
        for sentence in calibrated_in_words(say(KINDS[name].in_words), rung.calibration)
    ]
    weights = [rung.class_weight for rung in rungs.values()]
    remarks = [remark for name, rung in rungs.items() for remark in KINDS[name].remarks(rung)]
    return (*balance.notes(weights), *remarks, *calibrated, *smeared)


def monotone_notes(spec: Spec, schema: Schema, rivals: Sequence[Contestant]) -> tuple[str, ...]:
    """Say in which columns the models are monotone, and that rivals need not be."""
    notes = monotone_in_words(schema.learned_target, spec.directions)
    if notes and rivals:
        return (*notes, say("What the models are judged against need not be monotone."))
    return notes


def cut_short(judges: Sequence[Judge]) -> tuple[str, ...]:
    """Name the rungs that ran out of time in some fit."""
    ended = [(name, rung.status) for judge in judges for name, rung in judge.rungs.items()]
    return tuple(name for name in judges[0].rungs if (name, Status.TIME_LIMIT) in ended)


def _troubled(judges: Sequence[Judge]) -> tuple[str, ...]:
    """Say which rungs' training failed or was cut short, in how many fits, and what to do."""
    notes = []
    for name, (status, messages) in product(judges[0].rungs, TROUBLES.items()):
        fits = [judge.rungs[name] for judge in judges if name in judge.rungs]
        troubled = [rung for rung in fits if rung.status is status]
        if troubled:
            sentence = say(
                messages[len(fits) > 1],
                rung=say(KINDS[name].title),
                troubled=len(troubled),
                fits=len(fits),
            )
            notes.append(sentences([sentence, troubled[0].advice]))
    return tuple(notes)


def _left_out(spec: Spec, judges: Sequence[Judge], *, interrupted: bool) -> tuple[str, ...]:
    """Name the rungs that the time limit left no time to begin in some fit."""
    if interrupted or spec.time_limit is None:
        return ()
    kinds = kinds_for(spec.rungs, grids=bool(judges[0].encoder.layout.grids))
    missing = [
        say(kind.title)
        for kind in kinds
        if kind.compiling and any(kind.name not in judge.rungs for judge in judges)
    ]
    if not missing:
        return ()
    return (
        say(
            "The time limit left no time for {names}; allow more with --time-limit (time_limit).",
            names=say(" and ").join(missing),
        ),
    )


def _sampled(seen: dict[str, Seen], judges: Sequence[Judge]) -> tuple[str, ...]:
    """Say how many training rows are scored, if the time limit left no time for all."""
    scored = len(seen["train"].rows) if "train" in seen else 0
    rows = sum(np.count_nonzero(judge.parts == Part.TRAIN) for judge in judges)
    if scored in (0, rows):
        return ()
    return (
        say(
            "The time limit left no time to score all {rows:,} training rows: their scores are "
            "those of {scored:,}, drawn by chance.",
            rows=rows,
            scored=scored,
        ),
    )


def _repeats(dataset: Dataset, parts: np.ndarray, alarms: tuple[Alarm, ...]) -> tuple[str, ...]:
    """Count the exact repeats across parts, unless an alarm was raised about them."""
    count = straddling_duplicates(dataset.frame, parts)
    if not count or any(alarm.kind == "near duplicates" for alarm in alarms):
        return ()
    share = figure(100 * count / np.count_nonzero(parts == Part.TEST), digits=2)
    return (
        say_plural(
            "{count:,} test row equals one of the other rows in every column ({share}% of those "
            "that judge). If columns have few values, that may be chance; if not, a model that "
            "only remembers gets too good a score: give --group a column that keeps such rows "
            "together.",
            "{count:,} test rows equal one of the other rows in every column ({share}% of those "
            "that judge). If columns have few values, that may be chance; if not, a model that "
            "only remembers gets too good a score: give --group a column that keeps such rows "
            "together.",
            count,
            share=share,
        ),
    )
