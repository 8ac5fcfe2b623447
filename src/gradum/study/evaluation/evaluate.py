"""Evaluation of a fitted model on rows that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from msgspec import structs

from gradum.errors import TargetError
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.dataset import Dataset, labelled
from gradum.run.fitted import Fitted
from gradum.run.forecast.later_rows import in_later_pairs
from gradum.run.intervals.predictor import ConformalPredictor, columns_of_intervals
from gradum.run.judge import Judge
from gradum.run.judging.headline import with_headline
from gradum.run.judging.judge_rungs import Seen, judge
from gradum.run.judging.judgement import Judgement
from gradum.run.source.row_parts import FEWEST_HELD, HELD_SHARE, held_row
from gradum.rungs import balance
from gradum.rungs.names import BASELINE
from gradum.rungs.rung import Prediction
from gradum.solvers.solution import Status
from gradum.study.coverage.new_rows import NewCoverage, coverage_of_new, covered_rows, covering
from gradum.study.evaluation.changes import Change, change_sentences, changes, level_moved
from gradum.study.evaluation.run_rows import RunRows, trained_on_sentence
from gradum.study.evidence import Evidence
from gradum.study.groups.groups import Groups
from gradum.study.groups.scoring import scores_by_group
from gradum.tables.check.check import widened
from gradum.tables.schema.schema import with_columns_of
from gradum.tables.sources.stream import Stream
from gradum.tables.table import Table


class Evaluation(msgspec.Struct, frozen=True):
    """Scores on held-out rows, and how those rows differ from the training rows."""

    judgement: Judgement
    """Its headline and classes are those of the rung that the run uses; rows that the model was
    trained on come first."""
    differences: tuple[str, ...]
    """How the columns differ from those in training."""
    trained_on: int | None = None
    """How many of these rows the model was trained on; None where the run's rows are not at
    hand."""
    changes: tuple[Change, ...] = ()
    """Scores of the rung in use on rows that are new to the run, next to the run's own scores;
    those that got worse come first. Empty where there are no new rows, or no scores of the run."""
    sentences: tuple[str, ...] = ()
    """What must be known first: which rows the model was trained on, which scores got worse, where
    the target's level moved, how many rows are covered."""
    coverage: NewCoverage | None = None
    """Coverage by intervals or sets on rows that are new to the run; None where there are none."""
    groups: Groups | None = None
    """Scores of the rung in use for the groups that were asked for."""


class Grouping(msgspec.Struct, frozen=True):
    """The columns that define the groups to be scored, and the metric (None for the run's own)."""

    columns: tuple[str, ...] = ()
    metric: str | None = None


UNGROUPED = Grouping()


def evaluate(
    fitted: Fitted,
    table: Table,
    *,
    drawn_from: int | None = None,
    run_rows: RunRows | None = None,
    judges: Sequence[Judge] = (),
    grouping: Grouping = UNGROUPED,
) -> Evaluation:
    """Score every rung on a table that holds the target.

    Parameters
    ----------
    drawn_from : int, optional
        The number of rows of the whole table, where this table holds only some of them.
    run_rows : RunRows, optional
        The rows of the run that fitted the model, where they are at hand.
    judges : sequence of Judge
        The judges of a cross-validation, which its intervals need, where they are at hand.
    grouping : Grouping
        Columns of the table; the model need not use them.

    Raises
    ------
    SchemaError, TargetError
        The table does not match the model's schema, or has no usable target.
    SpecError
        The rows cannot be grouped in this way.
    """
    dataset = _labelled(fitted, table, grouping)
    design = fitted.encoder.transform(dataset.frame)
    predictions = {name: rung.predict(design) for name, rung in fitted.rungs.items()}
    learned, held_out = np.zeros((2, len(dataset)), bool)
    if run_rows is not None:
        learned, held_out = run_rows.among(dataset.frame)
    conformal = covering(fitted, judges)

    def covered() -> np.ndarray | None:
        if conformal is None:
            return None
        return covered_rows(conformal, dataset.frame, dataset.row_target, predictions[fitted.used])

    scored = ScoredRows(dataset, predictions, learned, held_out, conformal, covered)
    return concluded(
        fitted,
        scored,
        notes=table.notes,
        drawn_from=drawn_from,
        at_hand=run_rows is not None,
        grouping=grouping,
    )


