"""Refits on bootstrapped tables: how far scores, answers and the importance of columns move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from gradum.messages import say, sentences
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.run.judge import Judge, first_repeat
from gradum.run.judging.judge_rungs import Seen
from gradum.run.run import Run
from gradum.rungs.context import ALONE, Context, ignore
from gradum.rungs.names import BASELINE
from gradum.scores.figures import figure, percent
from gradum.scores.interval import Interval, interval
from gradum.scores.metrics import METRICS, score
from gradum.study.findings.importance import importance
from gradum.study.refitting import refitted
from gradum.tables.split import Part
from gradum.waiting import told

MOST_DRAWS = 100


class MovedColumn(msgspec.Struct, frozen=True):
    """A column's importance, with the 95% of its values in the middle over refits."""

    column: str
    importance: Interval


class Refits(msgspec.Struct, frozen=True):
    """What tables drawn anew would change."""

    refits: int
    """How many tables were drawn and learned from."""
    metric: str
    """The verdict's metric."""
    score: Interval | None = None
    """The run's score, with a 95% interval for the score that a fresh table of as many rows would
    be reported with."""
    by_rows: float = 0.0
    by_refits: float = 0.0
    """The standard errors of the score from the rows that judged, and from those learned from."""
    moved: float = 0.0
    """The standard deviation of a judged row's answer over refits, as the root mean square over
    rows: of its number, or of the probability of the class that the run answered."""
    by_row: dict[int, float] = {}
    """The same of each judged row, by its number in the table, from 1."""
    decided_otherwise: float | None = None
    """Of how many answers refits name another class; None for a number."""
    columns: tuple[MovedColumn, ...] = ()
    """By falling importance in the run."""
    same_first: int = 0
    """In how many refits the run's most important column is the most important one."""
    sentence: str = ""
    skipped: str = ""
    """Why nothing was refitted; empty if it was."""

    def moves(self, row: int) -> str:
        """Return by how much the answer of a judged row moves; empty if it is not known."""
        if row not in self.by_row:
            return ""
        if self.decided_otherwise is None:
            return figure(self.by_row[row])
        return say("{moved} points", moved=figure(100 * self.by_row[row], digits=2))


def refits(run: Run, count: int, context: Context = ALONE) -> Refits:
    """Draw the table ``count`` times with replacement, and let the rung in use learn again.

    Rows are drawn, or whole groups. In each draw the fits that judged learn again, each from its
    own rows of the draw (those that stop a fit stay apart), and predict the rows that it judged.
    So refits differ by what was learned alone; with σ² the variance of their scores and s² that of
    the score by the rows that judged, a fresh table's reported score differs from the run's by
    2 (s² + σ²), and the interval of the score is √(2 (1 + σ² / s²)) times as long as that of the
    judge.
    """
    assert run.fitted.judgement is not None
    metric, used = run.fitted.judgement.verdict.metric, run.fitted.used
    own = run.fitted.judgement.scores[used]["test"][metric]
    if skipped := _reason_to_skip(run, own):
        return Refits(count, metric, skipped=skipped)
    judges = first_repeat(run.judges)
    runs = []
    for draw in told(range(count), say("report: refits"), count):
        again = _drawn_again(run, judges, draw, replace(context, tell=ignore))
        if context.stop():
            return Refits(count, metric, skipped=say("Interrupted before all refits were made."))
        if not again:
            lacks = say("A class has too few rows to be in every table that is drawn anew.")
            return Refits(count, metric, skipped=lacks)
        runs.append(replace(run, judges=again))
    answers = [_answers(each, used) for each in (run, *runs)]
    truth = run.dataset.truth
    scores = [score(next(iter(truth.outcomes(seen).values())))[metric] for seen in answers]
    by_refits = float(np.std(scores[1:], ddof=1))
    longer = float(np.sqrt(2 * (1 + (by_refits / own.standard_error) ** 2)))
    fresh = Interval(
        own.value,
        own.value - longer * (own.value - own.low),
        own.value + longer * (own.high - own.value),
        longer * own.standard_error,
    )
    variance, otherwise = _moved([seen.predictions[used] for seen in answers])
    numbers = (run.dataset.numbers[answers[0].rows] + 1).tolist()
    columns, same_first = _moved_columns(run, runs)
    found = Refits(
        count,
        metric,
        fresh,
        own.standard_error,
        by_refits,
        moved=float(np.sqrt(variance.mean())),
        by_row=dict(zip(numbers, np.sqrt(variance).tolist(), strict=True)),
        decided_otherwise=otherwise,
        columns=columns,
        same_first=same_first,
    )
    return msgspec.structs.replace(found, sentence=_sentence(found))


