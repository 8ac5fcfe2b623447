"""Scores of a model on rows that hold the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import structs

from gradum.engines import engine_of
from gradum.engines.engine import Engine
from gradum.errors import TargetError
from gradum.messages import say
from gradum.questions.rows.asked_engine import refuse_no_partitions
from gradum.questions.rows.groups import grouping_of, judged_by_group
from gradum.questions.rows.run_rows import known_rows
from gradum.run.memory.memory_bound import judging_bound
from gradum.run.options.option_values import read_size
from gradum.run.options.options import make_reading
from gradum.scores.metrics import METRICS
from gradum.study.evaluation.evaluate import Evaluation, Grouping, evaluate_in_blocks
from gradum.study.evaluation.evaluate import evaluate as evaluate_table
from gradum.study.evaluation.in_partitions import evaluate_in_partitions
from gradum.study.evaluation.run_rows import RunRows
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.open_stream import at_hand, opened
from gradum.tables.sources.read import read

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def evaluate(
    self: Subject,
    data: Any = None,
    *,
    by: str | Sequence[str] = (),
    metric: str | None = None,
    max_memory: int | str | None = None,
    on: Any = None,
    sheet: str | None = None,
    query: str | None = None,
    encoding: str | None = None,
    skip_rows: int | None = None,
    keep_totals: bool | None = None,
) -> Evaluation:
    """Score every rung on rows that hold the target, beside the run's own scores.

    A model that was fitted here, or loaded from a run folder whose table is unchanged, also says
    how many of the rows it was trained on.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or iterable of such, optional
        Rows with the target; if left out, the rows that judged the run are grouped.
    by : str or sequence of str
        Columns by whose groups the rung in use is scored too; the model need not use them. Groups
        are scored by a metric and, for two classes, by selection rate and rates of true and false
        positives; see `gradum.study.groups`.
    metric : str, optional
        The metric by which groups are scored; the run's own if left out.
    max_memory : int or str, optional
        Bytes, or a size such as "2GB"; half of the available memory if not given. From a table that
        would take more, as many random rows are drawn and judged as there is room for.
    on : str or Executor, optional
        An engine that reads and predicts the table's partitions, as in `gradum.fit`. Since features
        stay there, more rows have room here. Scores are the same on every engine, and agree with
        those without one to rounding.
    sheet, query, encoding, skip_rows, keep_totals : optional
        How ``data`` is read, as in `gradum.fit`.

    Returns
    -------
    Evaluation
        ``judgement.scores`` has each score with its 95% interval, by rung, part and metric.

    Raises
    ------
    SchemaError, TargetError
        A column is absent or of another kind, or a label was never seen in training.
    SpecError
        There is no such metric, group column or engine, or nothing is given to score.
    EngineError
        The engine does not answer, or a task failed too often.
    """
    grouping = grouping_of(self, by, metric)
    if on is not None:
        refuse_no_partitions(self.fitted, data)
    if data is None:
        return judged_by_group(self, grouping)
    known, unknown = known_rows(self.run, self.folder, self.fitted), ()
    if isinstance(known, str):
        unknown = (
            say(
                "It is not known whether the model was trained on these rows: {cause}.", cause=known
            ),
        )
        known = None
    reading = make_reading(
        sheet=sheet, query=query, encoding=encoding, skip_rows=skip_rows, keep_totals=keep_totals
    )
    with engine_of(on) as engine:
        evaluation = _evaluated(self, data, max_memory, known, reading, grouping, engine)
    return structs.replace(evaluation, sentences=(*unknown, *evaluation.sentences))


def _evaluated(
    self: Subject,
    data: Any,
    max_memory: int | str | None,
    known: RunRows | None,
    reading: ReadingOptions,
    grouping: Grouping,
    engine: Engine | None,
) -> Evaluation:
    asked: dict[str, Any] = {"run_rows": known, "judges": self.judges, "grouping": grouping}
    most = None if max_memory is None else read_size(max_memory)
    with at_hand(data, reading) as table:
        bound = judging_bound(self.fitted, table, most)
        if bound is None and engine is None:
            return evaluate_table(self.fitted, read(table), **asked)
        with opened(table) as rows:
            if engine is not None:
                return evaluate_in_partitions(self.fitted, rows, engine, bound, **asked)
            assert bound is not None
            return evaluate_in_blocks(self.fitted, rows, bound, **asked)


def score(self: Subject, data: Any) -> float:
    """Return the accuracy on rows that hold the target, or R² for numbers; see also `evaluate`.

    Raises
    ------
    SchemaError, TargetError
        As in `evaluate`; or R² is undefined, because all targets are equal.
    """
    scores = evaluate(self, data).judgement.scores[self.used]["test"]
    name = "accuracy" if self.classes else "r2"
    if name not in scores:
        metric = METRICS[name]
        raise TargetError(
            "{metric} is undefined on these rows: {cause}.",
            "Give others.",
            metric=say(metric.title),
            cause=say(metric.undefined),
        )
    return scores[name].value