@dataclass(frozen=True)
class ScoredRows:
    """Rows with a target, and all that an evaluation has to know of them."""

    dataset: Dataset
    """n rows; of the columns, at least those with a role other than that of a feature, and those by
    which rows are grouped."""
    predictions: dict[str, Prediction]
    """Rung -> its predictions."""
    learned: np.ndarray
    held_out: np.ndarray
    """Booleans of shape (n,). Which rows the model was trained on, and which others its run
    knew."""
    conformal: ConformalPredictor | None
    """What makes intervals or sets of the rung in use, if the model keeps the scores."""
    covered: Callable[[], np.ndarray | None]
    """Returns which rows hold their target in their interval or set (n,); None if that is
    unknown."""


def concluded(
    fitted: Fitted,
    scored: ScoredRows,
    *,
    notes: Sequence[str],
    drawn_from: int | None,
    at_hand: bool,
    grouping: Grouping,
) -> Evaluation:
    """Return the evaluation of scored rows; see `evaluate`.

    ``notes`` are those on the table; ``at_hand`` says whether the run's rows are.
    """
    dataset, predictions = scored.dataset, scored.predictions
    seen = Seen(np.arange(len(dataset)), predictions)
    judgement = _judged(fitted, dataset, seen, notes, drawn_from)
    count = int(np.count_nonzero(scored.learned))
    first = (trained_on_sentence(count, len(dataset), scored=True),) if count else ()
    judgement = structs.replace(judgement, headline=(*first, *judgement.headline))
    known = scored.learned | scored.held_out
    compared, sentences = _beside_the_run(fitted, dataset, seen, judgement, known)
    within = None if known.all() else scored.covered()
    covered = None
    if within is not None and scored.conformal is not None:
        covered = coverage_of_new(scored.conformal, within, ~known)
    last = () if covered is None else (covered.sentence,)
    return Evaluation(
        judgement,
        dataset.differences,
        count if at_hand else None,
        compared,
        (*first, *sentences, *last),
        covered,
        grouped(fitted, dataset, predictions[fitted.used], grouping),
    )


def _judged(
    fitted: Fitted, dataset: Dataset, seen: Seen, notes: Sequence[str], drawn_from: int | None
) -> Judgement:
    """Score every rung's predictions for the rows of a table."""
    how = say("Judged on {rows:,} rows of {source}.", rows=len(dataset), source=dataset.source)
    if drawn_from is not None:
        how = say(
            "Judged on {rows:,} rows drawn from {drawn_from:,} of {source}.",
            rows=len(dataset),
            drawn_from=drawn_from,
            source=dataset.source,
        )
    judgement = judge(
        dataset.truth,
        {"test": seen},
        metric=fitted.spec.metric or dataset.truth.metric,
        seed=fitted.spec.seed,
        how=how,
        spoken_of=fitted.used,
    )
    known = structs.replace(
        judgement,
        notes=(
            *notes,
            *(doubt.note for doubt in dataset.doubts),
            *dataset.notes,
            *balance.notes([rung.class_weight for rung in fitted.rungs.values()]),
            *judgement.notes,
        ),
        unit=fitted.schema.target_unit,
        from_naive=fitted.schema.from_naive,
        loss=fitted.spec.loss or "",
        cut_short=tuple(
            name for name, rung in fitted.rungs.items() if rung.status is Status.TIME_LIMIT
        ),
    )
    return with_headline(known, fitted.used)


def table_by_group(fitted: Fitted, table: Table, grouping: Grouping) -> Groups:
    """Score only the rung in use by groups of a table that holds the target.

    Raises
    ------
    SchemaError, TargetError, SpecError
        As `evaluate`.
    """
    dataset = _labelled(fitted, table, grouping)
    prediction = fitted.rung().predict(fitted.encoder.transform(dataset.frame))
    groups = grouped(fitted, dataset, prediction, grouping)
    assert groups is not None
    return groups


def _labelled(fitted: Fitted, table: Table, grouping: Grouping) -> Dataset:
    table = in_later_pairs(fitted, table)
    schema = with_columns_of(fitted.schema, table, grouping.columns)
    return labelled(table, schema, encoder=fitted.encoder, also=also_of(fitted, grouping))


def also_of(fitted: Fitted, grouping: Grouping) -> tuple[str, ...]:
    """Return the columns that are looked at although no model uses them."""
    guarantee = fitted.guarantee
    by = () if guarantee is None else columns_of_intervals(guarantee.terms, fitted.schema)
    return (*grouping.columns, *by)