def _reason_to_skip(run: Run, own: Interval) -> str:
    if run.fitted.used == BASELINE:
        return say("The baseline is in use, which a refit hardly changes.")
    if run.dataset.time is not None:
        return say("Rows in the order of time are not drawn anew.")
    if run.dataset.drawn_from is not None:
        return say("The table does not fit in memory, and is not learned from again.")
    if not own.known or not own.standard_error > 0:
        return say("Too few rows judged to say how sure the score is.")
    return ""


def _drawn_again(
    run: Run, judges: Sequence[Judge], draw: int, context: Context
) -> tuple[Judge, ...]:
    """Return the judges as they would be had the table been drawn anew; none if it lacks rows."""
    dataset, used, spec = run.dataset, run.fitted.used, run.fitted.spec
    alone = spec.with_settings(used, spec.of_rung(used).settings)
    rng = stream(spec.seed, "study", "refits", draw)
    draws = (_counts(dataset, rng) for _ in range(MOST_DRAWS))
    suffices = (counts for counts in draws if _suffices(dataset, judges, counts))
    if (counts := next(suffices, None)) is None:
        return ()
    again = []
    for judge in judges:
        rows = np.flatnonzero(judge.parts != Part.TEST)
        places = np.repeat(rows, counts[rows])
        made = refitted(alone, dataset, places, judge.parts[places], context)
        again.append(Judge(made.encoder, {used: made.rung}, judge.parts))
    return tuple(again)


def _counts(dataset: Dataset, rng: np.random.Generator) -> np.ndarray:
    """Draw how often each row, or each group, comes (n,)."""
    groups = np.arange(len(dataset)) if dataset.groups is None else dataset.groups
    _, group = np.unique(groups, return_inverse=True)
    number = int(group.max()) + 1
    return np.bincount(rng.integers(number, size=number), minlength=number)[group]


def _suffices(dataset: Dataset, judges: Sequence[Judge], counts: np.ndarray) -> bool:
    """Whether a draw has both parts, and every class, that each judge learned from."""
    return all(
        len(np.unique(labels[learned & (counts > 0)])) == len(np.unique(labels[learned]))
        for judge in judges
        for learned in (judge.parts != Part.TEST,)
        for labels in (judge.parts, dataset.target if dataset.classes else judge.parts)
    )


def _answers(run: Run, used: str) -> Seen:
    """Return what the judges answer for the rows that they judge."""
    judged = []
    for judge in first_repeat(run.judges):
        rows = np.flatnonzero(judge.parts == Part.TEST)
        design = judge.encoder.transform(run.dataset.frame[rows])
        judged.append(Seen(rows, {used: judge.rungs[used].predict(design)}))
    return Seen.pool(judged)


def _moved(predictions: Sequence) -> tuple[np.ndarray, float | None]:
    """Return the variance of each answer, and the share of other decisions; the run's own first."""
    own, *others = predictions
    if own.probability is None:
        drawn = np.array([each.value for each in others])
        return drawn.var(axis=0, ddof=1), None
    places = np.arange(len(own.value)), own.value
    drawn = np.array([each.probability[places] for each in others])
    otherwise = np.mean([each.value != own.value for each in others])
    return drawn.var(axis=0, ddof=1), float(otherwise)


def _moved_columns(run: Run, runs: Sequence[Run]) -> tuple[tuple[MovedColumn, ...], int]:
    """Return the columns' importance with its spread, and how often the first stays the first."""
    own, *others = (
        {each.column: each.increase.value for each in importance(one).columns}
        for one in (run, *runs)
    )
    columns = tuple(
        MovedColumn(name, interval(value, np.array([each.get(name, 0.0) for each in others])))
        for name, value in own.items()
    )
    first = Counter(next(iter(each), "") for each in others)
    return columns, first[next(iter(own), "")]


def _sentence(found: Refits) -> str:
    assert found.score is not None
    values = {"count": found.refits, "metric": METRICS[found.metric].words}
    fresh = say(
        "A fresh table of as many rows would report {metric} between {low} and {high} with 95% "
        "certainty ({value} here), as {count} refits on tables drawn anew show.",
        value=figure(found.score.value),
        low=figure(found.score.low),
        high=figure(found.score.high),
        **values,
    )
    if found.decided_otherwise is None:
        answers = say(
            "The number of a row moves by {moved} from refit to refit (standard deviation).",
            moved=figure(found.moved),
        )
    else:
        answers = say(
            "A refit decides otherwise for {share} of the rows, and the probability of a row moves "
            "by {moved} points (standard deviation).",
            share=percent(found.decided_otherwise, decimals=1),
            moved=figure(100 * found.moved, digits=2),
        )
    if not found.columns:
        return sentences([fresh, answers])
    return sentences(
        [
            fresh,
            answers,
            say(
                "{column} is the most important column in {same} of {count} refits.",
                column=found.columns[0].column,
                same=found.same_first,
                count=found.refits,
            ),
        ]
    )