def grouped(
    fitted: Fitted, dataset: Dataset, prediction: Prediction, grouping: Grouping
) -> Groups | None:
    """Score the rung in use by groups of a table's rows."""
    if not grouping.columns:
        return None
    metric = grouping.metric or fitted.spec.metric or dataset.truth.metric
    return scores_by_group(_evidence(fitted, dataset, prediction), grouping.columns, metric)


def new_rows_evidence(
    fitted: Fitted, table: Table, also: Sequence[str] = (), run_rows: RunRows | None = None
) -> Evidence | None:
    """Return the predictions of the rung in use for those rows of a table that are new to the run.

    None where no row is new. ``also`` names further columns to keep, which no model uses.

    Raises
    ------
    SchemaError, TargetError
        As `evaluate`.
    """
    dataset = _labelled(fitted, table, Grouping(tuple(also)))
    if run_rows is not None:
        learned, held_out = run_rows.among(dataset.frame)
        new = ~(learned | held_out)
        if not new.any():
            return None
        dataset = replace(dataset, frame=dataset.frame.filter(new), numbers=dataset.numbers[new])
    prediction = fitted.rung().predict(fitted.encoder.transform(dataset.frame))
    return _evidence(fitted, dataset, prediction)


def _evidence(fitted: Fitted, dataset: Dataset, prediction: Prediction) -> Evidence:
    return Evidence(
        fitted.used,
        dataset.truth,
        np.arange(len(dataset)),
        dataset.numbers + 1,
        prediction,
        widened(dataset.frame),
        dataset.schema,
        fitted.spec.seed,
        len(dataset),
        balance.threshold(fitted.rung().class_weight),
    )


def _beside_the_run(
    fitted: Fitted, dataset: Dataset, seen: Seen, judgement: Judgement, known: np.ndarray
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Compare the rows (n,) that are not ``known`` to the run with those that it held out."""
    of_run, used, truth = fitted.judgement, fitted.used, dataset.truth
    if known.all():
        return (), (
            say("No row is new to the run, so nothing is compared with the run's own scores."),
        )
    if of_run is None:
        return (), change_sentences((), judgement.verdict.metric, (0, 0))
    if known.any():
        others = np.flatnonzero(~known)
        predictions = {
            name: prediction.take(others) for name, prediction in seen.predictions.items()
        }
        seen = Seen(others, predictions)
        try:
            judgement = judge(
                truth,
                {"test": seen},
                metric=judgement.verdict.metric,
                seed=fitted.spec.seed,
                how=judgement.how,
            )
        except TargetError as error:
            why = say(
                "The rows that are new to the run cannot be compared: {message}",
                message=error.message,
            )
            return (), (why,)
    metric = judgement.verdict.metric
    compared = changes(judgement.scores[used]["test"], of_run.scores[used]["test"], metric)
    rows = judgement.rows["test"], of_run.rows["test"]
    baseline, target = seen.predictions.get(BASELINE), fitted.schema.learned_target
    mean = None if baseline is None else float(baseline.value[0])
    moved = level_moved(truth, seen, of_run, mean, target.name, fitted.spec.seed)
    sentences = change_sentences(compared, metric, rows)
    return compared, tuple(sentence for sentence in (*sentences, moved) if sentence)


def evaluate_in_blocks(
    fitted: Fitted,
    rows: Stream,
    memory: int,
    *,
    run_rows: RunRows | None = None,
    judges: Sequence[Judge] = (),
    grouping: Grouping = UNGROUPED,
) -> Evaluation:
    """Score every rung on as many rows of a large table as fit into ``memory`` bytes.

    The rows are drawn by chance from the whole table; all rows are taken if there is room.
    """
    rows = rows.without_totals()
    numbers = drawn_places(fitted, rows, held_row(rows.head.frame, len(fitted.classes)), memory)
    if numbers is None:
        whole = rows.take(rows.places)
        return evaluate(fitted, whole, run_rows=run_rows, judges=judges, grouping=grouping)
    return evaluate(
        fitted,
        rows.take(numbers),
        drawn_from=len(rows.places),
        run_rows=run_rows,
        judges=judges,
        grouping=grouping,
    )


def drawn_places(fitted: Fitted, rows: Stream, row_bytes: float, memory: int) -> np.ndarray | None:
    """Draw as many places of a table's rows as there is room for; None if there is for all."""
    count = int(max(HELD_SHARE * memory / row_bytes, FEWEST_HELD))
    if count >= len(rows.places):
        return None
    rng = stream(fitted.spec.seed, "evaluate")
    return rows.places[np.sort(rng.choice(len(rows.places), count, replace=False))]
